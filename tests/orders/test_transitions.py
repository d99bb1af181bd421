"""The states of an order: which may follow which, who wins a race, and a history that nobody edits."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from config.models import OutgoingMail
from orders.errors import TransitionNotAllowedError
from orders.models import Order, OrderEvent
from orders.models.event import EventKind
from orders.services import close_order
from orders.states import ALLOWED, OrderStatus
from orders.transitions import record, transition
from shop.models import Reservation
from tests.support.races import race
from tests.support.tables import nothing_written
from tests.support.world import make_order, make_variant

S = OrderStatus

# As the design says it, spelled out again on purpose; PAID -> SHIPPED is for a shop that packs and sends in one go.
NEXT = {
    S.PENDING_PAYMENT: {S.PAID, S.EXPIRED, S.CANCELLED},
    S.PAID: {S.PROCESSING, S.SHIPPED, S.CANCELLED},
    S.PROCESSING: {S.SHIPPED, S.CANCELLED},
    S.SHIPPED: {S.COMPLETED, S.REFUNDED},
    S.COMPLETED: {S.REFUNDED},
    S.EXPIRED: {S.PAID},
    S.CANCELLED: set(),
    S.REFUNDED: set(),
}
PATHS = {
    S.PENDING_PAYMENT: [],
    S.PAID: [S.PAID],
    S.PROCESSING: [S.PAID, S.PROCESSING],
    S.SHIPPED: [S.PAID, S.SHIPPED],
    S.COMPLETED: [S.PAID, S.SHIPPED, S.COMPLETED],
    S.EXPIRED: [S.EXPIRED],
    S.CANCELLED: [S.CANCELLED],
    S.REFUNDED: [S.PAID, S.SHIPPED, S.REFUNDED],
}
PAIRS = [pytest.param(seen, to, id=f"{seen}-{to}") for seen in S for to in S]

# Many tests here move the status alone, without the money and the stock that belong to it: that breaks laws.
pytestmark = pytest.mark.django_db


def order_in(status: OrderStatus) -> Order:
    order = make_order()
    for step in PATHS[status]:
        move(order, step)
    return order


def move(order: Order, to: OrderStatus) -> OrderEvent:
    changes: dict[str, Any] = {"paid_at": timezone.now()} if to is S.PAID else {}
    return transition(order, to, actor="test", **changes)


def steps(order: Order) -> list[tuple[str, str]]:
    events = OrderEvent.objects.filter(order=order, kind=EventKind.STATUS)
    return list(events.values_list("from_status", "to_status"))


def test_the_table_has_a_row_for_every_status_and_says_what_the_design_says():
    assert {status: set(following) for status, following in ALLOWED.items()} == NEXT
    assert set(ALLOWED) == set(S)


@pytest.mark.breaks_laws  # only the status
@pytest.mark.parametrize(("seen", "to"), PAIRS)
def test_a_status_moves_or_refuses_as_the_table_says(seen, to):
    order = order_in(seen)
    before = steps(order)

    if to in NEXT[seen]:
        move(order, to)

        order.refresh_from_db()
        assert order.status == to
        assert steps(order) == [*before, (seen, to)]
    else:
        with nothing_written(), pytest.raises(TransitionNotAllowedError) as refused:
            move(order, to)
        assert refused.value.context == {"order": order.number, "seen": seen, "to": to}


@pytest.mark.breaks_laws  # only the status
def test_a_move_tells_who_when_and_why():
    order = order_in(S.PENDING_PAYMENT)
    before = timezone.now()

    event = transition(order, S.CANCELLED, actor="owner", reason="salah pesan", data={"ticket": 7})

    event.refresh_from_db()
    assert (event.actor, event.reason, event.data) == ("owner", "salah pesan", {"ticket": 7})
    assert before <= event.created_at <= timezone.now()
    assert before <= Order.objects.get().status_at <= timezone.now()


@pytest.mark.breaks_laws  # only the status
def test_further_columns_are_written_with_the_move():
    order = order_in(S.PENDING_PAYMENT)
    paid_at = timezone.now()

    transition(order, S.PAID, actor="midtrans", paid_at=paid_at)

    assert (order.paid_at, Order.objects.get().paid_at) == (paid_at, paid_at)


@pytest.mark.breaks_laws  # only the status
def test_a_move_ends_a_closing_that_was_asked_for():
    order = order_in(S.PENDING_PAYMENT)
    Order.objects.update(
        closing_at=timezone.now(),
        closing_to=S.CANCELLED,
        closing_by="customer:1",
        closing_reason="batal",
    )

    move(order, S.PAID)

    order.refresh_from_db()
    assert (order.closing_at, order.closing_to, order.closing_by, order.closing_reason) == (None, "", "", "")


@pytest.mark.breaks_laws  # only the status
def test_a_reason_that_is_too_long_is_cut_not_refused():
    order = order_in(S.PENDING_PAYMENT)

    event = transition(order, S.CANCELLED, actor="owner", reason="x" * 500)

    assert len(OrderEvent.objects.get(pk=event.pk).reason) == 200


@pytest.mark.breaks_laws  # only the status
def test_an_order_read_before_somebody_else_moved_it_is_not_moved_again():
    order = order_in(S.PENDING_PAYMENT)
    stale = Order.objects.get(pk=order.pk)
    move(order, S.CANCELLED)

    with nothing_written(), pytest.raises(TransitionNotAllowedError):
        move(stale, S.EXPIRED)


@pytest.mark.breaks_laws  # only the status
def test_a_move_whose_event_cannot_be_written_does_not_happen():
    order = order_in(S.PENDING_PAYMENT)

    with nothing_written(), pytest.raises(DatabaseError), transaction.atomic():
        transition(order, S.CANCELLED, actor="")


@pytest.mark.breaks_laws  # only the status
def test_an_event_beside_the_status_leaves_it_alone():
    order = order_in(S.PENDING_PAYMENT)

    record(order, EventKind.NOTE, actor="kasir", reason="pelanggan menelepon")

    order.refresh_from_db()
    assert (order.status, steps(order)) == (S.PENDING_PAYMENT, [])


# --- races ---------------------------------------------------------------------------------------------------------


@pytest.mark.breaks_laws  # PAID without a payment
@pytest.mark.django_db(transaction=True)
def test_of_ten_callers_who_saw_the_same_status_one_wins():
    order = order_in(S.PENDING_PAYMENT)
    copies = [Order.objects.get(pk=order.pk) for _ in range(10)]
    wanted = [S.CANCELLED, S.EXPIRED, S.PAID] * 4

    outcomes = race([partial(move, copy, to) for copy, to in zip(copies, wanted, strict=False)])

    assert len(outcomes.refusals(TransitionNotAllowedError)) == 9
    (event,) = outcomes.values
    order.refresh_from_db()
    assert steps(order) == [(S.PENDING_PAYMENT, order.status)]
    assert event.to_status == order.status


@pytest.mark.django_db(transaction=True)
def test_of_two_closers_at_once_one_releases_the_stock():
    variant = make_variant(on_hand=3)
    order = make_order((variant, 2))

    def close(copy: Order) -> None:
        with transaction.atomic():
            close_order(copy, S.CANCELLED, actor="owner", reason="batal")

    outcomes = race([partial(close, Order.objects.get(pk=order.pk)) for _ in range(2)])

    assert len(outcomes.refusals(TransitionNotAllowedError)) == 1
    variant.refresh_from_db()
    assert (variant.on_hand, variant.reserved) == (3, 0)
    assert Reservation.objects.get().state == "RELEASED"
    assert OutgoingMail.objects.filter(kind="order_cancelled").count() == 1


# --- the history ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [lambda events: events.update(reason="lain"), lambda events: events._raw_delete(events.db)],
    ids=["update", "delete"],
)
def test_an_event_is_never_changed_or_deleted(change):
    make_order()
    events = OrderEvent.objects.all()

    with nothing_written(), pytest.raises(DatabaseError, match="orders_orderevent is refused"), transaction.atomic():
        change(events)
