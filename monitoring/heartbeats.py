"""The heartbeat of a job: a row, or a file while the database is away.

``last_heartbeats()`` reads both, and works without a database; that is what monitors and `doctor` ask.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import os
import re
import socket
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import Error, IntegrityError, connection, transaction

from config.database import violated_constraint
from monitoring.models import JobRun

logger = logging.getLogger(__name__)

KEEP_DAYS = 30
_TIMES = ("slot", "started_at", "finished_at")


class SlotTakenError(Exception):
    """Another node, or an earlier call in the same minute, has this slot; its heartbeat counts."""


@dataclass(frozen=True)
class Heartbeat:
    """A run of a job: the fields of JobRun. Times are aware and UTC, durations milliseconds."""

    job: str
    slot: datetime
    node: str
    started_at: datetime
    finished_at: datetime | None = None
    ok: bool | None = None
    exit_code: int | None = None
    duration_ms: int | None = None
    message: str = ""


def begin(job: str, slot: datetime) -> Heartbeat:
    """Note that ``job`` starts in ``slot``. Raises SlotTakenError.

    Without a database there is nobody to ask about the slot: every node then runs the job, which takes its own lock
    or, like the monitors, is better run twice than not at all.
    """
    heartbeat = Heartbeat(job=job, slot=slot, node=socket.gethostname(), started_at=datetime.now(tz=UTC))
    try:
        with transaction.atomic():
            JobRun.objects.create(**dataclasses.asdict(heartbeat))
    except IntegrityError as error:
        if violated_constraint(error) != "job_run_once_per_slot":
            raise
        raise SlotTakenError(job) from error
    except Error as error:
        _to_file(heartbeat, error)
    return heartbeat


def finish(heartbeat: Heartbeat, *, exit_code: int, ok: bool, duration_ms: int, message: str) -> Heartbeat:
    """Note how it ended, in the database if that is there now, else in the file. Returns the whole heartbeat."""
    done = dataclasses.replace(
        heartbeat,
        finished_at=max(datetime.now(tz=UTC), heartbeat.started_at),  # a clock set back must not lose the result
        ok=ok,
        exit_code=exit_code,
        duration_ms=duration_ms,
        message=message[:1000],
    )
    values = dataclasses.asdict(done)
    job, slot = values.pop("job"), values.pop("slot")
    try:
        if not connection.in_atomic_block:
            connection.close()  # the job may have left it broken; a new one costs milliseconds
        with transaction.atomic():
            JobRun.objects.update_or_create(job=job, slot=slot, defaults=values)
    except Error as error:
        _to_file(done, error)
    else:
        heartbeat_file(done.job).unlink(missing_ok=True)
    return done


def last_heartbeats() -> dict[str, Heartbeat]:
    """Return the newest heartbeat of every job that ever ran, out of rows and files. Never fails for the database."""
    found = {heartbeat.job: heartbeat for heartbeat in _files()}
    try:
        for run in JobRun.objects.order_by("job", "-slot").distinct("job"):
            row = Heartbeat(**{field.name: getattr(run, field.name) for field in dataclasses.fields(Heartbeat)})
            if row.job not in found or found[row.job].started_at <= row.started_at:
                found[row.job] = row
    except Error as error:
        logger.warning("heartbeats.database_away", extra={"error": type(error).__name__})
    return found


def forget_old(*, keep_days: int = KEEP_DAYS) -> int:
    """Delete rows older than ``keep_days`` and return how many; the nightly clean-up calls this."""
    limit = datetime.now(tz=UTC) - timedelta(days=keep_days)
    return JobRun.objects.filter(slot__lt=limit).delete()[0]


def heartbeat_file(job: str) -> Path:
    """Return where the heartbeat of ``job`` goes while the database is away."""
    folder: Path = settings.DATA_DIR / "heartbeats"
    return folder / f"{re.sub(r'[^A-Za-z0-9_-]+', '_', job)}.json"


def _to_file(heartbeat: Heartbeat, error: Error) -> None:
    """Write it whole or not at all; a disk that is full too is logged, and must not stop the job."""
    path = heartbeat_file(heartbeat.job)
    logger.warning("heartbeat.to_file", extra={"job": heartbeat.job, "error": type(error).__name__})
    stored = dataclasses.asdict(heartbeat)
    stored.update({name: moment.isoformat() for name in _TIMES if (moment := stored[name])})
    scratch = path.with_suffix(f".{os.getpid()}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        scratch.write_text(json.dumps(stored))
        scratch.replace(path)
    except OSError:
        logger.exception("heartbeat.lost", extra={"job": heartbeat.job})


def _files() -> list[Heartbeat]:
    found = []
    for path in sorted((settings.DATA_DIR / "heartbeats").glob("*.json")):
        try:
            stored = json.loads(path.read_text())
            stored.update({name: datetime.fromisoformat(stored[name]) for name in _TIMES if stored[name]})
            found.append(Heartbeat(**stored))
        except (OSError, ValueError, TypeError, KeyError):
            logger.warning("heartbeat.unreadable", extra={"path": str(path)})
    return found
