"""What the shop puts right by itself: only what Midtrans confirms, once, under the usual rules, and always noted."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db.models import F
from django.utils import timezone

from config.errors import ShopClosedError
from config.models import OutgoingMail
from orders.models import Order, OrderEvent
from payments.errors import GatewayUnavailableError
from payments.models import Payment, Repair
from payments.services import reapply as reapply_module
from payments.services.overdue import settle_overdue
from payments.services.reapply import reapply
from payments.services.reconcile import reconcile_payments
from payments.services.refunds import request_refund
from shop.models import Reservation, Variant
from shop.services.site import require_sweep, sweep_done
from tests.support.closing import assert_safe, late_order, order_state, overdue
from tests.support.money import paid, settled, without_effect
from tests.support.simulator import Simulator
from tests.support.staff import make_staff
from tests.support.threads import run_together
from tests.support.world import make_order, make_variant, notify, start

pytestmark = pytest.mark.django_db(transaction=True)
BY = "run_monitors"


def told() -> list[tuple[str, str, str, str]]:
    """Return the repairs that were noted, oldest first."""
    return list(Repair.objects.order_by("pk").values_list("kind", "before", "after", "actor"))


def heal(order: Order) -> Repair | None:
    done = reapply(order_id=order.pk, actor=BY)
    order.refresh_from_db()
    return done


# --- money without its effect -----------------------------------------------------------------------------------------


def test_money_whose_effect_is_missing_makes_its_order_paid_with_stock_mail_and_event(simulator: Simulator) -> None:
    order = make_order()
    without_effect(simulator, start(order))

    assert heal(order)

    assert (order.status, order_state(order)) == ("PAID", ["SOLD"])
    assert OutgoingMail.objects.filter(kind="order_paid").count() == 1
    assert OrderEvent.objects.filter(order=order, reason="efek pembayaran diterapkan ulang", actor="system").exists()
    assert told() == [("REAPPLIED", "PENDING_PAYMENT", "PAID", BY)]


def test_a_success_without_any_transaction_is_believed_only_from_midtrans(simulator: Simulator) -> None:
    real, invented = make_order(), make_order()
    settled(simulator, start(real))
    simulator.choose(start(invented).gateway_id, "bca_va", deliver=False)
    Payment.objects.update(status="SUCCESS", success_at=timezone.now())

    assert heal(real)
    assert heal(invented) is None

    assert (real.status, invented.status) == ("PAID", "PENDING_PAYMENT")
    assert told() == [("REAPPLIED", "PENDING_PAYMENT", "PAID", BY)]
    Payment.objects.filter(order=invented).update(status="PENDING")


def test_an_order_that_expired_before_anybody_saw_the_money_is_revived_if_the_stock_is_there(
    simulator: Simulator,
) -> None:
    order, payment = late_order(simulator, make_variant(on_hand=2))
    without_effect(simulator, payment, force=True)

    assert heal(order)

    assert (order.status, sorted(order_state(order))) == ("PAID", ["RELEASED", "SOLD"])


@pytest.mark.breaks_laws
def test_late_money_that_cannot_revive_its_order_is_decided_once_and_left_to_people(simulator: Simulator) -> None:
    variant = make_variant(on_hand=2)
    order, payment = late_order(simulator, variant)
    without_effect(simulator, payment, force=True)
    Variant.objects.filter(pk=variant.pk).update(on_hand=1)

    assert heal(order) is None
    Variant.objects.filter(pk=variant.pk).update(on_hand=2)
    asked = len(simulator.requests(operation="core.status"))
    assert heal(order) is None

    assert order.status == "EXPIRED"
    assert OrderEvent.objects.filter(order=order, reason="dana masuk setelah pesanan ditutup").count() == 1
    assert len(simulator.requests(operation="core.status")) == asked
    assert told() == []


def test_money_that_is_gone_again_takes_its_own_course(simulator: Simulator) -> None:
    order = make_order()
    payment = start(order)
    without_effect(simulator, payment, method="bca_va")
    simulator.event(payment.gateway_id, "reverse", deliver=False)

    assert heal(order) is None

    payment.refresh_from_db()
    assert (order.status, payment.status) == ("PENDING_PAYMENT", "FAILED")
    assert told() == [("FOUND", "SUCCESS", "FAILED", BY)]


@pytest.mark.breaks_laws
def test_money_that_people_are_giving_back_is_theirs(simulator: Simulator) -> None:
    order = make_order()
    row = without_effect(simulator, start(order), method="gopay")
    request_refund(transaction_id=row.pk, amount=row.received, reason="batal", requested_by=make_staff("kasir"))

    assert heal(order) is None

    assert order.status == "PENDING_PAYMENT"
    assert simulator.requests(operation="core.status") == []


@pytest.mark.breaks_laws
@pytest.mark.parametrize("what", ["a second success", "a hold", "stock that is gone"])
def test_where_anything_else_may_be_meant_nothing_is_done(simulator: Simulator, what: str) -> None:
    order = make_order()
    row = without_effect(simulator, start(order))
    if what == "a second success":
        row.pk, row.transaction_id = None, "another"
        row.save(force_insert=True)
    elif what == "a hold":
        Order.objects.filter(pk=order.pk).update(payment_hold="pembayaran tidak sesuai")
    else:
        Reservation.objects.filter(reference=order.number).update(state="RELEASED")

    assert heal(order) is None

    assert order.status == "PENDING_PAYMENT"
    assert simulator.requests(operation="core.status") == []


@pytest.mark.breaks_laws
def test_without_midtrans_word_nothing_is_done(simulator: Simulator) -> None:
    order = make_order()
    without_effect(simulator, start(order))
    simulator.fault("http_500", operation="core.status")

    with pytest.raises(GatewayUnavailableError):
        heal(order)
    require_sweep(since=timezone.now())
    with pytest.raises(ShopClosedError):
        heal(order)
    sweep_done()

    order.refresh_from_db()
    assert order.status == "PENDING_PAYMENT"


def test_two_at_once_heal_once(simulator: Simulator) -> None:
    order = make_order()
    without_effect(simulator, start(order))

    done = run_together([lambda: reapply(order_id=order.pk, actor=BY)] * 2)

    assert healed_once(done), done
    assert len(told()) == 1
    assert order_state(order) == ["SOLD"]


def healed_once(done: list[object]) -> bool:
    """Say whether of two, one healed and the other found nothing left to do."""
    return sorted(type(one).__name__ for one in done) == ["NoneType", "Repair"]


def test_without_the_lock_of_the_order_two_at_once_would_both_go_ahead(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Negative control: both judge the order before either writes, and only the status' own guard stops the second."""
    order = make_order()
    without_effect(simulator, start(order))
    both_have_read = threading.Barrier(2)
    turn = threading.local()

    def only_read(payment_id: int) -> tuple[Order, Payment, list[Payment]]:
        payment = Payment.objects.get(pk=payment_id)
        turn.number = getattr(turn, "number", 0) + 1
        if turn.number == 2:  # the first is the look whether there is anything to do at all
            both_have_read.wait(10)
        return Order.objects.get(pk=order.pk), payment, [payment]

    monkeypatch.setattr(reapply_module, "lock_order_and_payments", only_read)

    done = run_together([lambda: reapply(order_id=order.pk, actor=BY)] * 2)

    assert not healed_once(done), done
    assert sorted(type(one).__name__ for one in done) == ["Repair", "TransitionNotAllowedError"]


