"""Bank transfers back: one person, one transfer, and none for money that a bank took back already."""

from __future__ import annotations

import pytest
from django.utils import timezone

from config.errors import InvalidInputError, ShopClosedError
from payments.errors import GatewayError, RefundRefusedError
from payments.models import PaymentTransaction, Refund
from payments.services.bank_refunds import claim_bank_refund, confirm_bank_refund, give_up_bank_refund
from payments.services.refunds import request_refund
from shop.services.site import require_sweep
from tests.support.money import ACCOUNT, PROOF, paid
from tests.support.simulator import Simulator
from tests.support.staff import TYPED, login, make_staff, page_url, press, said
from tests.support.world import make_customer, notify

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def row(simulator: Simulator) -> PaymentTransaction:
    return paid(simulator, method="permata_va")[1]


@pytest.fixture
def refund(row: PaymentTransaction) -> Refund:
    return request_refund(transaction_id=row.pk, amount=row.received, reason="habis", requested_by=make_customer())


def reverse(simulator: Simulator, row: PaymentTransaction) -> dict:
    return simulator.event(row.payment.gateway_id, "reverse", deliver=False)


def test_a_reversal_ends_the_refund_that_nobody_has_taken(
    simulator: Simulator, row: PaymentTransaction, refund: Refund
) -> None:
    notify(row.payment, reverse(simulator, row), "202")

    with pytest.raises(RefundRefusedError, match="dana sudah kembali"):
        claim_bank_refund(refund_id=refund.pk, actor="staff:1", account=ACCOUNT)


def test_a_reversal_that_nobody_told_us_of_is_found_before_a_transfer_is_taken(
    simulator: Simulator, row: PaymentTransaction, refund: Refund
) -> None:
    reverse(simulator, row)

    with pytest.raises(RefundRefusedError, match="dana sudah kembali"):
        claim_bank_refund(refund_id=refund.pk, actor="staff:1", account=ACCOUNT)

    refund.refresh_from_db()
    assert (refund.state, refund.claimed_by) == ("FAILED", "")


def test_a_gateway_that_does_not_answer_lets_nobody_take_a_transfer(simulator: Simulator, refund: Refund) -> None:
    simulator.fault("http_502", operation="core.status")

    with pytest.raises(GatewayError):
        claim_bank_refund(refund_id=refund.pk, actor="staff:1", account=ACCOUNT)
    answer = press(login("kasir"), refund, "ambil", **TYPED)

    refund.refresh_from_db()
    assert refund.state == "REQUESTED"
    assert "Jangan transfer dulu" in said(answer)[0]


def test_a_transfer_that_was_not_made_can_be_given_up_and_asked_for_again(
    row: PaymentTransaction, refund: Refund
) -> None:
    claim_bank_refund(refund_id=refund.pk, actor="staff:1", account=ACCOUNT)
    with pytest.raises(InvalidInputError):
        give_up_bank_refund(refund_id=refund.pk, actor="staff:1", reason=" ")

    give_up_bank_refund(refund_id=refund.pk, actor="staff:1", reason="rekening salah")

    refund.refresh_from_db()
    assert refund.state == "FAILED"
    with pytest.raises(RefundRefusedError):
        confirm_bank_refund(refund_id=refund.pk, bank_reference="TRF-1", proof=PROOF, actor="staff:1")
    again = request_refund(transaction_id=row.pk, amount=row.received, reason="lagi", requested_by=make_customer())
    assert again.state == "REQUESTED"


def test_only_who_holds_a_transfer_or_an_owner_may_give_it_up(refund: Refund) -> None:
    holder = make_staff("kasir")
    press(login(holder), refund, "ambil", **TYPED)

    assert login("kasir").get(page_url(refund, "lepas")).status_code == 403
    press(login(holder), refund, "lepas", reason="Nomor rekening salah")

    refund.refresh_from_db()
    assert refund.state == "FAILED"


@pytest.mark.breaks_laws  # more went back than came in: that is what the law is for
def test_a_transfer_that_was_made_is_written_down_even_when_the_bank_took_the_money_meanwhile(
    simulator: Simulator, row: PaymentTransaction, refund: Refund
) -> None:
    claim_bank_refund(refund_id=refund.pk, actor="staff:1", account=ACCOUNT)
    reverse(simulator, row)

    confirm_bank_refund(refund_id=refund.pk, bank_reference="TRF-20261128-1", proof=PROOF, actor="staff:1")

    refund.refresh_from_db()
    row.refresh_from_db()
    assert (refund.state, row.charged_back) == ("DONE", row.received)


def test_while_a_sweep_is_owed_no_transfer_is_taken_or_confirmed(refund: Refund) -> None:
    require_sweep(since=timezone.now())

    with pytest.raises(ShopClosedError):
        claim_bank_refund(refund_id=refund.pk, actor="staff:1", account=ACCOUNT)
    with pytest.raises(ShopClosedError):
        confirm_bank_refund(refund_id=refund.pk, bank_reference="TRF-1", proof=PROOF, actor="staff:1")
