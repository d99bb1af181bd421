"""Cancel, expire, change of method: never a payable page on released stock, never two live payments, never stuck."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from django.db import transaction
from django.utils import timezone

from config.errors import ShopClosedError
from config.models import OutgoingMail
from orders.models import Order, OrderEvent
from payments import errors
from payments.models import GatewayTrouble, Payment
from payments.services import (
    cancel_order,
    change_method,
    check_order,
    expire_orders,
    release_without_gateway,
    start_payment,
)
from payments.services.closing import finish_closing
from payments.services.kill import Killed, run_due_kills
from payments.services.reconcile import reconcile_payments
from shop.models import StockMovement
from shop.services import stock
from shop.services.site import require_sweep
from tests.support.simulator import Simulator
from tests.support.threads import Background, run_together
from tests.support.world import make_order, make_variant, notify, start

pytestmark = pytest.mark.django_db(transaction=True)


def overdue(order: Order) -> None:
    """Let the order's deadline and grace be over, at the shop and for its payments."""
    past = timezone.now() - timedelta(hours=1)
    created = past - timedelta(days=1)
    Order.objects.filter(pk=order.pk).update(created_at=created, expires_at=past)
    Payment.objects.filter(order=order).update(expires_at=past)


def due_again() -> None:
    Payment.objects.update(next_attempt_at=timezone.now() - timedelta(seconds=1), lease="", lease_until=None)


def page_is_dead(simulator: Simulator, payment: Payment) -> bool:
    return simulator.order(payment.gateway_id)["page"]["state"] != "open"


def assert_safe(simulator: Simulator, order: Order) -> None:
    """What must hold whatever happened: stock is free only if no page or transaction of the order can be paid."""
    order.refresh_from_db()
    live = 0
    for payment in Payment.objects.filter(order=order).exclude(token="", unanswered=0):
        try:
            seen = simulator.order(payment.gateway_id)
        except AssertionError:
            continue
        waiting = any(row["transaction_status"] == "pending" for row in seen["transactions"])
        live += seen["page"]["state"] == "open" or waiting
    if order.status in {"CANCELLED", "EXPIRED"}:
        assert live == 0
    assert live <= 1


# --- cancel ---


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


def test_cancel_of_a_payment_that_was_just_paid_ends_paid(simulator: Simulator) -> None:
    order = make_order()
    payment = start(order)
    simulator.event(payment.gateway_id, "settle", deliver=False)

    assert not cancel_order(order_id=order.pk, actor="customer:1", reason="")

    order.refresh_from_db()
    assert order.status == "PAID"
    assert not order.is_closing


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


def test_a_refused_key_stops_the_run_with_a_fact(simulator: Simulator) -> None:
    from django.test import override_settings

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


# --- expiry ---


def test_an_overdue_order_expires_and_frees_its_stock(simulator: Simulator) -> None:
    variant = make_variant(on_hand=2)
    order = make_order((variant, 2))
    start(order)
    overdue(order)

    assert expire_orders().expired == 1

    order.refresh_from_db()
    variant.refresh_from_db()
    assert (order.status, variant.reserved) == ("EXPIRED", 0)
    assert Payment.objects.get().status == "EXPIRED"
    assert OutgoingMail.objects.filter(kind="order_expired").count() == 1


def test_grace_is_given(simulator: Simulator) -> None:
    order = make_order()
    Order.objects.update(
        created_at=timezone.now() - timedelta(days=1), expires_at=timezone.now() - timedelta(minutes=14)
    )

    assert expire_orders().expired == 0
    order.refresh_from_db()
    assert order.status == "PENDING_PAYMENT"


def test_a_payment_made_in_the_last_minute_wins_over_the_expiry(simulator: Simulator) -> None:
    order = make_order()
    payment = start(order)
    simulator.event(payment.gateway_id, "settle", deliver=False)
    overdue(order)

    run = expire_orders()

    order.refresh_from_db()
    assert (run.paid, run.expired) == (1, 0)
    assert order.status == "PAID"


def test_a_poisoned_order_delays_nobody(simulator: Simulator) -> None:
    poisoned, fine = make_order(), make_order()
    payment = start(poisoned)
    simulator.choose(payment.gateway_id, "bca_va", deliver=False)
    overdue(poisoned)
    overdue(fine)
    simulator.fault("http_500", operation="core.status", order_id=payment.gateway_id)

    first = expire_orders()
    second = expire_orders()

    fine.refresh_from_db()
    assert fine.status == "EXPIRED"
    assert (first.waiting, second.waiting) == (1, 0)


