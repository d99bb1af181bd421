"""The payment page: a GET asks nothing of the gateway, a button leads there, and whatever refuses is said."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.staticfiles import finders
from django.db import transaction
from django.test import Client
from django.utils import timezone

from orders.links import order_path
from orders.models import Order
from payments.models import Payment
from payments.page_state import PageState
from payments.services import check_order, start_payment
from shop.models import Variant
from shop.services import stock
from shop.services.site import close_shop
from tests.support.checkout import main_of, matched, text_of
from tests.support.pages import paid_order, state_of
from tests.support.world import make_order, make_variant, start

pytestmark = pytest.mark.django_db


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


def test_a_page_that_does_not_open_can_be_made_anew(client, simulator):
    order = make_order()
    path = f"{order_path(order)}bayar/"
    assert 'name="baru"' not in main_of(client.get(path))
    first = client.post(path)

    assert 'name="baru"' in main_of(client.get(path))
    second = client.post(path, {"baru": "1"})

    assert first["Location"] != second["Location"] == client.post(path)["Location"]


def test_impatient_clicks_make_one_new_page(client, simulator):
    path = f"{order_path(make_order())}bayar/"
    client.post(path)

    answers = [client.post(path, {"baru": "1"}) for _ in range(5)]

    assert len({answer["Location"] for answer in answers}) == 1
    assert len(simulator.requests(operation="snap.create")) == 2


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


def test_a_refused_card_is_said_and_the_waiting_page_notices(client, simulator):
    order = make_order()
    payment = start(order)
    before = client.get(f"{order_path(order)}status.json").json()["state"]
    Payment.objects.filter(pk=payment.pk).update(method="credit_card", raw={"transaction_status": "deny"})

    page = main_of(client.get(f"{order_path(order)}bayar/"))

    assert "Pembayaran terakhir ditolak" in page
    assert client.get(f"{order_path(order)}status.json").json()["state"] != before


def test_a_method_that_ends_before_the_order_says_so(client, simulator):
    order = make_order()
    payment = start(order)
    simulator.choose(payment.gateway_id, "qris", deliver=False)
    check_order(order_id=order.pk)
    assert "Bayar dengan QRIS sebelum" not in main_of(client.get(f"{order_path(order)}bayar/"))
    soon = timezone.localtime(timezone.now() + timedelta(minutes=15))
    Payment.objects.filter(pk=payment.pk).update(raw={"expiry_time": f"{soon:%Y-%m-%d %H:%M:%S}"})

    page = main_of(client.get(f"{order_path(order)}bayar/"))

    assert "Bayar dengan QRIS sebelum" in page
    assert "masih bisa memilih cara bayar lain" in page
    left = int(matched(r'data-left="(\d+)"', page))
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
    with transaction.atomic():
        stock.adjust(variant_id=variant.pk, delta=-2, actor="test", reason="pecah")
    client.force_login(order.user)

    answer = client.post(f"{order_path(order)}bayar/")

    page = text_of(answer)
    assert answer.status_code == 409
    assert "Stok tidak mencukupi. Tersedia: 3, diminta: 5" in page
    assert "tersedia 3, kamu pesan 5" in page
    assert "Batalkan &amp; ubah pesanan" in page
    assert simulator.requests(operation="snap.create") == []
    stock_back(variant)


def stock_back(variant: Variant) -> None:
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


def test_starting_is_what_the_api_does_too(simulator):
    order = make_order()

    started = start_payment(order_id=order.pk)

    page = text_of(Client().get(f"{order_path(order)}bayar/"))
    assert "Bayar sekarang" in page
    assert started.token not in page
