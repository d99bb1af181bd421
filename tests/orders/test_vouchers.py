"""What a voucher takes off, when it counts, and what becomes of its use."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from orders.demo import seed_shipping
from orders.errors import (
    CannotDeliverError,
    IdempotencyConflictError,
    PriceChangedError,
    VoucherRefusedError,
    VoucherUsedUpError,
)
from orders.locks import lock_order
from orders.models import Order, ShippingRate, Voucher, VoucherUse
from orders.pricing import LEAST_TOTAL, Part, VoucherKind, VoucherRule, discount_of, totals
from orders.services import close_order, lines, place_order
from orders.services.vouchers import normal_code, normal_email
from orders.states import OrderStatus
from shop.errors import InsufficientStockError
from tests.support.tables import nothing_written
from tests.support.vouchers import make_voucher
from tests.support.world import ADDRESS, make_customer, make_order, make_variant, order_request

PERCENT, FIXED, SHIPPING = VoucherKind.PERCENT, VoucherKind.FIXED, VoucherKind.SHIPPING


def rule(kind: VoucherKind, **fields: int) -> VoucherRule:
    return VoucherRule("HEMAT", kind, **fields)


# --- reckoning --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("gives", "subtotal", "shipping", "off"),
    [
        (rule(PERCENT, percent=10), 199_999, 12_000, 19_999),  # a fraction of a rupiah is the shop's
        (rule(PERCENT, percent=10, most=15_000), 200_000, 12_000, 15_000),
        (rule(PERCENT, percent=100), 200_000, 12_000, 200_000),
        (rule(PERCENT, percent=100), 200_000, 0, 199_000),
        (rule(FIXED, amount=25_000), 200_000, 12_000, 25_000),
        (rule(FIXED, amount=25_000), 20_000, 12_000, 20_000),
        (rule(FIXED, amount=25_000), 20_000, 500, 19_500),
        (rule(FIXED, amount=25_000), 900, 0, 0),
        (rule(SHIPPING), 200_000, 12_000, 12_000),
        (rule(SHIPPING, most=10_000), 200_000, 12_000, 10_000),
        (rule(SHIPPING), 500, 12_000, 11_500),
        (rule(SHIPPING), 200_000, 0, 0),
    ],
)
def test_a_voucher_takes_off(gives, subtotal, shipping, off):
    assert discount_of(gives, subtotal=subtotal, shipping=shipping) == off


RULES = st.builds(
    VoucherRule,
    code=st.just("HEMAT"),
    kind=st.sampled_from(VoucherKind),
    percent=st.integers(1, 100),
    amount=st.integers(1, 10**9),
    most=st.none() | st.integers(1, 10**9),
)


@settings(max_examples=100, deadline=None)
@given(RULES, st.integers(1, 10**9), st.integers(0, 10**7))
def test_no_rule_takes_more_than_it_is_about_or_leaves_less_than_the_least_total(gives, subtotal, shipping):
    sums = totals(subtotal=subtotal, shipping=shipping, rule=gives)

    assert 0 <= sums.discount <= (shipping if gives.kind == SHIPPING else subtotal)
    assert sums.total >= min(LEAST_TOTAL, subtotal + shipping)
    assert sum(part.amount for part in sums.parts) == sums.total
    assert gives.most is None or gives.kind == FIXED or sums.discount <= gives.most


def test_a_bill_lists_the_voucher_with_its_code():
    sums = totals(subtotal=100_000, shipping=12_000, rule=rule(FIXED, amount=5_000))

    assert sums.parts == (Part("Barang", 100_000), Part("Ongkir", 12_000), Part("Voucher HEMAT", -5_000))
    assert totals(subtotal=100_000, shipping=12_000).parts == sums.parts[:2]


@pytest.mark.parametrize(
    ("gives", "words"),
    [
        (rule(PERCENT, percent=10), "10% dari harga barang"),
        (rule(PERCENT, percent=10, most=50_000), "10% dari harga barang, paling banyak Rp50.000"),
        (rule(FIXED, amount=25_000, min_subtotal=100_000), "Potongan Rp25.000, belanja minimal Rp100.000"),
        (rule(SHIPPING, most=20_000), "Gratis ongkir, paling banyak Rp20.000"),
    ],
)
def test_a_rule_says_what_it_gives(gives, words):
    assert gives.words == words


@pytest.mark.parametrize(
    ("typed", "mailbox"),
    [
        ("Sari@Contoh.ID", "sari@contoh.id"),
        (" sari+promo@contoh.id ", "sari@contoh.id"),
        ("s.a.r.i+2@gmail.com", "sari@gmail.com"),
        ("Sa.ri@GoogleMail.com", "sari@gmail.com"),
        ("s.ari@contoh.id", "s.ari@contoh.id"),
    ],
)
def test_spellings_of_one_mailbox_are_one(typed, mailbox):
    assert normal_email(typed) == mailbox


def test_capitals_and_blanks_in_a_code_do_not_matter():
    assert normal_code(" hemat 10\t") == "HEMAT10"


# --- placing an order -------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_an_order_keeps_the_voucher_and_its_rule_as_they_were():
    voucher = make_voucher(percent=10, most=50_000)

    order = make_order((make_variant(price=125_000), 2), voucher_code=f" {voucher.code.lower()}")

    assert (order.subtotal, order.shipping_cost, order.discount, order.total) == (250_000, 12_000, 25_000, 237_000)
    assert (order.voucher_code, order.voucher_rule) == (
        voucher.code,
        "10% dari harga barang, paling banyak Rp50.000",
    )
    use = order.voucher_use
    assert (use.voucher, use.user, use.amount, use.given_back_at, use.over_limit) == (
        voucher, order.user, 25_000, None, False,
    )  # fmt: skip
    assert order.events.get(kind="PLACED").data == {"total": 237_000, "discount": 25_000, "voucher": voucher.code}
    voucher.refresh_from_db()
    assert voucher.used == 1


@pytest.mark.django_db
def test_what_is_kept_of_a_customer_in_a_use_cannot_be_read():
    use = make_order(voucher_code=make_voucher().code).voucher_use

    assert len(use.email_key) == len(use.phone_key) == 64
    assert use.email_key != use.phone_key


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"is_active": False}, "Kode voucher ini tidak berlaku."),
        ({"starts_at": timezone.now() + timedelta(days=3)}, "Voucher ini baru berlaku mulai "),
        ({"ends_at": timezone.now() - timedelta(minutes=1)}, "Masa berlaku voucher ini sudah lewat."),
        ({"min_subtotal": 150_000}, "Belanja Rp50.000 lagi untuk memakai "),
        ({"total_limit": 0}, "Voucher sudah habis dipakai."),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_voucher_that_does_not_count_refuses_the_order_and_nothing_is_written(fields, sentence):
    voucher, variant = make_voucher(**fields), make_variant(price=100_000)
    customer = make_customer()
    make_order()  # the shipping table is there

    with nothing_written(), pytest.raises(VoucherRefusedError) as refused:
        place_order(customer=customer, request=order_request((variant, 1), voucher_code=voucher.code))

    assert str(refused.value).startswith(sentence)
    assert refused.value.extra()["errors"] == [{"field": "voucherCode", "detail": str(refused.value)}]


@pytest.mark.django_db
@pytest.mark.parametrize("code", ["TIDAKADA", "x" * 40, "'; --", "HEM AT\x00", "é", "%"])
def test_a_code_that_nobody_made_is_refused(code):
    make_voucher(code="HEMAT")

    with pytest.raises(VoucherRefusedError, match="tidak berlaku"):
        make_order(voucher_code=code)


@pytest.mark.django_db
def test_a_voucher_that_would_take_nothing_off_is_refused():
    voucher = make_voucher(kind="SHIPPING", total_limit=1)
    seed_shipping()
    ShippingRate.objects.update(first_kg=0)

    with pytest.raises(VoucherRefusedError, match="tidak mengurangi"):
        make_order(voucher_code=voucher.code)


@pytest.mark.django_db
def test_the_price_on_the_button_includes_the_voucher():
    voucher, variant = make_voucher(amount=10_000), make_variant(price=100_000)

    with pytest.raises(PriceChangedError):
        make_order((variant, 1), voucher_code=voucher.code, expected_total=112_000)

    assert make_order((variant, 1), voucher_code=voucher.code, expected_total=102_000).total == 102_000


@pytest.mark.django_db
def test_a_shortage_uses_no_voucher():
    voucher = make_voucher(total_limit=1)

    with pytest.raises(InsufficientStockError):
        make_order((make_variant(on_hand=1), 2), voucher_code=voucher.code)

    voucher.refresh_from_db()
    assert (voucher.used, VoucherUse.objects.count()) == (0, 0)


@pytest.mark.django_db
def test_an_address_without_a_courier_is_told_before_the_voucher():
    with pytest.raises(CannotDeliverError):
        make_order(address=ADDRESS.__class__(**vars(ADDRESS) | {"province": "ATLANTIS"}), voucher_code="X-X")


# --- repetition -------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_same_key_again_is_the_same_order_and_one_use():
    voucher, customer = make_voucher(total_limit=1), make_customer()
    first = make_order(customer=customer)
    request = order_request((make_variant(), 1), voucher_code=voucher.code)

    orders = [place_order(customer=customer, request=request, key="k") for _ in range(3)]

    assert [order.duplicate for order in orders] == [False, True, True]
    assert len({order.order.pk for order in orders} - {first.pk}) == 1
    voucher.refresh_from_db()
    assert (voucher.used, VoucherUse.objects.count()) == (1, 1)


@pytest.mark.django_db
def test_another_voucher_under_the_same_key_is_another_request():
    customer, variant = make_customer(), make_variant()
    make_order()
    request = order_request((variant, 1), voucher_code=make_voucher(code="SATU").code)
    place_order(customer=customer, request=request, key="k")

    for code in ("DUA", "TIDAKADA"):
        with pytest.raises(IdempotencyConflictError):
            place_order(
                customer=customer,
                request=order_request((variant, 1), address=request.address, voucher_code=code),
                key="k",
            )
    spelled = order_request((variant, 1), address=request.address, voucher_code="sa tu")
    left_out = order_request((variant, 1), address=request.address)
    for again in (spelled, left_out):
        assert place_order(customer=customer, request=again, key="k").duplicate


# --- limits -----------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_limit_of_all_holds():
    voucher = make_voucher(total_limit=2)
    for _ in range(2):
        make_order(voucher_code=voucher.code)

    with pytest.raises(VoucherUsedUpError, match="sudah habis dipakai"):
        make_order(voucher_code=voucher.code)


@pytest.mark.django_db
@pytest.mark.parametrize("same", ["account", "e-mail", "telephone"])
def test_a_customer_is_known_by_account_mailbox_or_telephone(same):
    voucher = make_voucher(customer_limit=1)
    first = make_order(voucher_code=voucher.code, email="s.ari@gmail.com")
    ways: dict[str, dict[str, Any]] = {
        "account": {"customer": first.user},
        "e-mail": {"email": "Sari+lagi@gmail.com"},
        "telephone": {"address": ADDRESS.__class__(**vars(ADDRESS) | {"phone": first.phone})},
    }

    with pytest.raises(VoucherUsedUpError, match="Kamu sudah memakai voucher ini"):
        make_order(voucher_code=voucher.code, **ways[same])

    assert make_order(voucher_code=voucher.code, email="orang.lain@gmail.com").discount


@pytest.mark.django_db
def test_other_vouchers_of_a_customer_do_not_count():
    customer = make_customer()
    make_order(customer=customer, voucher_code=make_voucher(customer_limit=1).code)

    assert make_order(customer=customer, voucher_code=make_voucher(customer_limit=1).code).discount


# --- giving back ------------------------------------------------------------------------------------------------------


def close(order: Order, to: OrderStatus) -> None:
    with transaction.atomic():
        close_order(lock_order(order.pk), to, actor="test", reason="uji")


@pytest.mark.django_db
@pytest.mark.parametrize("to", [OrderStatus.EXPIRED, OrderStatus.CANCELLED])
def test_a_closed_order_gives_its_use_back(to):
    voucher = make_voucher(total_limit=1, customer_limit=1)
    order = make_order(voucher_code=voucher.code)

    close(order, to)

    voucher.refresh_from_db()
    assert voucher.used == 0
    assert VoucherUse.objects.get().given_back_at is not None
    order.refresh_from_db()
    assert (order.discount, order.voucher_code) == (10_000, voucher.code)  # the order stays as it was
    assert make_order(customer=order.user, voucher_code=voucher.code).discount


@pytest.mark.django_db
def test_a_rule_that_was_changed_after_the_price_was_reckoned_is_refused(monkeypatch):
    """Staff save another amount between the reading of the voucher and its lock."""
    voucher = make_voucher(amount=10_000)
    make_order()

    staff = "WITH staff AS (UPDATE orders_voucher SET amount = 5000 RETURNING id) "
    # The items are written after the price was reckoned and before the voucher is locked.
    monkeypatch.setattr(lines, "_INSERT_SQL", staff + lines._INSERT_SQL)

    with pytest.raises(VoucherRefusedError, match="baru saja diubah"):
        make_order(voucher_code=voucher.code)

    assert Voucher.objects.get().used == 0