def test_a_held_order_does_not_expire(simulator: Simulator) -> None:
    order = make_order()
    payment = start(order)
    challenged = simulator.event(payment.gateway_id, "challenge", deliver=False, method="credit_card")
    notify(payment, challenged, "201")
    overdue(order)

    assert expire_orders().expired == 0
    order.refresh_from_db()
    assert order.status == "PENDING_PAYMENT"


# --- late money ---


def late_order(simulator: Simulator, variant) -> tuple[Order, Payment]:
    order = make_order((variant, 2))
    payment = start(order)
    overdue(order)
    expire_orders()
    order.refresh_from_db()
    assert order.status == "EXPIRED"
    return order, payment


def test_late_money_with_stock_free_makes_the_order_paid(simulator: Simulator) -> None:
    variant = make_variant(on_hand=2)
    order, payment = late_order(simulator, variant)

    transaction_row = simulator.event(payment.gateway_id, "settle", deliver=False, force=True)
    assert notify(payment, transaction_row) == 200

    order.refresh_from_db()
    variant.refresh_from_db()
    assert order.status == "PAID"
    assert (variant.on_hand, variant.reserved) == (0, 0)


def test_late_money_with_stock_gone_is_recorded_and_nothing_is_oversold(simulator: Simulator) -> None:
    variant = make_variant(on_hand=2)
    order, payment = late_order(simulator, variant)
    make_order((variant, 1))

    transaction_row = simulator.event(payment.gateway_id, "settle", deliver=False, force=True)
    assert notify(payment, transaction_row) == 200

    order.refresh_from_db()
    variant.refresh_from_db()
    payment.refresh_from_db()
    assert (order.status, payment.status) == ("EXPIRED", "SUCCESS")
    assert (variant.on_hand, variant.reserved) == (2, 1)


def test_late_money_for_a_cancelled_order_is_recorded_and_changes_nothing(simulator: Simulator) -> None:
    order = make_order()
    payment = start(order)
    cancel_order(order_id=order.pk, actor="customer:1", reason="")

    transaction_row = simulator.event(payment.gateway_id, "settle", deliver=False, force=True)
    assert notify(payment, transaction_row) == 200

    order.refresh_from_db()
    payment.refresh_from_db()
    assert (order.status, payment.status) == ("CANCELLED", "SUCCESS")
    assert not payment.transactions.get().surplus


# --- change of method ---


def test_change_of_method_kills_the_old_payment_before_the_new_one(simulator: Simulator) -> None:
    order = make_order()
    old = start(order)
    notify(old, simulator.choose(old.gateway_id, "bca_va", deliver=False), "201")

    started = change_method(order_id=order.pk, actor="customer:1")

    old.refresh_from_db()
    assert started.payment.pk != old.pk
    assert (old.status, page_is_dead(simulator, old)) == ("CANCELLED", True)
    assert_safe(simulator, order)


def test_before_a_method_is_chosen_the_same_page_is_shown(simulator: Simulator) -> None:
    order = make_order()
    payment = start(order)

    assert change_method(order_id=order.pk, actor="customer:1").token == payment.token
    assert len(simulator.requests(operation="snap.create")) == 1


def test_change_of_method_after_the_money_came_says_paid(simulator: Simulator) -> None:
    order = make_order()
    payment = start(order)
    notify(payment, simulator.choose(payment.gateway_id, "bca_va", deliver=False), "201")
    simulator.event(payment.gateway_id, "settle", deliver=False)

    with pytest.raises(errors.OrderAlreadyPaidError):
        change_method(order_id=order.pk, actor="customer:1")
    order.refresh_from_db()
    assert order.status == "PAID"


def test_while_the_old_payment_cannot_be_killed_there_is_no_new_one(simulator: Simulator) -> None:
    order = make_order()
    old = start(order)
    notify(old, simulator.choose(old.gateway_id, "bca_va", deliver=False), "201")
    simulator.fault("not_modifiable", operation="core.cancel")

    with pytest.raises(errors.PaymentInFlightError):
        change_method(order_id=order.pk, actor="customer:1")

    assert Payment.objects.count() == 1
    assert_safe(simulator, order)


