"""Orders that wait for their payment, written in bulk, and the simulator's side of them."""

from __future__ import annotations

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

import urllib3
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from orders.models import Order, OrderItem
from payments.models import Payment
from shop.models import Reservation, Variant
from tests.bench.report import BenchError
from tests.bench.world import World
from tests.support.simulator import SERVER_KEY, Simulator
from tests.support.world import ADDRESS, notification_body

TOTAL = 312_000
_THREADS = 4


@dataclass(frozen=True)
class Payable:
    """One order with an open payment, as the references need it."""

    order_id: int
    payment_id: int
    gateway_id: str
    nonce: int
    email: str
    v1: int
    v2: int
    v3: int
    transaction_id: str = ""

    def body(self) -> dict[str, Any]:
        """Return what the reference's view is sent."""
        return asdict(self)


def make(world: World, rng: random.Random, count: int) -> list[Payable]:
    """Write orders of three lines with their reservations and open payments, as place and start leave them."""
    now = timezone.now()
    wanted = [
        (rng.getrandbits(52), rng.choice(world.customers), sorted(rng.sample(world.variants, 3))) for _ in range(count)
    ]
    usual = vars(ADDRESS)
    times = {"created_at": now, "status_at": now, "expires_at": now + timedelta(days=1)}
    with transaction.atomic():
        orders = Order.objects.bulk_create(
            Order(number=f"SQL-{nonce}", user_id=customer.pk, email=customer.email, idempotency_key=f"sql-{nonce}",
                  **usual | {"phone": customer.phone}, shipping_method="jne-reg", courier="JNE REG", subtotal=300_000,
                  shipping_cost=12_000, total=TOTAL, **times)
            for nonce, customer, _ in wanted
        )  # fmt: skip
        lines = [(order, pk) for order, (_, _, variants) in zip(orders, wanted, strict=True) for pk in variants]
        OrderItem.objects.bulk_create(
            OrderItem(order=order, variant_id=pk, name="Barang", sku=f"BENCH-{pk}", unit_price=100_000, quantity=1,
                      weight=400)
            for order, pk in lines
        )  # fmt: skip
        Reservation.objects.bulk_create(
            Reservation(reference=order.number, variant_id=pk, quantity=1) for order, pk in lines
        )
        for units, pks in _by_count(Counter(pk for _, pk in lines)).items():
            Variant.objects.filter(pk__in=pks).update(reserved=F("reserved") + units)
        payments = Payment.objects.bulk_create(
            Payment(order=order, gateway_id=f"{order.number}-{rng.getrandbits(32):08X}", amount=TOTAL, status="PENDING",
                    token=f"{order.number}", redirect_url="http://127.0.0.1:1/", expires_at=order.expires_at)
            for order in orders
        )  # fmt: skip
    return [
        Payable(order.pk, payment.pk, payment.gateway_id, nonce, customer.email, v1, v2, v3)
        for order, payment, (nonce, customer, (v1, v2, v3)) in zip(orders, payments, wanted, strict=True)
    ]


def settle(simulator: Simulator, payables: list[Payable]) -> list[tuple[Payable, bytes]]:
    """Let the simulator know and settle them; return each with its transaction and its signed webhook (not sent)."""
    pool = urllib3.PoolManager(maxsize=_THREADS, timeout=30, retries=False)
    headers = urllib3.make_headers(basic_auth=f"{SERVER_KEY}:")

    def one(payable: Payable) -> tuple[Payable, bytes]:
        body = {"transaction_details": {"order_id": payable.gateway_id, "gross_amount": TOTAL}}
        made = pool.request("POST", f"{simulator.snap_url}/transactions", json=body, headers=headers)
        if made.status != 201:
            raise BenchError(f"the simulator refused a page: {made.status} {made.data[:300]!r}")
        shown = simulator.event(payable.gateway_id, "settle", deliver=False)
        known = Payable(**asdict(payable) | {"transaction_id": shown["transaction_id"]})
        fields = {
            "order_id": payable.gateway_id, "transaction_id": shown["transaction_id"], "status_code": "200",
            "transaction_status": "settlement", "gross_amount": f"{TOTAL}.00", "currency": "IDR",
            "payment_type": "bank_transfer",
        }  # fmt: skip
        return known, notification_body(fields)

    with ThreadPoolExecutor(_THREADS) as threads:
        settled = list(threads.map(one, payables))
    pool.clear()
    return settled


def _by_count(counts: Counter[int]) -> dict[int, list[int]]:
    grouped: dict[int, list[int]] = {}
    for pk, units in counts.items():
        grouped.setdefault(units, []).append(pk)
    return grouped
