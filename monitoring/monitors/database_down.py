"""Whether the database answers at all. The one monitor that works without it: see ``monitoring.outage``."""

from __future__ import annotations

from monitoring.models import Severity
from monitoring.monitors.asking import ask
from monitoring.monitors.base import Look, Monitor, Runbook, Scope


def look(scope: Scope) -> Look:
    """Ask it something. That it does not answer is not found here but by the probes before any monitor runs."""
    rows, _ = ask("SELECT current_setting('server_version') AS version", scope)
    return Look(facts={"server": rows[0]["version"]})


MONITOR = Monitor(
    name="database_down",
    title="Database Connection Failure",
    severity=Severity.CRITICAL,
    description="The database refused the connection or did not answer in time",
    action="Check that PostgreSQL runs and can be reached from this machine. Customers see the maintenance page "
    "(503) meanwhile; nothing is lost that they were told was done.",
    grace="two failed probes, five seconds apart",
    runbook=Runbook(
        means="Two probes in a row got no answer, so every page that needs data answers 503 and no job works.",
        do="Look at the server's service, disk and log, then at the network and at max_connections. When it is back "
        "this alert resolves itself; afterwards see whether anything in flight is left over.",
        command="manage.py doctor --only database",
    ),
    look=look,
)
