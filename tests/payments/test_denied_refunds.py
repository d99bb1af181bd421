"""A refund that the bank denies after it was shown as done: found, told, and its money can be given back once more."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db.models import F
from django.test import Client

from config.errors import ShopError
from monitoring.monitors import refund_denied
from monitoring.monitors.asking import money
from monitoring.monitors.base import Scope
from orders.links import order_path
from orders.models import Order, OrderEvent
from orders.services import ship_order
from payments.models import Payment, PaymentTransaction, Refund
from payments.services import check_order
from payments.services.bank_refunds import claim_bank_refund, confirm_bank_refund
from payments.services.reconcile import reconcile_payments
from payments.services.refund_book import refundable
from payments.services.refunds import request_refund, send_refund
from payments.staff import lists, words
from payments.states import UNSEEN_FOR
from shop.models import User, Variant
from tests.support.money import ACCOUNT, PROOF, paid, settled
from tests.support.simulator import Simulator
from tests.support.staff import login, page_url
from tests.support.threads import run_together
from tests.support.world import make_customer, make_order, make_variant, notify, start

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def staff() -> User:
    return make_customer(is_staff=True)


def given_back(row: PaymentTransaction, staff: User, amount: int | None = None) -> Refund:
    """Return a refund of a transaction that GET status has shown as done."""
    refund = request_refund(
        transaction_id=row.pk, amount=amount or row.received, reason="barang habis", requested_by=staff
    )
    assert send_refund(refund_id=refund.pk) == "DONE"
    refund.refresh_from_db()
    return refund


def deny(simulator: Simulator, row: PaymentTransaction) -> dict[str, Any]:
    return simulator.event(row.payment.gateway_id, "deny_refund", deliver=False)


def time_passes(by: timedelta = UNSEEN_FOR) -> None:
    """Let looks fall due, as if ``by`` had passed since the last answers."""
    Payment.objects.update(next_look_at=F("next_look_at") - by)
    PaymentTransaction.objects.update(asked_at=F("asked_at") - by)
    Refund.objects.filter(unseen_since__isnull=False).update(unseen_since=F("unseen_since") - by)


def denied_for_good(order: Order) -> None:
    """Let two answers, far enough apart, show a refund no more."""
    check_order(order_id=order.pk, everything=True)
    time_passes()
    check_order(order_id=order.pk, everything=True)
    order.refresh_from_db()


def shown(order: Order) -> Order:
    return lists.with_facts(Order.objects.filter(pk=order.pk)).get()


def test_reconcile_finds_a_denied_refund_and_staff_see_that_the_money_did_not_go(
    simulator: Simulator, staff: User
) -> None:
    order, row = paid(simulator)
    refund = given_back(row, staff)
    deny(simulator, row)

    assert reconcile_payments().checked == 0
    time_passes(timedelta(days=1))
    reconcile_payments()
    refund.refresh_from_db()
    assert (refund.state, refund.unseen_since is not None) == ("DONE", True)
    time_passes()
    assert reconcile_payments().changed == 1

    for one in (refund, order, row):
        one.refresh_from_db()
    assert (refund.state, refund.denied_at is not None, refund.unseen_since) == ("FAILED", True, None)
    assert refund.last_error == "ditolak bank setelah tercatat selesai, uangnya belum kembali"
    assert (row.status, row.payment.status, refundable(row)) == ("SUCCESS", "SUCCESS", row.received)
    assert order.status == "CANCELLED"
    assert OrderEvent.objects.filter(order=order, kind="REFUND", actor="midtrans", reason__contains="ditolak").exists()
    assert order.pk in lists.attention_ids()
    assert words.attention(shown(order)) == ["Uang belum kembali"]


def test_one_answer_that_lags_behind_denies_nothing(simulator: Simulator, staff: User) -> None:
    order, row = paid(simulator)
    refund = given_back(row, staff)
    lag = simulator.fault("status_lags", shows="settlement")
    check_order(order_id=order.pk, everything=True)
    with pytest.raises(ShopError):
        request_refund(transaction_id=row.pk, amount=1, reason="lagi", requested_by=staff)
    simulator.remove_fault(lag)
    time_passes()

    check_order(order_id=order.pk, everything=True)

    refund.refresh_from_db()
    row.refresh_from_db()
    assert (refund.state, refund.unseen_since, row.status) == ("DONE", None, "REFUNDED")
    assert lists.attention_ids() == []


def test_of_two_parts_only_the_denied_one_fails(simulator: Simulator, staff: User) -> None:
    order, row = paid(simulator)
    first = given_back(row, staff, 30_000)
    simulator.event(row.payment.gateway_id, "confirm_refund", deliver=False)
    second = given_back(row, staff, 20_000)
    deny(simulator, row)

    denied_for_good(order)

    assert [Refund.objects.get(pk=one.pk).state for one in (first, second)] == ["DONE", "FAILED"]
    row.refresh_from_db()
    assert (order.status, row.status, refundable(row)) == ("PAID", "PARTIALLY_REFUNDED", row.received - 30_000)
    assert words.attention(shown(order)) == ["Uang belum kembali"]


def test_a_total_below_our_rows_tells_without_a_list(simulator: Simulator, staff: User) -> None:
    order, row = paid(simulator)
    first, second = given_back(row, staff, 30_000), given_back(row, staff, 20_000)
    fields = {"transaction_status": "partial_refund", "refund_amount": "30000.00"}
    simulator.fault("status_edited", fields=fields, remove=["refunds"])

    denied_for_good(order)

    assert [Refund.objects.get(pk=one.pk).state for one in (first, second)] == ["DONE", "FAILED"]


def test_an_entry_of_nothing_is_a_denial(simulator: Simulator, staff: User) -> None:
    order, row = paid(simulator)
    refund = given_back(row, staff)
    entry = {"refund_key": refund.refund_key, "refund_amount": "0.00", "refund_chargeback_id": 1}
    fields = {"transaction_status": "settlement", "refund_amount": "0.00", "refunds": [entry]}
    simulator.fault("status_edited", fields=fields)

    denied_for_good(order)

    refund.refresh_from_db()
    assert refund.state == "FAILED"
    assert row.refunds.count() == 1


def test_a_refund_of_the_dashboard_that_is_denied_fails_too(simulator: Simulator) -> None:
    order, row = paid(simulator)
    notify(row.payment, simulator.event(row.payment.gateway_id, "refund", deliver=False, amount=row.received))
    deny(simulator, row)

    denied_for_good(order)

    refund = Refund.objects.get()
    assert (refund.channel, refund.state, order.status) == ("DASHBOARD", "FAILED", "CANCELLED")
    assert order.pk in lists.attention_ids()


def test_a_transfer_by_bank_is_never_missed_at_the_gateway(simulator: Simulator, staff: User) -> None:
    order, row = paid(simulator, method="bca_va")
    refund = request_refund(transaction_id=row.pk, amount=row.received, reason="habis", requested_by=staff)
    claim_bank_refund(refund_id=refund.pk, actor="staff:1", account=ACCOUNT)
    confirm_bank_refund(refund_id=refund.pk, bank_reference="TRF-1", proof=PROOF, actor="staff:1")

    denied_for_good(order)

    refund.refresh_from_db()
    assert (refund.state, refund.unseen_since, order.status) == ("DONE", None, "CANCELLED")


def test_a_voided_card_is_never_missed_at_the_gateway(simulator: Simulator, staff: User) -> None:
    order = make_order()
    payment = start(order)
    notify(payment, simulator.event(payment.gateway_id, "capture", deliver=False, method="credit_card"))
    refund = given_back(payment.transactions.get(), staff)
    simulator.fault("status_edited", fields={"transaction_status": "capture", "fraud_status": "accept"})

    denied_for_good(order)

    refund.refresh_from_db()
    assert (refund.state, refund.unseen_since, order.status) == ("DONE", None, "CANCELLED")


def test_after_a_denial_the_money_is_given_back_once_more_and_nobody_has_to_look(
    simulator: Simulator, staff: User
) -> None:
    variant = make_variant(on_hand=3)
    order, row = paid(simulator, variant)
    given_back(row, staff)
    deny(simulator, row)
    denied_for_good(order)

    given_back(row, staff)

    order.refresh_from_db()
    row.refresh_from_db()
    assert (order.status, row.status, refundable(row)) == ("CANCELLED", "REFUNDED", 0)
    assert Variant.objects.get(pk=variant.pk).on_hand == 3
    assert lists.attention_ids() == []


def test_denied_twice_the_third_is_enough(simulator: Simulator, staff: User) -> None:
    order, row = paid(simulator)
    for _ in range(2):
        given_back(row, staff)
        deny(simulator, row)
        denied_for_good(order)
    owed = (lists.attention_ids(), still_owed())

    request_refund(transaction_id=row.pk, amount=row.received, reason="sekali lagi", requested_by=staff)

    assert owed == ([order.pk], [f"{order.number}: {money(row.received)} not given back"])
    assert (list(lists.money_still_here()), still_owed()) == ([], [])


def test_a_notification_of_a_refund_that_was_denied_since_is_nobody_s_trouble(
    simulator: Simulator, staff: User
) -> None:
    order, row = paid(simulator)
    given_back(row, staff)
    (told,) = simulator.transactions(row.payment.gateway_id)
    deny(simulator, row)
    denied_for_good(order)

    assert notify(row.payment, told, refund_amount=f"{row.received + 1}.00") == 503
    assert notify(row.payment, told, refund_amount=f"{row.received}.00") == 200

    assert [refund.state for refund in row.refunds.all()] == ["FAILED"]


def still_owed() -> list[str]:
    """Return what the owner is told."""
    return [finding.subject for finding in refund_denied.look(Scope()).findings]


def test_a_part_given_back_again_leaves_the_rest_to_be_seen(simulator: Simulator, staff: User) -> None:
    order, row = paid(simulator)
    given_back(row, staff)
    deny(simulator, row)
    denied_for_good(order)

    given_back(row, staff, row.received - 1)

    assert lists.attention_ids() == [order.pk]
    assert "Uang belum kembali" in words.attention(shown(order))


def test_a_shipped_order_that_was_refunded_stays_so_and_is_seen(simulator: Simulator, staff: User) -> None:
    order, row = paid(simulator)
    ship_order(order_id=order.pk, courier="JNE", tracking_number="JNE123456789", actor="staff:1")
    given_back(row, staff)
    deny(simulator, row)

    denied_for_good(order)

    assert order.status == "REFUNDED"
    page = login("owner").get(page_url(order)).content.decode()
    assert "Uang belum kembali" in page
    assert "Ditolak bank" in page


def test_a_denial_that_two_see_at_once_is_one(simulator: Simulator, staff: User) -> None:
    order, row = paid(simulator)
    given_back(row, staff)
    deny(simulator, row)
    check_order(order_id=order.pk, everything=True)
    time_passes()

    run_together([partial(check_order, order_id=order.pk, everything=True)] * 3)

    assert OrderEvent.objects.filter(order=order, reason__contains="ditolak bank").count() == 1
    assert Refund.objects.get().state == "FAILED"


def test_a_denial_seen_while_a_refund_is_asked_for_never_gives_back_more_than_came(
    simulator: Simulator, staff: User
) -> None:
    order, row = paid(simulator)
    given_back(row, staff, 30_000)
    deny(simulator, row)
    check_order(order_id=order.pk, everything=True)
    time_passes()
    ask = partial(request_refund, transaction_id=row.pk, amount=row.received, reason="semua", requested_by=staff)

    refund, _ = run_together([ask, partial(check_order, order_id=order.pk, everything=True)])

    if not isinstance(refund, Refund):  # it came first, and the denied one still counted
        refund = ask()
    send_refund(refund_id=refund.pk)
    row.refresh_from_db()
    assert sum(row.refunds.filter(state="DONE").values_list("amount", flat=True)) == row.received
    assert refundable(row) == 0


def test_a_denied_refund_that_shows_up_after_all_counts_again(simulator: Simulator, staff: User) -> None:
    order, row = paid(simulator)
    refund = given_back(row, staff)
    lag = simulator.fault("status_lags", shows="settlement")
    denied_for_good(order)
    refund.refresh_from_db()
    assert refund.state == "FAILED"
    simulator.remove_fault(lag)

    check_order(order_id=order.pk, everything=True)

    row.refresh_from_db()
    assert (row.status, refundable(row)) == ("REFUNDED", 0)
    assert row.refunds.get(channel="DASHBOARD").refund_key == f"{refund.refund_key}-late"
    assert lists.attention_ids() == []


def test_what_comes_and_goes_at_the_gateway_is_recorded_each_time(simulator: Simulator, staff: User) -> None:
    order, row = paid(simulator)
    given_back(row, staff)
    for _ in range(3):
        lag = simulator.fault("status_lags", shows="settlement")
        time_passes()
        denied_for_good(order)
        row.refresh_from_db()
        assert row.status == "SUCCESS"
        simulator.remove_fault(lag)
        time_passes()
        check_order(order_id=order.pk, everything=True)
        row.refresh_from_db()
        assert row.status == "REFUNDED"

    assert row.refunds.filter(state="DONE").count() == 1


def test_money_that_stayed_beside_another_payment_is_a_surplus(simulator: Simulator, staff: User) -> None:
    order, row = paid(simulator)
    payment = row.payment
    simulator.choose(payment.gateway_id, "qris", deliver=False, force=True)
    notify(payment, settled(simulator, payment, force=True))
    given_back(row, staff)
    deny_one = {"transaction_id": row.transaction_id}
    simulator.event(payment.gateway_id, "deny_refund", deliver=False, **deny_one)

    denied_for_good(order)

    row.refresh_from_db()
    assert (order.status, row.surplus) == ("PAID", True)


def test_a_refunded_payment_is_looked_at_daily_for_seven_days(simulator: Simulator, staff: User) -> None:
    _, row = paid(simulator)
    given_back(row, staff, 10_000)
    looks = []
    for _ in range(9):
        day = timedelta(days=1)
        Payment.objects.update(success_at=F("success_at") - day, next_look_at=F("next_look_at") - day)
        Refund.objects.update(done_at=F("done_at") - day)
        looks.append(reconcile_payments().checked)

    assert looks == [1] * 7 + [0, 0]
    assert Payment.objects.get().next_look_at is None


def test_the_customer_reads_that_the_money_is_not_back_yet(simulator: Simulator, staff: User) -> None:
    order, row = paid(simulator)
    given_back(row, staff)
    deny(simulator, row)
    denied_for_good(order)

    page = Client().get(order_path(order)).content.decode()
    assert "belum kembali kepadamu" in page
