"""The pages of checkout: few fields, honest errors, one order whatever is pressed twice."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse

from orders import regions
from orders.models import Order, ShippingRate
from shop.models import Address
from tests.support.checkout import (
    ADDRESS_PAGE,
    REVIEW_PAGE,
    SHIPPING_PAGE,
    TYPED,
    hidden,
    main_of,
    make_member,
    matched,
    text_of,
    visitor,
)
from tests.support.world import make_variant

pytestmark = pytest.mark.django_db

VISIBLE_FIELD = re.compile(r'<(?:textarea|select|input(?! type="(?:hidden|submit)"))[^>]*name="([^"]+)"')

FOLDED = re.compile(r'<details class="more">.*?</details>', re.DOTALL)  # the voucher's box, until somebody wants it


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
    summary = matched(r'(<div class="errors".*?</ul>)', html)
    assert "Ada yang perlu diperbaiki" in summary
    assert html.index('class="errors"') < html.index("<h1")
    for name in ("email", "phone", "postal_code", "recipient", "street"):
        assert f'href="#id_{name}"' in summary
        box = matched(rf'(<(?:input|textarea)[^>]*id="id_{name}"[^>]*>)', html)
        assert 'aria-invalid="true"' in box
        assert f"id_{name}_error" in matched(r'aria-describedby="([^"]*)"', box)
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


HOSTILE = ("\x00", "a" * 10_000, "-1", "\u202eterbalik", "<script>alert(1)</script>", "🙂" * 500)


@pytest.mark.parametrize("field", [*TYPED, "note", "area_choice", "area_for"])
def test_hostile_text_is_refused_or_kept_as_text_and_never_breaks(field):
    guest = visitor()

    for value in HOSTILE:
        answer = guest.type_address(**{field: value})
        assert answer.status_code in {303, 400}, value
        for page in (answer, guest.get(ADDRESS_PAGE), guest.get(REVIEW_PAGE, follow=True)):
            assert page.status_code < 500
            assert "<script>alert" not in text_of(page)


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
    assert VISIBLE_FIELD.findall(FOLDED.sub("", page)) == []
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
