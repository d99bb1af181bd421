"""Who watches the monitors: one that fails twice in a row sees nothing, which looks just like all is well."""

from __future__ import annotations

from monitoring.models import Severity
from monitoring.monitors.asking import Row, ask
from monitoring.monitors.base import Finding, Look, Monitor, Runbook, Scope

_FAILING = """
    SELECT seen.monitor, newest.errors, newest.error
      FROM (SELECT DISTINCT monitor FROM monitoring_monitorrun
             WHERE id > (SELECT coalesce(max(id), 0) - 200 FROM monitoring_monitorrun)) seen
     CROSS JOIN LATERAL (
           SELECT count(*) FILTER (WHERE error <> '') AS errors, (array_agg(error ORDER BY id DESC))[1] AS error
             FROM (SELECT id, error FROM monitoring_monitorrun r
                    WHERE r.monitor = seen.monitor ORDER BY id DESC LIMIT 2) two) newest
     WHERE newest.errors = 2 AND seen.monitor <> 'monitor_failing'
       AND (%(only)s::text[] IS NULL OR seen.monitor = ANY(%(only)s::text[]))
     ORDER BY seen.monitor"""


def look(scope: Scope) -> Look:
    """Look at the last two runs of every monitor."""
    rows, total = ask(_FAILING, scope, only=scope.keys("monitor"))
    return Look([_finding(row) for row in rows], total)


def _finding(row: Row) -> Finding:
    return Finding(
        key=f"monitor:{row['monitor']}",
        subject=f"{row['monitor']}: {row['error']}",
        details=(("Monitor", row["monitor"]), ("Error", row["error"])),
    )


MONITOR = Monitor(
    name="monitor_failing",
    title="Monitor Failing",
    severity=Severity.HIGH,
    description="A monitor failed twice in a row, so what it watches is not watched",
    action="Run it by hand and read the error; look at what it watches yourself meanwhile.",
    grace="two runs in a row",
    runbook=Runbook(
        means="The question that this monitor asks takes too long or cannot be asked; its open incidents stay as they "
        "are until it works again.",
        do="Run the monitor alone and read the log. Too slow: the table has outgrown its index, or statistics are old "
        "(ANALYZE). Else report the error to the developers.",
        command="manage.py run_monitors --only MONITOR --dry-run",
    ),
    look=look,
)
