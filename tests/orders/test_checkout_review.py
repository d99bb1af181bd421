"""The last step of checkout: what is shown is what is ordered, once, whatever is pressed twice or changed meanwhile."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.urls import reverse

from orders.models import Order, ShippingRate
from orders.services import place_order
from shop.models import Cart, CartStatus, User
from shop.services import site
from shop.services.cart import add_item, set_quantity
from tests.support.checkout import (
    ADDRESS_PAGE,
    REVIEW_PAGE,
    SHIPPING_PAGE,
    TYPED,
    hidden,
    main_of,
    make_member,
    order_behind,
    text_of,
    visitor,
)
from tests.support.world import make_customer, make_variant, order_request

pytestmark = pytest.mark.django_db


def test_the_review_shows_everything_with_a_way_to_change_it():
    guest = visitor((make_variant(price=145_000), 2))
    guest.walk()

    page = main_of(guest.get(REVIEW_PAGE))

    for text in ("sari@contoh.id", "0812-3456-7890", "Jl. Dago 12", "Kota Bandung", "JNE REG", "Rp290.000", "Rp12.000"):
        assert text in page
    assert page.count(">Ubah<") >= 4
    assert "Buat pesanan &amp; bayar Rp302.000" in page
    assert 'autocomplete="off"' in page


def test_ordering_leads_to_payment_once_and_forgets_what_was_typed():
    variant = make_variant(price=100_000)
    guest = visitor((variant, 2))

    order = guest.order()

    assert (order.total, order.email, order.user.is_guest) == (212_000, "sari@contoh.id", True)
    assert (order.phone, order.province, order.cart_id) == ("+6281234567890", "Jawa Barat", guest.cart.pk)
    assert "checkout" not in guest.session


def test_a_members_order_goes_to_the_saved_address_and_the_accounts_email():
    member = make_member()
    buyer = visitor(member=member)

    order = order_behind(buyer.post(REVIEW_PAGE, hidden(buyer.get(buyer.get(ADDRESS_PAGE)["Location"]))))

    assert (order.user, order.email, order.street) == (member, member.email, "Jl. Dago 0")


def test_the_same_key_twice_is_one_order():
    guest = visitor()
    boxes = guest.walk()

    first, second = guest.order(boxes), guest.order(boxes)

    assert first == second
    assert Order.objects.count() == 1


def test_back_with_a_fresh_key_and_the_same_cart_is_the_same_order():
    guest = visitor()
    boxes = guest.walk()
    fresh = guest.review()

    first, second = guest.order(boxes), guest.order(fresh)

    assert boxes["key"] != fresh["key"]
    assert first == second
    assert User.objects.filter(is_guest=True).count() == 1


def test_an_old_tab_leads_to_its_order_also_after_a_new_cart_was_begun():
    guest = visitor()
    boxes = guest.walk()
    first = guest.order(boxes)
    guest.fill((make_variant(), 1))

    assert guest.order(boxes) == first
    assert Order.objects.count() == 1


def test_somebody_elses_page_orders_nothing():
    boxes = visitor().walk()
    other = visitor()
    other.walk()

    answer = other.post(REVIEW_PAGE, boxes)

    assert answer.status_code == 200
    assert "berubah" in text_of(answer)
    assert not Order.objects.exists()


def test_somebody_elses_finished_page_does_not_lead_to_his_order():
    first = visitor()
    boxes = first.walk()
    first.order(boxes)
    other = visitor()
    other.walk()

    assert other.post(REVIEW_PAGE, boxes).status_code == 200
    assert Order.objects.count() == 1


@pytest.mark.parametrize("path", [ADDRESS_PAGE, SHIPPING_PAGE, REVIEW_PAGE])
def test_a_second_tab_learns_of_the_order_that_waits(path):
    guest = visitor()
    order = guest.order()

    answer = guest.get(path, follow=True)

    page = main_of(answer)
    assert order.number in page
    assert "menunggu pembayaran" in page
    assert "Lanjut bayar" in page
    assert re.search(r'action="/pesanan/[^"]+/ubah/"', page)
    assert "Batalkan &amp; ubah" in page


def test_a_second_tab_that_submits_an_earlier_step_learns_the_same():
    guest = visitor()
    guest.order()

    assert guest.type_address()["Location"] == ADDRESS_PAGE
    assert guest.choose_shipping()["Location"] == ADDRESS_PAGE


def test_a_cart_edited_in_another_tab_is_shown_again():
    variant = make_variant(price=100_000)
    guest = visitor((variant, 1))
    boxes = guest.walk()
    set_quantity(cart=guest.cart, variant_id=variant.pk, quantity=3)

    answer = guest.post(REVIEW_PAGE, boxes)

    assert answer.status_code == 200
    assert "Isi keranjang berubah" in text_of(answer)
    assert "<title>Kesalahan: " in text_of(answer)
    assert "bayar Rp312.000" in text_of(answer)
    assert not Order.objects.exists()
    assert guest.order(hidden(answer)).total == 312_000


def test_an_address_changed_in_another_tab_is_shown_again():
    guest = visitor()
    boxes = guest.walk()
    guest.type_address(street="Jl. Lain 77")

    answer = guest.post(REVIEW_PAGE, boxes)

    assert "Alamat atau pengiriman berubah di tab lain" in text_of(answer)
    assert "Jl. Lain 77" in text_of(answer)
    assert not Order.objects.exists()


def test_a_price_that_changed_is_said_and_not_charged():
    variant = make_variant(price=100_000)
    guest = visitor((variant, 1))
    boxes = guest.walk()
    type(variant).objects.filter(pk=variant.pk).update(price=120_000)

    answer = guest.post(REVIEW_PAGE, boxes)

    html = text_of(answer)
    assert answer.status_code == 200
    assert "berubah dari Rp100.000 menjadi Rp120.000" in html
    assert "Total berubah dari Rp112.000 menjadi Rp132.000" in html
    assert not Order.objects.exists()
    assert guest.order(hidden(answer)).total == 132_000


def test_stock_that_ran_low_is_said_and_the_amount_changed():
    variant = make_variant(on_hand=5, price=100_000)
    guest = visitor((variant, 3))
    boxes = guest.walk()
    place_order(customer=make_customer(), request=order_request((variant, 4)))

    answer = guest.post(REVIEW_PAGE, boxes)

    html = text_of(answer)
    assert answer.status_code == 200
    assert "tinggal 1, jumlahnya kami ubah dari 3 menjadi 1" in html
    assert "bayar Rp112.000" in html
    assert Order.objects.count() == 1
    assert guest.order(hidden(answer)).total == 112_000


def test_stock_that_is_gone_leads_to_the_cart_with_words():
    variant = make_variant(on_hand=2)
    guest = visitor((variant, 2))
    boxes = guest.walk()
    place_order(customer=make_customer(), request=order_request((variant, 2)))

    answer = guest.post(REVIEW_PAGE, boxes, follow=True)

    assert answer.redirect_chain == [(reverse("shop:cart"), 303)]
    assert "tidak tersedia lagi" in text_of(answer)


def test_a_product_taken_off_sale_is_said_and_taken_out():
    gone, stays = make_variant(), make_variant(price=50_000)
    guest = visitor((gone, 1), (stays, 1))
    boxes = guest.walk()
    type(gone.product).objects.filter(pk=gone.product_id).update(is_active=False)

    answer = guest.post(REVIEW_PAGE, boxes)

    assert "tidak lagi dijual, kami keluarkan dari keranjangmu" in text_of(answer)
    assert guest.order(hidden(answer)).total == 62_000


def test_stock_is_checked_at_the_first_steps_too():
    variant = make_variant(on_hand=5)
    guest = visitor((variant, 3))
    place_order(customer=make_customer(), request=order_request((variant, 4)))

    answer = guest.type_address()

    assert "tinggal 1, jumlahnya kami ubah dari 3 menjadi 1" in text_of(answer)
    assert 'value="sari@contoh.id"' in text_of(answer)
    assert guest.type_address().status_code == 303


@pytest.mark.parametrize(
    ("box", "value"),
    [
        ("expected_total", "1"),
        ("expected_total", "-1"),
        ("expected_total", "9" * 40),
        ("expected_total", "1e3"),
        ("expected_total", "\x00"),
        ("cart_version", "99"),
        ("cart_version", "-1"),
        ("cart_version", "9" * 40),
        ("cart_version", ""),
        ("key", ""),
        ("key", "x"),
        ("key", "\x00"),
        ("key", "a" * 10_000),
    ],
)
def test_bent_boxes_order_nothing_and_show_the_review_again(box, value):
    guest = visitor()
    boxes = guest.walk()

    answer = guest.post(REVIEW_PAGE, boxes | {box: value})

    assert answer.status_code == 200
    assert 'class="errors"' in text_of(answer)
    assert not Order.objects.exists()
    assert guest.order(hidden(answer)).total == int(boxes["expected_total"])


def test_a_service_that_vanished_leads_back_to_shipping_with_words():
    guest = visitor()
    boxes = guest.walk()
    ShippingRate.objects.filter(method__code="jne-reg").delete()

    answer = guest.post(REVIEW_PAGE, boxes)

    assert answer["Location"] == SHIPPING_PAGE
    assert not Order.objects.exists()


@pytest.mark.parametrize("path", [ADDRESS_PAGE, SHIPPING_PAGE, REVIEW_PAGE])
def test_a_closed_shop_says_so(path):
    guest = visitor()
    boxes = guest.walk()
    site.close_shop(reason="stok opname")

    for answer in (guest.get(path), guest.post(path, boxes | TYPED)):
        assert answer.status_code == 503
        assert "stok opname" in text_of(answer)
        assert answer["Retry-After"] == "300"
    assert not Order.objects.exists()


def test_a_repetition_is_answered_while_the_shop_is_closed():
    guest = visitor()
    boxes = guest.walk()
    order = guest.order(boxes)
    site.close_shop(reason="stok opname")

    assert guest.order(boxes) == order


def test_too_many_unpaid_orders_are_refused_with_words(settings):
    settings.MAX_UNPAID_ORDERS = 1
    first = visitor()
    first.order()
    second = visitor()
    boxes = second.walk()

    answer = second.post(REVIEW_PAGE, boxes)

    assert answer.status_code == 200
    assert "Terlalu banyak pesanan yang belum dibayar" in text_of(answer)


def test_checkout_pages_are_private():
    guest = visitor()
    guest.walk()

    for path in (ADDRESS_PAGE, SHIPPING_PAGE, REVIEW_PAGE):
        answer = guest.get(path)
        assert "no-store" in answer["Cache-Control"]
        assert answer["X-Robots-Tag"] == "noindex, nofollow"
        assert answer["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize("path", [ADDRESS_PAGE, SHIPPING_PAGE, REVIEW_PAGE])
def test_a_step_asks_a_bounded_number_of_questions(path, django_assert_max_num_queries):
    guest = visitor(*((make_variant(), 1) for _ in range(8)))
    guest.walk()

    with django_assert_max_num_queries(9):
        guest.get(path)


def test_forms_need_their_csrf_token():
    guest = visitor()
    guest.handler.enforce_csrf_checks = True

    assert guest.type_address().status_code == 403


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_once_are_one_order():
    guest = visitor()
    boxes = guest.walk()
    twin = type(guest)()
    twin.cookies = guest.cookies

    def press(browser):
        try:
            return order_behind(browser.post(REVIEW_PAGE, boxes)).pk
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        orders = set(pool.map(press, (guest, twin)))

    assert len(orders) == 1
    assert Order.objects.count() == 1
    assert Cart.objects.get(pk=guest.cart.pk).status == CartStatus.CONVERTED


def test_adding_to_the_cart_after_an_order_begins_a_new_checkout():
    guest = visitor()
    guest.order()
    guest.fill((make_variant(), 1))

    assert guest.get(ADDRESS_PAGE).status_code == 200
    add_item(cart=guest.cart, variant_id=make_variant().pk, quantity=1)
    assert guest.order() != Order.objects.order_by("pk").first()
