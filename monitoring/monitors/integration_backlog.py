"""Events that an integrator does not take."""

from __future__ import annotations

from monitoring.models import Severity
from monitoring.monitors.asking import Row, ask, duration
from monitoring.monitors.base import Finding, Look, Monitor, Runbook, Scope

OLDEST_MINUTES = 60

# One finding per endpoint, however many events wait for it: they have one cause.
_BEHIND = """
    SELECT e.id, e.url, e.description,
           count(*) FILTER (WHERE d.state = 'FAILED') AS failed,
           count(*) FILTER (WHERE d.state <> 'FAILED') AS waiting,
           extract(epoch FROM now() - min(d.created_at)) AS age,
           (array_agg(d.last_error ORDER BY d.id DESC) FILTER (WHERE d.last_error <> ''))[1] AS error
      FROM payments_webhookdelivery d JOIN payments_webhookendpoint e ON e.id = d.endpoint_id
     WHERE e.is_active AND d.state IN ('PENDING', 'SENDING', 'FAILED')
       AND (d.state = 'FAILED' OR d.created_at < now() - %(minutes)s * interval '1 minute')
       AND (%(only)s::bigint[] IS NULL OR e.id = ANY(%(only)s::bigint[]))
     GROUP BY e.id ORDER BY e.id"""


def look(scope: Scope) -> Look:
    """Look at every active endpoint for events that were given up on, or wait for an hour."""
    if not scope.wants("endpoint"):
        return Look()
    keys = scope.keys("endpoint")
    rows, total = ask(_BEHIND, scope, minutes=OLDEST_MINUTES, only=None if keys is None else [int(key) for key in keys])
    return Look([_behind(row) for row in rows], total)


def _behind(row: Row) -> Finding:
    name = row["description"] or row["url"]
    return Finding(
        key=f"endpoint:{row['id']}",
        subject=f"{name}: {row['failed']} events given up on, {row['waiting']} wait",
        details=(
            ("Endpoint", name),
            ("Given Up", str(row["failed"])),
            ("Waiting", str(row["waiting"])),
            ("Oldest", duration(row["age"])),
            ("Last Error", row["error"] or "none: nobody tried"),
        ),
    )


MONITOR = Monitor(
    name="integration_backlog",
    title="Integration Backlog",
    severity=Severity.HIGH,
    description="An integrator does not take the events of the shop",
    action="Look at the last error in the admin (Kiriman webhook); send again from there when the receiver works.",
    grace="60 minutes for a waiting event; none for one that was given up on",
    runbook=Runbook(
        means="A receiver of webhooks is down, refuses our signature, or is gone. Orders and money are not affected; "
        "whatever he does with our events is behind.",
        do="Tell its operator. Events are tried for two days and then kept: replay them when it works again, or "
        "switch the endpoint off.",
        command="manage.py send_webhooks",
    ),
    look=look,
)