def test_a_method_that_expired_frees_the_slot_only_when_its_page_is_closed(simulator: Simulator) -> None:
    order = make_order()
    old = start(order)
    notify(old, simulator.choose(old.gateway_id, "qris", deliver=False), "201")
    notify(old, simulator.event(old.gateway_id, "expire", deliver=False), "202")
    old.refresh_from_db()
    assert old.status == "EXPIRED"

    new = start_payment(order_id=order.pk).payment

    assert new.pk != old.pk
    assert page_is_dead(simulator, old)


# --- pair by pair ---

ACTIONS = {
    "expire": lambda order, payment, simulator: (
        finish_closing(order_id=order.pk, budget_s=5) if ask_expiry(order) else None
    ),
    "cancel": lambda order, payment, simulator: cancel_order(order_id=order.pk, actor="customer:1", reason=""),
    "change": lambda order, payment, simulator: change_method(order_id=order.pk, actor="customer:1"),
    "click": lambda order, payment, simulator: start_payment(order_id=order.pk),
    "settle": lambda order, payment, simulator: settle(payment, simulator),
}


def ask_expiry(order: Order) -> bool:
    from config.database import unit_of_work
    from orders.states import OrderStatus
    from payments.services.closing import _ask_closing

    return unit_of_work(partial(_ask_closing, order.pk, OrderStatus.EXPIRED, "system", "lewat"))


def settle(payment: Payment, simulator: Simulator) -> int:
    """The customer pays, if the gateway still lets him, and the webhook arrives."""
    try:
        transaction_row = simulator.event(payment.gateway_id, "settle", deliver=False)
    except AssertionError:
        return 0
    return notify(payment, transaction_row)


PAIRS = [(a, b) for i, a in enumerate(ACTIONS) for b in list(ACTIONS)[i:]]
TROUBLE = [
    None,
    ("latency", "*", {"seconds": 0.15}),
    ("not_modifiable", "core.cancel", {"count": 1}),
    ("http_500", "*", {"count": 2}),
    ("response_lost", "*", {"count": 1, "skip": 1}),
    ("status_404", "core.status", {"count": 1}),
]


@pytest.mark.parametrize("trouble", TROUBLE, ids=lambda t: t[0] if t else "healthy")
@pytest.mark.parametrize(("first", "second"), PAIRS, ids=lambda name: name)
def test_two_things_at_once_on_one_order_end_safe(
    simulator: Simulator,
    first: str,
    second: str,
    trouble: tuple | None,
) -> None:
    variant = make_variant(on_hand=3)
    order = make_order((variant, 2))
    payment = start(order)
    notify(payment, simulator.choose(payment.gateway_id, "bca_va", deliver=False), "201")
    if trouble:
        name, operation, more = trouble
        simulator.fault(name, operation=operation, **more)

    results = run_together([partial(ACTIONS[name], order, payment, simulator) for name in (first, second)])
    for result in results:
        assert not isinstance(result, Exception) or isinstance(result, errors.PaymentError), repr(result)
    assert_safe(simulator, order)

    for rule in simulator.control("GET", "faults")["faults"]:
        simulator.remove_fault(rule["id"])
    for _ in range(3):
        due_again()
        expire_orders()
        run_due_kills(limit=10, deadline_s=10)
        for row in Payment.objects.filter(order=order):
            check_order(order_id=row.order_id, everything=True)
    order.refresh_from_db()
    variant.refresh_from_db()
    assert_safe(simulator, order)
    assert not order.is_closing, "stuck"
    money = any(
        row["transaction_status"] == "settlement"
        for p in Payment.objects.all()
        for row in simulator.transactions(p.gateway_id)
    )
    if money and order.status == "PENDING_PAYMENT":
        raise AssertionError("paid at the gateway, not here")
    if order.status == "PAID":
        assert (variant.on_hand, variant.reserved) == (1, 0)
    elif order.status == "PENDING_PAYMENT":
        assert (variant.on_hand, variant.reserved) == (3, 2)
    else:
        assert (variant.on_hand, variant.reserved) == (3, 0)


# --- stock errors never roll money back ---