# --- payments that should be over -------------------------------------------------------------------------------------


def test_an_overdue_payment_whose_jobs_did_nothing_is_closed_with_midtrans_word(simulator: Simulator) -> None:
    order = make_order()
    payment = start(order)
    simulator.choose(payment.gateway_id, "bca_va", deliver=False)
    overdue(order)

    assert settle_overdue(gateway_id=payment.gateway_id, actor=BY)

    assert_safe(simulator, order)
    assert (order.status, order_state(order)) == ("EXPIRED", ["RELEASED"])
    assert [row[0] for row in told()] == ["CLOSED"]
    assert settle_overdue(gateway_id=payment.gateway_id, actor=BY) is None


def test_a_payment_stuck_before_its_page_was_stored_is_finished(simulator: Simulator) -> None:
    order = make_order()
    payment = start(order)
    Payment.objects.update(status="INITIATED", token="", redirect_url="", unanswered=1)
    overdue(order)

    assert settle_overdue(gateway_id=payment.gateway_id, actor=BY)

    assert_safe(simulator, order)
    assert order.status == "EXPIRED"
    assert told() == [("CLOSED", "INITIATED", "EXPIRED", BY)]


def test_an_overdue_payment_that_was_paid_is_found_paid(simulator: Simulator) -> None:
    order = make_order()
    payment = start(order)
    settled(simulator, payment)
    overdue(order)

    assert settle_overdue(gateway_id=payment.gateway_id, actor=BY)

    order.refresh_from_db()
    assert order.status == "PAID"
    assert {row[0] for row in told()} == {"FOUND", "CLOSED"}


