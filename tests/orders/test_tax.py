"""PPN in prices that include it: to the rupiah, and kept as it was when the order was placed."""

from __future__ import annotations

import random

import pytest

from orders.checks import check_seller
from orders.tax import Tax, spread, tax_line, tax_on
from tests.support.world import make_order, make_variant

PKP = {
    "SHOP_IS_PKP": True,
    "SHOP_NPWP": "01.234.567.8-901.000",
    "SHOP_LEGAL_NAME": "PT Infiya",
    "SHOP_ADDRESS": "Sleman",
}


@pytest.fixture
def _pkp(settings):
    for name, value in PKP.items():
        setattr(settings, name, value)


@pytest.mark.parametrize(
    ("gross", "net", "base", "tax"),
    [
        (111_000, 100_000, 91_667, 11_000),
        (1_110_000, 1_000_000, 916_667, 110_000),
        (99_999, 90_089, 82_582, 9_910),
        (1, 1, 1, 0),
        (0, 0, 0, 0),
    ],
)
def test_a_line(gross, net, base, tax):
    line = tax_line("x", 1, gross)

    assert (line.net, line.base, line.tax) == (net, base, tax)


def test_net_and_tax_add_up_and_tax_is_twelve_percent_of_the_base_within_a_rupiah():
    chance = random.Random(12)
    for gross in [*range(2000), *(chance.randrange(10**12) for _ in range(2000))]:
        line = tax_line("x", 1, gross)

        assert line.net + line.tax == gross
        assert abs(line.tax - line.base * 12 / 100) <= 1


def test_a_discount_is_spread_to_the_last_rupiah_and_never_beyond_a_line():
    chance = random.Random(11)
    for _ in range(500):
        weights = [chance.choice([0, 1, 2, chance.randrange(10**9)]) for _ in range(chance.randrange(1, 9))]
        amount = chance.randint(0, sum(weights))

        parts = spread(amount, weights)

        assert sum(parts) == amount
        assert all(0 <= part <= weight for part, weight in zip(parts, weights, strict=True))


@pytest.mark.usefixtures("_pkp")
def test_the_lines_of_a_discounted_order_add_up_to_its_total():
    tax = Tax.read(tax_on([("a", 1, 333_333), ("b", 2, 66_667)], shipping=22_000, discount=50_001))

    assert tax is not None
    assert tax.gross == 333_333 + 66_667 + 22_000 - 50_001
    assert tax.net + tax.tax == tax.gross
    assert [line.name for line in tax.lines] == ["a", "b", "Ongkos kirim"]


def test_a_shop_that_is_no_pkp_stores_nothing():
    assert tax_on([("a", 1, 100)], shipping=0, discount=0) is None
    assert Tax.read(None) is None


@pytest.mark.django_db
@pytest.mark.usefixtures("_pkp")
def test_an_order_keeps_what_was_computed_when_it_was_placed(settings):
    order = make_order((make_variant(price=111_000), 2))
    settings.SHOP_IS_PKP, settings.SHOP_NPWP = False, ""

    order.refresh_from_db()
    tax = Tax.read(order.tax)

    assert tax is not None
    assert tax.gross == order.total
    assert tax.lines[0].tax == 22_000
    assert tax.npwp == PKP["SHOP_NPWP"]
    assert make_order().tax is None


def test_a_pkp_has_to_be_named(settings):
    assert check_seller() == []
    settings.SHOP_IS_PKP = True

    (found,) = check_seller()

    assert "SHOP_LEGAL_NAME, SHOP_ADDRESS, SHOP_NPWP" in found.msg
