"""Cancelling: the gateway confirms first, then the stock is free."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from django.conf import settings
from django.test import override_settings
from django.utils import timezone

from config.errors import ShopClosedError
from config.models import OutgoingMail
from orders.models import Order, OrderEvent
from payments import errors
from payments.models import GatewayTrouble, Payment
from payments.services import (
    BY_CUSTOMER,
    cancel_order,
    expire_orders,
    release_without_gateway,
    start_payment,
)
from shop.services.site import require_sweep
from tests.support.closing import assert_safe, due_again, order_state, overdue, page_is_dead
from tests.support.simulator import Simulator
from tests.support.staff import login, page_url
from tests.support.threads import Background
from tests.support.world import make_order, make_variant, notify, start

pytestmark = pytest.mark.django_db(transaction=True)


def journal_files() -> Iterator[Path]:
    return Path(settings.PAYMENT_JOURNAL_DIR).glob("*.jsonl")


def test_cancel_without_payment_closes_at_once_and_frees_the_stock(simulator: Simulator) -> None:
    variant = make_variant(on_hand=3)
    order = make_order((variant, 2))

    assert cancel_order(order_id=order.pk, actor="customer:1", reason="salah pesan")

    order.refresh_from_db()
    variant.refresh_from_db()
    assert order.status == "CANCELLED"
    assert (variant.on_hand, variant.reserved) == (3, 0)
    assert simulator.requests() == []
    assert OutgoingMail.objects.filter(kind="order_cancelled").count() == 1


def test_cancel_with_an_open_page_closes_the_page_first(simulator: Simulator) -> None:
    order = make_order()
    payment = start(order)

    assert cancel_order(order_id=order.pk, actor="customer:1", reason="")

    payment.refresh_from_db()
    assert page_is_dead(simulator, payment)
    assert payment.status == "CANCELLED"
    assert payment.killed_at is not None
    assert_safe(simulator, order)


def test_cancel_with_a_chosen_method_cancels_it_at_the_gateway_first(simulator: Simulator) -> None:
    order = make_order()
    payment = start(order)
    simulator.choose(payment.gateway_id, "bca_va", deliver=False)

    assert cancel_order(order_id=order.pk, actor="customer:1", reason="")

    assert [row["transaction_status"] for row in simulator.transactions(payment.gateway_id)] == ["cancel"]
    assert_safe(simulator, order)
    calls = [call["operation"] for call in simulator.requests()]
    assert calls[-1] == "core.status", "the last word is a question, after everything was closed"
    assert {"core.cancel", "snap.cancel"} <= set(calls)


def test_a_single_404_is_not_believed(simulator: Simulator) -> None:
    order = make_order()
    payment = start(order)
    simulator.choose(payment.gateway_id, "qris", deliver=False)
    simulator.event(payment.gateway_id, "expire", deliver=False)
    simulator.fault("status_404", operation="core.status", count=1)

    assert not cancel_order(order_id=order.pk, actor="customer:1", reason="")

    assert order_state(order) == ["HELD"]
    due_again()
    assert expire_orders().closed == 1
    assert payment.transactions.get().status == "EXPIRED"


def test_cancel_of_a_payment_that_was_just_paid_ends_paid(simulator: Simulator) -> None:
    order = make_order()
    payment = start(order)
    simulator.event(payment.gateway_id, "settle", deliver=False)

    with pytest.raises(errors.CannotCancelError):
        cancel_order(order_id=order.pk, actor="customer:1", reason="")

    order.refresh_from_db()
    assert order.status == "PAID"
    assert not order.is_closing


def test_what_a_customer_said_stays_for_staff_also_when_money_came_first(simulator: Simulator) -> None:
    order = make_order()
    simulator.event(start(order).gateway_id, "settle", deliver=False)

    with pytest.raises(errors.CannotCancelError):
        cancel_order(order_id=order.pk, actor="customer:1", reason=BY_CUSTOMER, words="Salah ukuran")

    shown = login("gudang").get(page_url(order)).content.decode()
    assert "Alasan pembeli ingin batal</h3><p>Salah ukuran" in shown


def test_cancel_of_a_paid_order_is_refused(simulator: Simulator) -> None:
    order = make_order()
    payment = start(order)
    notify(payment, simulator.event(payment.gateway_id, "settle", deliver=False))

    with pytest.raises(errors.CannotCancelError):
        cancel_order(order_id=order.pk, actor="customer:1", reason="")


@pytest.mark.parametrize(
    ("fault", "operation"),
    [
        ("http_500", "snap.cancel"),
        ("refuse", "snap.cancel"),
        ("response_lost", "snap.cancel"),
        ("token_on_progress", "snap.cancel"),
        ("http_503", "core.status"),
        ("not_modifiable", "core.cancel"),
        ("http_502", "core.cancel"),
        ("response_lost", "core.cancel"),
    ],
)
def test_without_confirmation_nothing_is_released_and_a_later_run_finishes(
    simulator: Simulator,
    fault: str,
    operation: str,
) -> None:
    variant = make_variant(on_hand=2)
    order = make_order((variant, 1))
    payment = start(order)
    simulator.choose(payment.gateway_id, "bca_va", deliver=False)
    rule = simulator.fault(fault, operation=operation)

    assert not cancel_order(order_id=order.pk, actor="customer:1", reason="")
    variant.refresh_from_db()
    order.refresh_from_db()
    assert (order.status, order.is_closing, variant.reserved) == ("PENDING_PAYMENT", True, 1)
    with pytest.raises(errors.NotPayableError):
        start_payment(order_id=order.pk)

    simulator.remove_fault(rule)
    due_again()
    assert expire_orders().closed == 1
    order.refresh_from_db()
    variant.refresh_from_db()
    assert (order.status, variant.reserved) == ("CANCELLED", 0)
    assert_safe(simulator, order)


def test_a_page_that_we_never_saw_is_made_void_before_the_stock_is_free(simulator: Simulator) -> None:
    order = make_order()
    simulator.fault("response_lost", operation="snap.create", count=1)
    with pytest.raises(errors.GatewayUnavailableError):
        start_payment(order_id=order.pk)
    unseen = simulator.order(Payment.objects.get().gateway_id)["page"]["token"]
    due_again()

    assert cancel_order(order_id=order.pk, actor="customer:1", reason="")

    payment = Payment.objects.get()
    assert payment.token not in {"", unseen}
    lines = [line for file in journal_files() for line in file.read_text().splitlines() if payment.gateway_id in line]
    assert len(lines) == len(simulator.requests(operation="snap.create")) == 2
    assert page_is_dead(simulator, payment)
    assert_safe(simulator, order)


def test_cancel_while_the_page_is_being_made_kills_the_page(simulator: Simulator) -> None:
    order = make_order()
    held = simulator.fault("hold", operation="snap.create", when="after")
    starting = Background(partial(start_payment, order_id=order.pk))
    simulator.wait_held(held)
    cancelling = Background(partial(cancel_order, order_id=order.pk, actor="customer:1", reason=""))
    while not Order.objects.filter(pk=order.pk, closing_at__isnull=False).exists():
        pass
    simulator.release(held)

    with pytest.raises(errors.NotPayableError):
        starting.result()
    closed = cancelling.result()

    if not closed:
        due_again()
        expire_orders()
    order.refresh_from_db()
    assert order.status == "CANCELLED"
    assert page_is_dead(simulator, Payment.objects.get())


def test_a_cancel_while_the_key_is_refused_is_noted_and_finished_later(simulator: Simulator) -> None:
    order = make_order()
    start(order)
    with override_settings(MIDTRANS_SERVER_KEY="SB-Mid-server-wrong"):
        assert not cancel_order(order_id=order.pk, actor="customer:1", reason="")
    order.refresh_from_db()
    assert (order.status, order.is_closing) == ("PENDING_PAYMENT", True)
    assert GatewayTrouble.objects.get().kind == "server_key_refused"

    due_again()
    assert expire_orders().closed == 1


def test_a_page_that_the_gateway_does_not_know_frees_nothing_before_its_deadline(simulator: Simulator) -> None:
    """Another merchant's key is no refused key: everything is simply unknown, and our page lives on elsewhere."""
    order = make_order()
    start(order)
    simulator.reset()

    assert not cancel_order(order_id=order.pk, actor="customer:1", reason="")
    order.refresh_from_db()
    assert (order.status, order_state(order)) == ("PENDING_PAYMENT", ["HELD"])
    assert GatewayTrouble.objects.get().kind == "token_unknown"

    overdue(order)
    due_again()
    assert expire_orders().closed == 1


