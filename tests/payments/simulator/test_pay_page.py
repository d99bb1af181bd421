"""The hosted pay page, clicked through with plain forms and no scripts."""

from __future__ import annotations

import pytest
import requests

from tests.payments.simulator.browser import DESKTOP, Customer, query_of

ITEMS = [
    {"id": "A", "price": 600_000, "quantity": 2, "name": "Kemeja batik kawung"},
    {"id": "S", "price": 60_000, "quantity": 1, "name": "Ongkos kirim"},
    {"id": "D", "price": -10_000, "quantity": 1, "name": "Diskon"},
]


def test_it_shows_the_items_and_the_total_in_rupiah(visit):
    customer = visit(amount=1_250_000, item_details=ITEMS)

    assert customer.status == 200
    assert "Rp1.250.000" in customer.text
    assert "Kemeja batik kawung x 2 Rp1.200.000" in customer.text
    assert "Diskon x 1 -Rp10.000" in customer.text
    assert "SIMULATOR - bukan pembayaran sungguhan" in customer.text
    assert "WIB" in customer.text


def test_the_older_address_works_too(create, sim):
    token = create("ORDER-1")["token"]

    assert Customer(f"{sim.base_url}/snap/v2/vtweb/{token}").status == 200


@pytest.mark.parametrize(
    ("choice", "method", "button"),
    [
        ("BCA", "bca_va", "Saya sudah bayar"),
        ("Permata", "permata_va", "Saya sudah bayar"),
        ("Mandiri", "echannel", "Saya sudah bayar"),
        ("BNI", "bni_va", "Saya sudah bayar"),
        ("QRIS QRIS", "qris", "Bayar"),
        ("GoPay", "gopay", "Bayar dengan GoPay"),
        ("ShopeePay", "shopeepay", "Bayar dengan ShopeePay"),
        ("DANA DANA", "dana", "Bayar dengan DANA"),
        ("Indomaret", "indomaret", "Saya sudah bayar"),
        ("Kredivo", "kredivo", "Setujui di Kredivo"),
    ],
)
def test_from_choice_to_settlement_and_back_to_the_shop(visit, sim, shop, choice, method, button):
    customer = visit()

    customer.press(choice)
    customer.press(button)

    [transaction] = sim.transactions("ORDER-1")
    assert (transaction["method"], transaction["transaction_status"]) == (method, "settlement")
    assert customer.left_to.startswith(f"{shop.origin}/selesai?")
    assert query_of(customer.left_to) == {
        "order_id": "ORDER-1",
        "status_code": "200",
        "transaction_status": "settlement",
        "merchant_id": transaction["merchant_id"],
    }
    shop.wait_for(2)
    assert shop.statuses() == ["pending", "settlement"]


def test_a_number_is_shown_in_groups_of_four(visit, sim):
    customer = visit()
    customer.press("BCA")

    number = sim.transactions("ORDER-1")[0]["va_numbers"][0]["va_number"]
    assert " ".join(number[start : start + 4] for start in range(0, len(number), 4)) in customer.text


def test_qris_has_a_real_picture(visit, sim):
    customer = visit()
    customer.press("QRIS")
    transaction_id = sim.transactions("ORDER-1")[0]["transaction_id"]

    picture = requests.get(f"{sim.base_url}/snap/qr/{transaction_id}.svg", timeout=5)

    assert f"/snap/qr/{transaction_id}.svg" in customer.source
    assert picture.headers["Content-Type"] == "image/svg+xml"
    assert b"<svg" in picture.content
    assert requests.get(f"{sim.base_url}/snap/qr/nobody.svg", timeout=5).status_code == 404


@pytest.mark.parametrize("wallet", ["GoPay", "ShopeePay"])
def test_on_a_desktop_a_wallet_is_a_qr_code(visit, sim, wallet):
    customer = visit(agent=DESKTOP)
    customer.press(wallet)

    assert sim.transactions("ORDER-1")[0]["payment_type"] == "qris"


def test_a_chosen_method_is_shown_again(visit, create, sim):
    customer = visit()
    customer.press("BCA")
    shown = customer.text

    customer.open(customer.url)

    assert customer.text == shown
    assert len(sim.transactions("ORDER-1")) == 1


def test_pressing_twice_pays_once(visit, sim, shop):
    customer = visit()
    customer.press("BCA")
    customer.press("Saya sudah bayar")
    customer.press("Saya sudah bayar")

    assert "Pembayaran berhasil" in customer.text
    assert sim.transactions("ORDER-1")[0]["transaction_status"] == "settlement"
    shop.wait_for(2)
    assert shop.statuses() == ["pending", "settlement"]


def test_a_paid_link_says_so(visit, sim, shop):
    customer = visit()
    sim.event("ORDER-1", "settle")

    customer.open(customer.url)
    customer.follow("Kembali ke toko")

    assert "Pembayaran berhasil" in customer.text
    assert query_of(customer.left_to)["transaction_status"] == "settlement"


def test_going_back_without_a_choice_takes_only_the_order_id(visit, shop):
    customer = visit()

    customer.follow("Kembali ke toko")

    assert customer.left_to == f"{shop.origin}/kembali?order_id=ORDER-1"


