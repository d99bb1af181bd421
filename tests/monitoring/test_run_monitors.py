"""From a wrong row to a mail at the fake Resend, and to the one that says it is over."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from monitoring.models import Incident, IncidentState, MonitorRun
from orders.models import Order
from payments.models import Payment
from tests.support.watching import arrived, subjects, watch
from tests.support.world import make_order

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("monitoring_files")]


def mismatch(minutes: int = 10) -> Order:
    """Return an order that still waits although its payment succeeded."""
    order = make_order()
    Payment.objects.create(
        order=order,
        gateway_id=f"{order.number}-aaaaaaaa",
        amount=order.total,
        status="SUCCESS",
        success_at=Now() - timedelta(minutes=minutes),
        expires_at=order.expires_at,
    )
    return order


def put_right(order: Order) -> None:
    Payment.objects.filter(order=order).update(status="REFUNDED")


@pytest.mark.breaks_laws
def test_a_mismatch_is_one_mail_and_one_more_when_it_is_over(resend):
    order = mismatch()

    first, second = watch(), watch()

    (incident,) = Incident.objects.all()
    (mail,) = arrived(resend)
    assert (first.sent, second.sent) == (1, 0)
    assert mail["subject"] == "🚨 [CRITICAL] Payment/Order Status Mismatch - infiya.store"
    assert mail["to"] == ["owner@infiya.store"]
    assert incident.state == IncidentState.OPEN
    assert incident.seen_count == 2

    put_right(order)
    third, fourth, fifth = watch(), watch(), watch()

    incident.refresh_from_db()
    assert incident.state == IncidentState.RESOLVED
    assert (third.sent, fourth.sent, fifth.sent) == (0, 1, 0)
    assert subjects(resend)[1:] == ["✅ [RESOLVED] Payment/Order Status Mismatch - infiya.store"]
    assert not MonitorRun.objects.exclude(error="").exists()
