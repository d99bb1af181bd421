"""Giving money back from the admin: within the channel's limits, by two people above the limit, and never twice."""

from __future__ import annotations

from functools import partial

import pytest
from django.conf import settings
from django.urls import reverse

from orders.models import Order
from payments.models import GatewayNotification, Payment, PaymentTransaction, Refund
from payments.services.refunds import request_refund
from tests.support.simulator import Simulator
from tests.support.staff import (
    TYPED,
    begin,
    buttons,
    login,
    make_staff,
    page_url,
    paid_order,
    press,
    said,
    slip,
)
from tests.support.threads import run_together
from tests.support.world import make_order, make_variant, notify, start

pytestmark = pytest.mark.django_db(transaction=True)


def big_order(simulator: Simulator, method: str = "qris") -> PaymentTransaction:
    """Return the transaction of an order above the limit for one person alone."""
    price = settings.REFUND_APPROVAL_ABOVE + 500_000
    return paid_order(simulator, (make_variant(price=price), 1), method=method)[1]


def refunded(transaction: PaymentTransaction) -> int:
    return sum(Refund.objects.filter(transaction=transaction, state="DONE").values_list("amount", flat=True))


def test_the_form_offers_what_is_left_and_the_ways_it_can_go(simulator: Simulator) -> None:
    _, by_qris = paid_order(simulator, method="qris")
    _, by_account = paid_order(simulator)
    client = login("kasir")

    qris = client.get(page_url(by_qris, "kembalikan")).context["form"]
    account = client.get(page_url(by_account, "kembalikan")).context["form"]

    assert qris["amount"].value() == by_qris.received
    assert [value for value, _ in qris.fields["channel"].choices] == ["API", "BANK"]
    assert [value for value, _ in account.fields["channel"].choices] == ["BANK"]
    assert "tidak dapat dikembalikan lewat Midtrans" in account.fields["channel"].help_text


def test_a_part_goes_back_through_the_gateway_at_once(simulator: Simulator) -> None:
    order, transaction = paid_order(simulator, method="qris")

    answer = press(login("kasir"), transaction, "kembalikan", amount="25000", reason="Ongkir kelebihan")

    order.refresh_from_db()
    assert refunded(transaction) == 25_000
    assert order.status == "PAID"
    assert said(answer) == ["Rp25.000 sudah kembali ke pelanggan."]
    assert answer["Location"] == page_url(order)


def test_more_than_is_left_is_refused_in_words(simulator: Simulator) -> None:
    _, transaction = paid_order(simulator, method="qris")

    answer = press(
        login("kasir"), transaction, "kembalikan", amount=str(transaction.received + 1), reason="Kebanyakan",
    )  # fmt: skip

    assert "Paling banyak" in said(answer)[0]
    assert Refund.objects.count() == 0


@pytest.mark.parametrize("amount", ["0", "-5", "1.5", "1e3", "", "99999999999999999999999"])
def test_an_amount_that_is_none_is_refused_beside_its_field(simulator: Simulator, amount: str) -> None:
    _, transaction = paid_order(simulator, method="qris")

    answer = press(login("kasir"), transaction, "kembalikan", amount=amount, reason="Salah tulis")

    assert answer.status_code in {302, 400}
    assert Refund.objects.count() == 0


def test_the_same_form_twice_gives_back_once(simulator: Simulator) -> None:
    _, transaction = paid_order(simulator, method="qris")
    client = login("kasir")
    form = begin(client, transaction, "kembalikan") | {"amount": "10000", "reason": "Dua klik"}

    client.post(page_url(transaction, "kembalikan"), form)
    second = client.post(page_url(transaction, "kembalikan"), form)

    assert refunded(transaction) == 10_000
    assert "berubah sejak halaman tadi dibuka" in said(second)[-1]


def test_two_cashiers_at_once_give_back_once(simulator: Simulator) -> None:
    _, transaction = paid_order(simulator, method="qris")
    clients = [login("kasir") for _ in range(2)]
    forms = [begin(one, transaction, "kembalikan") | {"reason": "Bersamaan"} for one in clients]
    calls = [
        partial(one.post, page_url(transaction, "kembalikan"), form) for one, form in zip(clients, forms, strict=True)
    ]

    answers = run_together(calls)

    assert {answer.status_code for answer in answers} == {302}
    assert refunded(transaction) == transaction.received
    assert len(simulator.requests(operation="core.refund")) == 1


def test_above_the_limit_a_second_person_decides(simulator: Simulator) -> None:
    transaction = big_order(simulator)
    asker, owner = make_staff("owner"), login("owner")
    client = login(asker)

    asked = press(client, transaction, "kembalikan", reason="Pesanan hilang")
    refund = Refund.objects.get()
    own = client.get(page_url(refund, "setujui"))
    unsent = len(simulator.requests(operation="core.refund"))
    press(owner, refund, "setujui")

    assert "menunggu persetujuan orang kedua" in said(asked)[0]
    assert own.status_code == 403
    assert unsent == 0
    refund.refresh_from_db()
    assert refund.state == "DONE"
    assert refund.approved_by_id not in {None, asker.pk}


def test_the_cashier_cannot_approve_but_may_take_his_own_back(simulator: Simulator) -> None:
    transaction = big_order(simulator)
    cashier, other = login("kasir"), login("kasir")
    press(cashier, transaction, "kembalikan", reason="Salah pencet")
    refund = Refund.objects.get()

    assert cashier.get(page_url(refund, "setujui")).status_code == 403
    assert other.get(page_url(refund, "tolak")).status_code == 403
    press(cashier, refund, "tolak", reason="Salah pesanan")

    refund.refresh_from_db()
    assert refund.state == "FAILED"
    assert "kembalikan" in buttons(cashier, transaction)


