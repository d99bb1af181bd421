"""For each monitor: how its trouble comes into the world, what the mail must say, and how it is put right.

Rows are written past the services, as a bug or somebody at psql would write them.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models.functions import Now
from django.utils import timezone

from config.models import OutgoingMail
from monitoring.models import JobRun, MonitorRun
from orders.models import Order
from payments.models import (
    GatewayNotification,
    GatewayTrouble,
    Payment,
    PaymentTransaction,
    Refund,
    SignatureFailure,
    WebhookDelivery,
    WebhookEndpoint,
)
from payments.outgoing import ping
from shop.models import Reservation
from tests.support.constraints import without
from tests.support.watching import sql
from tests.support.world import make_order, make_variant

_serial = itertools.count(1)


@dataclass(frozen=True)
class Seed:
    """``sow`` makes the trouble while its block runs and gives what puts it right again."""

    monitor: str
    sow: Callable[[], AbstractContextManager[Callable[[], object]]]
    title: str
    says: tuple[str, ...]
    severity: str = "HIGH"

    def __str__(self) -> str:
        return self.monitor


def paid(order: Order, *, ago: timedelta, status: str = "SUCCESS", **fields: Any) -> Payment:
    """Write a payment of an order as if it had succeeded."""
    return Payment.objects.create(
        order=order,
        gateway_id=f"{order.number}-{next(_serial):08d}",
        amount=fields.pop("amount", order.total),
        status=status,
        success_at=Now() - ago if status == "SUCCESS" else None,
        expires_at=fields.pop("expires_at", order.expires_at),
        **fields,
    )


def came(payment: Payment, **fields: Any) -> PaymentTransaction:
    """Write the transaction of a payment."""
    values = {"status": "SUCCESS", "amount": payment.amount, "received": payment.amount} | fields
    return PaymentTransaction.objects.create(
        payment=payment,
        transaction_id=f"t-{payment.gateway_id}",
        raw_status="settlement",
        asked_at=timezone.now(),
        **values,
    )


def force(order: Order, status: str, *, hours: float = 0, event: bool = True) -> Order:
    """Put an order into a status, ``hours`` ago."""
    at = timezone.now() - timedelta(hours=hours)
    Order.objects.filter(pk=order.pk).update(status=status, status_at=at, paid_at=at)
    if event:
        sql(
            "INSERT INTO orders_orderevent (order_id, kind, from_status, to_status, actor, reason, data, created_at)"
            " VALUES (%s, 'STATUS', 'PENDING_PAYMENT', %s, 'test', '', '{}', %s)",
            order.pk,
            status,
            at,
        )
    order.refresh_from_db()
    return order


@contextmanager
def _mismatch() -> Iterator[Callable[[], object]]:
    order = make_order((make_variant(price=238_000), 1))
    Order.objects.filter(pk=order.pk).update(subtotal=238_000, shipping_cost=12_000, total=250_000)
    order.refresh_from_db()
    paid(order, ago=timedelta(minutes=10))
    yield lambda: Payment.objects.filter(order=order).update(status="REFUNDED")


@contextmanager
def _negative() -> Iterator[Callable[[], object]]:
    variant = make_variant(on_hand=2)
    order = make_order((variant, 1))
    with without("shop_variant", "variant_on_hand_not_negative"):
        sql("UPDATE shop_variant SET on_hand = -3 WHERE id = %s", variant.pk)
        yield lambda: sql("UPDATE shop_variant SET on_hand = 2 WHERE id = %s", variant.pk)
        sql("UPDATE shop_variant SET on_hand = 2 WHERE id = %s", variant.pk)
    assert order.pk


@contextmanager
def _twice() -> Iterator[Callable[[], object]]:
    order = force(make_order(), "PAID")
    paid(order, ago=timedelta(minutes=3))
    second = paid(order, ago=timedelta(minutes=1))
    yield lambda: Payment.objects.filter(pk=second.pk).update(status="REFUNDED")


@contextmanager
def _exhausted() -> Iterator[Callable[[], object]]:
    order = force(make_order(), "PAID")
    lines = Reservation.objects.filter(reference=order.number)
    lines.update(state="SHORT", attempts=5, next_attempt_at=None)
    yield lambda: lines.update(state="SOLD")


@contextmanager
def _denied() -> Iterator[Callable[[], object]]:
    order = force(make_order(), "CANCELLED")
    row = came(paid(order, ago=timedelta(days=2)))
    refund = Refund(transaction=row, amount=row.received, reason="habis", channel="API", state="DONE")
    refund.refund_key, refund.done_at = f"R-{next(_serial)}", timezone.now()
    refund.save()
    refund.state, refund.denied_at = "FAILED", timezone.now()  # after it was begun, as a denial always is
    refund.save()
    again = {"transaction": row, "amount": row.received, "reason": "lagi", "channel": "BANK"}
    yield lambda: Refund.objects.create(refund_key=f"R-{next(_serial)}", **again)


@contextmanager
def _stuck() -> Iterator[Callable[[], object]]:
    order = force(make_order(), "PAID", hours=30)
    yield lambda: force(order, "SHIPPED")


@contextmanager
def _wrong_amount() -> Iterator[Callable[[], object]]:
    order = make_order()
    payment = paid(order, ago=timedelta(0), status="PENDING")
    came(payment, amount=1000, received=1000, problem="jumlah 1000, seharusnya 118000")
    Order.objects.filter(pk=order.pk).update(payment_hold="pembayaran tidak sesuai")
    yield lambda: Order.objects.filter(pk=order.pk).update(payment_hold="")


@contextmanager
def _overdue() -> Iterator[Callable[[], object]]:
    payment = paid(make_order(), ago=timedelta(0), status="PENDING", expires_at=timezone.now() - timedelta(hours=2))
    yield lambda: Payment.objects.filter(pk=payment.pk).update(status="EXPIRED")


@contextmanager
def _leak() -> Iterator[Callable[[], object]]:
    order = make_order()
    Order.objects.filter(pk=order.pk).update(status="CANCELLED")
    lines = Reservation.objects.filter(reference=order.number)
    lines.update(changed_at=Now() - timedelta(minutes=10))
    yield lambda: Order.objects.filter(pk=order.pk).update(status="PENDING_PAYMENT")


@contextmanager
def _unapplied() -> Iterator[Callable[[], object]]:
    row = GatewayNotification.objects.create(
        digest="a" * 64,
        body="{}",
        gateway_id="ORD-1-aaaaaaaa",
        transaction_id="t-1",
        claimed_status="settlement",
        outcome="EXHAUSTED",
        attempts=5,
        last_error="mengaku settlement, Midtrans menunjukkan pending",
    )
    rows = GatewayNotification.objects.filter(pk=row.pk)
    yield lambda: rows.update(outcome="APPLIED", applied_at=Now())


@contextmanager
def _silence() -> Iterator[Callable[[], object]]:
    paid(force(make_order(), "PAID"), ago=timedelta(minutes=20))
    yield lambda: GatewayNotification.objects.create(
        digest="b" * 64, body="{}", gateway_id="x", transaction_id="x", claimed_status="settlement",
    )  # fmt: skip


@contextmanager
def _forged() -> Iterator[Callable[[], object]]:
    SignatureFailure.objects.create(minute=timezone.now().replace(second=0, microsecond=0), count=25)
    yield lambda: SignatureFailure.objects.update(count=1)


@contextmanager
def _refused() -> Iterator[Callable[[], object]]:
    trouble = GatewayTrouble.objects.create(kind="many_unknown", detail="Midtrans tidak mengenal banyak transaksi")
    yield lambda: GatewayTrouble.objects.filter(pk=trouble.pk).update(ended_at=Now())


@contextmanager
def _waiting_mail() -> Iterator[Callable[[], object]]:
    make_order()
    mails = OutgoingMail.objects.filter(kind="order_received")
    mails.update(created_at=Now() - timedelta(minutes=20), next_attempt_at=Now() + timedelta(hours=1))
    yield lambda: mails.update(state="SENT", sent_at=Now())


@contextmanager
def _refused_event() -> Iterator[Callable[[], object]]:
    endpoint = WebhookEndpoint.objects.create(url="https://erp.example/in", events=["order.paid"], secret="whsec_AAAA")
    delivery = ping(endpoint)
    rows = WebhookDelivery.objects.filter(pk=delivery.pk)
    rows.update(state="FAILED", attempts=8, last_error="answered 500")
    yield lambda: rows.update(state="SENT", sent_at=Now())


@contextmanager
def _no_cron() -> Iterator[Callable[[], object]]:
    slot = datetime.now(tz=UTC).replace(second=0, microsecond=0)
    facts = {"node": "a", "started_at": slot - timedelta(hours=1), "finished_at": slot, "ok": True, "exit_code": 0}
    jobs = [" ".join(job[2]) for job in settings.CRONJOBS]
    for job in jobs:
        JobRun.objects.create(job=job, slot=slot - timedelta(days=0 if job != "expire_orders" else 1), duration_ms=1,
                              **facts)  # fmt: skip
    yield lambda: JobRun.objects.create(job="expire_orders", slot=slot, duration_ms=1, **facts)


def backup_of_last_week() -> datetime:
    """Stand in for the backups app."""
    return datetime.now(tz=UTC) - timedelta(days=7)


def backup_of_today() -> datetime:
    """Stand in for the backups app."""
    return datetime.now(tz=UTC) - timedelta(hours=1)


@contextmanager
def _old_backup() -> Iterator[Callable[[], object]]:
    from django.test import override_settings

    fresh = override_settings(NEWEST_BACKUP=f"{__name__}.backup_of_today")
    with override_settings(NEWEST_BACKUP=f"{__name__}.backup_of_last_week"):
        yield fresh.enable
        fresh.disable()


@contextmanager
def _broken_law() -> Iterator[Callable[[], object]]:
    order = make_order()
    payment = paid(order, ago=timedelta(0), status="EXPIRED", amount=order.total + 1)
    yield lambda: Payment.objects.filter(pk=payment.pk).update(amount=order.total)


@contextmanager
def _blind_monitor() -> Iterator[Callable[[], object]]:
    run = {"run_id": "a", "started_at": timezone.now(), "duration_ms": 1}
    for _ in range(2):
        MonitorRun.objects.create(monitor="stock_negative", error="QueryCanceled: too slow", **run)
    yield lambda: MonitorRun.objects.create(monitor="stock_negative", **run)


SEEDS = (
    Seed(
        "payment_order_mismatch",
        _mismatch,
        "Payment/Order Status Mismatch",
        (
            "=== CRITICAL ALERT ===\nPayment/Order Status Mismatch\n",
            "Description: Payment status is SUCCESS but order status is not PAID\n",
            "Details:\n- Order Number: ORD-",
            "\n- Order Status: PENDING_PAYMENT\n- Payment Status: SUCCESS\n- Amount: Rp 250.000\n",
            "\n- Amount: Rp 250.000\n- Time Since Payment: 10 minutes\n",
            "⚠️ Action Required:\nManual intervention required:",
        ),
        severity="CRITICAL",
    ),
    Seed(
        "stock_negative",
        _negative,
        "Stock Negative (Overselling)",
        ("- Product Name: Barang ", "- Current Stock: -3\n", "- Last Order: ORD-"),
        severity="CRITICAL",
    ),
    Seed(
        "duplicate_payment",
        _twice,
        "Duplicate Payment SUCCESS",
        ("- Order Number: ORD-", "- Payment Count: 2\n", "- Total Amount: Rp ", "- Payment IDs: ORD-"),
        severity="CRITICAL",
    ),
    Seed(
        "amount_mismatch",
        _wrong_amount,
        "Payment Amount Mismatch",
        ("- Expected Amount: Rp ", "- Actual Amount: Rp 1.000\n"),
        severity="CRITICAL",
    ),
    Seed(
        "stock_reduction_exhausted",
        _exhausted,
        "Stock Reduction Retry Exhausted",
        ("- Order Number: ORD-", "- Items: SKU-", "- Attempts: 5\n"),
    ),
    Seed(
        "refund_denied",
        _denied,
        "Refund Denied Afterwards",
        ("- Order Number: ORD-", "- Order Status: CANCELLED\n", "- Refund: R-", "- Still To Give Back: Rp "),
    ),
    Seed(
        "order_stuck",
        _stuck,
        "Order Stuck In Status",
        ("- Order Number: ORD-", "- Order Status: PAID\n", "- Time In Status: 1 day 6 hours\n", "- SLA: 1 day\n"),
    ),
    Seed("gateway_trouble", _refused, "Payment Gateway Trouble", ("- Trouble: many_unknown\n",)),
    Seed("open_payment_overdue", _overdue, "Open Payment Overdue", ("- Overdue By: 2 hours\n",)),
    Seed("notification_backlog", _unapplied, "Payment Notification Backlog", ("- Attempts: 5\n",)),
    Seed("webhook_silence", _silence, "Payment Webhook Silent", ("- Last Notification: never\n",)),
    Seed("bad_signature_spike", _forged, "Bad Signature Spike", ("- Bad Signatures: 25\n",)),
    Seed("reservation_leak", _leak, "Reservation Leak", ("- Order Status: CANCELLED\n",)),
    Seed("mail_backlog", _waiting_mail, "Mail Backlog", ("- Waiting: 1\n", "- Oldest: 20 minutes\n")),
    Seed("integration_backlog", _refused_event, "Integration Backlog", ("- Given Up: 1\n", "answered 500\n")),
    Seed("job_silence", _no_cron, "Scheduled Job Silent", ("- Job: expire_orders\n",)),
    Seed("backup_age", _old_backup, "Backup Too Old", ("- Age: 7 days\n",)),
    Seed("invariants", _broken_law, "Broken Invariant", ("- Law: I6: ",), severity="CRITICAL"),
    Seed("monitor_failing", _blind_monitor, "Monitor Failing", ("- Monitor: stock_negative\n",)),
)