def test_an_overdue_payment_stays_as_it_is_while_midtrans_is_silent(simulator: Simulator) -> None:
    order = make_order()
    payment = start(order)
    overdue(order)
    simulator.fault("http_500")

    with pytest.raises(GatewayUnavailableError):
        settle_overdue(gateway_id=payment.gateway_id, actor=BY)

    order.refresh_from_db()
    assert (order.status, order_state(order), told()) == ("PENDING_PAYMENT", ["HELD"], [])


# --- what reconcile_payments finds ------------------------------------------------------------------------------------


def test_money_that_reconcile_finds_is_noted_and_money_that_was_told_is_not(simulator: Simulator) -> None:
    silent, told_of = start(make_order()), start(make_order())
    settled(simulator, silent)
    notify(told_of, settled(simulator, told_of))
    Payment.objects.update(created_at=timezone.now() - timedelta(minutes=11))

    assert reconcile_payments().changed == 1

    assert told() == [("FOUND", "PENDING", "SUCCESS", "reconcile_payments")]
    assert Repair.objects.get().payment == silent


@pytest.mark.parametrize(
    ("method", "event", "payment", "order"),
    [
        ("bca_va", "reverse", "FAILED", "CANCELLED"),
        ("credit_card", "chargeback", "CHARGEBACK", "PAID"),
        ("gopay", "refund", "REFUNDED", "CANCELLED"),
    ],
)
def test_what_happens_to_paid_money_without_a_notification_is_found_within_a_day(
    simulator: Simulator, method: str, event: str, payment: str, order: str
) -> None:
    bought, row = paid(simulator, method=method)
    simulator.event(row.payment.gateway_id, event, deliver=False)
    assert reconcile_payments().checked == 0
    a_day_passes()

    assert reconcile_payments().changed == 1

    bought.refresh_from_db()
    row.payment.refresh_from_db()
    assert (row.payment.status, bought.status) == (payment, order)
    assert told() == [("FOUND", "SUCCESS", payment, "reconcile_payments")]


def a_day_passes(days: int = 1) -> None:
    day = timedelta(days=days)
    Payment.objects.update(success_at=F("success_at") - day, next_look_at=F("next_look_at") - day)


def test_a_paid_payment_is_looked_at_three_times_and_then_left_alone(simulator: Simulator) -> None:
    paid(simulator)
    looks = []
    for _ in range(5):
        a_day_passes()
        looks.append(reconcile_payments().checked)

    assert looks == [1, 1, 1, 0, 0]
    assert Payment.objects.get().next_look_at is None
    assert told() == []


def test_a_look_that_got_no_answer_is_tried_again_within_the_hour(simulator: Simulator) -> None:
    paid(simulator)
    a_day_passes()
    rule = simulator.fault("http_500", operation="core.status")
    assert reconcile_payments().failed == 1
    assert reconcile_payments().checked == 0
    simulator.remove_fault(rule)
    Payment.objects.update(next_look_at=timezone.now() - timedelta(seconds=1))

    assert reconcile_payments().checked == 1


def test_paid_payments_wait_until_the_open_ones_had_their_turn(simulator: Simulator) -> None:
    _, row = paid(simulator)
    a_day_passes(30)
    waiting = start(make_order())
    Payment.objects.filter(pk=waiting.pk).update(created_at=timezone.now() - timedelta(minutes=11))
    before = len(simulator.requests(operation="core.status"))

    assert reconcile_payments(limit=1).checked == 1
    (first,) = simulator.requests(operation="core.status")[before:]
    assert first["order_id"] == waiting.gateway_id
    assert reconcile_payments().checked == 2
    assert row.payment.status == "SUCCESS"
