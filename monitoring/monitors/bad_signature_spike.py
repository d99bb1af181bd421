"""Somebody sends notifications that Midtrans did not sign."""

from __future__ import annotations

from django.conf import settings

from monitoring.models import Severity
from monitoring.monitors.asking import ask
from monitoring.monitors.base import Finding, Look, Monitor, Runbook, Scope

_COUNT = """
    SELECT coalesce(sum(count), 0) AS bad, max(minute) AS newest FROM payments_signaturefailure
     WHERE minute > now() - interval '15 minutes'"""


def look(scope: Scope) -> Look:
    """Count the badly signed bodies of the last quarter of an hour."""
    if not scope.wants("midtrans"):
        return Look()
    rows, _ = ask(_COUNT, scope)
    bad = int(rows[0]["bad"])
    if bad < settings.BAD_SIGNATURES_PER_15_MINUTES:
        return Look(facts={"bad_signatures": bad})
    finding = Finding(
        key="midtrans:signatures",
        subject=f"{bad} badly signed notifications within 15 minutes",
        details=(
            ("Bad Signatures", str(bad)),
            ("Within", "15 minutes"),
            ("Newest", f"{rows[0]['newest']:%Y-%m-%d %H:%M} UTC"),
        ),
    )
    return Look([finding], facts={"bad_signatures": bad})


MONITOR = Monitor(
    name="bad_signature_spike",
    title="Bad Signature Spike",
    severity=Severity.HIGH,
    description="Many notifications with a wrong signature arrived within a short time",
    action="Find out whether it is an attack or our own key: after a change of the server key every one looks wrong.",
    grace="BAD_SIGNATURES_PER_15_MINUTES (20)",
    runbook=Runbook(
        means="Somebody tries to forge payments (each try was refused), or MIDTRANS_SERVER_KEY is not the key of the "
        "account that sends.",
        do="If real payments are affected too, compare the key with the Midtrans dashboard. Else look up the senders "
        "in the access log and block them at the proxy.",
        command="manage.py doctor --only midtrans",
    ),
    look=look,
)