def test_many_unknown_pages_at_once_stop_the_run_with_a_fact(simulator: Simulator) -> None:
    for _ in range(6):
        order = make_order()
        start(order)
        Order.objects.filter(pk=order.pk).update(
            closing_at=timezone.now(), closing_to="CANCELLED", closing_by="test", closing_reason=""
        )
    simulator.reset()

    run = expire_orders()

    assert (run.stopped, run.closed) == ("many_unknown", 0)
    assert len(simulator.requests(operation="snap.cancel")) == 5
    assert GatewayTrouble.objects.filter(kind="many_unknown", ended_at=None).exists()


def test_an_unseen_page_on_which_a_method_was_chosen_frees_nothing_before_its_deadline(simulator: Simulator) -> None:
    order = make_order()
    simulator.fault("response_lost", operation="snap.create", count=1)
    with pytest.raises(errors.GatewayUnavailableError):
        start_payment(order_id=order.pk)
    payment = Payment.objects.get()
    simulator.choose(payment.gateway_id, "bca_va", deliver=False)
    due_again()

    assert not cancel_order(order_id=order.pk, actor="customer:1", reason="")
    assert [row["transaction_status"] for row in simulator.transactions(payment.gateway_id)] == ["cancel"]
    assert order_state(order) == ["HELD"]

    overdue(order)
    due_again()
    assert expire_orders().closed == 1


