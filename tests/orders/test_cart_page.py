"""The page of a cart that became an order: it says what became of that, and asks nobody to pay twice."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from orders.models import Order
from orders.states import OrderStatus
from tests.support.checkout import Visitor, text_of, visitor

# Orders are put into their states here without a payment, against the law that money must have come.
pytestmark = [pytest.mark.django_db, pytest.mark.breaks_laws]

CART, ASKS_TO_PAY = "/keranjang/", "lanjut membayar"
S = OrderStatus


def page_after(**changes: Any) -> str:
    """Return the cart's page of a visitor whose order has changed like this."""
    client: Visitor = visitor()
    order = client.order()
    Order.objects.filter(pk=order.pk).update(**changes)
    return text_of(client.get(CART))


def test_an_order_that_waits_may_be_paid_from_there():
    page = page_after()

    assert "sudah menjadi pesanan" in page
    assert ASKS_TO_PAY in page


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (S.PAID, "Pembayaranmu sudah kami terima"),
        (S.PROCESSING, "sedang dikemas"),
        (S.SHIPPED, "paketnya di jalan"),
        (S.COMPLETED, "sudah selesai"),
        (S.EXPIRED, "kedaluwarsa"),
        (S.CANCELLED, "dibatalkan"),
        (S.REFUNDED, "dananya dikembalikan"),
    ],
)
def test_any_other_says_how_it_stands(status, words):
    paid = {} if status in {S.EXPIRED, S.CANCELLED} else {"paid_at": timezone.now()}

    page = page_after(status=status, **paid)

    assert words in page
    assert ASKS_TO_PAY not in page


@pytest.mark.parametrize(
    "changes",
    [
        {"payment_hold": "nominal berbeda"},
        {"closing_at": timezone.now(), "closing_to": "CANCELLED", "closing_by": "customer:1"},
        {"created_at": timezone.now() - timedelta(days=2), "expires_at": timezone.now() - timedelta(days=1)},
    ],
    ids=["held", "closing", "too late"],
)
def test_one_that_cannot_be_paid_now_leads_to_its_page(changes):
    page = page_after(**changes)

    assert "Di halaman pesanannya" in page
    assert ASKS_TO_PAY not in page
