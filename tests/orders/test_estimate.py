"""What shipping costs before there is an address: on the cart, for one product, remembered for the session."""

from __future__ import annotations

import pytest

from shop.models import Variant
from tests.factories import UserFactory
from tests.support.checkout import Visitor, make_member, text_of, visitor
from tests.support.world import make_variant

pytestmark = pytest.mark.django_db

ESTIMATE, CART = "/ongkir/", "/keranjang/"
DEPOK, COBLONG = "Depok, Kab. Sleman, DI Yogyakarta", "Coblong, Kota Bandung, Jawa Barat"


def shopper(*, grams: int = 400, quantity: int = 1) -> Visitor:
    return visitor((make_variant(price=100_000, weight=grams), quantity))


def test_a_cart_without_a_place_says_so_and_offers_to_reckon():
    page = text_of(shopper().get(CART))

    assert "menurut alamat" in page
    assert "Hitung ongkir" in page
    assert "Jumlah, belum ongkir" in page


def test_a_named_place_is_remembered_and_counts_in_the_cart():
    client = shopper()

    answer = client.post(ESTIMATE, {"area": DEPOK, "next": CART})

    assert (answer.status_code, answer["Location"]) == (303, CART)
    page = text_of(client.get(CART))
    assert "Ke <b>Depok, Kab. Sleman</b>" in page
    assert "mulai Rp12.000" in page
    assert "sekitar 2–3 hari" in page
    assert "Perkiraan total" in page
    assert "Rp112.000" in page


def test_it_follows_the_weight():
    client = shopper(grams=2_000, quantity=2)
    client.post(ESTIMATE, {"area": DEPOK, "next": CART})

    assert "mulai Rp42.000" in text_of(client.get(CART))  # four kilograms: 12.000 and three times 10.000


def test_a_place_that_could_be_many_is_asked_for_by_radio_buttons():
    client = shopper()

    answer = client.post(ESTIMATE, {"area": "depok", "next": CART})

    page = text_of(answer)
    assert answer.status_code == 400
    assert "<title>Kesalahan: " in page
    assert 'type="radio" name="area_choice"' in page
    assert f'name="next" value="{CART}"' in page
    code = page.split('name="area_choice" value="')[1].split('"')[0]
    chosen = client.post(ESTIMATE, {"area": "depok", "area_for": "depok", "area_choice": code, "next": CART})
    assert (chosen.status_code, chosen["Location"]) == (303, CART)
    assert "Ke <b>Depok" in text_of(client.get(CART))


@pytest.mark.parametrize("area", ["", "zzzz", "\x00", "x" * 400, "<b>"])
def test_a_place_that_is_none_is_said_at_the_box(area):
    answer = shopper().post(ESTIMATE, {"area": area, "next": CART})

    assert answer.status_code == 400
    assert 'href="#id_area"' in text_of(answer)


def test_of_one_product_it_is_shown_with_the_way_back():
    variant = make_variant(weight=1_500)
    client = shopper()

    answer = client.post(ESTIMATE, {"area": DEPOK, "varian": str(variant.pk)})

    assert answer["Location"] == f"{ESTIMATE}?varian={variant.pk}"
    page = text_of(client.get(answer["Location"]))
    assert 'mulai <b class="num">Rp22.000</b> untuk satu barang' in page
    assert f'href="{variant.product.get_absolute_url()}?varian={variant.pk}"' in page


@pytest.mark.parametrize("wanted", ["0", "-1", "x", str(2**63), "999999999", "1e3", "\x00"])
def test_a_variant_that_is_not_sold_is_not_asked_about(wanted):
    assert shopper().get(ESTIMATE, {"varian": wanted}).status_code == 200


def test_a_place_that_nobody_delivers_to_is_said():
    client = shopper(grams=60_000)
    client.post(ESTIMATE, {"area": DEPOK, "next": CART})

    page = text_of(client.get(CART))

    assert "Belum ada layanan kirim ke <b>Depok, Kab. Sleman</b>" in page
    assert "Jumlah, belum ongkir" in page


def test_a_members_main_address_is_the_place_until_he_names_another():
    client = visitor((make_variant(), 1), member=make_member())

    assert "Ke <b>Coblong, Kota Bandung</b>" in text_of(client.get(CART))
    client.post(ESTIMATE, {"area": DEPOK, "next": CART})
    assert "Ke <b>Depok, Kab. Sleman</b>" in text_of(client.get(CART))
    client.post(ESTIMATE, {"lupa": "1", "next": CART})
    assert "Ke <b>Coblong, Kota Bandung</b>" in text_of(client.get(CART))


def test_the_place_is_what_the_address_step_begins_with():
    client = shopper()
    client.post(ESTIMATE, {"area": DEPOK, "next": CART})

    page = text_of(client.get("/checkout/"))

    assert f'value="{DEPOK}"' in page
    assert "Perkiraan total" in page


def test_an_address_that_was_typed_is_the_place_from_then_on():
    client = shopper()

    client.type_address(area=COBLONG)

    assert "Ke <b>Coblong, Kota Bandung</b>" in text_of(client.get(CART))


def test_a_product_page_is_the_same_for_whoever_named_a_place():
    variant = make_variant()
    stranger, neighbour = Visitor(), shopper()
    neighbour.post(ESTIMATE, {"area": DEPOK, "next": CART})

    pages = [text_of(client.get(variant.product.get_absolute_url())) for client in (neighbour, stranger)]

    assert all("Depok" not in page for page in pages)
    assert all(f'hx-get="/ongkir/?varian={variant.pk}"' in page for page in pages)


def test_the_answer_is_kept_by_nobody_else():
    answer = shopper().get(ESTIMATE)

    assert "no-store" in answer["Cache-Control"]
    assert answer["X-Robots-Tag"] == "noindex, nofollow"


def test_a_look_at_the_estimate_makes_no_session():
    client = Visitor()

    client.get(ESTIMATE, {"varian": str(make_variant().pk)})

    assert not client.cookies.get("sessionid")


@pytest.mark.parametrize("to", ["https://jahat.example/", "//jahat.example"])
def test_next_leads_nowhere_else(to):
    client = shopper()

    assert client.post(ESTIMATE, {"area": DEPOK, "next": to})["Location"] == ESTIMATE


def test_it_costs_few_queries(django_assert_max_num_queries):
    client, wanted = shopper(), {"varian": str(Variant.objects.get().pk)}
    client.post(ESTIMATE, {"area": DEPOK, "next": CART})

    with django_assert_max_num_queries(6):
        client.get(CART)
    with django_assert_max_num_queries(5):  # session, variant, rates, menu, number on the cart
        client.get(ESTIMATE, wanted)


def test_a_member_without_an_address_gets_none():
    client = visitor((make_variant(), 1), member=UserFactory.create())

    assert "menurut alamat" in text_of(client.get(CART))
