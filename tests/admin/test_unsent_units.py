"""Goods that were paid for and lie in the house: whoever counts is told how many to leave out."""

from __future__ import annotations

import pytest

from orders.services import ship_order
from orders.unsent import unsent_units
from shop.services import counts
from tests.support.simulator import Simulator
from tests.support.staff import login, page_url, paid_order, press, said
from tests.support.world import make_order, make_variant

pytestmark = pytest.mark.django_db(transaction=True)


def test_only_what_is_paid_and_not_sent_is_left_out(simulator: Simulator) -> None:
    variant, other = make_variant(on_hand=10), make_variant(on_hand=10)
    paid_order(simulator, (variant, 2))
    sent, _ = paid_order(simulator, (variant, 3))
    ship_order(order_id=sent.pk, courier="JNE", tracking_number="JP1234567890", actor="staff:1")
    make_order((variant, 1))
    paid_order(simulator, (other, 4))

    assert unsent_units(variant.pk) == 2


def test_the_correction_says_how_many_not_to_count(simulator: Simulator) -> None:
    variant = make_variant(on_hand=10)
    paid_order(simulator, (variant, 3))

    page = login("gudang").get(page_url(variant, "sesuaikan")).content.decode()

    assert "3 unit sudah lunas dan belum dikirim" in login("gudang").get(page_url(variant)).content.decode()
    assert "Sekarang tercatat 7 yang belum terjual" in page
    assert "3 unit sudah lunas dan belum dikirim: jangan ikut dihitung" in page


def test_the_correction_of_what_nobody_bought_says_nothing_of_it() -> None:
    page = login("gudang").get(page_url(make_variant(on_hand=10), "sesuaikan")).content.decode()

    assert "jangan ikut dihitung" not in page


def test_an_entry_of_a_stock_count_says_it_too(simulator: Simulator) -> None:
    variant = make_variant(on_hand=10)
    paid_order(simulator, (variant, 3))
    count = counts.open_count(title="Rak depan", actor="staff:1")

    answer = press(login("gudang"), count, "hitung", sku=variant.sku, counted="7")

    assert "Pastikan 3 unit yang lunas dan belum dikirim tidak ikut terhitung." in said(answer)[0]
