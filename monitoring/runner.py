"""One run of the monitors: probe, look, heal, record, tell, send. What ``manage.py run_monitors`` does.

Each monitor looks in a transaction of its own with a time limit of its own; what it found and the mails about it
commit together. A monitor that fails resolves nothing and stops no other.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from config.database import DatabaseConnectionError, Trouble, classify, database_now, unit_of_work
from config.logging import redact
from config.mail import one_line
from config.models import MailState, OutgoingMail
from config.outbox import send_due_mails
from monitoring import alerts, healing, heartbeat_url, incidents, inhibition, outage, selectors
from monitoring.alarm import TimeIsUpError, time_limit
from monitoring.healed_mail import tell_healed
from monitoring.models import MonitorRun, Severity
from monitoring.monitors import LIMIT, Look, Monitor, Scope
from monitoring.monitors.base import FULL_TIMEOUT_S, TIMEOUT_S
from monitoring.rescue import rescue_alerts

logger = logging.getLogger(__name__)

DEADLINE_S = 60.0
FULL_DEADLINE_S = 900.0
SEND_S = 22.0
"""What is kept of the deadline for sending: two mails that hang, or dozens that do not."""


@dataclass
class Result:
    """What one monitor did in this run. ``error`` empty: it looked.

    ``healed`` says what was done about subjects that were wrong and are right since; they are not in ``look``.
    """

    monitor: Monitor
    look: Look = field(default_factory=Look)
    error: str = ""
    started_at: datetime = field(default_factory=timezone.now)
    duration_ms: int = 0
    changes: incidents.Changes = field(default_factory=incidents.Changes)
    healed: dict[str, str] = field(default_factory=dict)
    muted: int = 0

    @property
    def severity(self) -> Severity | None:
        """The worst thing that it found, or None."""
        found = {Severity(finding.severity or self.monitor.severity) for finding in self.look.findings}
        return Severity.CRITICAL if Severity.CRITICAL in found else next(iter(found), None)


@dataclass
class Run:
    """What a run did. ``sent`` counts the alert mails that were handed over while it lasted, ``waiting`` those due."""

    run_id: str
    started_at: datetime
    results: list[Result] = field(default_factory=list)
    database_away: str = ""
    queued: int = 0
    held_back: int = 0
    sent: int = 0
    waiting: int = 0
    undelivered: int = 0
    duration_ms: int = 0
    interrupted: bool = False
    healing_left_s: float = healing.BUDGET_S

    @property
    def complete(self) -> bool:
        """Whether every monitor that was to run did, on a database that answered."""
        return not self.database_away and not self.interrupted and all(not result.error for result in self.results)


@dataclass(frozen=True)
class Options:
    """``notify`` False: incidents are recorded and nobody is told (the mails stay due). ``dry``: look and no more.

    ``heal`` False: nothing is put right.
    """

    monitors: Sequence[Monitor]
    full: bool = False
    dry: bool = False
    notify: bool = True
    heal: bool = True
    everything: bool = True
    """All monitors run, so that the run may count as a heartbeat."""
    timeout_s: float | None = None
    """The limit of one monitor; None: TIMEOUT_S, or FULL_TIMEOUT_S."""


def run_monitors(options: Options, *, should_stop: Callable[[], bool] = lambda: False) -> Run:
    """Run once, within the deadline. The caller holds the lock. Raises nothing for what monitors or mail servers do."""
    begun = time.monotonic()
    ends_at = begun + (FULL_DEADLINE_S if options.full else DEADLINE_S)
    run = Run(run_id=secrets.token_hex(4), started_at=timezone.now())
    run.database_away = outage.database_is_away()
    if not run.database_away:
        _look_at_everything(options, run, ends_at, should_stop)
    if run.database_away:
        logger.critical("database.down", extra={"error": run.database_away})
        if options.notify and not options.dry:
            run.sent = outage.alert(run.database_away, now=timezone.now(), should_stop=should_stop)
            left = outage.load()
            run.waiting = len(left.pending) if left else 0
            run.undelivered = int(bool(left and left.undelivered))
    elif not options.dry and options.notify:
        _send(run, ends_at, should_stop)
        if run.complete and options.everything and not run.waiting:
            heartbeat_url.ping()
    run.interrupted = should_stop()
    run.duration_ms = round((time.monotonic() - begun) * 1000)
    return run


def _look_at_everything(options: Options, run: Run, ends_at: float, should_stop: Callable[[], bool]) -> None:
    if not options.dry and options.notify:
        run.queued += outage.recovered(now=timezone.now())
    for monitor in options.monitors:
        result = Result(monitor)
        run.results.append(result)
        left = ends_at - SEND_S - time.monotonic()
        if left <= 0 or should_stop():
            result.error = "not run: asked to stop" if should_stop() else "not run: the time was over"
            continue
        limit = min(options.timeout_s or (FULL_TIMEOUT_S if options.full else TIMEOUT_S), left)
        trouble = _run_one(options, run, result, limit, left, should_stop)
        if trouble is not None and _may_be_away(trouble):
            # Did it go away meanwhile? Then the others would only spend the time that the alert needs.
            connection.close()
            run.database_away = outage.database_is_away()
            if run.database_away:
                return
        if trouble is not None and not options.dry:
            _record_failure(run, result)
    if not options.dry and options.notify:
        _tell_the_rest(run)


def _tell_the_rest(run: Run) -> None:
    """Write the mails that are about no incident: what healed by itself, and that more is wrong than the mails tell."""
    held_back = run.held_back
    for name, write in (
        ("healed", lambda: tell_healed(now=timezone.now())),
        ("capped", lambda: alerts.tell_capped(held_back=held_back, now=timezone.now())),
    ):
        try:
            run.queued += unit_of_work(write)
        except Exception:
            logger.exception("alerts.not_told", extra={"about": name})


def _run_one(
    options: Options, run: Run, result: Result, limit_s: float, left_s: float, should_stop: Callable[[], bool]
) -> Exception | None:
    """Let one monitor look, heal and record what it found; return what it raised, if it did: that ends here."""
    monitor, started = result.monitor, time.monotonic()
    result.started_at = timezone.now()
    try:
        # Twice the server's limit, for a server that does not answer at all: a stalled socket times nothing out.
        with time_limit(limit_s * 2 + 2):
            result.look, clean = _look(monitor, full=options.full, limit_s=limit_s, dry=options.dry)
            result.duration_ms = round((time.monotonic() - started) * 1000)
        tried = healing.Tried()
        if options.heal and not options.dry and monitor.heal and result.look.findings:
            tried = _heal(run, result, left_s - result.duration_ms / 1000, should_stop)
        with time_limit(limit_s * 2 + 2):
            if tried.subjects:
                result.look, clean = _look(monitor, full=options.full, limit_s=limit_s, dry=False)
                wrong = {finding.key for finding in result.look.findings}
                result.healed = {key: how for key, how in tried.did.items() if key not in wrong}
            if not options.dry:
                unit_of_work(lambda: _record(options, run, result, clean, tried))
    except Exception as error:
        logger.exception("monitor.failed", extra={"monitor": monitor.name})
        result.look = Look()
        result.error = one_line(redact(f"{type(error).__name__}: {error}"), 300)
        result.duration_ms = round((time.monotonic() - started) * 1000)
        return error
    return None


def _heal(run: Run, result: Result, left_s: float, should_stop: Callable[[], bool]) -> healing.Tried:
    """Try to put right what was found, within what the run has left for it; a second look and the record follow."""
    began = time.monotonic()
    until = began + min(run.healing_left_s, left_s - 2 * TIMEOUT_S)
    tried = healing.try_cures(result.monitor, result.look.findings, until=until, should_stop=should_stop)
    run.healing_left_s -= time.monotonic() - began
    return tried


def _may_be_away(error: Exception) -> bool:
    """Say whether this may mean that the database is away, rather than that a question was bad or slow."""
    return isinstance(error, TimeIsUpError | DatabaseConnectionError) or classify(error) in {
        Trouble.CONNECTION, Trouble.POOL_TIMEOUT, Trouble.RESOURCES,
    }  # fmt: skip


def _look(monitor: Monitor, *, full: bool, limit_s: float, dry: bool) -> tuple[Look, list[str]]:
    """Return what is wrong, and which live incidents' subjects were looked at again and are right now.

    A subject that the first look did not show may merely have left its window, so it is judged again by name.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION READ ONLY")
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [f"{limit_s * 1000:.0f}"])
        look = monitor.look(Scope(full=full))
        if dry:
            return look, []
        found = {finding.key for finding in look.findings}
        missing = [key for key in incidents.live_keys(monitor.name) if key not in found]
        again: dict[str, Any] = {}
        for start in range(0, len(missing), LIMIT):
            for finding in monitor.look(Scope(only=tuple(missing[start : start + LIMIT]))).findings:
                again.setdefault(finding.key, finding)
    clean = [key for key in missing if key not in again]
    still = [again[key] for key in missing if key in again]
    return Look([*look.findings, *still], max(look.total, len(look.findings) + len(still)), look.facts), clean


