"""Vouchers in the admin: made, limited, switched off; never deleted once used, and the count survives an edit."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from orders.models import Voucher
from orders.services import place_order
from tests.support.staff import login, page_url
from tests.support.vouchers import make_voucher
from tests.support.world import make_customer, make_order, make_variant, order_request

pytestmark = pytest.mark.django_db

ADD = "admin:orders_voucher_add"
BOXES = {
    "code": "hemat 10", "is_active": "on", "kind": "PERCENT", "percent": "10", "amount": "", "most": "50000",
    "min_subtotal": "0", "starts_at_0": "2026-01-01", "starts_at_1": "00:00:00", "ends_at_0": "", "ends_at_1": "",
    "total_limit": "100", "customer_limit": "1", "note": "Lebaran",
}  # fmt: skip


def boxes_of(voucher: Voucher, **changes: str) -> dict[str, str]:
    own = {
        "code": voucher.code, "kind": voucher.kind, "percent": "", "most": "", "amount": str(voucher.amount or ""),
        "total_limit": str(voucher.total_limit or ""), "customer_limit": "",
    }  # fmt: skip
    return BOXES | own | changes


def errors(answer: Any) -> dict[str, Any]:
    assert answer.status_code == 200
    return dict(answer.context["adminform"].form.errors)


def test_a_code_is_stored_in_capitals_and_counts_at_once():
    answer = login("owner").post(reverse(ADD), BOXES)

    assert answer.status_code == 302
    voucher = Voucher.objects.get()
    assert (voucher.code, voucher.rule.words) == ("HEMAT10", "10% dari harga barang, paling banyak Rp50.000")
    assert make_order(voucher_code="hemat10").discount == 10_000


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"percent": ""}, "percent"),
        ({"percent": "101"}, "percent"),
        ({"percent": "0"}, "percent"),
        ({"amount": "5000"}, "amount"),
        ({"kind": "FIXED", "percent": "", "most": ""}, "amount"),
        ({"kind": "SHIPPING"}, "percent"),
        ({"most": "0"}, "most"),
        ({"code": "a"}, "code"),
        ({"code": "diskon!"}, "code"),
        ({"ends_at_0": "2025-12-31", "ends_at_1": "00:00:00"}, "ends_at"),
        ({"customer_limit": "0"}, "customer_limit"),
        ({"total_limit": "-1"}, "total_limit"),
    ],
)
def test_a_rule_that_does_not_hang_together_names_its_box(changes, field):
    answer = login("owner").post(reverse(ADD), BOXES | changes)

    assert field in errors(answer)
    assert Voucher.objects.count() == 0


def test_a_code_that_exists_is_refused_however_it_is_spelled():
    make_voucher(code="HEMAT10")

    assert "code" in errors(login("owner").post(reverse(ADD), BOXES | {"code": "Hemat10"}))


def test_a_use_while_somebody_edits_is_still_counted():
    voucher, variant, customer = make_voucher(total_limit=5), make_variant(), make_customer()
    make_order(voucher_code=voucher.code)
    client = login("owner")
    client.get(page_url(voucher))
    place_order(customer=customer, request=order_request((variant, 1), voucher_code=voucher.code))

    client.post(page_url(voucher), boxes_of(voucher, note="diubah"))

    voucher.refresh_from_db()
    assert (voucher.note, voucher.used) == ("diubah", 2)


def test_the_limit_cannot_be_set_below_what_is_used():
    voucher = make_voucher(total_limit=5)
    for _ in range(2):
        make_order(voucher_code=voucher.code)

    answer = login("owner").post(page_url(voucher), boxes_of(voucher, total_limit="1"))

    assert errors(answer)["total_limit"] == ["Voucher ini sudah terpakai 2 kali."]


def test_a_used_voucher_keeps_its_code_and_is_not_deleted():
    voucher = make_voucher()
    make_order(voucher_code=voucher.code)
    client = login("owner")

    client.post(page_url(voucher), boxes_of(voucher, code="LAIN", note="x"))
    client.post(page_url(voucher, "delete"), {"post": "yes"})

    assert Voucher.objects.get().code == voucher.code


def test_an_unused_voucher_can_be_deleted():
    voucher = make_voucher()

    login("owner").post(page_url(voucher, "delete"), {"post": "yes"})

    assert not Voucher.objects.exists()


def test_staff_see_who_used_it_and_what_was_over_the_limit(django_assert_max_num_queries):
    voucher = make_voucher()
    orders = [make_order(voucher_code=voucher.code) for _ in range(3)]
    orders[0].voucher_use.__class__.objects.filter(order=orders[0]).update(over_limit=True)
    Voucher.objects.update(used=2)
    client = login("kasir")
    url = f"{reverse('admin:orders_voucheruse_changelist')}?voucher__id__exact={voucher.pk}"
    client.get(url)

    with django_assert_max_num_queries(10):
        text = client.get(url).content.decode()

    for order in orders:
        assert order.number in text
    assert "Melebihi batas" in text
    assert "2 tanpa batas" in client.get(reverse("admin:orders_voucher_changelist")).content.decode()
