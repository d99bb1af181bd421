"""Starting to pay: one payment page per order, whatever happens around the call."""

from __future__ import annotations

import time
from datetime import timedelta
from functools import partial

import pytest
from django.db import transaction
from django.test import override_settings
from django.utils import timezone

from config.errors import ShopClosedError
from orders.models import Order
from orders.services import set_hold
from payments import errors, journal
from payments.models import Payment
from payments.services import cancel_order, start_payment
from shop.errors import InsufficientStockError
from shop.services import stock
from shop.services.site import close_shop
from tests.support.commands import start_command
from tests.support.simulator import Simulator
from tests.support.threads import run_together
from tests.support.world import make_order, make_variant, notify, start

pytestmark = pytest.mark.django_db(transaction=True)


def creations(simulator: Simulator) -> int:
    return len(simulator.requests(operation="snap.create"))


def test_the_second_call_answers_the_page_of_the_first(simulator: Simulator) -> None:
    order = make_order()

    first = start_payment(order_id=order.pk)
    second = start_payment(order_id=order.pk)

    assert not first.duplicate
    assert second.duplicate
    assert first.token == second.token
    assert first.redirect_url == second.redirect_url
    assert creations(simulator) == 1


def test_ten_calls_at_once_make_one_page(simulator: Simulator) -> None:
    order = make_order()

    results = run_together([partial(start_payment, order_id=order.pk)] * 10)

    assert [r for r in results if isinstance(r, Exception)] == []
    assert len({r.token for r in results}) == 1
    assert sorted(r.duplicate for r in results) == [False] + [True] * 9
    assert creations(simulator) == 1
    assert Payment.objects.count() == 1


