"""What the shop needs of others: mail, the gateway, cron, backups."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from collections.abc import Iterator
from datetime import datetime, timedelta

import requests
from django.conf import settings
from django.db import Error
from django.db.models import Max

from config.database import DatabaseConnectionError
from config.deadline import run_within
from config.outbox import queue_state
from monitoring import heartbeats, selectors
from monitoring.doctor.base import Answer, Visit, error, ok, warning
from monitoring.doctor.point_in_time import look_at_point_in_time
from monitoring.monitors import backup_age, backup_health
from monitoring.monitors.asking import duration
from monitoring.monitors.base import Look, Scope
from monitoring.monitors.job_silence import GRACE, MISSED, nth_due_before
from monitoring.schedule import scheduled_jobs, system_now
from payments.errors import GatewayError, GatewayKeyError, TransactionMissingError
from payments.gateway import gateway
from payments.models import GatewayNotification, GatewayTrouble

WAIT_S = 5.0
OLDEST_MAIL_S = 900
LATELY = timedelta(minutes=11)
"""Two runs of the monitors, and a minute."""


def look_at_email(visit: Visit) -> Iterator[Answer]:
    """Look at the key, the way to Resend, and what waits in the outbox."""
    live = visit.deploy or not settings.DEBUG
    if settings.RESEND_API_KEY:
        yield ok("key", "set")
        if not visit.offline:
            yield _reach("resend", settings.RESEND_API_URL)
    else:
        step = "set RESEND_API_KEY in .env"
        says = f"RESEND_API_KEY is missing: mails become files in {settings.EMAIL_FILE_PATH}"
        yield (error if live else warning)("key", says, step)
    state = queue_state()
    if state.oldest_waiting_s > OLDEST_MAIL_S:
        says = f"{state.waiting} mails wait, the oldest for {duration(state.oldest_waiting_s)}"
        yield error("outbox", says, "manage.py send_mail_queue, and see whether cron runs it")
    else:
        yield ok("outbox", f"{state.waiting} waiting")
    if state.failed:
        yield warning("failed mails", str(state.failed), "the owner sends them again from the admin (Mail keluar)")
    lost = selectors.undelivered_alerts()
    if lost:
        yield error("undelivered alerts", str(lost), "read them in the admin (Mail keluar), then mend the key or quota")


def _reach(name: str, url: str) -> Answer:
    try:
        run_within(WAIT_S, lambda: requests.head(url, timeout=WAIT_S, allow_redirects=False))
    except (TimeoutError, requests.RequestException) as trouble:
        return error(f"{name} reachable", type(trouble).__name__, f"see that this machine may reach {url}")
    return ok(f"{name} reachable", url)


def look_at_midtrans(visit: Visit) -> Iterator[Answer]:
    """Look at the keys and their mode, ask the gateway, and see whether its webhook ever came."""
    sandbox_key = settings.MIDTRANS_SERVER_KEY.startswith("SB-")
    if sandbox_key == settings.MIDTRANS_IS_PRODUCTION:
        says = "a sandbox key with MIDTRANS_IS_PRODUCTION on" if sandbox_key else "a production key in sandbox mode"
        yield error("keys", says, "take both keys of the same environment from the Midtrans dashboard")
    else:
        yield ok("keys", "production" if settings.MIDTRANS_IS_PRODUCTION else "sandbox or simulator")
    if not visit.offline:
        yield _ask_gateway()
    last = GatewayNotification.objects.aggregate(at=Max("received_at"))["at"]
    if last is None:
        step = f"set the Payment Notification URL in the dashboard to {settings.SITE_URL}/api/payment/notification"
        yield warning("webhook", "no notification ever came", step)
    else:
        yield ok("webhook", f"last notification {last:%Y-%m-%d %H:%M} UTC")
    for trouble in GatewayTrouble.objects.filter(ended_at=None):
        yield error(trouble.kind, trouble.detail or "open", "manage.py reconcile_payments")


def _ask_gateway() -> Answer:
    """Ask about a payment that cannot exist: not to know it is the right answer."""
    try:
        gateway().status("doctor-0000000000")
    except TransactionMissingError:
        return ok("answers", settings.MIDTRANS_CORE_URL)
    except GatewayKeyError:
        return error("answers", "refuses our server key", "compare MIDTRANS_SERVER_KEY with the Midtrans dashboard")
    except GatewayError as trouble:
        step = f"see that this machine may reach {settings.MIDTRANS_CORE_URL} (`make run` starts the simulator)"
        return error("answers", type(trouble).__name__, step)
    return ok("answers", settings.MIDTRANS_CORE_URL)


def look_at_scheduler(visit: Visit) -> Iterator[Answer]:
    """Compare the crontab with the settings, and each job's heartbeat with the times at which it was due."""
    now = system_now()
    yield _crontab(live=(visit.deploy or not settings.DEBUG) and not _watched_lately(now))
    jobs = {job.label: job for job in scheduled_jobs()}
    for state in selectors.job_states():
        beat = state.heartbeat
        limit = nth_due_before(jobs[state.job], now - GRACE, MISSED)
        step = f"manage.py run_job {state.job}, and see whether cron runs"
        if beat is None:
            yield warning(state.job, "never ran", step)
        elif limit is not None and beat.started_at < limit:
            yield error(state.job, f"stale: last ran {duration((now - beat.started_at).total_seconds())} ago", step)
        elif beat.ok is False:
            yield error(state.job, f"failed with exit code {beat.exit_code}: {beat.message[:100]}", step)
        else:
            yield ok(state.job, f"ran {duration((now - beat.started_at).total_seconds())} ago")


