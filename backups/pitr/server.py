"""What the live server says about its WAL, and closing the segment that it is writing."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, LiteralString

import psycopg

from backups.errors import BackupFailedError, BackupInterruptedError, BackupRefusedError
from backups.pitr.archive import Archive
from backups.pitr.script import script_of
from backups.processes import ShouldStop, never
from backups.target import Connection, Target, one_line

ARCHIVE_TIMEOUT_S = 60
ARCHIVED_WITHIN_S = 60.0
_NAMES = (
    "archive_command",
    "archive_library",
    "archive_mode",
    "archive_timeout",
    "max_connections",
    "max_locks_per_transaction",
    "max_prepared_transactions",
    "max_wal_senders",
    "max_worker_processes",
    "wal_level",
    "wal_segment_size",
)
# A standby must have at least these of its primary, or it cannot replay.
REPLAY_LIMITS = tuple(name for name in _NAMES if name.startswith("max_"))
ARCHIVER_QUERY: LiteralString = (
    "SELECT archived_count, last_archived_wal, last_archived_time, failed_count, last_failed_wal, last_failed_time,"
    " last_failed_time > coalesce(last_archived_time, '-infinity'),"
    " extract(epoch FROM clock_timestamp() - coalesce(last_archived_time, pg_postmaster_start_time()))::float8"
    " FROM pg_stat_archiver"
)


@dataclass(frozen=True)
class Archiver:
    """``pg_stat_archiver``. ``failing``: its last try failed; ``silent_s``: since it last archived, or the start."""

    archived: int
    last_wal: str
    last_at: datetime | None
    failed: int
    failed_wal: str
    failed_at: datetime | None
    failing: bool
    silent_s: float


@dataclass(frozen=True)
class Server:
    """The live server: version, identity, and the settings that matter here (as in pg_settings)."""

    major: int
    system: int
    now: datetime
    settings: Mapping[str, str]
    pending: tuple[str, ...]
    archiver: Archiver

    @property
    def segment_size(self) -> int:
        """Return the bytes of a WAL segment."""
        return int(self.settings["wal_segment_size"])

    @property
    def archives(self) -> bool:
        """Return whether it archives at all."""
        return self.settings["archive_mode"] in {"on", "always"}


def ask(session: Connection) -> Server:
    """Read what any role may read. Raises psycopg.Error."""
    rows = session.execute(
        "SELECT name, setting, pending_restart FROM pg_settings WHERE name = ANY(%s)", [list(_NAMES)]
    ).fetchall()
    said = session.execute("SELECT system_identifier, clock_timestamp() FROM pg_control_system()").fetchone()
    assert said is not None
    return Server(
        major=session.info.server_version // 10_000,
        system=said[0] % 2**64,  # a signed number for SQL, an unsigned one everywhere else
        now=said[1].astimezone(UTC),
        settings={name: setting for name, setting, _ in rows},
        pending=tuple(name for name, _, pending in rows if pending),
        archiver=ask_archiver(session),
    )


def ask_archiver(session: Connection) -> Archiver:
    """Read pg_stat_archiver. Raises psycopg.Error."""
    row = session.execute(ARCHIVER_QUERY).fetchone()
    assert row is not None
    return archiver_of(row)


def archiver_of(row: Sequence[Any]) -> Archiver:
    """Return what a row of ``ARCHIVER_QUERY`` says."""
    archived, wal, at, failed, failed_wal, failed_at, failing, silent = row
    return Archiver(archived, wal or "", at, failed, failed_wal or "", failed_at, bool(failing), float(silent))


def look(target: Target) -> Server:
    """Connect and ask. Raises BackupFailedError when nobody answers."""
    try:
        with contextlib.closing(target.connect()) as session:
            return ask(session)
    except psycopg.Error as error:
        raise BackupFailedError(f"The server cannot be asked: {one_line(error)}") from error


def objections(server: Server, archive: Archive) -> list[tuple[str, str]]:
    """Return what is not set as it must be for archiving, with what to do."""
    found = []
    settings = server.settings
    by_setup = "manage.py pitr setup says how"
    if settings["wal_level"] not in {"replica", "logical"}:
        found.append((f"wal_level is {settings['wal_level']}: too little is written to recover from", by_setup))
    if not server.archives:
        waits = "archive_mode" in server.pending
        how = "restart the server: archive_mode = on waits for that" if waits else by_setup
        found.append(("archive_mode is off: no WAL is archived", how))
    elif complaint := _complaint_about_command(settings, archive):
        found.append((complaint, by_setup))
    timeout = int(settings["archive_timeout"])
    if not 0 < timeout <= 5 * ARCHIVE_TIMEOUT_S:
        found.append((f"archive_timeout is {timeout} s: so much, or more, may be lost (0: no limit)", by_setup))
    return found


def _complaint_about_command(settings: Mapping[str, str], archive: Archive) -> str:
    if settings.get("archive_library"):
        return f"archive_library {settings['archive_library']!r} archives instead of our script"
    script = script_of(settings["archive_command"])
    if script is None:
        return f"archive_command is not ours: {settings['archive_command'] or '(empty)'}"
    try:
        text = script.read_text()
    except (FileNotFoundError, NotADirectoryError):
        return f"archive_command calls {script}, which is not there"
    except OSError:
        return ""  # the server's user can read it, we need not
    if f"archive='{archive.wal}'" not in text:
        return f"archive_command calls {script}, which does not archive into {archive.wal}"
    return ""


def close_segment(admin: Target, archive: Archive, *, should_stop: ShouldStop = never) -> str:
    """Commit an empty transaction, have the server close its segment, and wait until that is in the archive.

    Every moment before the call is then told from what comes later. Returns the segment's name. Raises
    BackupRefusedError when the role may not, BackupFailedError when it does not arrive.
    """
    try:
        with contextlib.closing(admin.connect()) as session:
            session.execute("SELECT pg_current_xact_id()")
            row = session.execute("SELECT pg_walfile_name(pg_switch_wal()), clock_timestamp()").fetchone()
            assert row is not None
            name, asked_at = str(row[0]), row[1]
            wanted = archive.wal / name
            deadline = time.monotonic() + ARCHIVED_WITHIN_S
            while True:
                if should_stop():
                    raise BackupInterruptedError("Interrupted while waiting for the archive.")
                archiver = ask_archiver(session)
                # The archiver goes by position; a file alone may be another server's, which the script refuses.
                if archiver.last_wal[8:24] >= name[8:24] and _is_there(wanted):
                    return name
                if archiver.failing and archiver.failed_at is not None and archiver.failed_at > asked_at:
                    raise BackupFailedError(
                        f"archive_command fails for {archiver.failed_wal} ({archiver.failed} times so far); the "
                        "server's log has its words."
                    )
                if time.monotonic() > deadline:
                    raise BackupFailedError(
                        f"{name} has not reached {archive.wal} within {ARCHIVED_WITHIN_S:.0f} s. Does archive_command "
                        "write there, and is it this machine's disk? The server's log says more."
                    )
                time.sleep(0.1)
    except psycopg.errors.InsufficientPrivilege as error:
        raise BackupRefusedError(
            f"The role {admin.user!r} may not close a WAL segment. As a superuser: GRANT EXECUTE ON FUNCTION "
            f"pg_switch_wal() TO {admin.user}; and name that role in PITR_URL."
        ) from error
    except psycopg.Error as error:
        raise BackupFailedError(f"The server cannot be asked: {one_line(error)}") from error


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except PermissionError as error:
        raise BackupRefusedError(f"{path.parent} cannot be read by this user.") from error
