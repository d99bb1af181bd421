"""When one person alone may give money back: a sum in small parts, and a transfer the gateway could have made."""

from __future__ import annotations

from functools import partial

import pytest
from django.test import override_settings

from payments.models import PaymentTransaction, Refund
from payments.services import refunds
from payments.services.bank_refunds import claim_bank_refund, confirm_bank_refund
from payments.services.refunds import reject_refund, request_refund, send_refund
from payments.states import RefundChannel
from shop.models import User
from tests.admin.test_order_list import surplus
from tests.support.money import ACCOUNT, PROOF, paid
from tests.support.races import background, held_open, wait_until_blocked
from tests.support.simulator import Simulator
from tests.support.world import make_customer, notify

pytestmark = pytest.mark.django_db(transaction=True)

BANK = RefundChannel.BANK
SOON = 20.0


@pytest.fixture
def staff() -> User:
    return make_customer(is_staff=True)


def ask(row: PaymentTransaction, staff: User, amount: int, channel: RefundChannel | None = None) -> Refund:
    return request_refund(transaction_id=row.pk, amount=amount, reason="uji", requested_by=staff, restrict_to=channel)


def transfer(refund: Refund) -> None:
    claim_bank_refund(refund_id=refund.pk, actor="staff:1", account=ACCOUNT)
    confirm_bank_refund(refund_id=refund.pk, bank_reference="TRF-1", proof=PROOF, actor="staff:1")


@override_settings(REFUND_APPROVAL_ABOVE=10_000)
def test_a_sum_above_the_limit_needs_a_second_person_also_in_parts(simulator: Simulator, staff: User) -> None:
    _, row = paid(simulator, method="bca_va")
    transfer(ask(row, staff, 6_000))

    exactly = ask(row, staff, 4_000)
    transfer(exactly)
    more = ask(row, staff, 1)

    assert (exactly.needs_approval, more.needs_approval) == (False, True)


@override_settings(REFUND_APPROVAL_ABOVE=10_000)
def test_what_went_back_at_the_gateway_counts_too(simulator: Simulator, staff: User) -> None:
    _, row = paid(simulator, method="qris")
    notify(row.payment, simulator.event(row.payment.gateway_id, "refund", deliver=False, amount=9_000))

    assert ask(row, staff, 1_001).needs_approval


@override_settings(REFUND_APPROVAL_ABOVE=10_000)
def test_a_refund_that_was_not_made_does_not_count(simulator: Simulator, staff: User) -> None:
    _, row = paid(simulator, method="bca_va")
    reject_refund(refund_id=ask(row, staff, 9_000).pk, actor="staff:1", reason="salah jumlah")

    assert not ask(row, staff, 9_000).needs_approval


def test_a_transfer_of_what_the_gateway_could_give_back_needs_a_second_person(
    simulator: Simulator, staff: User
) -> None:
    _, row = paid(simulator, method="qris")

    assert ask(row, staff, 1_000, BANK).needs_approval


def test_a_transfer_that_was_taken_back_unsent_is_no_refusal_of_the_gateway(simulator: Simulator, staff: User) -> None:
    _, row = paid(simulator, method="qris")
    reject_refund(refund_id=ask(row, staff, 1_000).pk, actor="staff:1", reason="salah jumlah")

    assert ask(row, staff, 1_000, BANK).needs_approval


def test_what_the_gateway_refused_to_give_back_one_person_may_transfer(simulator: Simulator, staff: User) -> None:
    _, row = paid(simulator, method="qris")
    simulator.fault("refund_denied", operation="core.refund", count=1)
    refused = ask(row, staff, 1_000)
    assert send_refund(refund_id=refused.pk) == "FAILED"

    assert not ask(row, staff, 1_000, BANK).needs_approval


@override_settings(REFUND_APPROVAL_ABOVE=10_000)
def test_two_refunds_of_one_order_at_once_are_counted_one_after_the_other(simulator: Simulator, staff: User) -> None:
    row, second = PaymentTransaction.objects.filter(payment__order=surplus(simulator)).order_by("pk")

    with held_open(partial(refunds._request, row.pk, 6_000, "uji", staff, None, None)) as commit:
        waiting = background(lambda: ask(second, staff, 6_000))
        wait_until_blocked()  # without the order's lock nobody waits, and both pass the limit unseen
        commit()

    assert waiting.result(SOON).needs_approval