def _watched_lately(now: datetime) -> bool:
    """Return whether the monitors ran in the last minutes: `run_scheduler`, or cron on another machine, is at it."""
    beat = heartbeats.last_heartbeats().get("run_monitors")
    return beat is not None and now - beat.started_at < LATELY


def job_hash(entry: object) -> str:
    """Return the name that django-crontab gives a line of CRONJOBS."""
    text = json.JSONEncoder(sort_keys=True).encode(entry)
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _crontab(*, live: bool) -> Answer:
    say = error if live else warning
    step = "manage.py crontab add -v 0 (as the user that runs the shop), then read `crontab -l`"
    if shutil.which("crontab") is None:
        return say("crontab", "this machine has no cron", f"install cron, then {step}; `make run` needs none")
    done = subprocess.run(["crontab", "-l"], capture_output=True, text=True, check=False, timeout=WAIT_S)  # noqa: S607
    lines = [line for line in done.stdout.splitlines() if " crontab run " in line and not line.startswith("#")]
    missing = [" ".join(job[2]) for job in settings.CRONJOBS if not any(job_hash(job) in line for line in lines)]
    mine = {job_hash(job) for job in settings.CRONJOBS}
    strangers = [
        line for line in lines if settings.CRONTAB_DJANGO_MANAGE_PATH in line and not any(h in line for h in mine)
    ]
    if missing:
        return say("crontab", f"not installed: {', '.join(missing)}", step)
    if strangers:
        return say("crontab", f"{len(strangers)} lines of an older schedule are left", f"remove them, then {step}")
    return ok("crontab", f"{len(mine)} jobs")


def look_at_backups(visit: Visit) -> Iterator[Answer]:
    """Ask how old the newest verified backup is."""
    try:
        look = backup_age.look(Scope())
    except (DatabaseConnectionError, Error):  # it was to say whether there should be some; the database is told apart
        look = Look(facts={"newest_backup": "no backups yet"})
    age = str(look.facts["newest_backup"])
    if look.findings:
        yield error("newest", age, backup_age.MONITOR.runbook.command)
    elif age == "no backups yet":
        yield warning("newest", age, "make one, and let cron make one every night")
    else:
        yield ok("newest", age)
    for finding in backup_health.look(Scope()).findings:
        yield error(finding.key.partition(":")[2], finding.subject, finding.action)
    for name in backup_health.left_databases():
        yield warning(
            "left", f"{name} is left from a restore", "when no undo is needed: manage.py restore_db --drop-old"
        )
    yield from look_at_point_in_time(visit)
