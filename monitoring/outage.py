"""The database is away: the one alert that cannot wait in a table. Its state is a file, its mail leaves directly.

Everything here happens under the run's file lock. The file is written whole or not at all (temporary file, fsync,
rename), and the mail is in it *before* it is sent: a run that dies in between leaves the same bytes under the same
key for the next one, so Resend sees one mail.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import os
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from django.conf import settings
from django.db import connection

from config.database import check_database_health, unit_of_work
from config.deadline import run_within
from config.mail import MailRejectedError, MailUnavailableError, ShopMail, one_line, send_now
from monitoring import incidents
from monitoring.alert_mail import AlertKind, render_alert
from monitoring.alerts import KIND, queue_alert, recipients
from monitoring.models import Incident, IncidentEventKind, IncidentState
from monitoring.models.incident import new_code
from monitoring.monitors import database_down
from monitoring.monitors.asking import duration
from monitoring.run_lock import folder
from monitoring.smtp import SmtpNotConfiguredError, send_by_smtp

logger = logging.getLogger(__name__)

MONITOR = database_down.MONITOR
REPEAT_AFTER = timedelta(minutes=30)
PROBE_LIMIT_S = 5.0
GIVE_UP_AFTER = 6
"""So many runs (half an hour) in which Resend did not answer; then the mail goes another way."""
_SLACK = timedelta(minutes=1)


@dataclass
class Outage:
    """What the file holds. ``pending`` are mails that were written and that nobody has taken yet."""

    code: str
    since: datetime
    probes: int = 0
    error: str = ""
    sequence: int = 0
    last_sent_at: datetime | None = None
    pending: list[dict[str, str]] = field(default_factory=list)
    failures: int = 0
    undelivered: bool = False
    """Nobody took an alert: the banner in the admin and ``/metrics`` say so once they can be reached again."""


def path() -> Path:
    """Return the state file."""
    return folder() / "database-down.json"


def load() -> Outage | None:
    """Return the outage that is under way, if one is. Needs no lock: the file is replaced as a whole."""
    try:
        stored = json.loads(path().read_text())
        stored["since"] = datetime.fromisoformat(stored["since"])
        if stored["last_sent_at"]:
            stored["last_sent_at"] = datetime.fromisoformat(stored["last_sent_at"])
        return Outage(**stored)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError) as error:
        logger.exception("outage.unreadable", extra={"error": type(error).__name__})
        return None


def save(outage: Outage) -> None:
    """Write the file, durable when this returns."""
    stored = dataclasses.asdict(outage)
    stored["since"] = outage.since.isoformat()
    stored["last_sent_at"] = outage.last_sent_at.isoformat() if outage.last_sent_at else None
    scratch = path().with_suffix(f".{os.getpid()}.new")
    with scratch.open("w") as stream:
        json.dump(stored, stream)
        stream.flush()
        os.fsync(stream.fileno())
    scratch.replace(path())
    handle = os.open(folder(), os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def database_is_away() -> str:
    """Probe the database; after a failure once more a few seconds later. Return what was wrong, or an empty string."""
    wrong = _probe()
    if not wrong:
        return ""
    time.sleep(settings.MONITOR_PROBE_WAIT_SECONDS)
    return _probe()


def _probe() -> str:
    """Try a fresh connection. The limit is our own: a stalled network answers nothing and times nothing out."""
    try:
        health = run_within(PROBE_LIMIT_S, check_database_health)
    except TimeoutError:
        return f"no answer within {PROBE_LIMIT_S:g} s"
    return "" if health["healthy"] else f"refused or timed out after {health['latency']:g} ms"


def alert(error: str, *, now: datetime, should_stop: Callable[[], bool] = lambda: False) -> int:
    """Tell that the database is away, unless that was told within the last half hour. Returns the mails handed over."""
    outage = load() or Outage(code=new_code(), since=now)
    outage.probes += 2
    outage.error = error
    quiet = outage.last_sent_at is not None and now - outage.last_sent_at + _SLACK < REPEAT_AFTER
    if not outage.pending and not quiet:
        outage.sequence += 1
        outage.failures = 0
        outage.pending = _write(outage, now)
    save(outage)
    return _send_pending(outage, now, should_stop)


def _write(outage: Outage, now: datetime) -> list[dict[str, str]]:
    """Render the mail once, for everybody."""
    kind = AlertKind.OPENED if outage.sequence == 1 else AlertKind.REPEAT
    rendered = render_alert(MONITOR, _incident(outage, now), kind, now=now)._asdict()
    key = f"alert/{outage.code}/{kind.value}/{outage.sequence}"
    return [
        rendered | {"to": to, "key": f"{key}/{number}" if number else key, "from_email": settings.DEFAULT_FROM_EMAIL}
        for number, to in enumerate(recipients(0))
    ]


def _incident(outage: Outage, now: datetime) -> Incident:
    """Return the outage as an incident, not saved."""
    where = connection.settings_dict
    details = [
        ("Error Message", one_line(outage.error)),
        ("Failed Attempts", str(outage.probes)),
        ("Database", one_line(f"{where['NAME']} on {where['HOST']}:{where['PORT']}")),
        ("Seen From", socket.gethostname()),
        ("Time Since First Failure", duration((now - outage.since).total_seconds())),
    ]
    return Incident(
        code=outage.code,
        monitor=MONITOR.name,
        subject_key="database:default",
        subject="The database does not answer",
        fingerprint=incidents.fingerprint(MONITOR.name, "database:default"),
        severity=MONITOR.severity,
        evidence={
            "description": MONITOR.description,
            "action": MONITOR.action,
            "details": [list(row) for row in details],
        },
        first_seen_at=outage.since,
        last_seen_at=now,
        seen_count=max(1, outage.probes // 2),
    )


def _send_pending(outage: Outage, now: datetime, should_stop: Callable[[], bool]) -> int:
    """Send what is written, each mail until Resend or SMTP takes it; what nobody takes stays for the next run."""
    sent = 0
    for mail in list(outage.pending):
        if should_stop():
            break
        took, unknown = _hand_over(mail, last_try=outage.failures + 1 >= GIVE_UP_AFTER)
        if took:
            sent += 1
            outage.last_sent_at = now
            outage.undelivered = False
        elif unknown:
            outage.failures += 1
            save(outage)
            continue
        else:
            outage.undelivered = True
            outage.last_sent_at = outage.last_sent_at or now
        outage.pending.remove(mail)
        save(outage)
    return sent


def _hand_over(mail: dict[str, str], *, last_try: bool) -> tuple[bool, bool]:
    """Return whether somebody took the mail, and otherwise whether it is worth another run under the same key."""
    message = ShopMail(
        kind=KIND,
        key=mail["key"],
        to=mail["to"],
        subject=mail["subject"],
        text=mail["text"],
        html=mail["html"],
        from_email=mail["from_email"],
    )
    for attempt in (1, 2):
        try:
            send_now(message)
        except MailUnavailableError as error:
            logger.warning("outage.alert_postponed", extra={"key": mail["key"], "error": str(error)})
            if attempt == 1:
                time.sleep(min(error.retry_after or 1.0, 5.0))
        except MailRejectedError as error:
            logger.error("outage.alert_rejected", extra={"key": mail["key"], "error": str(error)})  # noqa: TRY400
            return _by_smtp(message), False
        else:
            return True, False
    return (_by_smtp(message), False) if last_try else (False, True)


def _by_smtp(message: ShopMail) -> bool:
    try:
        send_by_smtp(message)
    except (SmtpNotConfiguredError, OSError, ValueError) as error:
        facts = {"key": message.idempotency_key, "subject": message.subject, "smtp": type(error).__name__}
        logger.critical("alert.undelivered", extra=facts)
        return False
    logger.warning("alert.sent_by_smtp", extra={"key": message.idempotency_key})
    return True


def recovered(*, now: datetime) -> int:
    """The database answers again: keep the outage as an incident and queue the mail that it is over, once.

    Returns the mails queued. Killed before the file is gone, the next run does it again and changes nothing.
    """
    outage = load()
    if outage is None:
        return 0
    queued = unit_of_work(partial(_import, outage, now))
    path().unlink(missing_ok=True)
    logger.warning("outage.over", extra={"since": outage.since.isoformat(), "probes": outage.probes})
    return queued


def _import(outage: Outage, now: datetime) -> int:
    incident = Incident.objects.filter(code=outage.code).first()
    if incident is None:
        incident = _incident(outage, now)
        incident.state = IncidentState.RESOLVED
        incident.resolved_at = now
        incident.resolved_how = "the database answers again"
        incident.notices = outage.sequence + 1
        incident.last_notified_at = now
        incident.resolved_told = True
        incident.save()
        incidents.note(incident, IncidentEventKind.OPENED, now=outage.since)
        incidents.note(incident, IncidentEventKind.RESOLVED, text=incident.resolved_how, now=now)
    mail = render_alert(MONITOR, incident, AlertKind.RESOLVED, now=now)
    return queue_alert(
        key=f"alert/{outage.code}/resolved/{outage.sequence + 1}",
        reference=outage.code,
        to=recipients(0),
        mail=mail._asdict(),
    )


def minutes_away(now: datetime | None = None) -> float:
    """Return for how many minutes the database has been away as far as the monitors know; 0 when it is not."""
    outage = load()
    return ((now or datetime.now(tz=UTC)) - outage.since).total_seconds() / 60 if outage else 0.0
