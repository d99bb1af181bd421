"""Invoice, order lookup, a guest's account, ordering again, and the reminder to pay."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from config.models import OutgoingMail
from orders.links import order_path
from orders.models import Order
from orders.services import ship_order
from payments.models import Payment, PaymentTransaction, Refund
from payments.services import change_method
from payments.services.refunds import request_refund, send_refund
from payments.services.reminders import due_reminders, remind_unpaid
from shop.models import Address, User
from shop.money import rupiah
from tests.support.checkout import Visitor, main_of, text_of, visitor
from tests.support.money import two_payments
from tests.support.pages import paid_order, pay
from tests.support.staff import make_staff
from tests.support.world import make_customer, make_order, make_variant, notify, start

pytestmark = pytest.mark.django_db

LOOKUP, MAILED = "/pesanan/cari/", "/pesanan/cari/terkirim/"
PASSWORD = "sebuah kalimat yang baru"


def link_in(mail: OutgoingMail) -> str:
    found = re.search(r"^[^\n:]+: http://[^/]+(/\S+)$", mail.text, re.MULTILINE)
    assert found, mail.text
    return found[1]


# --- invoice ----------------------------------------------------------------------------------------------------------


def test_there_is_no_invoice_before_the_money(client):
    order = make_order()

    answer = client.get(f"{order_path(order)}faktur/")

    assert (answer.status_code, answer["Location"]) == (303, order_path(order))


def test_the_invoice_names_seller_buyer_and_sums(client, simulator, settings, django_assert_max_num_queries: Any):
    settings.SHOP_LEGAL_NAME, settings.SHOP_ADDRESS, settings.SHOP_NPWP = "PT Infiya", "Jl. Kaliurang 1", "01.234"
    order = paid_order(simulator)
    client.force_login(order.user)

    with django_assert_max_num_queries(9):
        page = main_of(client.get(f"/akun/pesanan/{order.number}/faktur/"))

    for text in ("Faktur", order.number, "PT Infiya", "Jl. Kaliurang 1", "NPWP 01.234", order.recipient, "LUNAS"):
        assert text in page
    assert "bukan Pengusaha Kena Pajak" in page
    assert "DPP" not in page


def test_a_pkp_shows_base_and_tax_as_they_were(client, simulator, settings):
    settings.SHOP_IS_PKP, settings.SHOP_NPWP = True, "01.234.567.8-901.000"
    order = paid_order(simulator)
    settings.SHOP_IS_PKP, settings.SHOP_NPWP = False, ""

    page = main_of(client.get(f"{order_path(order)}faktur/"))

    assert order.tax is not None
    tax = sum(line["tax"] for line in order.tax["lines"])
    assert "PPN 12% × DPP" in page
    assert f"{tax:,}".replace(",", ".") in page
    assert "NPWP 01.234.567.8-901.000" in page


def test_a_links_invoice_is_masked(client, simulator):
    order = paid_order(simulator)

    page = text_of(client.get(f"{order_path(order)}faktur/"))

    for secret in (order.recipient, order.street, order.email, order.phone):
        assert secret not in page
    assert "S••• W•••" in page


def test_a_partial_refund_shows_on_page_and_invoice(client, simulator):
    order = paid_order(simulator)
    row = PaymentTransaction.objects.get(payment__order=order)
    request_refund(transaction_id=row.pk, amount=10_000, reason="uji", requested_by=make_staff("kasir"))

    assert "Rp10.000 sedang kami kembalikan" in main_of(client.get(order_path(order)))
    Refund.objects.update(state="DONE", done_at=timezone.now(), bank_reference="BCA-1")
    PaymentTransaction.objects.update(status="PARTIALLY_REFUNDED")
    Payment.objects.update(status="PARTIALLY_REFUNDED")

    assert "Rp10.000 sudah kami kembalikan" in main_of(client.get(order_path(order)))
    assert "-Rp10.000" in main_of(client.get(f"{order_path(order)}faktur/"))


@pytest.mark.parametrize("first", ["older", "newer"])
def test_a_surplus_that_went_back_is_no_part_of_the_invoice(client, simulator, first):
    """Two payments succeed, in either order; the invoice is about the one that pays the order."""
    order = make_order()
    older = start(order)
    notify(older, simulator.choose(older.gateway_id, "gopay", deliver=False), "201")
    newer = change_method(order_id=order.pk, actor="customer:1").payment
    simulator.choose(newer.gateway_id, "qris", deliver=False)
    pays, surplus = (older, newer) if first == "older" else (newer, older)
    for payment in (pays, surplus):
        notify(payment, simulator.event(payment.gateway_id, "settle", deliver=False, force=True))
    give_back(PaymentTransaction.objects.get(surplus=True, payment=surplus), amount=order.total)

    page = main_of(client.get(order_path(order)))
    invoice = main_of(client.get(f"{order_path(order)}faktur/"))

    assert f"Kelebihan pembayaranmu, {rupiah(order.total)}, sudah kami kembalikan." in page
    assert "LUNAS" in invoice
    assert "Sudah dikembalikan" not in invoice
    assert f"-{rupiah(order.total)}" not in invoice
    paid_with = "Lewat GoPay" if first == "older" else "Lewat QRIS"
    assert paid_with in page
    assert paid_with in invoice


def test_of_two_transactions_under_one_payment_the_one_that_pays_is_named(client, simulator):
    order = make_order()
    payment = start(order)
    notify(payment, simulator.event(payment.gateway_id, "settle", deliver=False, method="gopay"))
    simulator.choose(payment.gateway_id, "qris", deliver=False, force=True)
    notify(payment, simulator.event(payment.gateway_id, "settle", deliver=False, force=True))

    assert "Lewat GoPay" in main_of(client.get(f"{order_path(order)}faktur/"))


def test_a_refund_of_the_price_beside_one_of_the_surplus_is_told_apart(client, simulator):
    order, _, _ = two_payments(simulator)
    give_back(PaymentTransaction.objects.get(surplus=True), amount=order.total)
    give_back(PaymentTransaction.objects.get(surplus=False), amount=10_000)

    page = main_of(client.get(order_path(order)))
    invoice = main_of(client.get(f"{order_path(order)}faktur/"))

    assert "Rp10.000 sudah kami kembalikan. Kelebihan pembayaranmu" in page
    assert "<dd>-Rp10.000</dd>" in invoice


def give_back(row: PaymentTransaction, *, amount: int) -> None:
    """Refund rupiah of a transaction at the gateway, as staff do."""
    refund = request_refund(transaction_id=row.pk, amount=amount, reason="uji", requested_by=make_staff("kasir"))
    send_refund(refund_id=refund.pk)
    assert Refund.objects.get(pk=refund.pk).state == "DONE"


# --- order lookup -----------------------------------------------------------------------------------------------------


def test_a_right_pair_and_a_wrong_one_get_the_same_answer_for_the_same_work(client, django_assert_num_queries: Any):
    order = make_order(email="sari@contoh.id")
    before = OutgoingMail.objects.count()
    pairs = [(order.number, "SARI@contoh.id"), (order.number, "lain@contoh.id"), ("ORD-20200101-ABCDEF", "a@b.id")]

    answers: list[Any] = []
    for number, email in pairs:
        # A wrong pair writes as well, and takes it back with one statement more: ROLLBACK TO SAVEPOINT.
        with django_assert_num_queries(8 if answers else 7):
            answers.append(client.post(LOOKUP, {"number": number, "email": email}))

    assert {(answer.status_code, answer["Location"]) for answer in answers} == {(303, MAILED)}
    (mail,) = OutgoingMail.objects.order_by("pk")[before:]
    assert (mail.kind, mail.to) == ("order_link", "sari@contoh.id")
    assert client.get(link_in(mail)).status_code == 200
    assert order.street not in text_of(client.get(link_in(mail)))


def test_the_number_is_taken_in_any_spelling_and_a_wrong_shape_is_said(client):
    order = make_order(email="sari@contoh.id")
    plain = order.number.removeprefix("ORD-").replace("-", " ").lower()

    assert client.post(LOOKUP, {"number": f" #{plain}", "email": "sari@contoh.id"}).status_code == 303
    assert OutgoingMail.objects.filter(kind="order_link").exists()
    for bad in ("", "123", "ORD-1-2", "x" * 60, "ORD-20261124-ÄÖÜÄÖÜ", "\x00"):
        assert client.post(LOOKUP, {"number": bad, "email": "sari@contoh.id"}).status_code == 400


def test_looking_up_too_often_is_429_and_a_flood_is_one_mail(client, settings):
    settings.THROTTLING = True
    order = make_order(email="sari@contoh.id")

    with time_machine.travel(timezone.now(), tick=False):  # a mail's key changes every five minutes
        codes = [client.post(LOOKUP, {"number": order.number, "email": order.email}).status_code for _ in range(11)]

    assert codes == [303] * 10 + [429]
    assert OutgoingMail.objects.filter(kind="order_link").count() == 1


# --- a guest becomes a member -----------------------------------------------------------------------------------------


def guest_who_paid(simulator: Any) -> tuple[Visitor, Order]:
    browser = visitor()
    return browser, pay(simulator, browser.order())


def test_a_guest_makes_a_password_and_keeps_order_and_address(simulator):
    browser, order = guest_who_paid(simulator)
    assert "Buat kata sandi" in main_of(browser.get(order_path(order)))
    browser.post(f"{order_path(order)}akun/")
    link = link_in(OutgoingMail.objects.get(kind="guest_account"))
    phone = Client()  # the mail is read elsewhere
    assert phone.get(link).status_code == 200
    assert phone.post(link, {"password": "pendek"}).status_code == 400

    answer = phone.post(link, {"password": PASSWORD}, follow=True)

    member = User.objects.get(email=order.email)
    assert "alamatmu tersimpan" in text_of(answer)
    assert member.pk == order.user_id
    assert not member.is_guest
    assert Address.objects.get(user=member).street == order.street
    assert order.number in text_of(phone.get("/akun/pesanan/"))
    assert phone.post(link, {"password": PASSWORD}).status_code == 404


def test_an_address_with_an_account_gets_another_mail_and_the_same_answer(simulator):
    browser, order = guest_who_paid(simulator)
    User.objects.create_user(order.email, "kata-sandi-panjang")

    answer = browser.post(f"{order_path(order)}akun/", follow=True)

    assert "Kami kirim tautan ke e-mail pesanan ini" in text_of(answer)
    assert OutgoingMail.objects.filter(kind="guest_has_account").count() == 1
    assert not OutgoingMail.objects.filter(kind="guest_account").exists()


def test_an_account_made_between_mail_and_click_is_not_taken_over(simulator):
    browser, order = guest_who_paid(simulator)
    browser.post(f"{order_path(order)}akun/")
    User.objects.create_user(order.email, "kata-sandi-panjang")

    answer = browser.post(link_in(OutgoingMail.objects.get(kind="guest_account")), {"password": PASSWORD})

    assert answer.status_code == 400
    assert "sudah punya akun" in text_of(answer)
    assert User.objects.get(pk=order.user_id).is_guest


def test_whoever_only_holds_the_link_gets_no_account(client, simulator):
    _, order = guest_who_paid(simulator)

    client.post(f"{order_path(order)}akun/")

    assert not OutgoingMail.objects.filter(kind__startswith="guest").exists()


# --- ordering again ---------------------------------------------------------------------------------------------------


def test_a_delivered_order_can_be_ordered_again(simulator):
    variant = make_variant()
    order = paid_order(simulator, customer=make_customer())
    ship_order(order_id=order.pk, courier="JNE", tracking_number="JP1234567", actor="staff")
    client = Client()
    client.force_login(order.user)
    assert "Pesan lagi isi yang sama" in main_of(client.get(order_path(order)))

    page = client.post(f"{order_path(order)}lagi/", follow=True)

    assert "ada di keranjangmu lagi" in text_of(page)
    assert variant.sku not in text_of(page)


# --- the reminder -----------------------------------------------------------------------------------------------------


def due(order: Order, *, left: timedelta = timedelta(hours=2)) -> Order:
    now = timezone.now()
    Order.objects.filter(pk=order.pk).update(created_at=now + left - timedelta(hours=24), expires_at=now + left)
    return order


def test_an_unpaid_order_is_mentioned_once(simulator, capsys):
    order = due(make_order())
    make_order()  # young
    due(make_order(), left=timedelta(minutes=10))  # too late to be of use
    Order.objects.filter(pk=due(make_order()).pk).update(payment_hold="diperiksa")
    due(pay(simulator, make_order()))

    assert due_reminders(10) == [order.pk]
    call_command("remind_unpaid")
    assert remind_unpaid() == 0

    mail = OutgoingMail.objects.get(kind="order_reminder")
    assert mail.reference == order.number
    assert "1 reminded" in capsys.readouterr().out


def test_reminders_can_be_switched_off(settings):
    due(make_order())
    settings.PAYMENT_REMINDER_MINUTES = 0

    assert due_reminders(10) == []


def test_whoever_paid_meanwhile_is_not_reminded(simulator, monkeypatch):
    order = due(pay(simulator, make_order()))
    monkeypatch.setattr("payments.services.reminders.due_reminders", lambda limit: [order.pk])

    assert remind_unpaid() == 0
    assert not OutgoingMail.objects.filter(kind="order_reminder").exists()
