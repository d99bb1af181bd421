"""The voucher in cart and checkout, as a browser without a script sees it."""

from __future__ import annotations

import pytest
from django.core.cache import cache

from config.throttling import Rate
from orders import voucher_box
from orders.models import Order, Voucher, VoucherUse
from shop.models import User
from tests.support.checkout import (
    REVIEW_PAGE,
    Visitor,
    main_of,
    make_member,
    order_behind,
    text_of,
    visitor,
)
from tests.support.vouchers import make_voucher
from tests.support.world import make_order, make_variant

pytestmark = pytest.mark.django_db

FEW = Rate(limit=4, window=600)
BOX, CART = "/checkout/voucher/", "/keranjang/"


def use(client: Visitor, code: str, to: str = CART) -> str:
    """Type a code into the box of a page; returns the page that follows."""
    answer = client.post(BOX, {"kode": code, "next": to})
    assert (answer.status_code, answer["Location"]) == (303, to)
    return text_of(client.get(to))


def shopper(price: int = 100_000, *, on_hand: int = 10, member: User | None = None) -> Visitor:
    return visitor((make_variant(price=price, on_hand=on_hand), 1), member=member)


def test_a_code_typed_in_the_cart_goes_through_to_the_order():
    client, voucher = shopper(), make_voucher(percent=10)

    page = use(client, f" {voucher.code.lower()} ")

    assert f"Voucher {voucher.code}" in page
    assert "-Rp10.000" in page
    assert "Rp90.000" in page
    boxes = client.walk()
    assert boxes["expected_total"] == "102000"
    order = client.order(boxes)
    assert (order.discount, order.voucher_code, order.total) == (10_000, voucher.code, 102_000)


def test_a_code_can_be_typed_on_the_review_page_and_left_again():
    client, voucher = shopper(), make_voucher(amount=15_000)
    client.walk()

    page = use(client, voucher.code, REVIEW_PAGE)
    assert "Buat pesanan &amp; bayar Rp97.000" in page
    client.post(BOX, {"lepas": "1", "next": REVIEW_PAGE})

    assert client.order(client.review()).discount == 0
    assert VoucherUse.objects.count() == 0


def test_free_shipping_follows_the_chosen_courier():
    client, voucher = shopper(), make_voucher(kind="SHIPPING")

    page = use(client, voucher.code)
    assert "Gratis ongkir" in page  # nothing is off yet: nobody knows where it goes
    assert client.walk()["expected_total"] == "100000"


@pytest.mark.parametrize("to", [CART, REVIEW_PAGE])
def test_a_refused_code_is_explained_by_the_error_contract_and_stays_in_its_box(to):
    client = shopper()
    client.walk()

    page = use(client, "SALAH", to)

    assert "<title>Kesalahan: " in page
    assert '<a href="#id_kode">Kode voucher ini tidak berlaku.</a>' in page
    assert 'value="SALAH" aria-invalid="true" aria-describedby="id_kode_error"' in page
    assert 'id="id_kode_error"' in page
    assert "<details" in page.split('id="voucher"')[1].split("</details>")[0]
    assert "Kesalahan" not in text_of(client.get(to)).split("</title>")[0]  # said once


@pytest.mark.parametrize("code", ["", "   ", "\x00", "<script>alert(1)</script>", "x" * 500, "é" * 80])
def test_whatever_is_typed_is_answered_calmly(code):
    client = shopper()

    page = use(client, code)

    assert "<title>Kesalahan: " in page
    assert "<script>alert" not in page


def test_a_code_that_waits_for_more_goods_is_kept_and_says_how_much_is_missing():
    client, voucher = shopper(price=100_000), make_voucher(amount=15_000, min_subtotal=150_000)

    page = use(client, voucher.code)

    assert f"Belanja Rp50.000 lagi untuk memakai {voucher.code}" in page
    assert "Kesalahan" not in page.split("</title>")[0]
    client.post("/keranjang/ubah/", {f"jumlah-{client.cart.items.get().variant_id}": "2"})
    assert "-Rp15.000" in text_of(client.get(CART))


def test_a_code_that_waits_is_not_ordered_with():
    client, voucher = shopper(price=100_000), make_voucher(min_subtotal=150_000)
    use(client, voucher.code)

    order = client.order()

    assert (order.discount, order.voucher_code) == (0, "")


def test_the_last_use_gone_between_review_and_order_shows_the_review_again_and_places_nothing():
    client, voucher = shopper(), make_voucher(amount=10_000, total_limit=1)
    use(client, voucher.code)
    boxes = client.walk()
    make_order(voucher_code=voucher.code)

    answer = client.post(REVIEW_PAGE, boxes)

    page = main_of(answer)
    assert answer.status_code == 200
    assert "Voucher sudah habis dipakai." in page
    assert "Total berubah dari Rp102.000 menjadi Rp112.000." in page
    assert Order.objects.count() == 1
    assert client.order(client.review()).total == 112_000


