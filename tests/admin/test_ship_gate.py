"""Nothing is packed for money that may be gone: slips and labels are printed only of what Midtrans confirmed lately."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from django.test import Client
from django.urls import reverse

from config.deadline import deadline
from orders.models import Order, OrderEvent
from orders.services import start_processing
from payments.models import PaymentTransaction
from payments.staff.still_paid import NO_TIME, SILENT, UNKNOWN, confirm_money
from tests.support.simulator import Simulator
from tests.support.staff import login, page_url, paid_order, press, said

pytestmark = pytest.mark.django_db(transaction=True)


def long_ago(minutes: float = 11) -> None:
    """Let the last answers of GET status be so old."""
    PaymentTransaction.objects.update(asked_at=F("asked_at") - timedelta(minutes=minutes))


def asked(simulator: Simulator) -> int:
    return len(simulator.requests(operation="core.status"))


def printed(answer: Any) -> list[str]:
    return [sheet["order"].number for sheet in answer.context["sheets"]]


def slip(client: Client, order: Order) -> Any:
    return client.get(page_url(order, "slip"))


def test_a_fresh_answer_is_not_asked_for_again(simulator: Simulator) -> None:
    order, _ = paid_order(simulator)
    long_ago(9)
    before = asked(simulator)

    assert printed(slip(login("gudang"), order)) == [order.number]
    assert asked(simulator) == before


def test_an_old_answer_is_asked_for_again_once(simulator: Simulator) -> None:
    order, _ = paid_order(simulator)
    long_ago()
    before, client = asked(simulator), login("gudang")

    assert printed(slip(client, order)) == printed(slip(client, order)) == [order.number]
    assert asked(simulator) == before + 1


@pytest.mark.parametrize(("packing", "status"), [(False, "CANCELLED"), (True, "PROCESSING")])
def test_money_that_the_bank_took_back_gets_no_label(simulator: Simulator, packing: bool, status: str) -> None:
    order, row = paid_order(simulator)
    if packing:
        start_processing(order_id=order.pk, actor="staff:1")
    simulator.event(row.payment.gateway_id, "reverse", deliver=False)
    long_ago()

    answer = slip(login("gudang"), order)

    order.refresh_from_db()
    assert printed(answer) == []
    assert order.status == status
    assert "tidak dicetak" in answer.content.decode()


def test_while_the_gateway_is_silent_nothing_is_printed(simulator: Simulator) -> None:
    orders = [paid_order(simulator)[0] for _ in range(3)]
    long_ago()
    before = asked(simulator)
    simulator.fault("http_500", operation="core.status")

    answer = login("gudang").get(reverse("admin:orders_order_slips"), {"id": [order.pk for order in orders]})

    assert printed(answer) == []
    assert {reason for _, reason in answer.context["refused"]} == {SILENT}
    assert asked(simulator) == before + 1
    assert "Cetak tanpa cek" not in answer.content.decode()


def test_a_payment_that_the_gateway_does_not_know_stops_its_own_parcel_only(simulator: Simulator) -> None:
    (lost, row), (good, _) = paid_order(simulator), paid_order(simulator)
    long_ago()
    simulator.fault("status_404", operation="core.status", transaction_id=row.transaction_id)

    answer = login("gudang").get(reverse("admin:orders_order_slips"), {"id": [lost.pk, good.pk]})

    assert printed(answer) == [good.number]
    assert [(order.number, reason) for order, reason in answer.context["refused"]] == [(lost.number, UNKNOWN)]


def test_the_owner_may_print_all_the_same_with_a_reason(simulator: Simulator) -> None:
    order, _ = paid_order(simulator)
    long_ago()
    simulator.fault("http_500", operation="core.status")
    owner = login("owner")
    way = reverse("admin:orders_order_cetak-tanpa-cek", args=[order.pk])
    assert way in slip(owner, order).content.decode()

    without = press(owner, order, "cetak-tanpa-cek")
    answer = press(owner, order, "cetak-tanpa-cek", reason="Dana sudah dicek di rekening")

    assert without.status_code == 400
    assert printed(answer) == [order.number]
    event = OrderEvent.objects.get(order=order, kind="NOTE")
    assert event.reason == "slip dicetak tanpa cek Midtrans: Dana sudah dicek di rekening"
    assert "owner" in event.actor
    assert login("gudang").get(way).status_code == 403
    assert login("kasir").get(way).status_code == 403


def test_the_way_around_is_closed_where_it_is_not_needed(simulator: Simulator) -> None:
    order, _ = paid_order(simulator)
    owner = login("owner")

    assert "cetak saja seperti biasa" in said(owner.get(page_url(order, "cetak-tanpa-cek")))[-1]
    Order.objects.filter(pk=order.pk).update(payment_hold="sengketa")
    long_ago()
    assert "sedang diperiksa" in said(owner.get(page_url(order, "cetak-tanpa-cek")))[-1]
    Order.objects.filter(pk=order.pk).update(payment_hold="")


def test_a_request_that_has_no_time_left_asks_nobody(simulator: Simulator) -> None:
    order, _ = paid_order(simulator)
    long_ago()
    before = asked(simulator)

    with deadline(1.0):
        assert confirm_money([order]) == {order.pk: NO_TIME}
    assert asked(simulator) == before
