"""The one wrapper of every cron job: once per minute and job in the whole shop, a heartbeat, an honest result.

django-crontab calls ``run_job`` and exits 0 whatever happens, so the record here is the truth, not cron's. Each command
takes its own lock; the wrapper only sees to it that two nodes with the same crontab do not do the same minute twice.
"""

from __future__ import annotations

import contextlib
import logging
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TextIO

from django.core.management import call_command
from django.core.management.base import CommandError

from config.logging import redact
from monitoring import heartbeats
from monitoring.schedule import scheduled_jobs

logger = logging.getLogger(__name__)

OK = 0
FAILED = 1
LOCK_HELD = 4  # another run of the same command is at it: nothing to do, nothing wrong


class UnknownJobError(Exception):
    """CRONJOBS has no such job; cron's table is out of date, or somebody mistyped."""


@dataclass(frozen=True)
class JobResult:
    """How it went. ``ran`` is False when the slot was taken; ``exit_code`` is the command's own (0 then)."""

    job: str
    ran: bool
    ok: bool
    exit_code: int
    message: str


def run_job(command: str, *arguments: str) -> JobResult:
    """Run a job of CRONJOBS now, unless this minute's run is taken, and record the result.

    Never raises for a command that fails; SystemExit, KeyboardInterrupt and the like are recorded and pass on. Raises
    UnknownJobError for a job that is not in CRONJOBS.
    """
    job = " ".join((command, *arguments))
    if job not in {scheduled.label for scheduled in scheduled_jobs()}:
        raise UnknownJobError(f"{job!r} is not in CRONJOBS.")
    slot = datetime.now(tz=UTC).replace(second=0, microsecond=0)
    try:
        heartbeat = heartbeats.begin(job, slot)
    except heartbeats.SlotTakenError:
        logger.info("job.slot_taken", extra={"job": job, "slot": f"{slot:%Y-%m-%dT%H:%MZ}"})
        return JobResult(job, ran=False, ok=True, exit_code=OK, message="Another run has this minute.")

    started = time.monotonic()
    exit_code, message = FAILED, "ended without a result"
    try:
        exit_code, message = _call(command, arguments)
    except KeyboardInterrupt:
        exit_code, message = 130, "interrupted"
        raise
    except SystemExit as stop:
        exit_code, message = _code_of(stop), "stopped"
        raise
    finally:
        ok = exit_code in {OK, LOCK_HELD}
        duration_ms = int((time.monotonic() - started) * 1000)
        heartbeats.finish(heartbeat, exit_code=exit_code, ok=ok, duration_ms=duration_ms, message=message)
        facts = {"job": job, "ok": ok, "exit_code": exit_code, "duration_ms": duration_ms, "result": message}
        logger.log(logging.INFO if ok else logging.ERROR, "job.finished", extra=facts)
    return JobResult(job, ran=True, ok=ok, exit_code=exit_code, message=message)


def _call(command: str, arguments: tuple[str, ...]) -> tuple[int, str]:
    """Run the command here and return its exit code and last line. Every failure ends at this boundary, recorded."""
    with _last_line() as output:
        try:
            call_command(command, *arguments, stdout=output)
        except CommandError as error:
            return error.returncode, redact(str(error))
        except SystemExit as stop:
            if stop.code is None or isinstance(stop.code, int):
                if _code_of(stop) >= 128:  # 128 + a signal: somebody stopped us, the job did not end by itself
                    raise
                return _code_of(stop), output.last
            return FAILED, redact(str(stop.code))
        except Exception as error:
            logger.exception("job.crashed", extra={"job": command})
            return FAILED, redact(f"{type(error).__name__}: {error}")
    return OK, redact(output.last)


def _code_of(stop: SystemExit) -> int:
    if stop.code is None:
        return OK
    return stop.code if isinstance(stop.code, int) else FAILED


class _LastLine:
    """Passes everything on and remembers the last line that says something."""

    def __init__(self, target: TextIO) -> None:
        self.target = target
        self._text = ""

    @property
    def last(self) -> str:
        lines = [line.strip() for line in self._text.splitlines() if line.strip()]
        return lines[-1] if lines else ""

    def write(self, text: str) -> int:
        self._text = (self._text + text)[-4000:]
        return self.target.write(text)

    def flush(self) -> None:
        self.target.flush()

    def isatty(self) -> bool:
        return False


@contextlib.contextmanager
def _last_line() -> Iterator[_LastLine]:
    output = _LastLine(sys.stdout)
    try:
        yield output
    finally:
        output.flush()
