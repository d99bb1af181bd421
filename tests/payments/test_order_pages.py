"""The pages about an order and its payment: open to whom they belong, honest in every state, never fooled by an address."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from urllib.parse import quote

import pytest
from django.contrib.staticfiles import finders
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from orders.links import order_path, order_token
from orders.models import Order, OrderEvent
from orders.models.event import EventKind
from orders.services import ship_order, start_processing
from orders.states import OrderStatus
from payments.instructions import describe
from payments.models import Payment
from payments.page_state import PageState
from payments.selectors import situation_of
from payments.services import cancel_order, check_order, release_without_gateway, start_payment
from payments.states import PaymentStatus
from shop.models import Cart, CartStatus, Reservation, Variant
from shop.services import stock
from shop.services.site import close_shop
from tests.support.checkout import visitor
from tests.support.simulator import Simulator
from tests.support.world import make_customer, make_order, make_variant, start

pytestmark = pytest.mark.django_db(transaction=True)

LINKS = ("", "bayar/", "batal/", "status.json")
ACTS = ("bayar/", "ganti/", "cek/", "batal/", "ubah/", "lagi/")


@pytest.fixture(autouse=True)
def _ask_freely():
    cache.clear()


def text_of(page) -> str:
    return page.content.decode()


def main_of(page) -> str:
    return re.search(r"<main.*?</main>", text_of(page), re.DOTALL)[0]


def state_of(order: Order) -> PageState:
    order.refresh_from_db()
    return situation_of(order).state


def paid_order(simulator: Simulator, **changes) -> Order:
    order = make_order(**changes)
    payment = start(order)
    simulator.choose(payment.gateway_id, "bca_va", deliver=False)
    simulator.event(payment.gateway_id, "settle", deliver=False)
    check_order(order_id=order.pk)
    order.refresh_from_db()
    assert order.status == OrderStatus.PAID
    return order


def let_time_pass(order: Order) -> None:
    past = timezone.now() - timedelta(days=2)
    Order.objects.filter(pk=order.pk).update(created_at=past, expires_at=past + timedelta(hours=24))
    order.refresh_from_db()


# --- whose page it is ------------------------------------------------------------------------------------------


def test_a_forged_link_opens_nothing(client):
    order = make_order()
    token = order_token(order)

    for bad in ("x", token[:-1], token[:-1] + "!", f"{order.pk}", "%00", "a" * 3000, token.swapcase(), "🙂"):
        for part in (*LINKS, *ACTS):
            assert client.get(f"/pesanan/{quote(bad)}/{part}").status_code == 404, (bad, part)
            assert client.post(f"/pesanan/{quote(bad)}/{part}").status_code in {404, 405}, (bad, part)


def test_raising_the_link_version_ends_a_link(client):
    order = make_order()
    path = order_path(order)
    assert client.get(path).status_code == 200

    Order.objects.filter(pk=order.pk).update(link_version=2)

    assert client.get(path).status_code == 404
    assert client.get(f"{path}bayar/").status_code == 404


def test_a_guests_link_shows_masked_personal_data(client):
    order = make_order()

    page = text_of(client.get(order_path(order)))

    for secret in (order.recipient, "Wulandari", order.phone, order.street, order.email):
        assert secret not in page
    assert "S••• W•••" in page
    assert "Kota Bandung" in page
    assert text_of(client.get(f"{order_path(order)}bayar/")).count(order.street) == 0


def test_the_owner_sees_everything_on_both_addresses(client):
    order = make_order()
    client.force_login(order.user)

    for path in (order_path(order), reverse("payments:detail", args=[order.number])):
        page = text_of(client.get(path))
        assert order.recipient in page
        assert order.street in page
        assert order.email in page


def test_another_member_sees_a_link_masked_and_finds_nothing_under_the_number(client):
    order = make_order()
    client.force_login(make_customer())

    assert order.street not in text_of(client.get(order_path(order)))
    assert client.get(reverse("payments:detail", args=[order.number])).status_code == 404
    assert order.number not in text_of(client.get(reverse("payments:history")))


@pytest.mark.parametrize("number", ["ORD-20260101-AAAAAA", "1", "x", "-1"])
def test_an_unknown_number_is_not_found(client, number):
    client.force_login(make_customer())

    assert client.get(f"/akun/pesanan/{number}/").status_code == 404


def test_history_and_detail_need_a_login(client):
    order = make_order()

    for path in (reverse("payments:history"), reverse("payments:detail", args=[order.number])):
        answer = client.get(path)
        assert answer.status_code == 302
        assert answer["Location"].startswith(reverse("shop:login"))


def test_history_lists_ones_own_orders_newest_first_in_pages(client, django_assert_max_num_queries):
    customer = make_customer()
    variant = make_variant(on_hand=50)
    numbers = [make_order((variant, 1), customer=customer).number for _ in range(9)]
    numbers += [make_order((variant, 1), customer=customer).number]
    client.force_login(customer)

    with django_assert_max_num_queries(8):
        page = text_of(client.get(reverse("payments:history")))

    assert re.findall(r">(ORD-[^<]+)</a>", page) == numbers[::-1]
    assert client.get(reverse("payments:history"), {"halaman": "99"}).status_code == 200
    assert client.get(reverse("payments:history"), {"halaman": "\x00"}).status_code == 200


def test_an_empty_history_says_where_to_go_next(client):
    client.force_login(make_customer())

    assert "Belum ada pesanan" in text_of(client.get(reverse("payments:history")))


def test_pages_with_a_link_are_private(client):
    order = make_order()

    for part in ("", "bayar/", "batal/"):
        answer = client.get(f"{order_path(order)}{part}")
        assert "no-store" in answer["Cache-Control"]
        assert answer["Referrer-Policy"] == "same-origin"
        assert answer["X-Robots-Tag"] == "noindex, nofollow"
        assert 'name="robots" content="noindex"' in text_of(answer)


@pytest.mark.parametrize(("part", "limit"), [("", 8), ("bayar/", 6), ("status.json", 4)])
def test_pages_ask_a_bounded_number_of_questions(part, limit, django_assert_max_num_queries, simulator):
    order = make_order(*((make_variant(), 1) for _ in range(6)))
    start(order)
    browser = Client()
    browser.force_login(order.user)
    path = f"{order_path(order)}{part}"
    browser.get(path)

    with django_assert_max_num_queries(limit):
        assert browser.get(path).status_code == 200


# --- paying ----------------------------------------------------------------------------------------------------


def test_looking_at_the_payment_page_asks_nothing_of_the_gateway(client, simulator):
    order = make_order()

    page = main_of(client.get(f"{order_path(order)}bayar/"))

    assert simulator.requests() == []
    assert not Payment.objects.exists()
    assert f"Bayar sekarang {'Rp' + f'{order.total:,}'.replace(',', '.')}" in page
    assert "WIB" in page
    assert 'role="timer"' in page
    assert f'data-copy="{order.number}"' in page
    assert f'data-copy="{order.total}"' in page
    assert "Segarkan status" in page


def test_the_button_leads_to_the_gateways_page_and_twice_to_the_same(client, simulator):
    order = make_order()
    path = f"{order_path(order)}bayar/"

    first, second = client.post(path), client.post(path)

    assert first.status_code == 303
    assert first["Location"].startswith(simulator.base_url)
    assert first["Location"] == second["Location"]
    assert len(simulator.requests(operation="snap.create")) == 1


def test_a_chosen_account_is_shown_to_copy_with_its_steps(client, simulator):
    order = make_order()
    payment = start(order)
    simulator.choose(payment.gateway_id, "bca_va", deliver=False)
    check_order(order_id=order.pk)

    page = main_of(client.get(f"{order_path(order)}bayar/"))

    number = simulator.transactions(payment.gateway_id)[0]["va_numbers"][0]["va_number"]
    assert f'data-copy="{number}"' in page
    assert " ".join(number[i : i + 4] for i in range(0, len(number), 4)) in page
    assert "m-banking BCA" in page
    assert "Ganti cara bayar" in page
    assert "Saya sudah bayar, cek status" in page


@pytest.mark.parametrize(
    ("method", "words"),
    [
        ("permata_va", ["Permata", "Nomor virtual account"]),
        ("echannel", ["Mandiri Bill", "Kode perusahaan", "70012", "Kode bayar"]),
        ("indomaret", ["Indomaret", "Kode bayar"]),
        ("qris", ["QRIS", "Lanjut ke halaman pembayaran", "dari galeri"]),
        ("gopay", ["GoPay", "Lanjut ke halaman pembayaran"]),
        ("credit_card", ["Kartu kredit", "Nomor kartu tidak pernah lewat server kami"]),
    ],
)
def test_every_method_says_how_it_goes_on(client, simulator, method, words):
    order = make_order()
    payment = start(order)
    if method == "credit_card":
        Payment.objects.filter(pk=payment.pk).update(method=method)
    else:
        simulator.choose(payment.gateway_id, method, deliver=False)
        check_order(order_id=order.pk)

    page = main_of(client.get(f"{order_path(order)}bayar/"))

    for word in words:
        assert word in page


def test_a_method_that_ends_before_the_order_says_so(client, simulator):
    order = make_order()
    payment = start(order)
    simulator.choose(payment.gateway_id, "qris", deliver=False)
    check_order(order_id=order.pk)
    assert "QRIS ini berlaku sampai" not in main_of(client.get(f"{order_path(order)}bayar/"))
    soon = timezone.localtime(timezone.now() + timedelta(minutes=15))
    Payment.objects.filter(pk=payment.pk).update(raw={"expiry_time": f"{soon:%Y-%m-%d %H:%M:%S}"})

    page = main_of(client.get(f"{order_path(order)}bayar/"))

    assert "QRIS ini berlaku sampai" in page
    assert "masih bisa memilih cara bayar lain" in page
    left = int(re.search(r'data-left="(\d+)"', page)[1])
    assert 0 < left <= 15 * 60


def test_another_method_is_a_new_payment_and_the_old_one_is_dead(client, simulator):
    order = make_order()
    payment = start(order)
    simulator.choose(payment.gateway_id, "bca_va", deliver=False)
    check_order(order_id=order.pk)

    answer = client.post(f"{order_path(order)}ganti/")

    assert answer.status_code == 303
    assert answer["Location"].startswith(simulator.base_url)
    assert Payment.objects.filter(order=order).count() == 2
    assert simulator.transactions(payment.gateway_id)[0]["transaction_status"] == "cancel"


def test_a_gateway_that_is_away_leaves_the_order_safe_and_offers_another_try(client, simulator):
    order = make_order()
    fault = simulator.fault("http_500", operation="snap.create", count=1)
    path = f"{order_path(order)}bayar/"

    answer = client.post(path)

    assert fault
    assert answer.status_code == 503
    assert answer["Retry-After"]
    page = text_of(answer)
    assert "<title>Kesalahan: " in page
    assert "Pesananmu aman" in page
    assert "Coba lagi, bayar" in page
    assert state_of(order) is PageState.WAITING


def test_short_stock_is_said_line_by_line_and_the_gateway_is_not_called(client, simulator):
    variant = make_variant(on_hand=5)
    order = make_order((variant, 5))
    from django.db import transaction

    with transaction.atomic():
        stock.adjust(variant_id=variant.pk, delta=-2, actor="test", reason="pecah")

    answer = client.post(f"{order_path(order)}bayar/")

    page = text_of(answer)
    assert answer.status_code == 409
    assert "Stok tidak mencukupi. Tersedia: 3, diminta: 5" in page
    assert "tersedia 3, kamu pesan 5" in page
    assert "Batalkan &amp; ubah pesanan" in page
    assert simulator.requests(operation="snap.create") == []
    stock_back(variant)


def stock_back(variant: Variant) -> None:
    from django.db import transaction

    with transaction.atomic():
        stock.adjust(variant_id=variant.pk, delta=2, actor="test", reason="ketemu")


def test_too_late_for_a_new_payment(client, simulator):
    order = make_order()
    soon = timezone.now() + timedelta(minutes=5)
    Order.objects.filter(pk=order.pk).update(expires_at=soon)

    answer = client.post(f"{order_path(order)}bayar/")

    assert answer.status_code == 409
    assert "Waktu pembayaran habis" in text_of(answer)
    assert simulator.requests(operation="snap.create") == []


def test_a_closed_shop_takes_no_payment(client, simulator):
    order = make_order()
    close_shop(reason="pemulihan data")

    answer = client.post(f"{order_path(order)}bayar/")

    assert answer.status_code == 503
    assert "pemulihan data" in text_of(answer)
    assert client.get(order_path(order)).status_code == 200


def test_a_paid_order_cannot_be_paid_again(client, simulator):
    order = paid_order(simulator)
    path = order_path(order)

    for answer in (client.get(f"{path}bayar/"), client.post(f"{path}bayar/"), client.post(f"{path}ganti/")):
        assert (answer.status_code, answer["Location"]) == (303, path)
    assert Payment.objects.filter(order=order).count() == 1


def test_the_pages_script_is_there_and_acts_need_a_post(client):
    order = make_order()

    assert finders.find("js/pay.js")
    for part in ("ganti/", "cek/", "ubah/", "lagi/"):
        answer = client.get(f"{order_path(order)}{part}")
        assert (answer.status_code, answer["Location"]) == (303, order_path_of(answer))
    assert state_of(order) is PageState.WAITING


def order_path_of(answer) -> str:
    return f"/pesanan/{answer.wsgi_request.path.split('/')[2]}/"


# --- asking whether money came ---------------------------------------------------------------------------------


def test_status_is_small_json_and_304_while_nothing_changes(client, simulator):
    order = make_order()
    path = f"{order_path(order)}status.json"

    first = client.get(path)
    again = client.get(path, headers={"If-None-Match": first["ETag"]})

    answer = first.json()
    assert answer["status"] == "PENDING_PAYMENT"
    assert answer["paymentStatus"] is None
    assert answer["next"].endswith("/bayar/")
    assert set(answer) == {"status", "paymentStatus", "state", "message", "next", "serverTime"}
    assert again.status_code == 304
    assert again.content == b""
    assert first["Cache-Control"] == "private, no-cache"
    start(order)
    changed = client.get(path, headers={"If-None-Match": first["ETag"]})
    assert changed.status_code == 200
    assert changed.json()["paymentStatus"] == PaymentStatus.PENDING


def test_the_page_and_its_status_agree_on_the_state(client, simulator):
    order = make_order()
    payment = start(order)
    path = order_path(order)

    def agree() -> str:
        told = client.get(f"{path}status.json").json()
        shown = re.search(r'data-state="([^"]+)"', text_of(client.get(told["next"])))
        assert shown
        assert shown[1] == told["state"]
        return told["state"]

    assert agree() == "waiting"
    simulator.choose(payment.gateway_id, "qris", deliver=False)
    check_order(order_id=order.pk)
    assert agree() == "waiting-qris"


def test_check_finds_money_whose_notification_was_lost(client, simulator):
    order = make_order()
    payment = start(order)
    simulator.choose(payment.gateway_id, "bca_va", deliver=False)
    simulator.event(payment.gateway_id, "settle", deliver=False)
    path = order_path(order)

    answer = client.post(f"{path}cek/")

    assert (answer.status_code, answer["Location"]) == (303, path)
    assert state_of(order) is PageState.PAID
    assert client.get(f"{path}status.json").json()["next"] == path


def test_check_says_that_nothing_came_yet_or_that_nobody_answers(client, simulator):
    order = make_order()
    payment = start(order)
    path = f"{order_path(order)}cek/"

    assert "Belum ada pembayaran masuk" in text_of(client.post(path, follow=True))
    cache.clear()
    simulator.choose(payment.gateway_id, "bca_va", deliver=False)
    simulator.fault("http_500", operation="core.status")
    assert "Status belum dapat dicek" in text_of(client.post(path, follow=True))


def test_impatient_clicks_share_one_question(client, simulator):
    order = make_order()
    payment = start(order)
    simulator.choose(payment.gateway_id, "bca_va", deliver=False)

    for _ in range(4):
        client.post(f"{order_path(order)}cek/")

    assert len(simulator.requests(operation="core.status")) <= 2


# --- back from the gateway -------------------------------------------------------------------------------------

FINISH = "/pembayaran/selesai/"
CLAIM = {"status_code": "200", "transaction_status": "settlement"}


def test_a_finish_address_never_marks_an_order_paid(simulator):
    guest = visitor()
    order = guest.order()
    payment = start(order)
    simulator.choose(payment.gateway_id, "bca_va", deliver=False)

    answer = guest.get(FINISH, {"order_id": payment.gateway_id} | CLAIM, follow=True)

    assert state_of(order) is PageState.WAITING
    assert "Pembayaran sedang kami periksa" in text_of(answer)
    assert "Nomor virtual account" in text_of(answer)


def test_coming_back_after_paying_shows_it_at_once(simulator):
    guest = visitor()
    order = guest.order()
    payment = start(order)
    simulator.choose(payment.gateway_id, "bca_va", deliver=False)
    simulator.event(payment.gateway_id, "settle", deliver=False)

    answer = guest.get(FINISH, {"order_id": payment.gateway_id} | CLAIM, follow=True)

    assert state_of(order) is PageState.PAID
    assert "pembayaranmu sudah kami terima" in text_of(answer)


def test_without_an_answer_of_the_gateway_the_page_says_that_it_is_looked_at(simulator):
    guest = visitor()
    order = guest.order()
    payment = start(order)
    simulator.choose(payment.gateway_id, "bca_va", deliver=False)
    simulator.fault("http_500", operation="core.status")

    answer = guest.get(FINISH, {"order_id": payment.gateway_id}, follow=True)

    assert "Pembayaran sedang kami periksa" in text_of(answer)


def test_a_strangers_finish_address_tells_nothing_and_asks_nothing(client, simulator):
    payment = start(make_order())
    before = len(simulator.requests())

    for order_id in (payment.gateway_id, "unknown-id", "", "\x00", "../..", "a" * 9000):
        answer = client.get(FINISH, {"order_id": order_id} | CLAIM)
        assert answer.status_code == 200
        assert payment.gateway_id not in main_of(answer)
        assert "ORD-" not in main_of(answer)
    assert len(simulator.requests()) == before


def test_a_member_comes_back_to_his_own_order_without_having_opened_a_link(client, simulator):
    order = make_order()
    payment = start(order)
    client.force_login(order.user)

    answer = client.get(FINISH, {"order_id": payment.gateway_id})

    assert answer.status_code == 303
    assert answer["Location"].endswith("/bayar/")


def test_a_bank_that_comes_back_with_a_form_gets_the_same_page():
    browser = Client(enforce_csrf_checks=True)

    answer = browser.post(FINISH, {"order_id": "abc&x=1", "response": "{}"})

    assert (answer.status_code, answer["Location"]) == (303, f"{FINISH}?order_id=abc%26x%3D1")


# --- cancelling and ordering again -----------------------------------------------------------------------------


def test_cancelling_asks_first_and_frees_the_stock(client, simulator):
    variant = make_variant(on_hand=3)
    order = make_order((variant, 3))
    path = order_path(order)

    assert "Batalkan pesanan ini?" in text_of(client.get(f"{path}batal/"))
    assert state_of(order) is PageState.WAITING
    answer = client.post(f"{path}batal/")

    assert (answer.status_code, answer["Location"]) == (303, path)
    assert state_of(order) is PageState.CANCELLED
    variant.refresh_from_db()
    assert variant.available == 3
    page = main_of(client.get(path))
    assert "Atas permintaanmu" in page
    assert "Pesan lagi" in page


def test_a_cancellation_that_the_gateway_has_not_confirmed_says_so(client, simulator):
    order = make_order()
    payment = start(order)
    simulator.choose(payment.gateway_id, "bca_va", deliver=False)
    check_order(order_id=order.pk)
    simulator.fault("http_500", operation="core.cancel")
    simulator.fault("http_500", operation="core.status")

    answer = client.post(f"{order_path(order)}batal/", follow=True)

    assert state_of(order) is PageState.CLOSING
    assert "Pembatalan sudah diminta" in text_of(answer)
    assert "sedang kami tutup" in text_of(answer)
    assert Reservation.objects.get(reference=order.number).state == "HELD"


def test_money_that_came_first_wins_over_a_cancellation(client, simulator):
    order = make_order()
    payment = start(order)
    simulator.choose(payment.gateway_id, "bca_va", deliver=False)
    simulator.event(payment.gateway_id, "settle", deliver=False)

    client.post(f"{order_path(order)}batal/")

    assert state_of(order) is PageState.PAID


def test_cancel_and_change_brings_the_things_back_into_a_cart(simulator):
    variant = make_variant(on_hand=5)
    guest = visitor((variant, 2))
    order = guest.order()
    page = text_of(guest.get("/checkout/"))
    path = re.search(r'action="(/pesanan/[^"]+/ubah/)"', page)[1]

    answer = guest.post(path)

    assert answer["Location"] == reverse("shop:cart")
    assert state_of(order) is PageState.CANCELLED
    cart = Cart.objects.get(token=guest.session["cart"])
    assert cart.status == CartStatus.OPEN
    assert [(item.variant_id, item.quantity) for item in cart.items.all()] == [(variant.pk, 2)]
    assert guest.get("/checkout/").status_code == 200


def test_cancel_and_change_while_unconfirmed_leads_to_the_order(client, simulator):
    order = make_order()
    start(order)
    simulator.fault("http_500", operation="snap.cancel")
    simulator.fault("http_500", operation="core.status")

    answer = client.post(f"{order_path(order)}ubah/")

    assert answer.status_code == 303
    assert "/pesanan/" in answer["Location"]
    assert state_of(order) is PageState.CLOSING


def test_a_paid_order_cannot_be_cancelled_by_its_customer(client, simulator):
    order = paid_order(simulator)

    for part in ("batal/", "ubah/"):
        answer = client.post(f"{order_path(order)}{part}")
        assert answer.status_code == 303
    assert state_of(order) is PageState.PAID


def test_ordering_again_leaves_out_what_is_not_sold_any_more(client, simulator):
    gone, stays = make_variant(), make_variant()
    order = make_order((gone, 1), (stays, 2))
    cancel_order(order_id=order.pk, actor="test", reason="uji")
    Variant.objects.filter(pk=gone.pk).update(is_active=False)

    answer = client.post(f"{order_path(order)}lagi/", follow=True)

    assert "1 barang dari pesanan itu tidak dijual lagi" in text_of(answer)
    cart = Cart.objects.get(token=client.session["cart"])
    assert [(item.variant_id, item.quantity) for item in cart.items.all()] == [(stays.pk, 2)]


def test_an_unpaid_order_is_not_ordered_again(client):
    order = make_order()

    client.post(f"{order_path(order)}lagi/")

    assert "cart" not in client.session


# --- what each state says --------------------------------------------------------------------------------------


def test_paid_packed_and_sent(client, simulator):
    order = paid_order(simulator)
    path = order_path(order)
    assert "BCA virtual account" in main_of(client.get(path))
    start_processing(order_id=order.pk, actor="staff")
    assert "sedang dikemas" in main_of(client.get(path))
    ship_order(order_id=order.pk, courier="JNE", tracking_number="JP2611240981", actor="staff")

    page = main_of(client.get(path))

    for text in ("Paketmu di jalan", "Dibawa JNE", "JP2611240981", "Pesanan dibuat", "Pembayaran diterima", "Dikemas"):
        assert text in page
    assert 'data-copy="JP2611240981"' in page
    assert "Buat akun" in page


def test_an_expired_order_says_what_happened_to_the_stock(client, simulator):
    order = make_order()
    let_time_pass(order)
    assert "Batas bayar sudah lewat" in main_of(client.get(order_path(order)))
    assert client.get(f"{order_path(order)}bayar/").status_code == 303
    from payments.services import expire_orders

    expire_orders()

    page = main_of(client.get(order_path(order)))
    assert "stoknya kami lepas" in page
    assert "Pesan lagi" in page


def test_a_payment_under_review_is_not_asked_for_twice(client, simulator):
    order = make_order()
    payment = start(order)
    Payment.objects.filter(pk=payment.pk).update(status=PaymentStatus.CHALLENGE)

    page = main_of(client.get(f"{order_path(order)}bayar/", follow=True))

    assert "Pembayaran sedang kami periksa" in page
    assert "tidak perlu membayar lagi" in page
    Payment.objects.filter(pk=payment.pk).update(status=PaymentStatus.PENDING)


def test_late_money_on_a_cancelled_order_is_said_honestly(client, simulator):
    order = make_order()
    payment = start(order)
    simulator.choose(payment.gateway_id, "bca_va", deliver=False)
    release_without_gateway(order_id=order.pk, actor="staff:1", reason="pelanggan minta lewat telepon")
    simulator.event(payment.gateway_id, "settle", deliver=False)
    check_order(order_id=order.pk, everything=True)

    page = main_of(client.get(order_path(order)))

    assert state_of(order) is PageState.LATE_MONEY
    assert "masuk setelah pesanan ditutup" in page
    assert f"{order.total:,}".replace(",", ".") in page
    assert "akan kami kembalikan" in page
    assert "telepon" not in page


def test_notes_and_stock_troubles_stay_inside(client):
    order = make_order()
    for kind in (EventKind.NOTE, EventKind.HOLD, EventKind.STOCK):
        OrderEvent.objects.create(order=order, kind=kind, actor="staff:1", reason="rahasia dapur")

    assert "rahasia dapur" not in text_of(client.get(order_path(order)))


def test_the_help_link_has_the_number_written(client):
    order = make_order()

    assert f"tentang%20pesanan%20{order.number}" in text_of(client.get(order_path(order)))


@pytest.mark.parametrize(
    "raw",
    [
        {},
        {"va_numbers": "x"},
        {"va_numbers": [None]},
        {"va_numbers": [{"bank": "<b>", "va_number": "<script>"}]},
        {"va_numbers": [{"bank": 1, "va_number": {"a": 1}}]},
        {"permata_va_number": None, "expiry_time": "tomorrow"},
        {"bill_key": "1" * 99, "biller_code": []},
        {"payment_code": "\x00", "store": ["x"]},
    ],
)
@pytest.mark.parametrize("payment_type", ["bank_transfer", "echannel", "cstore", "qris", "new_thing"])
def test_odd_answers_of_the_gateway_break_no_page(raw, payment_type):
    method = describe(raw, payment_type)

    assert method is not None
    assert method.numbers == ()
    assert "<" not in json.dumps([method.mark, method.name, method.hint])


def test_starting_is_what_the_api_does_too(simulator):
    order = make_order()

    started = start_payment(order_id=order.pk)

    page = text_of(Client().get(f"{order_path(order)}bayar/"))
    assert "Bayar sekarang" in page
    assert started.token not in page
