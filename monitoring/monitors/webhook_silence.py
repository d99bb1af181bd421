"""Payments succeed, and the gateway does not tell: the webhook does not reach us."""

from __future__ import annotations

from django.conf import settings

from monitoring.models import Severity
from monitoring.monitors.asking import ask, duration
from monitoring.monitors.base import Finding, Look, Monitor, Runbook, Scope

# A night without customers is silence too, but then no payment succeeds either.
_SILENCE = """
    SELECT extract(epoch FROM now() - last.received_at) AS silent, unheard.payments, unheard.newest
      FROM (SELECT max(received_at) AS received_at FROM payments_gatewaynotification) last
     CROSS JOIN LATERAL (SELECT count(*) AS payments, max(p.gateway_id) AS newest FROM payments_payment p
                          WHERE p.status = 'SUCCESS' AND p.success_at < now() - interval '15 minutes'
                            AND p.success_at > coalesce(last.received_at, now() - interval '7 days')) unheard"""


def look(scope: Scope) -> Look:
    """Compare the last notification with the payments that succeeded since."""
    if not scope.wants("midtrans"):
        return Look()
    rows, _ = ask(_SILENCE, scope)
    row = rows[0]
    facts = {"last_notification": f"{duration(row['silent'])} ago" if row["silent"] is not None else "never"}
    long_ago = row["silent"] is None or row["silent"] > settings.WEBHOOK_SILENCE_MINUTES * 60
    if not (long_ago and row["payments"]):
        return Look(facts=facts)
    finding = Finding(
        key="midtrans:webhook",
        subject=f"no notification, but {row['payments']} payments succeeded",
        details=(
            ("Last Notification", facts["last_notification"]),
            ("Payments Since", str(row["payments"])),
            ("For Example", row["newest"]),
        ),
    )
    return Look([finding], facts=facts)


MONITOR = Monitor(
    name="webhook_silence",
    title="Payment Webhook Silent",
    severity=Severity.HIGH,
    description="Payments succeed and Midtrans sends no notification about them",
    action="Check the notification address in the Midtrans dashboard and what stands before this shop.",
    grace="WEBHOOK_SILENCE_MINUTES (60) since the last notification",
    runbook=Runbook(
        means="Customers pay, and the shop learns of it only by asking every ten minutes: orders turn PAID late.",
        do="In the Midtrans dashboard check the Payment Notification URL and its delivery history; then the proxy, the "
        "firewall and TLS. Nothing is lost meanwhile: reconcile_payments finds every payment.",
        command="manage.py doctor --only midtrans",
    ),
    look=look,
)