def test_what_never_reached_the_gateway_is_cancelled_without_it(simulator: Simulator) -> None:
    order = make_order()
    with override_settings(MIDTRANS_SNAP_URL="http://127.0.0.1:1/snap/v1", MIDTRANS_CORE_URL="http://127.0.0.1:1"):
        with pytest.raises(errors.GatewayUnavailableError):
            start_payment(order_id=order.pk)

        assert cancel_order(order_id=order.pk, actor="customer:1", reason="")

    assert Payment.objects.get().status == "CANCELLED"


def test_a_refused_key_stops_the_run_with_a_fact(simulator: Simulator) -> None:
    orders = [make_order() for _ in range(2)]
    for order in orders:
        start(order)
        overdue(order)
    with override_settings(MIDTRANS_SERVER_KEY="SB-Mid-server-wrong"):
        run = expire_orders()

    assert run.stopped == "server_key_refused"
    assert Order.objects.filter(status="PENDING_PAYMENT").count() == 2
    assert GatewayTrouble.objects.get().kind == "server_key_refused"


def test_a_staff_decision_closes_without_the_gateway_and_is_logged(simulator: Simulator) -> None:
    order = make_order()
    start(order)
    simulator.fault("http_500", operation="*")

    release_without_gateway(order_id=order.pk, actor="staff:1", reason="Midtrans mati seharian")

    order.refresh_from_db()
    assert order.status == "CANCELLED"
    event = OrderEvent.objects.get(order=order, to_status="CANCELLED")
    assert event.actor == "staff:1"
    assert "Midtrans mati seharian" in event.reason
    assert Payment.objects.get().kill_asked_at is not None


def test_while_a_sweep_is_owed_nothing_is_cancelled_or_expired(simulator: Simulator) -> None:
    order = make_order()
    overdue(order)
    require_sweep(since=timezone.now())

    with pytest.raises(ShopClosedError):
        cancel_order(order_id=order.pk, actor="customer:1", reason="")
    with pytest.raises(ShopClosedError):
        expire_orders()
