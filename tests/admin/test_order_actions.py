"""The buttons of an order: each asks first, does it once, writes who and why, and says so when it comes too late."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from config.models import OutgoingMail
from orders.models import Order, OrderEvent, Shipment
from orders.services import ship_order, start_processing
from payments.models import Payment, PaymentTransaction, Refund
from payments.services import cancel_order
from shop.models import StockMovement, Variant
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


def last_event(order: Order) -> OrderEvent:
    event = OrderEvent.objects.filter(order=order).last()
    assert event is not None
    return event


def status_of(order: Order) -> str:
    order.refresh_from_db()
    return order.status


def hold(simulator: Simulator) -> Order:
    """Return an order whose card payment is being looked at."""
    order = make_order()
    payment = start(order)
    transaction = simulator.event(payment.gateway_id, "challenge", deliver=False)
    assert notify(payment, transaction, "201") == 200
    order.refresh_from_db()
    assert order.payment_hold
    return order


# --- from paid to delivered -----------------------------------------------------------------------------------


def test_a_paid_order_is_packed_shipped_and_completed(simulator: Simulator) -> None:
    order, _ = paid_order(simulator)
    worker = make_staff("gudang")
    client = login(worker)

    press(client, order, "mulai-kemas")
    press(client, order, "kirim", courier="JNE", tracking_number="jne 0123 4567 89")
    press(client, order, "selesai")

    assert status_of(order) == "COMPLETED"
    assert str(Shipment.objects.get()) == "JNE JNE0123456789"
    assert last_event(order).actor == f"staff:{worker.pk} {worker.email}"
    assert OutgoingMail.objects.filter(kind="order_shipped").count() == 1


def test_opening_the_page_of_a_button_changes_nothing(simulator: Simulator) -> None:
    order, _ = paid_order(simulator)
    client = login("owner")
    events = OrderEvent.objects.count()

    for action in ("mulai-kemas", "kirim", "batal", "cek"):
        begin(client, order, action)

    assert status_of(order) == "PAID"
    assert OrderEvent.objects.count() == events
    assert Refund.objects.count() == 0


def test_the_buttons_are_those_that_the_status_allows(simulator: Simulator) -> None:
    unpaid = make_order()
    order, _ = paid_order(simulator)
    owner, warehouse = login("owner"), login("gudang")

    assert buttons(owner, unpaid) == {"batal", "catat", "kirim-ulang-email"}
    assert buttons(owner, order) == {"mulai-kemas", "kirim", "cek", "batal", "catat", "kirim-ulang-email"}
    assert buttons(warehouse, order) == {"mulai-kemas", "kirim", "catat"}
    start_processing(order_id=order.pk, actor="uji")
    assert buttons(warehouse, order) == {"kirim", "catat"}
    ship_order(order_id=order.pk, courier="JNE", tracking_number="JNE000111", actor="uji")
    assert buttons(warehouse, order) == {"selesai", "barang-kembali", "catat"}


def test_a_bad_resi_is_said_beside_its_field_and_what_was_typed_stays(simulator: Simulator) -> None:
    order, _ = paid_order(simulator)

    answer = press(login("gudang"), order, "kirim", courier="JNE", tracking_number="!!")

    assert answer.status_code == 400
    page = answer.content.decode()
    assert "<title> Kesalahan: Tandai dikirim" in " ".join(page.split())
    assert "Nomor resi JNE harus 8 sampai 20" in page
    assert 'value="!!"' in page
    assert 'aria-invalid="true"' in page
    assert status_of(order) == "PAID"


def test_a_resi_that_was_used_already_is_refused(simulator: Simulator) -> None:
    first, _ = paid_order(simulator)
    second, _ = paid_order(simulator)
    client = login("gudang")
    press(client, first, "kirim", courier="JNE", tracking_number="JNE000111")

    answer = press(client, second, "kirim", courier="JNE", tracking_number="JNE000111")

    assert answer.status_code == 400
    assert "sudah dipakai" in answer.content.decode()
    assert status_of(second) == "PAID"


def test_a_stale_tab_gets_a_sentence_and_does_nothing(simulator: Simulator) -> None:
    order, _ = paid_order(simulator)
    client = login("gudang")
    old = begin(client, order, "kirim")
    press(login("gudang"), order, "kirim", courier="JNE", tracking_number="JNE000111")

    answer = client.post(page_url(order, "kirim"), old | {"courier": "J&T", "tracking_number": "JT000222"})

    assert answer.status_code == 302
    assert said(answer) == ["“Tandai dikirim” tidak berlaku lagi: status pesanan sekarang Dikirim."]
    assert Shipment.objects.count() == 1


def test_two_people_at_once_ship_one_parcel(simulator: Simulator) -> None:
    order, _ = paid_order(simulator)
    clients = [login("gudang") for _ in range(2)]
    forms = [begin(client, order, "kirim") for client in clients]
    calls = [
        partial(client.post, page_url(order, "kirim"), form | {"courier": "JNE", "tracking_number": f"JNE00011{n}"})
        for n, (client, form) in enumerate(zip(clients, forms, strict=True))
    ]

    answers = run_together(calls)

    assert [answer.status_code for answer in answers] == [302, 302]
    assert status_of(order) == "SHIPPED"
    assert Shipment.objects.count() == 1
    assert OutgoingMail.objects.filter(kind="order_shipped").count() == 1


def test_a_short_line_is_not_shipped_until_goods_came(simulator: Simulator) -> None:
    variant = make_variant(on_hand=2)
    order = make_order((variant, 2))
    payment = start(order)
    worker = login("gudang")
    press(worker, variant, "sesuaikan", how="hitungan", amount="0", reason="rusak")
    notify(payment, simulator.event(payment.gateway_id, "settle", deliver=False))

    refused = worker.get(page_url(order, "kirim"))
    press(worker, variant, "barang-masuk", amount="2")

    assert said(refused)[-1] == "Masih ada barang yang stoknya kurang. Catat dulu barang masuknya."
    assert "kirim" in buttons(worker, order)


def test_an_order_whose_money_is_going_back_is_not_shipped(simulator: Simulator) -> None:
    order, _ = paid_order(simulator)
    press(login("kasir"), order, "batal", reason="Barang cacat")

    refused = login("gudang").get(page_url(order, "kirim"))

    assert said(refused) == ["Uang pesanan ini sedang dikembalikan. Jangan dikemas atau dikirim."]


# --- cancelling -----------------------------------------------------------------------------------------------


def test_an_unpaid_order_is_cancelled_and_its_stock_is_free(simulator: Simulator) -> None:
    variant = make_variant(on_hand=3)
    order = make_order((variant, 2))
    start(order)
    cashier = make_staff("kasir")

    answer = press(login(cashier), order, "batal", reason="Pelanggan salah alamat")

    variant.refresh_from_db()
    assert status_of(order) == "CANCELLED"
    assert variant.available == 3
    assert (last_event(order).actor, last_event(order).reason) == (
        f"staff:{cashier.pk} {cashier.email}",
        "Pelanggan salah alamat",
    )
    assert "stoknya dapat dijual lagi" in said(answer)[0]


def test_cancelling_twice_from_two_tabs_is_one_cancellation(simulator: Simulator) -> None:
    order = make_order()
    client = login("kasir")
    form = begin(client, order, "batal") | {"reason": "Dua kali"}

    client.post(page_url(order, "batal"), form)
    second = client.post(page_url(order, "batal"), form)

    assert status_of(order) == "CANCELLED"
    assert "tidak berlaku lagi" in said(second)[-1]
    assert OrderEvent.objects.filter(order=order, to_status="CANCELLED").count() == 1


def test_without_the_gateways_word_the_stock_stays_and_staff_are_told(simulator: Simulator) -> None:
    variant = make_variant(on_hand=3)
    order = make_order((variant, 2))
    start(order)
    simulator.fault("http_500")

    answer = press(login("kasir"), order, "batal", reason="Pelanggan berubah pikiran")

    variant.refresh_from_db()
    order.refresh_from_db()
    assert (order.status, order.is_closing) == ("PENDING_PAYMENT", True)
    assert variant.reserved == 2
    assert "Stoknya belum dilepas" in said(answer)[0]


def test_only_the_owner_releases_without_the_gateway_and_only_once_it_was_asked(simulator: Simulator) -> None:
    variant = make_variant(on_hand=3)
    order = make_order((variant, 2))
    start(order)
    owner = login("owner")
    too_early = owner.get(page_url(order, "lepas-tanpa-konfirmasi"))
    fault = simulator.fault("http_500")
    cancel_order(order_id=order.pk, actor="uji", reason="uji")

    assert "Batalkan dulu" in said(too_early)[0]
    assert login("kasir").get(page_url(order, "lepas-tanpa-konfirmasi")).status_code == 403
    press(owner, order, "lepas-tanpa-konfirmasi", reason="Midtrans tidak menjawab sejak pagi")

    simulator.remove_fault(fault)
    variant.refresh_from_db()
    assert status_of(order) == "CANCELLED"
    assert variant.available == 3
    assert last_event(order).reason == "tanpa konfirmasi Midtrans: Midtrans tidak menjawab sejak pagi"


def test_cancelling_a_paid_order_gives_the_money_back_and_closes_it_once_it_is_back(simulator: Simulator) -> None:
    variant = make_variant(on_hand=3)
    order, transaction = paid_order(simulator, (variant, 2), method="qris")

    answer = press(login("kasir"), order, "batal", reason="Barang rusak sebelum dikirim")

    variant.refresh_from_db()
    assert status_of(order) == "CANCELLED"
    assert variant.on_hand == 3
    assert Refund.objects.get().amount == transaction.received
    assert "sudah kembali" in said(answer)[0]


def test_cancelling_a_paid_virtual_account_waits_for_the_transfer(simulator: Simulator) -> None:
    order, transaction = paid_order(simulator)
    cashier = login("kasir")

    answer = press(cashier, order, "batal", reason="Barang rusak")
    refund = Refund.objects.get()
    press(cashier, refund, "ambil", **TYPED)
    still = status_of(order)
    press(cashier, refund, "konfirmasi", bank_reference="BCA-778899", proof=slip())

    assert "menunggu ditransfer lewat bank" in said(answer)[0]
    assert (refund.channel, refund.amount, still) == ("BANK", transaction.received, "PAID")
    assert status_of(order) == "CANCELLED"
    refund.refresh_from_db()
    assert (refund.state, refund.bank_reference) == ("DONE", "BCA-778899")


def test_two_cashiers_cancelling_a_paid_order_give_its_money_back_once(simulator: Simulator) -> None:
    order, transaction = paid_order(simulator, method="qris")
    clients = [login("kasir") for _ in range(2)]
    forms = [begin(client, order, "batal") | {"reason": "Dua orang"} for client in clients]
    calls = [partial(client.post, page_url(order, "batal"), form) for client, form in zip(clients, forms, strict=True)]

    answers = run_together(calls)

    assert [answer.status_code for answer in answers] == [302, 302]
    assert sum(Refund.objects.exclude(state="FAILED").values_list("amount", flat=True)) == transaction.received
    assert len(simulator.requests(operation="core.refund")) == 1


# --- looking after it -----------------------------------------------------------------------------------------


def test_checking_at_the_gateway_finds_money_whose_notification_was_lost(simulator: Simulator) -> None:
    order = make_order()
    payment = start(order)
    simulator.event(payment.gateway_id, "settle", deliver=False)

    answer = press(login("kasir"), order, "cek")

    assert status_of(order) == "PAID"
    assert said(answer) == ["Status pesanan berubah: Menunggu pembayaran menjadi Dibayar."]


def test_checking_while_the_gateway_is_down_says_so(simulator: Simulator) -> None:
    order, _ = paid_order(simulator)
    simulator.fault("http_500")

    answer = press(login("kasir"), order, "cek")

    assert said(answer) == ["Midtrans tidak menjawab. Yang sudah dicatat di sini tetap; coba lagi sebentar."]


def test_a_hold_is_cleared_by_the_owner_with_a_reason(simulator: Simulator) -> None:
    order = hold(simulator)
    owner = login("owner")

    empty = press(owner, order, "lepas-penahanan", reason="  ")
    press(owner, order, "lepas-penahanan", reason="Sudah dicek ke pelanggan")

    assert empty.status_code == 400
    order.refresh_from_db()
    assert order.payment_hold == ""
    assert last_event(order).reason == "dilepas: Sudah dicek ke pelanggan"


def test_a_hold_that_changed_meanwhile_is_not_cleared(simulator: Simulator) -> None:
    order = hold(simulator)
    owner = login("owner")
    form = begin(owner, order, "lepas-penahanan") | {"reason": "Sudah dicek"}
    Order.objects.filter(pk=order.pk).update(payment_hold="pembayaran disengketakan")

    answer = owner.post(page_url(order, "lepas-penahanan"), form)

    order.refresh_from_db()
    assert order.payment_hold == "pembayaran disengketakan"
    assert "berubah sejak halaman tadi dibuka" in said(answer)[0]


def test_goods_that_came_back_are_booked_once_and_never_more_than_were_sold(simulator: Simulator) -> None:
    variant = make_variant(on_hand=5)
    order, _ = paid_order(simulator, (variant, 3))
    ship_order(order_id=order.pk, courier="JNE", tracking_number="JNE000111", actor="uji")
    worker = login("gudang")
    given: dict[str, Any] = {f"units_{variant.pk}": "2", "reference": "R-01", "reason": "Ukuran salah"}

    press(worker, order, "barang-kembali", **given)
    again = press(worker, order, "barang-kembali", **given)
    too_many = press(worker, order, "barang-kembali", **given | {"reference": "R-02"})

    variant.refresh_from_db()
    assert variant.on_hand == 4
    assert StockMovement.objects.filter(kind="RETURN").count() == 1
    assert said(again) == ["Retur ini sudah dicatat."]
    assert said(too_many) == ["Barang yang kembali melebihi yang terjual."]
    assert status_of(order) == "SHIPPED"


# --- the page -------------------------------------------------------------------------------------------------


def test_the_page_tells_the_whole_story(simulator: Simulator) -> None:
    order, transaction = paid_order(simulator, method="qris")
    cashier = make_staff("kasir")
    press(login(cashier), transaction, "kembalikan", amount="10000", reason="Ongkir kelebihan")

    text = login("owner").get(page_url(order)).content.decode()

    for expected in (
        order.number, transaction.transaction_id, "QRIS", "Rp10.000", "Ongkir kelebihan", str(cashier),
        "Pembayaran diterima", "Pelanggan", "settlement", "0812-", "Kota Bandung",
    ):  # fmt: skip
        assert expected in text, expected


def test_an_order_that_is_not_there_leads_back_with_a_sentence() -> None:
    client = login("owner")

    for url in (
        reverse("admin:orders_order_change", args=[10**30]),
        reverse("admin:orders_order_change", args=["abc"]),
        reverse("admin:orders_order_batal", args=[999_999]),
        reverse("admin:orders_order_slip", args=[999_999]),
    ):
        answer = client.get(url)
        assert answer.status_code == 302, url
        assert "tidak ada" in said(answer)[-1]


def test_money_on_a_closed_order_needs_attention_until_it_went_back(simulator: Simulator) -> None:
    order = make_order()
    payment = start(order)
    simulator.choose(payment.gateway_id, "qris", deliver=False)
    Order.objects.filter(pk=order.pk).update(
        closing_at=timezone.now(), closing_to="CANCELLED", closing_by="uji",
    )  # fmt: skip
    owner = login("owner")
    press(owner, order, "lepas-tanpa-konfirmasi", reason="uji")
    transaction = simulator.event(payment.gateway_id, "settle", deliver=False)
    notify(payment, transaction)
    attention = reverse("admin:orders_order_changelist") + "?tampilan=perhatian"

    before = owner.get(attention).content.decode()
    press(owner, PaymentTransaction.objects.get(), "kembalikan", reason="Terlambat bayar")
    after = owner.get(attention).content.decode()

    assert order.number in before
    assert "Uang terlambat" in before
    assert order.number not in after
    assert Payment.objects.get().status == "REFUNDED"


def test_the_stock_of_a_cancelled_order_is_counted_once(simulator: Simulator) -> None:
    variant = make_variant(on_hand=4)
    order, _ = paid_order(simulator, (variant, 2), method="qris")
    cashier = login("kasir")
    form = begin(cashier, order, "batal") | {"reason": "uji"}

    cashier.post(page_url(order, "batal"), form)
    cashier.post(page_url(order, "batal"), form)

    assert Variant.objects.get(pk=variant.pk).on_hand == 4
