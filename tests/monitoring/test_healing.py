"""What a run puts right before it tells anybody: safe things only, told as healed; where it fails, the alert stays."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from config.models import OutgoingMail
from monitoring.models import Incident, IncidentState
from monitoring.runner import Run
from orders.models import Order
from payments.models import Payment, Repair
from tests.support.closing import overdue
from tests.support.money import without_effect
from tests.support.simulator import Simulator
from tests.support.watching import arrived, subjects, watch
from tests.support.world import make_order, start

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("monitoring_files")]

MISMATCH = "payment_order_mismatch"
HEALED = "🩹 [HEALED] Put Right By Itself ({}) - infiya.store"


def paid_and_unaware(simulator: Simulator) -> Order:
    order = make_order()
    without_effect(simulator, start(order))
    return order


def healed(run: Run) -> list[str]:
    return [key for result in run.results for key in result.healed]


def test_what_healed_makes_no_alarm_and_one_line_for_the_owner(simulator, resend):
    order = paid_and_unaware(simulator)

    run = watch(MISMATCH)

    order.refresh_from_db()
    assert order.status == "PAID"
    assert healed(run) == [f"order:{order.number}"]
    assert not Incident.objects.exists()
    assert subjects(resend) == [HEALED.format(1)]
    assert f"- {order.number}: money that Midtrans confirms had no effect" in arrived(resend)[0]["text"]
    assert "PENDING_PAYMENT -&gt; PAID" in arrived(resend)[0]["html"]


def test_the_owner_is_told_of_the_first_at_once_and_of_the_others_once_a_day(simulator, resend):
    paid_and_unaware(simulator)
    watch(MISMATCH)
    for _ in range(2):
        paid_and_unaware(simulator)
        watch(MISMATCH)
    assert subjects(resend) == [HEALED.format(1)]

    OutgoingMail.objects.update(created_at=F("created_at") - timedelta(hours=24))
    watch(MISMATCH)
    watch(MISMATCH)

    assert subjects(resend) == [HEALED.format(1), HEALED.format(2)]
    assert not Repair.objects.filter(told_at=None).exists()


@pytest.mark.breaks_laws
def test_what_does_not_heal_is_the_one_alert_that_it_always_was_and_is_tried_again_later(simulator, resend):
    order = paid_and_unaware(simulator)
    rule = simulator.fault("http_500", operation="core.status")
    for _ in range(2):
        assert healed(watch(MISMATCH)) == []
    assert len(simulator.requests(operation="core.status")) == 1  # the second run waits with it
    assert subjects(resend) == ["🚨 [CRITICAL] Payment/Order Status Mismatch - infiya.store"]
    simulator.remove_fault(rule)
    Incident.objects.update(heal_after=Now() - timedelta(seconds=1))

    runs = [watch(MISMATCH), watch(MISMATCH)]

    assert [healed(run) for run in runs] == [[f"order:{order.number}"], []]
    incident = Incident.objects.get()
    assert incident.state == IncidentState.RESOLVED
    assert incident.resolved_how.startswith("healed by itself: Midtrans confirmed the payment")
    assert [event.kind for event in incident.events.all()] == ["OPENED", "NOTIFIED", "HEALED", "RESOLVED", "NOTIFIED"]
    resolved = arrived(resend)[-1]
    assert resolved["subject"] == "✅ [RESOLVED] Payment/Order Status Mismatch - infiya.store"
    assert "(healed by itself: Midtrans confirmed the payment" in resolved["text"]


@pytest.mark.breaks_laws
@pytest.mark.parametrize("option", [{"dry": True}, {"heal": False}])
def test_a_run_that_shall_not_heal_does_not(simulator, resend, option):
    order = paid_and_unaware(simulator)

    run = watch(MISMATCH, **option)

    order.refresh_from_db()
    assert (order.status, healed(run), run.results[0].look.total) == ("PENDING_PAYMENT", [], 1)
    assert simulator.requests(operation="core.status") == []


def test_an_overdue_payment_that_the_jobs_left_behind_is_closed(simulator, resend):
    order = make_order()
    payment = start(order)
    overdue(order)
    long_ago = timezone.now() - timedelta(hours=3)
    Payment.objects.update(expires_at=long_ago)

    run = watch("open_payment_overdue")

    order.refresh_from_db()
    assert healed(run) == [f"payment:{payment.gateway_id}"]
    assert order.status == "EXPIRED"
    assert subjects(resend) == [HEALED.format(1)]


def test_the_command_says_what_healed(simulator, resend):
    order = paid_and_unaware(simulator)
    out = StringIO()
    call_command("run_monitors", "--only", MISMATCH, stdout=out)
    lines = out.getvalue().splitlines()

    assert lines[0].startswith("HEALED    payment_order_mismatch")
    assert order.number in lines[0]
    assert "healed 1;" in lines[-2]

    out = StringIO()
    other = paid_and_unaware(simulator)
    call_command("run_monitors", "--only", MISMATCH, "--format", "json", stdout=out)
    answer = json.loads(out.getvalue())
    assert answer["healed"] == 1
    assert list(answer["results"][0]["healed"]) == [f"order:{other.number}"]