def test_going_back_with_a_choice_says_pending(visit, shop):
    customer = visit()
    customer.press("BCA")
    customer.follow("Kembali ke toko")

    assert customer.left_to.startswith(f"{shop.origin}/selesai?")
    assert query_of(customer.left_to)["status_code"] == "201"
    assert query_of(customer.left_to)["transaction_status"] == "pending"


def test_the_requests_finish_url_outranks_the_settings(visit, shop):
    customer = visit(callbacks={"finish": f"{shop.origin}/pesanan/7?from=snap"})
    customer.press("BCA")
    customer.press("Saya sudah bayar")

    assert customer.left_to.startswith(f"{shop.origin}/pesanan/7?from=snap&order_id=ORDER-1&")


def test_a_single_method_is_the_only_one_shown(visit):
    customer = visit(enabled_payments=["gopay"])

    assert "GoPay" in customer.text
    assert "BCA" not in customer.text


def test_a_refusal_leaves_the_page_open(visit, sim, shop):
    customer = visit()
    customer.press("GoPay")
    customer.press("Simulasikan pembayaran gagal")
    assert "Pembayaran terakhir ditolak" in customer.text

    customer.press("BCA")
    customer.press("Saya sudah bayar")

    assert [each["transaction_status"] for each in sim.transactions("ORDER-1")] == ["deny", "settlement"]


def test_the_fourth_refusal_leads_to_the_error_url(visit, shop):
    customer = visit()
    for _ in range(4):
        assert not customer.left_to
        customer.press("GoPay")
        customer.press("Simulasikan pembayaran gagal")

    assert customer.left_to.startswith(f"{shop.origin}/gagal?")
    assert query_of(customer.left_to)["status_code"] == "202"
    assert query_of(customer.left_to)["transaction_status"] == "deny"


# -- links that no longer work -----------------------------------------------------------------------------------


def test_a_cancelled_link_says_so(visit, post):
    customer = visit()
    post(f"/snap/v1/transactions/{customer.url.rsplit('/', 1)[1]}/cancel")

    customer.open(customer.url)

    assert customer.status == 410
    assert "Tautan pembayaran dibatalkan" in customer.text


def test_a_form_on_a_dead_link_does_nothing(visit, post, sim):
    customer = visit()
    post(f"/snap/v1/transactions/{customer.url.rsplit('/', 1)[1]}/cancel")

    customer.press("BCA")

    assert customer.status == 410
    assert sim.transactions("ORDER-1") == []


def test_an_expired_link_says_so(visit, sim):
    customer = visit()
    sim.event("ORDER-1", "expire")
    customer.open(customer.url)

    assert customer.status == 410
    assert "Waktu pembayaran habis" in customer.text


@pytest.mark.parametrize(
    "path",
    ["/snap/v3/redirection/nobody", "/snap/v3/redirection/nobody/card", "/elsewhere", "/snap/assets/x.css"],
)
def test_an_unknown_link_is_not_found(sim, path):
    assert Customer(sim.base_url + path).status == 404


@pytest.mark.parametrize("step", ["choose", "pay", "otp", "card", "leave", "refuse", "vanish"])
def test_forms_with_nonsense_break_nothing(create, sim, step):
    url = create("ORDER-1")["redirect_url"]

    answer = requests.post(f"{url}/{step}", data={"transaction_id": "x", "method": "cash", "code": "1"}, timeout=5)

    assert answer.status_code in {200, 404, 422}
    assert sim.transactions("ORDER-1") == []


# -- safety ------------------------------------------------------------------------------------------------------


def test_nothing_from_the_request_becomes_markup(create):
    evil = "<script>alert(1)</script>\"'>"
    url = create(
        "ORDER-1",
        amount=1_000,
        item_details=[{"id": "x", "name": evil, "price": 1_000, "quantity": 1}],
        customer_details={"first_name": evil},
    )["redirect_url"]

    customer = Customer(url)

    assert "script" not in customer.tags
    assert evil in customer.text
    customer.follow("Kartu kredit/debit")
    customer.press("Bayar Rp", number=evil, expiry=evil, cvv=evil)
    assert "script" not in customer.tags
    assert "alert" not in " ".join(customer.tags)


def test_every_page_has_strict_headers(visit, sim, shop):
    customer = visit()

    policy = customer.headers["Content-Security-Policy"]

    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert f"form-action 'self' {shop.origin}" in policy
    assert customer.headers["X-Content-Type-Options"] == "nosniff"
    assert customer.headers["Cache-Control"] == "no-store"
    assert "<style" not in customer.source
    assert 'style="' not in customer.source


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/snap/snap.js", "text/javascript"),
        ("/snap/assets/pay.css", "text/css"),
        ("/snap/assets/page.js", "text/javascript"),
        ("/snap/assets/icon.svg", "image/svg+xml"),
    ],
)
def test_files_have_their_type(sim, path, kind):
    answer = requests.get(sim.base_url + path, timeout=5)

    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith(kind)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
