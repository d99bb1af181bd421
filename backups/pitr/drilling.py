"""The whole circle on its own: a base backup, rows before and after a moment, back to that moment, and a look.

Everything happens beside the shop: the rows are in a database of their own, which is dropped again.
"""

from __future__ import annotations

import contextlib
import json
import logging
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

import psycopg

from backups import database
from backups.errors import BackupCorruptError, BackupError, BackupFailedError, BackupInterruptedError
from backups.pitr import taking
from backups.pitr.archive import Archive
from backups.pitr.bases import Base, write_private
from backups.pitr.restoring import Say, make_plan, recovered
from backups.pitr.server import close_segment
from backups.processes import ShouldStop, never
from backups.target import Target, one_line

logger = logging.getLogger(__name__)

KIND = "__pitr_"
_ROWS = 5


@dataclass(frozen=True)
class Drill:
    """How a drill went. Times are UTC; ``reached``: the last transaction that was brought back."""

    at: datetime
    ok: bool
    seconds: float
    message: str = ""
    base: str = ""
    target: datetime | None = None
    reached: datetime | None = None
    recovery_seconds: float | None = None


def last_drill(archive: Archive) -> Drill | None:
    """Return what the file says, None when there is none or it is damaged."""
    try:
        data = json.loads(archive.drill_file.read_text(encoding="utf-8"))
        for name in ("at", "target", "reached"):
            data[name] = datetime.fromisoformat(data[name]) if data[name] else None
        found = Drill(**data)
        return found if found.at.tzinfo else None
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def drill(
    admin: Target,
    shop: Target,
    archive: Archive,
    *,
    should_stop: ShouldStop = never,
    say: Say = lambda _text: None,
) -> Drill:
    """Do it, and write down how it went, good or bad; the base backup stays. The caller holds the lock.

    Raises BackupError; BackupCorruptError when what came back is not what was there.
    """
    started = time.monotonic()
    try:
        server = taking.preflight(admin, archive)
        say("Making a base backup ...")
        base = taking.take(admin, archive, server=server, database=shop.name, should_stop=should_stop)
        done = _there_and_back(admin, shop, archive, base, started, should_stop=should_stop, say=say)
    except BackupInterruptedError:
        raise  # says nothing about the archive: the last drill's result stays
    except BackupError as error:
        _write(archive, Drill(datetime.now(UTC), ok=False, seconds=_since(started), message=str(error)))
        raise
    except psycopg.Error as error:
        message = f"The database said no: {one_line(error)}"
        _write(archive, Drill(datetime.now(UTC), ok=False, seconds=_since(started), message=message))
        raise BackupFailedError(message) from error
    _write(archive, done)
    return done


def _there_and_back(
    admin: Target, shop: Target, archive: Archive, base: Base, started: float, *, should_stop: ShouldStop, say: Say
) -> Drill:
    with _marked(shop) as marks:
        _mark(marks, "before")
        moment = _moment_between(marks)
        _mark(marks, "after")
        name = close_segment(admin, archive, should_stop=should_stop)
        say(f"Rows before and after {moment:%H:%M:%S.%f} UTC are in the archive ({name}).")
        plan = make_plan(archive, moment, should_stop=should_stop)
        begun = time.monotonic()
        with recovered(archive, plan, user=shop.user, should_stop=should_stop, say=say) as (place, reached):
            recovery_seconds = _since(begun)
            found = _marks(place.target(shop.user, marks.name))
            tables = _tables(place.target(shop.user, shop.name)), _tables(shop)
    if found != ["before"] * _ROWS:
        raise BackupCorruptError(f"Back at {moment}, the rows are {found or 'gone'} instead of those before.")
    if tables[0] != tables[1]:
        raise BackupCorruptError(f"Back at {moment}, {shop.name} has {tables[0]} tables instead of {tables[1]}.")
    return Drill(
        at=datetime.now(UTC),
        ok=True,
        seconds=_since(started),
        base=plan.base.name,
        target=moment,
        reached=reached.last_at,
        recovery_seconds=recovery_seconds,
    )


@contextlib.contextmanager
def _marked(shop: Target) -> Iterator[Target]:
    """Yield a new database beside the shop's, with a table for marks; it is gone afterwards."""
    with contextlib.closing(shop.connect_for_maintenance()) as session:
        database.drop_leftovers(session, shop.name, KIND)
        name = database.name_beside(shop.name, KIND)
        try:
            database.create(session, name, like=database.settings_of(session, shop.name))
            with contextlib.closing(shop.at(name).connect()) as marks:
                marks.execute("CREATE TABLE mark (at text NOT NULL)")
            yield shop.at(name)
        finally:
            database.drop(session, name)


def _mark(marks: Target, text: str) -> None:
    with contextlib.closing(marks.connect()) as session:
        session.execute("INSERT INTO mark SELECT %s FROM generate_series(1, %s)", [text, _ROWS])


def _moment_between(marks: Target) -> datetime:
    """Return a moment, by the server's clock, that no transaction shares with what was or will be written."""
    with contextlib.closing(marks.connect()) as session:
        row = session.execute("SELECT clock_timestamp(), pg_sleep(0.02)").fetchone()
    assert row is not None
    moment: datetime = row[0]
    return moment.astimezone(UTC)


def _marks(target: Target) -> list[str]:
    try:
        with contextlib.closing(target.connect()) as session:
            return [at for (at,) in session.execute("SELECT at FROM mark")]
    except psycopg.Error as error:
        raise BackupCorruptError(f"What came back cannot be read: {one_line(error)}") from error


def _tables(target: Target) -> int:
    with contextlib.closing(target.connect()) as session:
        row = session.execute(
            "SELECT count(*) FROM pg_class WHERE relkind IN ('r', 'p', 'S', 'v', 'm') AND relpersistence <> 't'"
        ).fetchone()
    assert row is not None
    return int(row[0])


def _since(started: float) -> float:
    return round(time.monotonic() - started, 1)


def _write(archive: Archive, result: Drill) -> None:
    data = asdict(result)
    try:
        write_private(archive.drill_file, data)
    except OSError as error:
        logger.warning("pitr.drill_not_kept", extra={"error": str(error.strerror)})
    level = logging.INFO if result.ok else logging.ERROR
    logger.log(level, "pitr.drilled", extra={"ok": result.ok, "seconds": result.seconds, "result": result.message})
