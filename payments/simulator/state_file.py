"""Keeps the store in a JSON file, so that pay pages outlive a restart.

Written by one thread of its own, never by a request: a change only raises a flag. A kill may lose the last moments; a
clean stop loses nothing. Webhooks still to be retried are not kept: the shop finds the truth with GET status.
"""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from pathlib import Path

from payments.simulator.methods import DAY
from payments.simulator.store import Store

logger = logging.getLogger(__name__)

PAUSE = 0.2
FORGOTTEN_AFTER = 30 * DAY


class StateFile:
    """Loads the store once, then writes it after each change (and at most a tenth of the time)."""

    def __init__(self, path: Path, store: Store) -> None:
        self._path = path
        self._store = store
        self._changed = threading.Event()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="state-file", daemon=True)

    def load(self) -> None:
        """Read the file if there is one. A damaged file is kept aside and the simulator starts empty."""
        try:
            content = json.loads(self._path.read_bytes())
            self._store.load(content, not_before=time.time() - FORGOTTEN_AFTER)
        except FileNotFoundError:
            return
        except (ValueError, KeyError, TypeError, AttributeError):
            aside = self._path.with_suffix(".damaged")
            self._path.replace(aside)
            self._store.clear()
            logger.warning("simulator.state_damaged", extra={"kept_as": str(aside)})

    def start(self) -> None:
        self._store.on_change = self._changed.set
        self._thread.start()

    def stop(self) -> None:
        """Write what is unwritten and end."""
        self._stopped = True
        self._changed.set()
        self._thread.join(timeout=5.0)

    def _run(self) -> None:
        while not self._stopped:
            self._changed.wait()
            self._changed.clear()
            started = time.monotonic()
            try:
                self._write()
            except OSError:
                logger.exception("simulator.state_not_written")
            took = time.monotonic() - started
            if not self._stopped:
                time.sleep(max(PAUSE, 9 * took))
        self._write()

    def _write(self) -> None:
        text = self._store.dump()
        self._path.parent.mkdir(parents=True, exist_ok=True)
        beside = self._path.with_suffix(".new")
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self._path)