def _record(options: Options, run: Run, result: Result, clean: list[str], tried: healing.Tried) -> None:
    now = timezone.now()
    monitor, look = result.monitor, result.look
    result.changes = incidents.record(
        monitor, look.findings, clean=clean, now=now, healed=result.healed, tried=tried.subjects
    )
    result.muted = inhibition.mute(monitor, now=now)
    told = alerts.notify(monitor, total=look.total, now=now) if options.notify else alerts.Told()
    _write_run(run, result)
    transaction.on_commit(lambda: _count(run, told))


def _count(run: Run, told: alerts.Told) -> None:
    run.queued += told.mails
    run.held_back += told.held_back


def _record_failure(run: Run, result: Result) -> None:
    try:
        unit_of_work(lambda: _write_run(run, result))
    except Exception:
        logger.exception("monitor.failure_not_recorded", extra={"monitor": result.monitor.name})


def _write_run(run: Run, result: Result) -> None:
    MonitorRun.objects.create(
        monitor=result.monitor.name,
        run_id=run.run_id,
        started_at=result.started_at,
        duration_ms=result.duration_ms,
        findings=result.look.total,
        error=result.error,
        facts=dict(result.look.facts) | ({"healed": len(result.healed)} if result.healed else {}),
    )


def _send(run: Run, ends_at: float, should_stop: Callable[[], bool]) -> None:
    """Let the alerts leave now; what does not is left to cron's mail queue, which asks every minute."""
    try:
        began = database_now()
        left = max(0.0, ends_at - time.monotonic())
        sending = send_due_mails(kind=alerts.KIND, limit=40, deadline_s=min(left, SEND_S), should_stop=should_stop)
        by_smtp = rescue_alerts()
        mails = OutgoingMail.objects.filter(kind=alerts.KIND)
        run.sent = by_smtp + max(sending.sent, mails.filter(state=MailState.SENT, sent_at__gte=began).count())
        run.waiting = mails.filter(state__in=[MailState.PENDING, MailState.SENDING]).count()
        run.undelivered = selectors.undelivered_alerts()
    except Exception as error:
        logger.exception("alerts.sending_failed")
        run.results.append(Result(outage.MONITOR, error=f"sending: {type(error).__name__}"))