def test_approving_twice_sends_once_and_says_so(simulator: Simulator) -> None:
    transaction = big_order(simulator)
    press(login("kasir"), transaction, "kembalikan", reason="Pesanan hilang")
    refund = Refund.objects.get()
    owners = [login("owner") for _ in range(2)]
    forms = [begin(owner, refund, "setujui") for owner in owners]

    owners[0].post(page_url(refund, "setujui"), forms[0])
    late = owners[1].post(page_url(refund, "setujui"), forms[1])

    assert refunded(transaction) == transaction.received
    assert said(late) == ["“Setujui” tidak berlaku lagi: pengembalian ini selesai."]
    assert len(simulator.requests(operation="core.refund")) == 1


def test_a_bank_transfer_is_taken_by_one_person_and_ends_with_the_banks_number(simulator: Simulator) -> None:
    order, transaction = paid_order(simulator)
    first, second = login("kasir"), login("kasir")
    press(first, transaction, "kembalikan", amount="30000", reason="Barang cacat")
    refund = Refund.objects.get()
    forms = [begin(first, refund, "ambil"), begin(second, refund, "ambil")]

    first.post(page_url(refund, "ambil"), forms[0] | TYPED)
    late = second.post(page_url(refund, "ambil"), forms[1] | TYPED)
    short = press(first, refund, "konfirmasi", bank_reference="12", proof=slip())
    press(first, refund, "konfirmasi", bank_reference="BCA-778899", proof=slip())

    refund.refresh_from_db()
    assert said(late)[0].startswith("Transfer ini sudah diambil staff:")
    assert short.status_code == 400
    assert (refund.state, refund.bank_reference) == ("DONE", "BCA-778899")
    assert refund.claimed_by in login("owner").get(page_url(order)).content.decode()


def test_what_the_gateway_did_not_answer_is_sent_again_under_the_same_key(simulator: Simulator) -> None:
    _, transaction = paid_order(simulator, method="qris")
    cashier = login("kasir")
    fault = simulator.fault("http_500")
    asked = press(cashier, transaction, "kembalikan", amount="10000", reason="Ongkir kelebihan")
    simulator.remove_fault(fault)
    refund = Refund.objects.get()

    press(cashier, refund, "kirim")

    refund.refresh_from_db()
    assert "kepastiannya menyusul" in said(asked)[0]
    assert refund.state == "DONE"
    assert {call["refund_key"] for call in refund_calls(simulator)} <= {refund.refund_key}


def refund_calls(simulator: Simulator) -> list[dict[str, str]]:
    return [call["body"] for call in simulator.requests(operation="core.refund") if isinstance(call.get("body"), dict)]


def test_a_refund_that_the_gateway_refused_is_told_and_needs_attention(simulator: Simulator) -> None:
    order, transaction = paid_order(simulator, method="qris")
    simulator.fault("refund_denied")

    answer = press(login("kasir"), transaction, "kembalikan", amount="10000", reason="Ongkir kelebihan")
    listed = login("owner").get(reverse("admin:orders_order_changelist"), {"tampilan": "perhatian"})

    assert Refund.objects.get().state == "FAILED"
    assert "gagal" in said(answer)[0]
    assert order.number in listed.content.decode()


def test_money_without_an_order_is_shown_and_given_back_from_its_transaction(simulator: Simulator) -> None:
    orphan = orphan_of(simulator)
    owner = login("owner")

    listed = owner.get(reverse("admin:orders_order_changelist")).content.decode()
    filtered = owner.get(reverse("admin:payments_payment_changelist"), {"pesanan": "tanpa"}).content.decode()
    answer = press(owner, orphan, "kembalikan", reason="Pesanannya tidak ada")

    assert "Ada uang yang pesanannya tidak ada di sini" in listed
    assert orphan.payment.gateway_id in filtered
    assert refunded(orphan) == orphan.received
    assert answer["Location"] == page_url(orphan)


def orphan_of(simulator: Simulator) -> PaymentTransaction:
    """Let money come for an order id that only the gateway knows, as after a restored backup."""
    other = make_order()
    payment = start(other)
    simulator.choose(payment.gateway_id, "qris", deliver=False)
    Payment.objects.filter(pk=payment.pk).update(gateway_id=f"{payment.gateway_id}-baru")
    assert notify(payment, simulator.event(payment.gateway_id, "settle", deliver=False)) == 200
    return PaymentTransaction.objects.get(payment__order__isnull=True)


def test_a_notification_is_processed_again_by_the_owner(simulator: Simulator) -> None:
    order = make_order()
    payment = start(order)
    transaction = simulator.event(payment.gateway_id, "settle", deliver=False)
    fault = simulator.fault("http_500")
    assert notify(payment, transaction) == 503
    row = GatewayNotification.objects.get()
    owner = login("owner")

    still = press(owner, row, "proses-ulang")
    simulator.remove_fault(fault)
    press(owner, row, "proses-ulang")
    late = owner.get(page_url(row, "proses-ulang"))

    order.refresh_from_db()
    assert "Belum dapat diterapkan" in said(still)[0]
    assert order.status == "PAID"
    assert said(late)[-1] == "Notifikasi ini sudah diterapkan."


def test_a_refund_under_way_shows_no_second_button(simulator: Simulator) -> None:
    order, transaction = paid_order(simulator)
    request_refund(transaction_id=transaction.pk, amount=1000, reason="uji", requested_by=make_staff("kasir"))
    client = login("kasir")

    refused = client.get(page_url(transaction, "kembalikan"))

    assert "kembalikan" not in buttons(client, transaction)
    assert said(refused) == ["Masih ada pengembalian dana yang berjalan untuk transaksi ini."]
    assert Order.objects.get(pk=order.pk).status == "PAID"
