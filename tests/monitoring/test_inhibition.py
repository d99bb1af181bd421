"""Who mutes whom: what follows from a trouble that is told already makes no mails, until it outlives its cause."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from config.models import OutgoingMail
from monitoring.inhibition import MUTES
from monitoring.models import Incident, IncidentEvent, JobRun
from monitoring.monitors import BY_NAME, MONITORS
from orders.models import Order
from payments.models import GatewayNotification, GatewayTrouble, Payment
from payments.services.notifications import process_due
from payments.services.reconcile import reconcile_payments
from tests.monitoring.seeds import force, paid
from tests.support.simulator import Simulator
from tests.support.watching import subjects, watch
from tests.support.world import make_order, start

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("monitoring_files"),
    pytest.mark.breaks_laws,
]

OVERDUE = "⚠️ [HIGH] Open Payment Overdue - infiya.store"


def trouble(kind: str = "unreachable") -> None:
    row = GatewayTrouble.objects.create(kind=kind, detail="x")
    GatewayTrouble.objects.filter(pk=row.pk).update(first_at=Now() - timedelta(minutes=10))


def overdue_payment() -> None:
    paid(make_order(), ago=timedelta(0), status="PENDING", expires_at=timezone.now() - timedelta(hours=2))


def unpaid_order() -> None:
    late = timezone.now() - timedelta(hours=2)
    Order.objects.filter(pk=make_order().pk).update(created_at=late - timedelta(days=1), expires_at=late)


def half_closed_order() -> None:
    at = timezone.now() - timedelta(hours=2)
    Order.objects.filter(pk=make_order().pk).update(closing_at=at, closing_to="CANCELLED", closing_by="customer:1")


def silent_webhook() -> None:
    paid(force(make_order(), "PAID"), ago=timedelta(minutes=20))


def notification(last_error: str, outcome: str = "EXHAUSTED") -> None:
    row = GatewayNotification.objects.create(
        digest=f"{outcome} {last_error}", body="{}", gateway_id="x", transaction_id="x",
        claimed_status="settlement", outcome=outcome, attempts=5,
        last_error=last_error, next_attempt_at=timezone.now() - timedelta(hours=1),
    )  # fmt: skip
    GatewayNotification.objects.filter(pk=row.pk).update(received_at=Now() - timedelta(hours=2))


def failed_job(job: str) -> None:
    slot = timezone.now().replace(second=0, microsecond=0)
    facts = {"job": job, "node": "a", "started_at": slot, "finished_at": slot, "duration_ms": 1}
    JobRun.objects.create(slot=slot - timedelta(days=2), ok=True, exit_code=0, **facts)
    JobRun.objects.create(slot=slot, ok=False, exit_code=1, **facts)


def waiting_mail() -> None:
    OutgoingMail.objects.create(kind="order_paid", to="a@example.com", subject="s", text="t", idempotency_key="w")
    OutgoingMail.objects.filter(idempotency_key="w").update(
        created_at=Now() - timedelta(hours=1), next_attempt_at=Now() + timedelta(hours=1)
    )


def given_up_mail() -> None:
    OutgoingMail.objects.create(
        kind="order_paid", to="a@example.com", subject="s", text="t", idempotency_key="f", state="FAILED"
    )


CAUSES: dict[tuple[str, str], Callable[[], None]] = {
    ("gateway_trouble", "trouble:unreachable"): trouble,
    ("gateway_trouble", "trouble:server_key_refused"): lambda: trouble("server_key_refused"),
    ("gateway_trouble", "trouble:many_unknown"): lambda: trouble("many_unknown"),
    ("mail_backlog", "outbox:queue"): waiting_mail,
}
EFFECTS: dict[tuple[str, str], Callable[[], None]] = {
    ("open_payment_overdue", ""): overdue_payment,
    ("order_stuck", "unpaid"): unpaid_order,
    ("order_stuck", "closing"): half_closed_order,
    ("webhook_silence", ""): silent_webhook,
    ("notification_backlog", "unanswered"): lambda: notification("no answer in time"),
    ("notification_backlog", "queue"): lambda: notification("", outcome="WAITING"),
    ("mail_backlog", "given up"): given_up_mail,
    **{
        ("job_silence", f"failed {job}"): lambda job=job: failed_job(job)  # type: ignore[misc]
        for job in ("expire_orders", "process_notifications", "reconcile_payments", "send_mail_queue")
    },
}


@pytest.mark.parametrize("cause", CAUSES, ids=lambda cause: cause[1])
def test_each_cause_mutes_what_the_table_says(cause: tuple[str, str], resend):
    rows = [(mute.monitor, kind) for mute in MUTES if mute.cause == cause for kind in mute.kinds or ("",)]
    CAUSES[cause]()
    for row in rows:
        EFFECTS[row]()

    watch(*dict.fromkeys([cause[0], *(monitor for monitor, _ in rows)]), heal=False)

    told = Incident.objects.get(monitor=cause[0], subject_key=cause[1])
    muted = {(one.monitor, one.evidence["kind"]) for one in Incident.objects.filter(muted_by=f"{told.code} {cause[0]}")}
    assert muted == set(rows)
    assert BY_NAME[cause[0]].title in subjects(resend)[0]
    assert len(subjects(resend)) == Incident.objects.filter(muted_by="").count()


def test_the_table_names_causes_and_effects_that_there_are():
    assert {mute.cause for mute in MUTES} == set(CAUSES)
    assert {(mute.monitor, kind) for mute in MUTES for kind in mute.kinds or ("",)} == set(EFFECTS)


def test_causes_are_asked_about_before_what_they_mute():
    order = [monitor.name for monitor in MONITORS]

    assert [mute for mute in MUTES if order.index(mute.cause[0]) > order.index(mute.monitor)] == []


def test_what_outlives_its_cause_by_a_run_is_mailed_and_what_went_with_it_is_not(resend):
    trouble()
    overdue_payment()
    overdue_payment()

    def run() -> list[str]:
        before = len(subjects(resend))
        watch("gateway_trouble", "open_payment_overdue", heal=False)
        return subjects(resend)[before:]

    assert run() == ["⚠️ [HIGH] Payment Gateway Trouble - infiya.store"]
    GatewayTrouble.objects.update(ended_at=Now())
    Payment.objects.filter(pk=Payment.objects.earliest("pk").pk).update(status="EXPIRED")
    assert run() == []
    assert run() == ["✅ [RESOLVED] Payment Gateway Trouble - infiya.store", OVERDUE]
    assert run() == []
    muted = IncidentEvent.objects.filter(incident__monitor="open_payment_overdue", kind="MUTED")
    assert muted.filter(note="outlived what it followed from").count() == 1
    Payment.objects.update(status="EXPIRED")
    run()
    assert run() == ["✅ [RESOLVED] Open Payment Overdue - infiya.store"]


@pytest.mark.parametrize("effect", ["hold", "sla", "contradicted", "silent job"])
def test_what_does_not_follow_from_it_is_told_all_the_same(effect: str, resend):
    trouble("server_key_refused")
    if effect == "hold":
        force(make_order(), "PAID", hours=3)
        Order.objects.update(payment_hold="x", status_at=timezone.now() - timedelta(days=9))
    elif effect == "sla":
        force(make_order(), "PAID", hours=30)
    elif effect == "contradicted":
        notification("mengaku settlement, Midtrans menunjukkan pending")
    else:
        failed_job("reconcile_payments")
        JobRun.objects.filter(ok=False).delete()

    watch("gateway_trouble", "order_stuck", "notification_backlog", "job_silence", heal=False)

    assert not Incident.objects.exclude(muted_by="").exists()
    assert len(subjects(resend)) == 2


def test_a_gateway_that_answers_nothing_is_a_fact_at_once_and_an_alert_by_the_next_run(simulator: Simulator, resend):
    start(make_order())
    Payment.objects.update(created_at=timezone.now() - timedelta(hours=1))
    rule = simulator.fault("refuse", operation="core.status")

    reconcile_payments()
    watch("gateway_trouble")
    assert subjects(resend) == []
    GatewayTrouble.objects.update(first_at=Now() - timedelta(minutes=10))
    reconcile_payments()
    watch("gateway_trouble")
    assert subjects(resend) == ["⚠️ [HIGH] Payment Gateway Trouble - infiya.store"]

    simulator.remove_fault(rule)
    process_due()  # nothing is due there, which says nothing
    assert GatewayTrouble.objects.get().ended_at is None
    reconcile_payments()
    assert GatewayTrouble.objects.get().ended_at is not None