def test_the_last_use_gone_while_the_order_is_placed_is_told_the_same_way(monkeypatch):
    """The use goes between the page's own look and the voucher's lock."""
    client, voucher = shopper(), make_voucher(amount=10_000, total_limit=1)
    use(client, voucher.code)
    boxes = client.walk()
    from orders.services import lines

    staff = "WITH gone AS (UPDATE orders_voucher SET is_active = false RETURNING id) "
    monkeypatch.setattr(lines, "_INSERT_SQL", staff + lines._INSERT_SQL)

    answer = client.post(REVIEW_PAGE, boxes)

    assert answer.status_code == 200
    assert "<title>Kesalahan: " in text_of(answer)
    assert '<a href="#voucher">Kode voucher ini tidak berlaku.</a>' in main_of(answer)
    assert Order.objects.count() == 0


def test_a_code_changed_in_another_tab_shows_the_review_again():
    client, voucher = shopper(), make_voucher(amount=10_000)
    boxes = client.walk()
    use(client, voucher.code)

    answer = client.post(REVIEW_PAGE, boxes)

    assert answer.status_code == 200
    assert "berubah di tab lain" in main_of(answer)
    assert Order.objects.count() == 0


def test_a_second_press_uses_it_once():
    client, voucher = shopper(), make_voucher(total_limit=5)
    use(client, voucher.code)
    boxes = client.walk()

    orders = {client.order(boxes).pk, order_behind(client.post(REVIEW_PAGE, boxes)).pk}

    assert len(orders) == 1
    assert Voucher.objects.get().used == 1


def test_a_member_with_a_voucher_still_goes_straight_to_the_review():
    client, voucher = shopper(member=make_member()), make_voucher(amount=10_000)
    use(client, voucher.code)

    answer = client.get("/checkout/")

    assert (answer.status_code, answer["Location"]) == (303, REVIEW_PAGE)
    assert client.order(client.review()).discount == 10_000


def test_a_member_who_used_it_up_is_told_in_the_cart():
    member, voucher = make_member(), make_voucher(customer_limit=1)
    make_order(customer=member, voucher_code=voucher.code)

    assert "Kamu sudah memakai voucher ini." in use(shopper(member=member), voucher.code)


def test_a_guest_who_used_it_up_under_this_mailbox_is_told_before_he_orders():
    voucher = make_voucher(customer_limit=1)
    make_order(voucher_code=voucher.code, email="s.a.r.i+dulu@contoh.id")
    make_order(voucher_code=voucher.code, email="sari+dulu@contoh.id")
    client = shopper()
    use(client, voucher.code)

    client.walk()

    assert "Kamu sudah memakai voucher ini." in text_of(client.get(REVIEW_PAGE))


def test_the_voucher_does_not_outlive_its_order():
    client, voucher = shopper(), make_voucher()
    use(client, voucher.code)
    client.order()

    client.fill((make_variant(), 1))

    assert f"Voucher {voucher.code}" not in text_of(client.get(CART))


def test_without_a_cart_a_code_leads_back_and_is_not_kept():
    client = Visitor()

    answer = client.post(BOX, {"kode": make_voucher().code, "next": CART})

    assert (answer.status_code, answer["Location"]) == (303, CART)
    assert "checkout" not in client.session


@pytest.mark.parametrize("to", ["https://jahat.example/", "//jahat.example", "javascript:alert(1)"])
def test_next_leads_nowhere_else(to):
    assert shopper().post(BOX, {"lepas": "1", "next": to})["Location"] == CART


def test_a_get_changes_nothing():
    client = shopper()

    assert client.get(BOX, {"kode": make_voucher().code})["Location"] == CART
    assert "checkout" not in client.session


@pytest.fixture
def throttled(settings, monkeypatch):
    settings.THROTTLING = True
    monkeypatch.setattr(voucher_box, "TRIES", FEW)
    cache.clear()
    yield
    cache.clear()


@pytest.mark.usefixtures("throttled")
def test_codes_cannot_be_tried_for_ever():
    client, voucher = shopper(), make_voucher()
    for number in range(FEW.limit):
        assert "tidak berlaku" in use(client, f"COBA{number}")

    assert "Terlalu banyak kode dicoba" in use(client, "COBA-LAGI")
    assert "Terlalu banyak kode dicoba" in use(client, voucher.code)  # or guessing would have no limit


@pytest.mark.usefixtures("throttled")
def test_a_code_that_is_in_the_cart_stays_there_while_others_are_not_looked_at():
    client, voucher = shopper(), make_voucher(amount=10_000)
    use(client, voucher.code)
    for number in range(FEW.limit):
        use(client, f"COBA{number}")

    assert client.order().discount == 10_000


@pytest.mark.usefixtures("throttled")
def test_right_codes_are_never_too_many():
    client, voucher = shopper(), make_voucher()

    for _ in range(FEW.limit + 1):
        assert f"Voucher {voucher.code}" in use(client, voucher.code)


@pytest.mark.usefixtures("throttled")
def test_a_member_stays_logged_in_on_the_page_that_says_he_tried_too_often():
    member = make_member()
    client = shopper(member=member)
    client.force_login(member)

    answers = [client.post("/akun/data/unduh/") for _ in range(6)]

    assert answers[-1].status_code == 429
    assert answers[-1].wsgi_request.user == member


def test_a_cart_with_a_voucher_costs_two_queries_more(django_assert_max_num_queries):
    client, voucher = shopper(), make_voucher(customer_limit=1)
    use(client, voucher.code)

    with django_assert_max_num_queries(7):
        client.get(CART)
