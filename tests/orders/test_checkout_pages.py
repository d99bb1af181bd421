"""The pages of checkout: few fields, honest errors, one order whatever is pressed twice."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.urls import reverse

from orders import regions
from orders.models import Order, ShippingRate
from orders.services import place_order
from shop.models import Address, Cart, CartStatus, User
from shop.services import site
from shop.services.cart import add_item, set_quantity
from tests.support.checkout import (
    ADDRESS_PAGE,
    REVIEW_PAGE,
    SHIPPING_PAGE,
    TYPED,
    hidden,
    make_member,
    order_behind,
    visitor,
)
from tests.support.world import make_customer, make_variant, order_request

pytestmark = pytest.mark.django_db

VISIBLE_FIELD = re.compile(r'<(?:textarea|select|input(?! type="(?:hidden|submit)"))[^>]*name="([^"]+)"')


def text_of(page) -> str:
    return page.content.decode()


def main_of(page) -> str:
    return re.search(r"<main.*?</main>", text_of(page), re.DOTALL)[0]


# --- step 1 ----------------------------------------------------------------------------------------------------


def test_a_guest_sees_at_most_eight_fields():
    page = visitor().get(ADDRESS_PAGE)

    names = set(VISIBLE_FIELD.findall(main_of(page)))
    assert names == {"email", "recipient", "phone", "area", "postal_code", "street", "note"}


def test_fields_say_what_they_are_for_to_browsers_that_fill_them_in():
    page = main_of(visitor().get(ADDRESS_PAGE))

    for token in ("email", "name", "tel", "postal-code", "street-address"):
        assert f'autocomplete="{token}"' in page
    assert 'type="tel"' in page
    assert 'inputmode="numeric"' in page


def test_a_complete_address_leads_to_shipping_and_is_there_again_on_the_way_back():
    guest = visitor()

    answer = guest.type_address()

    assert (answer.status_code, answer["Location"]) == (303, SHIPPING_PAGE)
    page = main_of(guest.get(ADDRESS_PAGE))
    for value in ("sari@contoh.id", "0812-3456-7890", "Coblong, Kota Bandung, Jawa Barat", "40132", "Jl. Dago 12"):
        assert value in page


def test_errors_follow_the_contract():
    page = visitor().type_address(email="sari@", phone="0812", postal_code="4013", recipient="", street="")

    html = text_of(page)
    assert page.status_code == 400
    assert "<title>Kesalahan: Alamat" in html
    summary = re.search(r'<div class="errors".*?</ul>', html, re.DOTALL)
    assert summary
    assert "Ada yang perlu diperbaiki" in summary[0]
    assert html.index('class="errors"') < html.index("<h1")
    for name in ("email", "phone", "postal_code", "recipient", "street"):
        assert f'href="#id_{name}"' in summary[0]
        box = re.search(rf'<(?:input|textarea)[^>]*id="id_{name}"[^>]*>', html)[0]
        assert 'aria-invalid="true"' in box
        assert f"id_{name}_error" in re.search(r'aria-describedby="([^"]*)"', box)[1]
        assert f'id="id_{name}_error"' in html
    assert 'value="sari@"' in html
    assert 'value="0812"' in html
    assert "Tulis e-mail yang lengkap, misalnya nama@contoh.id." in html


@pytest.mark.parametrize("typed", ["0812 3456-7890", "+62 812-3456-7890", "6281234567890", " 081234567890 "])
def test_a_telephone_number_is_taken_in_any_spelling(typed):
    guest = visitor()

    assert guest.type_address(phone=typed).status_code == 303

    assert guest.session["checkout"]["address"]["phone"] == "+6281234567890"


def test_a_district_that_exists_once_needs_no_second_question():
    guest = visitor()

    assert guest.type_address(area="kec. coblong").status_code == 303

    address = guest.session["checkout"]["address"]
    assert (address["district"], address["city"], address["province"]) == ("Coblong", "Kota Bandung", "Jawa Barat")


def test_without_javascript_several_districts_are_offered_as_radio_buttons():
    guest = visitor()

    page = guest.type_address(area="Depok")

    html = main_of(page)
    codes = re.findall(r'name="area_choice" value="([^"]+)"', html)
    assert "Pilih di bawah" in html or "Pilih salah satu" in html
    assert "34.04.07" in codes
    chosen = guest.type_address(area="Depok", area_choice="34.04.07", area_for="Depok")
    assert chosen.status_code == 303
    assert guest.session["checkout"]["address"]["city"] == "Kabupaten Sleman"


def test_a_radio_button_does_not_outrank_a_box_that_was_changed_afterwards():
    guest = visitor()

    guest.type_address(area="Coblong", area_choice="34.04.07", area_for="Depok")

    assert guest.session["checkout"]["address"]["district"] == "Coblong"


def test_a_chosen_district_stays_chosen_when_another_field_is_wrong():
    page = visitor().type_address(area="Depok", area_choice="34.04.07", area_for="Depok", postal_code="x")

    assert 'value="Depok, Kab. Sleman, DI Yogyakarta"' in main_of(page)


@pytest.mark.parametrize(
    "field",
    ["email", "recipient", "phone", "area", "postal_code", "street", "note", "area_choice", "area_for"],
)
@pytest.mark.parametrize("value", ["\x00", "a" * 10_000, "-1", "‮terbalik", "<script>alert(1)</script>", "🙂" * 500])
def test_hostile_text_is_refused_or_kept_as_text_and_never_breaks(field, value):
    guest = visitor()

    answer = guest.type_address(**{field: value})

    assert answer.status_code in {303, 400}
    assert "<script>alert" not in text_of(answer)
    assert guest.get(ADDRESS_PAGE).status_code == 200


def test_the_note_is_folded_away_until_it_is_used():
    guest = visitor()

    assert '<details class="more">' in main_of(guest.get(ADDRESS_PAGE))
    guest.type_address(note="Titip di pos satpam")
    assert '<details class="more" open>' in main_of(guest.get(ADDRESS_PAGE))


# --- members ---------------------------------------------------------------------------------------------------


def test_a_member_with_a_saved_address_starts_at_the_one_screen_to_confirm():
    buyer = visitor(member=make_member(addresses=2))

    answer = buyer.get(ADDRESS_PAGE)

    assert (answer.status_code, answer["Location"]) == (303, REVIEW_PAGE)
    page = main_of(buyer.get(REVIEW_PAGE))
    assert VISIBLE_FIELD.findall(page) == []
    assert "Jl. Dago 0" in page
    assert "JNE REG" in page


def test_a_member_picks_among_saved_addresses_without_typing():
    member = make_member(addresses=2)
    buyer = visitor(member=member)
    buyer.get(ADDRESS_PAGE)

    page = main_of(buyer.get(ADDRESS_PAGE))
    other = Address.objects.get(user=member, street="Jl. Dago 1")
    answer = buyer.post(ADDRESS_PAGE, {"address_id": other.pk})

    assert page.count('name="address_id"') == 2
    assert set(VISIBLE_FIELD.findall(page)) == {"address_id", "note"}
    assert answer.status_code == 303
    assert "Jl. Dago 1" in main_of(buyer.get(SHIPPING_PAGE))


def test_a_member_may_type_another_address_and_keep_it():
    member = make_member()
    buyer = visitor(member=member)

    answer = buyer.post(f"{ADDRESS_PAGE}?alamat=baru", TYPED | {"keep": "on", "street": "Jl. Baru 9"})

    assert answer.status_code == 303
    assert Address.objects.filter(user=member, street="Jl. Baru 9").count() == 1
    assert "Jl. Baru 9" in main_of(buyer.get(SHIPPING_PAGE))


@pytest.mark.parametrize("value", ["{other}", "-1", "0", "x", "\x00", "9" * 40, ""])
def test_nobody_elses_address_can_be_picked(value):
    stranger = make_member()
    other = Address.objects.get(user=stranger)
    buyer = visitor(member=make_member())
    buyer.get(ADDRESS_PAGE)

    answer = buyer.post(ADDRESS_PAGE, {"address_id": value.format(other=other.pk)})

    assert answer.status_code == 400
    assert "Pilih salah satu alamat" in text_of(answer)


def test_an_address_that_was_deleted_meanwhile_is_asked_for_again():
    member = make_member()
    buyer = visitor(member=member)
    boxes = hidden(buyer.get(buyer.get(ADDRESS_PAGE)["Location"]))
    Address.objects.filter(user=member).delete()

    answer = buyer.post(REVIEW_PAGE, boxes)

    assert (answer.status_code, answer["Location"]) == (303, ADDRESS_PAGE)
    assert not Order.objects.exists()


# --- steps and places ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [ADDRESS_PAGE, SHIPPING_PAGE, REVIEW_PAGE])
def test_without_a_cart_every_step_leads_to_the_cart(client, path):
    assert client.get(path)["Location"] == reverse("shop:cart")
    assert client.post(path, TYPED)["Location"] == reverse("shop:cart")


def test_steps_out_of_order_lead_to_the_first_that_is_missing():
    guest = visitor()

    assert guest.get(REVIEW_PAGE)["Location"] == ADDRESS_PAGE
    assert guest.get(SHIPPING_PAGE)["Location"] == ADDRESS_PAGE
    guest.type_address()
    assert guest.get(REVIEW_PAGE)["Location"] == SHIPPING_PAGE
    assert guest.post(REVIEW_PAGE, {})["Location"] == SHIPPING_PAGE


def test_finished_steps_are_links_and_the_current_one_is_marked():
    guest = visitor()
    guest.walk()

    page = main_of(guest.get(REVIEW_PAGE))

    assert f'<li class="done"><a href="{ADDRESS_PAGE}">Alamat</a>' in page
    assert f'<li class="done"><a href="{SHIPPING_PAGE}">Pengiriman</a>' in page
    assert '<li aria-current="step">Tinjau' in page


def test_shipping_offers_every_service_with_its_price_and_days():
    guest = visitor((make_variant(weight=1600), 1))
    guest.type_address()

    page = main_of(guest.get(SHIPPING_PAGE))

    assert page.count('name="shipping_method"') >= 2
    assert "Rp22.000" in page
    assert "2–3 hari" in page


@pytest.mark.parametrize("code", ["", "gratis", "\x00", "a" * 5000])
def test_a_service_that_is_not_offered_is_refused(code):
    guest = visitor()
    guest.type_address()

    answer = guest.choose_shipping(code)

    assert answer.status_code == 400
    assert "Pilih" in text_of(answer)


def test_an_address_that_nothing_reaches_says_so():
    guest = visitor()
    guest.type_address()
    ShippingRate.objects.all().delete()

    page = guest.get(SHIPPING_PAGE)

    assert "Belum ada layanan kirim ke alamat ini" in text_of(page)


def test_area_suggestions_are_json_best_first(client):
    answer = client.get("/wilayah/", {"q": "depok sleman"})

    assert answer.json()["results"] == [{"code": "34.04.07", "label": "Depok, Kab. Sleman, DI Yogyakarta"}]
    assert "max-age" in answer["Cache-Control"]
    for words in ("", "a", "\x00", "%", "x" * 5000):
        assert client.get("/wilayah/", {"q": words}).status_code == 200


def test_every_province_of_the_data_has_the_name_that_shipping_zones_use():
    from orders.models import ProvinceZone

    visitor()

    known = {name.lower() for name in ProvinceZone.objects.values_list("province", flat=True)}
    assert {entry.region.province.lower() for entry in regions._entries()} <= known


# --- review ----------------------------------------------------------------------------------------------------


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
