"""Two things at once on one order, with the gateway in trouble: always safe, never stuck."""

from __future__ import annotations

from functools import partial

import pytest

from orders.models import Order
from payments import errors
from payments.models import Payment
from payments.services import (
    cancel_order,
    change_method,
    check_order,
    expire_orders,
    start_payment,
)
from payments.services.closing import finish_closing
from payments.services.kill import run_due_kills
from tests.support.closing import assert_safe, due_again
from tests.support.simulator import Simulator
from tests.support.threads import run_together
from tests.support.world import make_order, make_variant, notify, start

pytestmark = [pytest.mark.chaos, pytest.mark.django_db(transaction=True)]


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
            assert row.order_id is not None
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