def test_a_locked_variant_makes_the_line_short_and_the_money_stays(simulator: Simulator) -> None:
    variant = make_variant(on_hand=3)
    order = make_order((variant, 1))
    payment = start(order)
    transaction_row = simulator.event(payment.gateway_id, "settle", deliver=False)

    import threading

    from shop.locks import lock_variants

    locked, let_go = threading.Event(), threading.Event()

    def hog() -> None:
        with transaction.atomic():
            lock_variants([variant.pk])
            locked.set()
            let_go.wait(10)

    hogging = Background(hog)
    locked.wait(10)
    code = notify(payment, transaction_row)
    let_go.set()
    hogging.result()

    order.refresh_from_db()
    assert code == 200
    assert order.status == "PAID"
    assert order_state(order) == ["SHORT"]
    from shop.models import Reservation

    Reservation.objects.update(next_attempt_at=timezone.now() - timedelta(seconds=1))
    assert stock.retry_short() == 1
    assert order_state(order) == ["SOLD"]


def order_state(order: Order) -> list[str]:
    from shop.models import Reservation

    return list(Reservation.objects.filter(reference=order.number).values_list("state", flat=True))


def test_goods_lost_before_the_payment_make_the_line_short_and_new_goods_sell_it(simulator: Simulator) -> None:
    variant = make_variant(on_hand=2)
    order = make_order((variant, 2))
    payment = start(order)
    with transaction.atomic():
        stock.adjust(variant_id=variant.pk, delta=-2, reason="hilang", actor="test")
    notify(payment, simulator.event(payment.gateway_id, "settle", deliver=False))
    order.refresh_from_db()
    assert (order.status, order_state(order)) == ("PAID", ["SHORT"])

    with transaction.atomic():
        stock.receive(variant_id=variant.pk, quantity=5, actor="test")

    variant.refresh_from_db()
    assert order_state(order) == ["SOLD"]
    assert (variant.on_hand, variant.reserved) == (3, 0)


# --- reversal ---


def test_a_reversal_cancels_the_order_and_returns_the_stock_once(simulator: Simulator) -> None:
    variant = make_variant(on_hand=2)
    order = make_order((variant, 2))
    payment = start(order)
    notify(payment, simulator.event(payment.gateway_id, "settle", deliver=False, method="permata_va"))
    reversed_row = simulator.event(payment.gateway_id, "reverse", deliver=False)

    codes = run_together([partial(notify, payment, reversed_row, "202", n=str(n)) for n in range(3)])

    order.refresh_from_db()
    variant.refresh_from_db()
    payment.refresh_from_db()
    assert codes == [200] * 3
    assert (order.status, payment.status) == ("CANCELLED", "FAILED")
    assert (variant.on_hand, variant.reserved) == (2, 0)
    assert StockMovement.objects.filter(kind="RETURN").count() == 1


def test_a_reversal_while_packing_holds_the_order(simulator: Simulator) -> None:
    from orders.services import start_processing

    order = make_order()
    payment = start(order)
    notify(payment, simulator.event(payment.gateway_id, "settle", deliver=False, method="permata_va"))
    start_processing(order_id=order.pk, actor="staff:1")

    notify(payment, simulator.event(payment.gateway_id, "reverse", deliver=False), "202")

    order.refresh_from_db()
    assert order.status == "PROCESSING"
    assert order.payment_hold == "bank membatalkan pembayaran"


# --- reconcile ---


def test_reconcile_asks_about_dead_payments_after_their_deadline(simulator: Simulator) -> None:
    variant = make_variant(on_hand=2)
    order, payment = late_order(simulator, variant)
    simulator.event(payment.gateway_id, "settle", deliver=False, force=True)
    Payment.objects.update(checked_at=timezone.now() - timedelta(hours=2))

    assert reconcile_payments().changed == 1
    order.refresh_from_db()
    assert order.status == "PAID"


def test_reconcile_leaves_young_payments_alone(simulator: Simulator) -> None:
    start(make_order())

    assert reconcile_payments().checked == 0


def test_finish_closing_of_a_paid_order_says_paid(simulator: Simulator) -> None:
    order = make_order()
    payment = start(order)
    notify(payment, simulator.event(payment.gateway_id, "settle", deliver=False))

    assert finish_closing(order_id=order.pk, budget_s=1) is Killed.PAID
