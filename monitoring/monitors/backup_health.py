"""Whether a restore would be possible, and worth it: last drill, copy elsewhere, size, space. Part of backup_age."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import Error, connection

from backups.health import Health, drill_allowed, forgotten, health
from config.database import DatabaseConnectionError
from monitoring.monitors.asking import duration
from monitoring.monitors.base import Finding, Look, Scope


def look(scope: Scope) -> Look:
    """Look at the manifests; what restores left on the server is told as a fact, for ``doctor`` to warn about."""
    state = health()
    findings = [finding for part in (_drill, _copy, _size, _space) for finding in part(state)]
    left = left_databases()
    return Look(findings, facts={"left_databases": ", ".join(left)} if left else {})


def left_databases() -> list[str]:
    """Return the databases that restores left behind too long ago; none when the server cannot be asked.

    (That it is away is another monitor's business.)
    """
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT datname FROM pg_database")
            names = [name for (name,) in cursor.fetchall()]
    except (DatabaseConnectionError, Error):
        return []
    return forgotten(names, now=datetime.now(tz=UTC))


def _drill(state: Health) -> Iterator[Finding]:
    """No backup was restored on trial for too long."""
    since, allowed = state.since_drill, drill_allowed(state)
    if since is None or since <= allowed:
        return
    identity = " --identity FILE" if state.is_encrypted else ""
    yield Finding(
        key="backup:drill",
        subject=f"no backup was restored on trial for {_words(since)}",
        details=(("Since Last Drill", _words(since)), ("Allowed", _words(allowed))),
        description="Whether the backups can be restored has not been tried for too long",
        action=f"Run manage.py verify_backup --latest --level 3{identity} and read what it says.",
    )


def _copy(state: Health) -> Iterator[Finding]:
    """The copy elsewhere is behind."""
    lag = state.offsite_lag
    if lag is None or lag <= timedelta(hours=settings.BACKUP_MAX_AGE_HOURS):
        return
    errors = [one.offsite.error for one in state.without_copy if one.offsite is not None and one.offsite.error]
    yield Finding(
        key="backup:offsite",
        subject=f"the newest backup elsewhere is {_words(lag)} old",
        details=(
            ("Off-site Lag", _words(lag)),
            ("Without Copy", str(len(state.without_copy))),
            ("Last Error", errors[0] if errors else "none"),
        ),
        description="The backups are not being copied to the bucket",
        action="Run manage.py backup_db --only-offsite and read its error.",
    )


def _size(state: Health) -> Iterator[Finding]:
    """The last backup holds half as much as the one before, or less."""
    if state.shrunk is None:
        return
    before, after = state.shrunk
    yield Finding(
        key="backup:size",
        subject="the newest backup is half as large as the one before, or less",
        details=(("Before", _megabytes(before)), ("Now", _megabytes(after))),
        description="The newest backup is much smaller than the one before",
        action="See what the database has lost before the older backups go: pin one with manage.py pin_backup.",
    )


def _space(state: Health) -> Iterator[Finding]:
    """The next backup may not fit."""
    needed = state.lacks_space
    if needed is None:
        return
    yield Finding(
        key="backup:space",
        subject="the next backup may not fit on the disk",
        details=(("Free", _megabytes(state.free or 0)), ("Needed", _megabytes(needed))),
        description="There is too little room for the next backup",
        action="Free some space, or set BACKUP_DIR to another disk.",
    )


def _words(span: timedelta) -> str:
    return duration(span.total_seconds())


def _megabytes(count: int) -> str:
    return f"{count / 1_000_000:.1f} MB"
