"""Where a transfer goes: typed, judged, fixed once somebody has agreed to it, and shown in whole to few."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import override_settings
from django.urls import reverse

from config.errors import InvalidInputError
from orders.models import Order, OrderEvent
from payments.bank_account import BankAccount, bank_account, masked_number
from payments.errors import RefundRefusedError
from payments.models import PaymentTransaction, Refund
from payments.personal_data import erase_person
from payments.personal_data.export import export_person
from payments.services.bank_refunds import claim_bank_refund, confirm_bank_refund, set_bank_account
from payments.services.refunds import approve_refund, request_refund
from shop.models import User
from tests.support.money import ACCOUNT, PROOF, paid
from tests.support.simulator import Simulator
from tests.support.staff import TYPED, begin, buttons, login, make_staff, page_url, press, said

pytestmark = pytest.mark.django_db(transaction=True)

OTHER = BankAccount("SeaBank", "901234567890", "Orang Lain")


@pytest.fixture
def row(simulator: Simulator) -> PaymentTransaction:
    return paid(simulator, method="permata_va")[1]


@pytest.fixture
def cashier() -> User:
    return make_staff("kasir")


@pytest.fixture
def refund(row: PaymentTransaction, cashier: User) -> Refund:
    return ask(row, cashier)


def ask(row: PaymentTransaction, by: User, **more: Any) -> Refund:
    return request_refund(transaction_id=row.pk, amount=row.received, reason="habis", requested_by=by, **more)


@pytest.mark.parametrize("number", ["5270123456", " 527 0123 456", "527-012.3456"])
def test_a_number_is_kept_as_digits(number: str) -> None:
    assert bank_account(bank_name=" BCA ", account_number=number, account_name="Ratna  Wulandari") == ACCOUNT


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("bank_name", ""),
        ("bank_name", "<b>BCA"),
        ("bank_name", "=BCA"),
        ("account_number", "12345"),
        ("account_number", "123456789012345678901"),
        ("account_number", "52701234S6"),
        ("account_number", "５２７０１２３４５６"),
        ("account_number", "5270123456\x00"),
        ("account_name", "R"),
        ("account_name", "12345"),
        ("account_name", "Ratna\u202eWulandari"),
        ("account_name", "Ratna\x00"),
        ("account_name", "x" * 81),
    ],
)
def test_what_is_no_account_is_refused_beside_its_field(field: str, value: str) -> None:
    typed = {"bank_name": "BCA", "account_number": "5270123456", "account_name": "Ratna"} | {field: value}

    with pytest.raises(InvalidInputError) as refused:
        bank_account(**typed)

    assert refused.value.field == field


def test_masking_shows_four_digits_and_is_done_once() -> None:
    assert masked_number(masked_number("5270123456")) == "****3456"
    assert masked_number("") == ""


def test_nobody_takes_a_transfer_without_knowing_where_it_goes(refund: Refund) -> None:
    with pytest.raises(RefundRefusedError, match="rekening tujuan"):
        claim_bank_refund(refund_id=refund.pk, actor="staff:1")

    claim_bank_refund(refund_id=refund.pk, actor="staff:1", account=ACCOUNT)

    refund.refresh_from_db()
    assert (refund.state, refund.account) == ("SENT", ACCOUNT)


def test_a_transfer_is_not_sent_elsewhere_than_was_written_down(row: PaymentTransaction, cashier: User) -> None:
    refund = ask(row, cashier, account=ACCOUNT)
    with pytest.raises(RefundRefusedError, match="bukan yang ini"):
        claim_bank_refund(refund_id=refund.pk, actor="staff:1", account=OTHER)

    claim_bank_refund(refund_id=refund.pk, actor="staff:1")
    with pytest.raises(RefundRefusedError, match="tidak dapat diganti lagi"):
        set_bank_account(refund_id=refund.pk, account=OTHER, actor="staff:1")

    refund.refresh_from_db()
    assert refund.account == ACCOUNT


def test_what_a_second_person_approves_is_the_account_too(row: PaymentTransaction, cashier: User) -> None:
    with override_settings(REFUND_APPROVAL_ABOVE=1_000):
        refund = ask(row, cashier)
    owner = make_staff("owner")
    with pytest.raises(RefundRefusedError, match="rekening tujuan"):
        approve_refund(refund_id=refund.pk, approved_by=owner)
    set_bank_account(refund_id=refund.pk, account=OTHER, actor="staff:1")
    with pytest.raises(RefundRefusedError, match="baru saja diganti"):
        approve_refund(refund_id=refund.pk, approved_by=owner, account_seen=ACCOUNT.digest)

    approve_refund(refund_id=refund.pk, approved_by=owner, account_seen=OTHER.digest)
    with pytest.raises(RefundRefusedError, match="tidak dapat diganti lagi"):
        set_bank_account(refund_id=refund.pk, account=ACCOUNT, actor="staff:1")


def test_money_that_goes_by_the_gateway_has_no_account(simulator: Simulator, cashier: User) -> None:
    _, by_qris = paid(simulator, method="qris")

    refund = ask(by_qris, cashier, account=ACCOUNT)

    assert (refund.channel, refund.account) == ("API", None)
    with pytest.raises(RefundRefusedError):
        set_bank_account(refund_id=refund.pk, account=ACCOUNT, actor="staff:1")


# --- pages ------------------------------------------------------------------------------------------------------------


def test_the_account_is_asked_for_with_the_refund_or_later(row: PaymentTransaction) -> None:
    client = login("kasir")

    half = press(client, row, "kembalikan", reason="habis", bank_name="BCA")
    press(client, row, "kembalikan", reason="habis")
    refund = Refund.objects.get()
    asked = begin(client, refund, "ambil")
    wrong = client.post(page_url(refund, "ambil"), asked | TYPED | {"account_number": "12"})
    press(client, refund, "rekening", **TYPED)
    plain = client.get(page_url(refund, "ambil")).context["form"]

    assert half.status_code == 400
    assert wrong.status_code == 400
    assert "account_number" not in plain.fields
    refund.refresh_from_db()
    assert (refund.state, refund.account) == ("REQUESTED", ACCOUNT)
    assert OrderEvent.objects.filter(reason="rekening tujuan dicatat: BCA ****3456").exists()


def test_an_account_typed_with_the_refund_is_kept(row: PaymentTransaction) -> None:
    press(login("kasir"), row, "kembalikan", reason="habis", **TYPED)

    assert Refund.objects.get().account == ACCOUNT


def test_a_page_that_showed_another_account_approves_nothing(row: PaymentTransaction, cashier: User) -> None:
    with override_settings(REFUND_APPROVAL_ABOVE=1_000):
        refund = ask(row, cashier, account=ACCOUNT)
    owner = login("owner")
    form = begin(owner, refund, "setujui")
    set_bank_account(refund_id=refund.pk, account=OTHER, actor="staff:1")

    late = owner.post(page_url(refund, "setujui"), form)

    assert "berubah sejak halaman tadi dibuka" in said(late)[-1]
    refund.refresh_from_db()
    assert refund.approved_by_id is None


@pytest.mark.parametrize(("group", "whole"), [("kasir", True), ("owner", True), ("auditor", False)])
def test_the_whole_number_stands_on_the_refunds_page_alone_for_those_who_may(
    row: PaymentTransaction, cashier: User, group: str, whole: bool
) -> None:
    refund = ask(row, cashier, account=ACCOUNT)
    client = login(group)

    page = client.get(page_url(refund)).content.decode()
    listed = client.get(reverse("admin:payments_refund_changelist")).content.decode()
    order = client.get(page_url(Order.objects.get(payments=row.payment))).content.decode()

    assert (ACCOUNT.number in page) is whole
    assert (ACCOUNT.name in page) is whole
    for elsewhere in (listed, order):
        assert ACCOUNT.number not in elsewhere
        assert "BCA ****3456" in elsewhere


def test_the_pages_of_buttons_show_the_number_masked(row: PaymentTransaction, cashier: User) -> None:
    refund = ask(row, cashier, account=ACCOUNT)
    client = login("kasir")

    pages = [client.get(page_url(refund, name)).content.decode() for name in ("ambil", "rekening")]

    assert all("BCA ****3456" in page and ACCOUNT.number not in page for page in pages)
    assert {"ambil", "rekening", "tolak"} <= buttons(login("owner"), refund)


# --- the person behind it ---------------------------------------------------------------------------------------------


def test_the_account_is_told_to_its_owner_and_forgotten_with_him(
    settings: Any, tmp_path: Any, row: PaymentTransaction, cashier: User
) -> None:
    settings.ERASURE_DIR = tmp_path
    refund = ask(row, cashier, account=ACCOUNT)
    claim_bank_refund(refund_id=refund.pk, actor="staff:1")
    confirm_bank_refund(refund_id=refund.pk, bank_reference="TRF-1", proof=PROOF, actor="staff:1")
    order = Order.objects.get(payments=row.payment)
    assert order.status == "CANCELLED"

    told = json.loads("".join(export_person(order.user)))
    (given_back,) = told["orders"][0]["refunds"]
    assert (given_back["bank_name"], given_back["account_number"]) == ("BCA", ACCOUNT.number)
    assert given_back["account_name"] == ACCOUNT.name

    erase_person(user=order.user)

    refund.refresh_from_db()
    proof = refund.proof
    assert (refund.bank_name, refund.account_number) == ("BCA", "****3456")
    assert "Ratna" not in refund.account_name
    assert refund.account is None
    assert (bytes(proof.content), proof.size, proof.sha256) == (b"", len(PROOF.content), PROOF.sha256)
    assert proof.erased_at is not None
    page = login("kasir").get(page_url(refund)).content.decode()
    assert "dihapus bersama data pelanggannya" in page
    assert "bukti" not in buttons(login("owner"), refund)
