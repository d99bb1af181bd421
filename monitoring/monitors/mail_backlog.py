"""Mails that do not leave."""

from __future__ import annotations

from monitoring.models import Severity
from monitoring.monitors.asking import Row, ask, duration
from monitoring.monitors.base import Finding, Look, Monitor, Runbook, Scope

OLDEST_MINUTES = 15

_WAITING = """
    SELECT count(*) AS waiting, extract(epoch FROM now() - min(created_at)) AS age,
           (array_agg(last_error ORDER BY created_at) FILTER (WHERE last_error <> ''))[1] AS error
      FROM config_outgoingmail WHERE state IN ('PENDING', 'SENDING')
    HAVING min(created_at) < now() - %(minutes)s * interval '1 minute'"""
# A failed alert is not told by another alert that would fail as well; the admin's banner and the log say it.
_FAILED = """
    SELECT id, kind, reference, last_error, extract(epoch FROM now() - created_at) AS age
      FROM config_outgoingmail
     WHERE state = 'FAILED' AND kind <> 'alert' AND (%(only)s::bigint[] IS NULL OR id = ANY(%(only)s::bigint[]))
     ORDER BY id DESC"""


def look(scope: Scope) -> Look:
    """Look at the oldest mail that waits, and at those that were given up on."""
    found = Look()
    if scope.wants("outbox"):
        rows, _ = ask(_WAITING, scope, minutes=OLDEST_MINUTES)
        found += Look([_waiting(row) for row in rows])
    if scope.wants("mail"):
        keys = scope.keys("mail")
        rows, total = ask(_FAILED, scope, only=None if keys is None else [int(key) for key in keys])
        found += Look([_failed(row) for row in rows], total)
    return found


def _waiting(row: Row) -> Finding:
    return Finding(
        key="outbox:queue",
        kind="queue",
        subject=f"{row['waiting']} mails wait, the oldest for {duration(row['age'])}",
        details=(
            ("Waiting", str(row["waiting"])),
            ("Oldest", duration(row["age"])),
            ("Last Error", row["error"] or "none: nobody tried"),
        ),
    )


def _failed(row: Row) -> Finding:
    return Finding(
        key=f"mail:{row['id']}",
        kind="given up",
        subject=f"{row['kind']} {row['reference']} could not be sent".replace("  ", " "),
        description="A mail to a customer was refused or given up on",
        details=(
            ("Mail", row["kind"]),
            ("About", row["reference"] or "nothing in particular"),
            ("Last Error", row["last_error"]),
            ("Written", f"{duration(row['age'])} ago"),
        ),
    )


MONITOR = Monitor(
    name="mail_backlog",
    title="Mail Backlog",
    severity=Severity.HIGH,
    description="Mails wait in the outbox and do not leave",
    action="Look at the last error in the admin (Mail keluar); the owner sends failed mails again from there.",
    grace="15 minutes for a waiting mail; none for one that was given up on",
    runbook=Runbook(
        means="Customers do not get their mails: Resend does not answer, refuses them (key, quota, address), or the "
        "mail job does not run.",
        do="See the Resend dashboard for quota and domain, and the job send_mail_queue. A refused address is often a "
        "typing error: ask the customer, then send again.",
        command="manage.py send_mail_queue",
    ),
    look=look,
)
