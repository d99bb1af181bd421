"""The nudge after commit: a mail leaves within a second instead of within the minute that cron may take.

Only a web process that called ``outbox.send_in_background`` (``config.wsgi`` does) has a sender; in commands,
tests and shells ``nudge`` does nothing. It is a courtesy and no promise: the row is the truth and cron's
``send_mail_queue`` the guarantee, so a sender that is killed, or that never ran, loses nothing. One daemon
thread per process, begun at the first nudge (a fork leaves threads behind, so each worker begins its own),
wakes, sends what is due and gives its database connection back; while it sends it keeps that one connection
of the pool. The request only sets a flag.
"""

from __future__ import annotations

import atexit
import logging
import threading
from collections.abc import Callable

from django.db import connections

logger = logging.getLogger(__name__)

Send = Callable[[Callable[[], bool]], object]
"""Sends due mails; asks its argument before each whether to stop."""


class BackgroundSender:
    """A thread that runs ``send`` once for any number of nudges that came in the meantime."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def wake(self) -> None:
        """Have due mails sent soon. Returns at once."""
        self._wake.set()
        with self._starting:
            if not self._stop.is_set() and (self._thread is None or not self._thread.is_alive()):
                self._thread = threading.Thread(target=self._run, name="mail-sender", daemon=True)
                self._thread.start()

    def close(self, timeout: float = 12.0) -> None:
        """Finish the mail in hand, wait for that at most ``timeout`` seconds, and take no more nudges."""
        self._stop.set()
        self._wake.set()
        thread = self._thread
        if thread is not None and thread.is_alive():
            thread.join(timeout)

    def _run(self) -> None:
        while self._wake.wait() and not self._stop.is_set():
            self._wake.clear()
            try:
                self._send(self._stop.is_set)
            except Exception as error:
                # Whatever it is, cron tries again; a dead thread would not.
                logger.warning("mail.nudge_failed", extra={"error": type(error).__name__})
            finally:
                connections.close_all()


_sender: BackgroundSender | None = None


def start(send: Send) -> None:
    """Let this process send mails in the background from now on, until it ends."""
    global _sender  # noqa: PLW0603 - one sender per process
    if _sender is None:
        _sender = BackgroundSender(send)
        atexit.register(_sender.close)


def nudge() -> None:
    """Wake the sender of this process, if it has one."""
    if _sender is not None:
        _sender.wake()
