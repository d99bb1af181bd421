"""The page about an order: open to whom it belongs, honest in every state."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest
from django.test import Client
from django.urls import reverse

from orders.links import order_path, order_token
from orders.models import Order, OrderEvent
from orders.models.event import EventKind
from orders.services import ship_order, start_processing
from payments.models import Payment
from payments.page_state import PageState
from payments.services import check_order, expire_orders, release_without_gateway
from payments.states import PaymentStatus
from tests.support.checkout import main_of, text_of
from tests.support.pages import let_time_pass, paid_order, state_of
from tests.support.world import make_customer, make_order, make_variant, start

pytestmark = pytest.mark.django_db


LINKS = ("", "bayar/", "batal/", "status.json")
ACTS = ("bayar/", "ganti/", "cek/", "batal/", "ubah/", "lagi/")


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
    client.force_login(order.user)

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
    assert "Buat kata sandi" not in page  # a link alone does not make an account


def test_an_expired_order_says_what_happened_to_the_stock(client, simulator):
    order = make_order()
    let_time_pass(order)
    assert "Batas bayar sudah lewat" in main_of(client.get(order_path(order)))
    assert client.get(f"{order_path(order)}bayar/").status_code == 303
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
