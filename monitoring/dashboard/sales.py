"""Orders and money by day, and what is under way now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import Count, F, Min, Q, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone

from config.staff.show import age
from monitoring.dashboard.charts import Chart, Point, chart
from orders.models import Order
from orders.states import OrderStatus
from shop.models import Variant
from shop.money import rupiah
from shop.selectors import running_low

DAYS = 30
LOW_STOCK_SHOWN = 8
# Money that went back is no revenue.
_GIVEN_BACK = [OrderStatus.CANCELLED, OrderStatus.REFUNDED]
_OPEN = [OrderStatus.PENDING_PAYMENT, OrderStatus.PAID, OrderStatus.PROCESSING, OrderStatus.SHIPPED]


@dataclass(frozen=True)
class Day:
    """One day in WIB: orders placed, orders paid, and rupiah of those that are still paid for."""

    on: date
    placed: int = 0
    paid: int = 0
    revenue: int = 0


@dataclass(frozen=True)
class StatusCount:
    """How many orders are in an open status, and since when the oldest of them is."""

    status: OrderStatus
    number: int
    oldest_at: datetime | None

    @property
    def age(self) -> str:
        """How long the oldest has been in it."""
        return age(self.oldest_at) if self.oldest_at else ""


def days(*, number: int = DAYS) -> list[Day]:
    """Return the last days, today last, those without an order too (two queries)."""
    today = timezone.localdate()
    first = today - timedelta(days=number - 1)
    since = timezone.make_aware(datetime.combine(first, time.min))
    placed = Order.objects.filter(created_at__gte=since).annotate(on=TruncDate("created_at")).values("on")
    paid = Order.objects.filter(paid_at__gte=since).annotate(on=TruncDate("paid_at")).values("on")
    found_placed = {row["on"]: row["n"] for row in placed.order_by("on").annotate(n=Count("pk"))}
    kept = ~Q(status__in=_GIVEN_BACK)
    sums = paid.order_by("on").annotate(n=Count("pk", filter=kept), rupiah=Sum("total", filter=kept))
    found_paid = {row["on"]: (row["n"], row["rupiah"] or 0) for row in sums}
    return [
        Day(on, found_placed.get(on, 0), *found_paid.get(on, (0, 0)))
        for on in (first + timedelta(days=at) for at in range(number))
    ]


def revenue_chart(sold: list[Day]) -> Chart:
    """Return revenue by day."""
    points = [Point(f"{day.on.day}/{day.on.month}", day.revenue, rupiah(day.revenue)) for day in sold]
    return chart("Omzet per hari", points, describe=f"Rupiah dibayar per hari, {len(sold)} hari terakhir", shown=short)


def orders_chart(sold: list[Day]) -> Chart:
    """Return orders placed by day."""
    points = [Point(f"{day.on.day}/{day.on.month}", day.placed, f"{day.placed} pesanan") for day in sold]
    return chart(
        "Pesanan per hari", points, describe=f"Pesanan dibuat per hari, {len(sold)} hari terakhir", shown=short
    )


def short(value: float) -> str:
    """Return a number for an axis: ``1,5 jt``."""
    for size, unit in ((1_000_000_000, "M"), (1_000_000, "jt"), (1_000, "rb")):
        if value >= size:
            return f"{value / size:.1f}".removesuffix(".0").replace(".", ",") + f" {unit}"
    return f"{value:.0f}"


def open_orders() -> list[StatusCount]:
    """Return every open status with its count and age (one query on its partial index)."""
    rows = Order.objects.filter(status__in=_OPEN).order_by().values("status")
    found = {row["status"]: row for row in rows.annotate(n=Count("pk"), oldest=Min("status_at"))}
    return [
        StatusCount(status, found[status]["n"], found[status]["oldest"])
        if status in found
        else StatusCount(status, 0, None)
        for status in _OPEN
    ]


def low_stock() -> list[Variant]:
    """Return the variants on sale that run out, the emptiest first (one query)."""
    return list(running_low().select_related("product").order_by(F("on_hand") - F("reserved"), "pk")[:LOW_STOCK_SHOWN])
