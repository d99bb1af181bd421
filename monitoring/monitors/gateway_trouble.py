"""What stopped a job that talks to the gateway: the key refused, payments unknown there, or nobody answered."""

from __future__ import annotations

from monitoring.models import Severity
from monitoring.monitors.asking import Row, ask, duration
from monitoring.monitors.base import Finding, Look, Monitor, Runbook, Scope

# One run without an answer may be a hiccup; the next one's is trouble. Every answer in between ends it.
_OPEN = """
    SELECT kind, detail, count, extract(epoch FROM now() - first_at) AS age FROM payments_gatewaytrouble
     WHERE ended_at IS NULL AND (kind <> 'unreachable' OR last_at >= first_at + interval '4 minutes')
       AND (%(only)s::text[] IS NULL OR kind = ANY(%(only)s::text[])) ORDER BY id"""


def look(scope: Scope) -> Look:
    """Return every trouble that has not ended."""
    rows, total = ask(_OPEN, scope, only=scope.keys("trouble"))
    return Look([_finding(row) for row in rows], total)


def _finding(row: Row) -> Finding:
    return Finding(
        key=f"trouble:{row['kind']}",
        subject=f"{row['kind']}: {row['detail']}",
        severity=Severity.CRITICAL if row["kind"] == "server_key_refused" else Severity.HIGH,
        details=(
            ("Trouble", row["kind"]),
            ("Detail", row["detail"] or "none"),
            ("Times", str(row["count"])),
            ("Time Since First", duration(row["age"])),
        ),
    )


MONITOR = Monitor(
    name="gateway_trouble",
    title="Payment Gateway Trouble",
    severity=Severity.HIGH,
    description="A job that asks Midtrans had to stop",
    action="Compare the keys and the mode (sandbox or production) with the Midtrans dashboard; see whether Midtrans "
    "can be reached.",
    grace="none; no answer at all: two runs of a job",
    runbook=Runbook(
        means="Midtrans refuses our server key (then nobody can pay), or does not know several payments that it should "
        "know (then the keys belong to another account, or a backup was restored), or does not answer at all. Alerts "
        "that follow from it are recorded and not mailed while it lasts.",
        do="Check MIDTRANS_SERVER_KEY and MIDTRANS_IS_PRODUCTION; unreachable: Midtrans' status page, then this "
        "machine's way out. Run reconcile_payments: the trouble ends with the first good answer.",
        command="manage.py reconcile_payments --dry-run",
    ),
    look=look,
)