def test_without_the_guard_ten_calls_would_make_several_pages(
    simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Negative control: take the order's lock and the one-open-payment constraint away, and the race is lost."""
    from django.db import connection

    from payments.services import start as module

    order = make_order()
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX payment_one_open_per_order")
    try:
        monkeypatch.setattr(module, "lock_order", lambda pk: Order.objects.get(pk=pk))
        results = run_together([partial(start_payment, order_id=order.pk)] * 10)
        assert len({r.token for r in results if not isinstance(r, Exception)}) > 1
    finally:
        monkeypatch.undo()
        Payment.objects.update(status="CANCELLED")
        with connection.cursor() as cursor:
            cursor.execute(
                "CREATE UNIQUE INDEX payment_one_open_per_order ON payments_payment (order_id)"
                " WHERE status IN ('CHALLENGE', 'INITIATED', 'PENDING')",
            )


def test_a_paid_order_is_not_paid_again(simulator: Simulator) -> None:
    order = make_order()
    payment = start(order)
    notify(payment, simulator.event(payment.gateway_id, "settle", deliver=False))

    with pytest.raises(errors.OrderAlreadyPaidError, match=r"^Order sudah dibayar$"):
        start_payment(order_id=order.pk)
    assert creations(simulator) == 1


def test_short_stock_is_named_and_the_gateway_is_not_called(simulator: Simulator) -> None:
    variant = make_variant(on_hand=10)
    order = make_order((variant, 10))
    with transaction.atomic():
        stock.adjust(variant_id=variant.pk, delta=-5, reason="rusak", actor="test")

    with pytest.raises(InsufficientStockError) as refused:
        start_payment(order_id=order.pk)

    assert str(refused.value) == "Stok tidak mencukupi. Tersedia: 5, diminta: 10"
    extra = refused.value.extra()
    assert (extra["stockIssue"], extra["availableStock"], extra["requestedQuantity"]) == (True, 5, 10)
    assert simulator.requests() == []
    assert Payment.objects.count() == 0


def test_older_orders_come_first_when_stock_was_lost(simulator: Simulator) -> None:
    variant = make_variant(on_hand=5)
    older, younger = make_order((variant, 3)), make_order((variant, 2))
    with transaction.atomic():
        stock.adjust(variant_id=variant.pk, delta=-2, reason="hilang", actor="test")

    assert start_payment(order_id=older.pk).token
    with pytest.raises(InsufficientStockError):
        start_payment(order_id=younger.pk)


def test_a_new_payment_needs_ten_minutes(simulator: Simulator) -> None:
    order = make_order()
    Order.objects.filter(pk=order.pk).update(expires_at=timezone.now() + timedelta(minutes=9))

    with pytest.raises(errors.PaymentWindowOverError, match="Waktu pembayaran habis"):
        start_payment(order_id=order.pk)
    assert simulator.requests() == []


def test_the_page_never_outlives_the_order(simulator: Simulator) -> None:
    order = make_order()
    start(order)

    expiry = simulator.requests(operation="snap.create")[0]["body"]["expiry"]
    assert expiry["unit"] == "minute"
    assert expiry["duration"] == 1439
    assert expiry["start_time"].endswith("+0700")


def test_the_bill_adds_up_to_the_total(simulator: Simulator) -> None:
    order = make_order((make_variant(price=123_457), 3), (make_variant(price=999), 7))
    start(order)

    body = simulator.requests(operation="snap.create")[0]["body"]
    assert sum(item["price"] * item["quantity"] for item in body["item_details"]) == order.total
    assert body["transaction_details"]["gross_amount"] == order.total


def test_a_closed_shop_takes_no_payment(simulator: Simulator) -> None:
    order = make_order()
    close_shop(reason="stok opname")

    with pytest.raises(ShopClosedError):
        start_payment(order_id=order.pk)
    assert simulator.requests() == []


def test_a_held_order_takes_no_payment(simulator: Simulator) -> None:
    order = make_order()
    with transaction.atomic():
        set_hold(order, "pembayaran tidak sesuai", actor="test")

    with pytest.raises(errors.PaymentHeldError):
        start_payment(order_id=order.pk)


def test_a_cancelled_order_takes_no_payment(simulator: Simulator) -> None:
    order = make_order()
    cancel_order(order_id=order.pk, actor="test", reason="berubah pikiran")

    with pytest.raises(errors.NotPayableError):
        start_payment(order_id=order.pk)
    assert simulator.requests(operation="snap.create") == []


@pytest.mark.parametrize(
    "fault",
    [
        "http_500",
        "http_502",
        "http_503",
        "http_429",
        "http_403",
        "empty_body",
        "truncated_json",
        "json_list",
        "http_302",
    ],
)
def test_a_gateway_in_trouble_leaves_the_order_payable(simulator: Simulator, fault: str) -> None:
    order = make_order()
    simulator.fault(fault, operation="snap.create", count=1)

    with pytest.raises(errors.GatewayUnavailableError):
        start_payment(order_id=order.pk)

    again = start_payment(order_id=order.pk)
    assert again.token == simulator.order(again.payment.gateway_id)["page"]["token"]
    assert Payment.objects.count() == 1


def test_nobody_listening_frees_the_lease_at_once(simulator: Simulator) -> None:
    order = make_order()
    with (
        override_settings(MIDTRANS_SNAP_URL="http://127.0.0.1:1/snap/v1"),
        pytest.raises(errors.GatewayUnavailableError),
    ):
        start_payment(order_id=order.pk)

    payment = Payment.objects.get()
    assert (payment.lease, payment.unanswered) == ("", 0)
    assert start_payment(order_id=order.pk).payment.pk == payment.pk


def test_a_lost_answer_is_finished_by_the_first_call_after_the_lease(simulator: Simulator) -> None:
    order = make_order()
    simulator.fault("response_lost", operation="snap.create", count=1)
    with pytest.raises(errors.GatewayUnavailableError):
        start_payment(order_id=order.pk)
    with pytest.raises(errors.PaymentInFlightError):
        start_payment(order_id=order.pk)
    Payment.objects.update(lease_until=timezone.now() - timedelta(seconds=1))

    again = start_payment(order_id=order.pk)

    assert Payment.objects.count() == 1
    assert again.token == simulator.order(again.payment.gateway_id)["page"]["token"]
    assert creations(simulator) == 2
    assert len(simulator.transactions()) <= 1


def test_killed_between_initiated_and_the_answer_the_next_call_finishes_it(simulator: Simulator) -> None:
    order = make_order()
    held = simulator.fault("hold", operation="snap.create", when="after")
    process = start_command(
        "shell",
        "-c",
        f"from payments.services import start_payment; start_payment(order_id={order.pk})",
        MIDTRANS_SNAP_URL=simulator.snap_url,
        MIDTRANS_CORE_URL=simulator.core_url,
        MIDTRANS_SERVER_KEY=simulator.server_key,
        MIDTRANS_CLIENT_KEY=simulator.client_key,
    )
    with process:
        simulator.wait_held(held, timeout=60)
        process.kill()
    simulator.release(held)
    payment = Payment.objects.get()
    assert (payment.status, payment.token) == ("INITIATED", "")
    Payment.objects.update(lease_until=timezone.now() - timedelta(seconds=1))

    again = start_payment(order_id=order.pk)

    assert again.payment.pk == payment.pk
    assert again.token == simulator.order(payment.gateway_id)["page"]["token"]
    assert (
        len(
            {
                request["body"]["transaction_details"]["order_id"]
                for request in simulator.requests(operation="snap.create")
            }
        )
        == 1
    )


@pytest.mark.chaos
def test_a_hanging_gateway_is_left_after_eight_seconds(simulator: Simulator) -> None:
    order = make_order()
    simulator.fault("hang", operation="snap.create", count=1, seconds=30)
    started = time.monotonic()

    with pytest.raises(errors.GatewayUnavailableError):
        start_payment(order_id=order.pk)

    assert 7.5 < time.monotonic() - started < 15


def test_a_method_chosen_on_an_unseen_page_is_adopted(simulator: Simulator) -> None:
    order = make_order()
    simulator.fault("response_lost", operation="snap.create", count=1)
    with pytest.raises(errors.GatewayUnavailableError):
        start_payment(order_id=order.pk)
    payment = Payment.objects.get()
    simulator.choose(payment.gateway_id, "bca_va", deliver=False)
    Payment.objects.update(lease_until=timezone.now() - timedelta(seconds=1))

    again = start_payment(order_id=order.pk)

    assert again.payment.pk == payment.pk
    assert again.duplicate
    assert again.payment.status == "PENDING"
    assert again.payment.raw["va_numbers"]


def test_a_refused_key_is_a_fact_and_uses_up_none_of_the_payments(simulator: Simulator) -> None:
    from payments.models import GatewayTrouble

    order = make_order()
    with override_settings(MIDTRANS_SERVER_KEY="SB-Mid-server-wrong"):
        for _ in range(6):  # an impatient customer
            with pytest.raises(errors.GatewayKeyError):
                start_payment(order_id=order.pk)

    assert GatewayTrouble.objects.get().kind == "server_key_refused"
    assert start_payment(order_id=order.pk).token
    assert Payment.objects.get().unanswered == 0


def test_the_journal_is_written_before_the_gateway_is_called(simulator: Simulator) -> None:
    order = make_order()
    before = timezone.now() - timedelta(minutes=1)
    simulator.fault("response_lost", operation="snap.create", count=1)
    with pytest.raises(errors.GatewayUnavailableError):
        start_payment(order_id=order.pk)

    entries = [entry for entry in journal.read_since(before) if entry.order_number == order.number]
    assert [(entry.gateway_id, entry.amount) for entry in entries] == [(Payment.objects.get().gateway_id, order.total)]


def test_without_a_journal_the_gateway_is_not_called(simulator: Simulator, tmp_path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    order = make_order()
    with override_settings(PAYMENT_JOURNAL_DIR=blocked / "journal"), pytest.raises(errors.GatewayUnavailableError):
        start_payment(order_id=order.pk)

    assert simulator.requests() == []


def test_the_sixth_payment_is_refused(simulator: Simulator) -> None:
    order = make_order()
    for _ in range(5):
        start(order)
        Payment.objects.filter(order=order).update(status="CANCELLED", killed_at=timezone.now())

    with pytest.raises(errors.TooManyPaymentsError):
        start_payment(order_id=order.pk)
