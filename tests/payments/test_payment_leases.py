"""Calls that come late: whoever lost his lease stores and shows nothing, and no page is left that nobody knows."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from orders.models import Order
from payments import errors, journal
from payments.gateway import gateway
from payments.gateway.midtrans import CORE_DEADLINE_S, SNAP_DEADLINE_S
from payments.leases import LEASE
from payments.models import Payment
from payments.services import cancel_order, start_payment
from payments.services.closing import finish_closing
from payments.services.kill import Killed, run_kill
from tests.support.closing import assert_safe, due_again, page_is_dead
from tests.support.simulator import Simulator
from tests.support.threads import Background
from tests.support.world import make_order, notify

pytestmark = pytest.mark.django_db(transaction=True)


def lease_runs_out() -> None:
    Payment.objects.update(lease_until=Now() - timedelta(seconds=1))


def known_token(simulator: Simulator) -> str:
    """Return the one token that still opens a page."""
    page = simulator.order(Payment.objects.get().gateway_id)["page"]
    assert page["state"] == "open"
    return str(page["token"])


@contextmanager
def overtaken(simulator: Simulator, order: Order, *, at: str) -> Iterator[Background]:
    """A call that stands at the gateway, ``at`` "before" or "after" its work, while the next one overtakes it."""
    held = simulator.fault("hold", operation="snap.create", when=at, count=1)
    slow = Background(partial(start_payment, order_id=order.pk))
    simulator.wait_held(held)
    lease_runs_out()
    try:
        yield slow
    finally:
        simulator.release(held)


def test_a_lease_is_longer_than_the_call_it_is_for() -> None:
    assert timedelta(seconds=SNAP_DEADLINE_S + CORE_DEADLINE_S) < LEASE


def test_whoever_lost_his_lease_stores_no_token_and_shows_none(simulator: Simulator) -> None:
    order = make_order()
    with overtaken(simulator, order, at="after") as slow:
        second = start_payment(order_id=order.pk)

    with pytest.raises(errors.PaymentInFlightError):
        slow.result()
    assert not second.duplicate
    assert Payment.objects.get().token == second.token == known_token(simulator)


def test_a_page_that_a_late_call_made_void_is_made_again_once(simulator: Simulator) -> None:
    order = make_order()
    with overtaken(simulator, order, at="before") as slow:
        second = start_payment(order_id=order.pk)
    with pytest.raises(errors.PaymentInFlightError):
        slow.result()
    assert second.token != known_token(simulator), "the late call did not come last"
    assert start_payment(order_id=order.pk).token == second.token, "too early to know"
    Payment.objects.update(next_attempt_at=Now())

    third = start_payment(order_id=order.pk)

    assert third.token == known_token(simulator)
    assert third.payment.pk == second.payment.pk
    Payment.objects.update(next_attempt_at=Now() - LEASE)
    fourth = start_payment(order_id=order.pk)
    assert (fourth.token, fourth.duplicate) == (third.token, True)


def test_a_page_is_not_made_again_once_a_method_was_chosen_on_it(simulator: Simulator) -> None:
    order = make_order()
    with overtaken(simulator, order, at="after"):
        second = start_payment(order_id=order.pk)
    notify(second.payment, simulator.choose(second.payment.gateway_id, "bca_va", deliver=False), "201")
    Payment.objects.update(next_attempt_at=Now() - LEASE)

    again = start_payment(order_id=order.pk)

    assert (again.token, again.duplicate) == (second.token, True)
    assert len(simulator.requests(operation="snap.create")) == 2


def test_a_page_that_does_not_open_is_made_anew_on_the_customers_word(simulator: Simulator) -> None:
    order = make_order()
    first = start_payment(order_id=order.pk)
    gateway().cancel_token(first.token)
    assert start_payment(order_id=order.pk).token == first.token

    second = start_payment(order_id=order.pk, page_is_dead=True)

    assert second.token == known_token(simulator) != first.token
    assert start_payment(order_id=order.pk).token == second.token
    assert Payment.objects.count() == 1


def test_two_who_want_it_anew_get_the_same_page(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    order = make_order()
    start_payment(order_id=order.pk)
    held = simulator.fault("hold", operation="snap.create", when="after", count=1)
    anew = partial(start_payment, order_id=order.pk, page_is_dead=True)
    one = Background(anew)
    simulator.wait_held(held)
    sees_the_other, sleep = threading.Event(), time.sleep

    def pause(seconds: float) -> None:
        sees_the_other.set()
        sleep(seconds)

    monkeypatch.setattr(time, "sleep", pause)
    two = Background(anew)
    assert sees_the_other.wait(30)
    simulator.release(held)

    assert one.result().token == two.result().token == known_token(simulator)


def test_a_page_on_which_a_method_was_chosen_is_not_made_anew(simulator: Simulator) -> None:
    order = make_order()
    first = start_payment(order_id=order.pk)
    simulator.choose(first.payment.gateway_id, "bca_va", deliver=False)  # and the shop was not told

    again = start_payment(order_id=order.pk, page_is_dead=True)

    assert (again.token, again.duplicate) == (first.token, True)
    assert again.payment.raw["va_numbers"]
    assert start_payment(order_id=order.pk, page_is_dead=True).token == first.token
    assert len(simulator.requests(operation="snap.create")) == 2


def test_when_making_it_anew_brings_no_answer_the_next_click_makes_it(simulator: Simulator) -> None:
    order = make_order()
    start_payment(order_id=order.pk)
    simulator.fault("response_lost", operation="snap.create", count=1)
    with pytest.raises(errors.GatewayUnavailableError):
        start_payment(order_id=order.pk, page_is_dead=True)
    lease_runs_out()

    assert start_payment(order_id=order.pk).token == known_token(simulator)


def test_the_page_of_a_late_call_is_closed_before_the_stock_is_free(simulator: Simulator) -> None:
    order = make_order()
    with overtaken(simulator, order, at="before") as slow:
        start_payment(order_id=order.pk)
    with pytest.raises(errors.PaymentInFlightError):
        slow.result()

    assert cancel_order(order_id=order.pk, actor="customer:1", reason="")

    assert page_is_dead(simulator, Payment.objects.get())
    assert_safe(simulator, order)


def test_silence_is_remembered_when_the_next_call_does_not_arrive(simulator: Simulator) -> None:
    order = make_order()
    with overtaken(simulator, order, at="before") as slow:
        simulator.fault("http_500", operation="snap.create", count=1)
        with pytest.raises(errors.GatewayUnavailableError):
            start_payment(order_id=order.pk)
        third = start_payment(order_id=order.pk)
    with pytest.raises(errors.PaymentInFlightError):
        slow.result()
    Payment.objects.update(next_attempt_at=Now())

    assert third.token != start_payment(order_id=order.pk).token == known_token(simulator)


def test_a_slow_disk_does_not_let_a_call_outlive_its_lease(
    simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    order = make_order()
    writing, may_go_on, write = threading.Event(), threading.Event(), journal.write

    def slow_write(**entry: Any) -> None:
        write(**entry)
        if not writing.is_set():
            writing.set()
            assert may_go_on.wait(30)

    monkeypatch.setattr(journal, "write", slow_write)
    slow = Background(partial(start_payment, order_id=order.pk))
    assert writing.wait(10)
    lease_runs_out()

    second = start_payment(order_id=order.pk)
    may_go_on.set()

    with pytest.raises(errors.PaymentInFlightError):
        slow.result()
    assert second.token == known_token(simulator)
    assert len(simulator.requests(operation="snap.create")) == 1


def test_a_kill_that_lost_its_lease_changes_nothing_more(simulator: Simulator) -> None:
    order = make_order()
    simulator.fault("response_lost", operation="snap.create", count=1)
    with pytest.raises(errors.GatewayUnavailableError):
        start_payment(order_id=order.pk)
    due_again()
    held = simulator.fault("hold", operation="snap.create", when="after", count=1)
    Payment.objects.update(kill_asked_at=Now())
    payment = Payment.objects.get()
    slow = Background(partial(run_kill, payment_id=payment.pk))
    simulator.wait_held(held)
    lease_runs_out()

    assert run_kill(payment_id=payment.pk) is Killed.DEAD
    payment.refresh_from_db()
    closed = payment.token
    simulator.release(held)

    assert slow.result() is Killed.WAITING
    assert page_is_dead(simulator, payment)
    payment.refresh_from_db()
    assert payment.killed_at is not None
    assert payment.token == closed != ""


def test_an_app_clock_that_is_wrong_delays_no_kill(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    order = make_order()
    held = simulator.fault("hold", operation="snap.create", when="after", count=1)
    slow = Background(partial(start_payment, order_id=order.pk))
    simulator.wait_held(held)
    Order.objects.filter(pk=order.pk).update(
        closing_at=Now(), closing_to="CANCELLED", closing_by="test", closing_reason=""
    )
    now = timezone.now
    monkeypatch.setattr(timezone, "now", lambda: now() + timedelta(hours=3))
    simulator.release(held)
    with pytest.raises(errors.NotPayableError):
        slow.result()

    assert Payment.objects.filter(next_attempt_at__lte=Now(), kill_asked_at__lte=Now()).exists()
    assert finish_closing(order_id=order.pk, budget_s=5) is Killed.DEAD
    payment = Payment.objects.get()
    assert (payment.status, page_is_dead(simulator, payment)) == ("CANCELLED", True)
