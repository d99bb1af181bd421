"""Every law is seen to be broken when it is: one row each, written past the services and the constraints."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils import timezone

from config.models import OutgoingMail
from monitoring.invariants import LAWS, check_invariants
from monitoring.monitors import BY_NAME, Scope
from orders.models import Order, OrderItem
from payments.models import Payment, Refund
from shop.models import Reservation
from tests.monitoring.seeds import came, force, paid
from tests.support.vouchers import make_voucher
from tests.support.watching import sql
from tests.support.world import make_order, make_variant

pytestmark = [pytest.mark.django_db, pytest.mark.breaks_laws]


@pytest.fixture(autouse=True)
def nothing_forbids_it():
    """Drop every trigger and the constraints in the way for the length of the test's own transaction."""
    sql("SET LOCAL session_replication_role = replica") if _superuser() else _drop_triggers()
    for table, names in CONSTRAINTS.items():
        for name in names:
            _drop(table, name)


CONSTRAINTS = {
    "shop_variant": ["variant_on_hand_not_negative"],
    "orders_order": ["order_once_per_user_and_key", "order_total_is_the_sum", "order_paid_has_paid_at"],
    "orders_orderitem": ["order_item_quantity_positive"],
    "orders_voucher": ["voucher_used_within_limit"],
    "payments_payment": ["payment_one_open_per_order"],
    "shop_stockmovement": ["movement_once_per_reservation_and_kind", "movement_actor_given"],
}


def _superuser() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        return bool(cursor.fetchone()[0])


def _drop_triggers() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE NOT tgisinternal")
        found = cursor.fetchall()
        for table, name in found:
            cursor.execute(f"DROP TRIGGER {name} ON {table}")
        cursor.execute(
            "SELECT conrelid::regclass::text, conname FROM pg_constraint WHERE contype = 'f' AND conrelid IN"
            " ('payments_paymenttransaction'::regclass, 'orders_orderitem'::regclass)"
        )
        for table, name in cursor.fetchall():
            cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")


def _drop(table: str, name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_constraint WHERE conname = %s", [name])
        if cursor.fetchone():
            cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        else:
            cursor.execute(f"DROP INDEX {name}")


def settled() -> Order:
    """Return an order that was paid and whose stock was sold, as the services leave it."""
    from shop.services import stock

    order = make_order()
    came(paid(order, ago=timedelta(minutes=1)))
    with transaction.atomic():
        stock.sell(reference=order.number, actor="test")
    force(order, "PAID")
    OutgoingMail.objects.create(
        kind="order_paid", from_email="a@example.com", to="b@example.com", subject="s", text="t",
        idempotency_key=f"order_paid/{order.number}",
    )  # fmt: skip
    return order


def _i1() -> None:
    sql("UPDATE shop_variant SET on_hand = -1 WHERE id = %s", make_variant().pk)


def _i2() -> None:
    sql("UPDATE shop_variant SET on_hand = on_hand + 1 WHERE id = %s", make_variant().pk)


def _i2b() -> None:
    variant = make_variant()
    sql("UPDATE shop_stockmovement SET balance = balance + 1 WHERE variant_id = %s", variant.pk)


def _i3() -> None:
    order = settled()
    sql("UPDATE orders_orderitem SET quantity = 2 WHERE order_id = %s", order.pk)


def _i3b() -> None:
    order = settled()
    sql("DELETE FROM shop_stockmovement WHERE reservation_id IN (SELECT id FROM shop_reservation WHERE reference = %s)",
        order.number)  # fmt: skip


def _i3c() -> None:
    Order.objects.filter(pk=settled().pk).update(status="CANCELLED")


def _i4() -> None:
    order = settled()
    came(paid(order, ago=timedelta(minutes=1)))


def _i4b() -> None:
    order = make_order()
    paid(order, ago=timedelta(0), status="PENDING")
    paid(order, ago=timedelta(0), status="PENDING")


def _i5() -> None:
    came(paid(make_order(), ago=timedelta(minutes=1)))


def _i6() -> None:
    sql("UPDATE orders_order SET total = total + 1 WHERE id = %s", make_order().pk)


def _i7() -> None:
    order = settled()
    transaction_id = order.payments.get().transactions.get().pk
    Refund.objects.create(
        transaction_id=transaction_id, amount=order.total + 1, reason="x", refund_key="x", channel="API", state="DONE",
        done_at=timezone.now(),
    )  # fmt: skip


def _i8() -> None:
    sql("UPDATE shop_variant SET reserved = reserved + 1 WHERE id = %s", make_variant().pk)


def _i8b() -> None:
    order = make_order()
    Reservation.objects.filter(reference=order.number).update(state="RELEASED")


def _i9() -> None:
    voucher = make_voucher(total_limit=1)
    for _ in range(2):  # the second one past the service, as if the limit had not been looked at
        order = make_order(voucher_code=voucher.code)
        sql("UPDATE orders_voucher SET used = 0 WHERE id = %s", order.voucher_use.voucher_id)
    sql("UPDATE orders_voucher SET used = 2 WHERE id = %s", voucher.pk)


def _i9b() -> None:
    order = make_order(voucher_code=make_voucher().code)
    sql("UPDATE orders_voucheruse SET given_back_at = now() WHERE order_id = %s", order.pk)
    sql("UPDATE orders_voucher SET used = 0")


def _i10() -> None:
    Order.objects.filter(pk=make_order().pk).update(status="EXPIRED")


def _i10b() -> None:
    order = settled()
    sql("UPDATE orders_orderevent SET from_status = 'SHIPPED' WHERE order_id = %s AND kind = 'STATUS'", order.pk)


def _i11() -> None:
    customer = make_order().user
    make_order(customer=customer)
    sql("UPDATE orders_order SET idempotency_key = 'same' WHERE user_id = %s", customer.pk)


def _i12() -> None:
    OrderItem.objects.filter(order=make_order()).update(name="")


def _i13() -> None:
    OutgoingMail.objects.filter(reference=make_order().number).delete()


def _i13b() -> None:
    make_order()
    make_order()
    OutgoingMail.objects.update(provider_id="same")


def _i14() -> None:
    sql("UPDATE orders_orderitem SET order_id = 999999999 WHERE order_id = %s", make_order().pk)


def _i15() -> None:
    sql("UPDATE shop_stockmovement SET actor = '' WHERE variant_id = %s", make_variant().pk)


def _i17() -> None:
    payment = paid(make_order(), ago=timedelta(minutes=40))
    Payment.objects.filter(pk=payment.pk).update(created_at=Now() - timedelta(minutes=40))
    Order.objects.update(status_at=Now() - timedelta(minutes=40))


def _i7b() -> None:
    order = settled()
    Refund.objects.create(
        transaction=order.payments.get().transactions.get(), amount=1, reason="x", refund_key="x", channel="API",
        state="DONE", done_at=timezone.now(),
    )  # fmt: skip


def _i18() -> None:
    line = {"name": "x", "quantity": 1, "gross": 111, "net": 100, "base": 92, "tax": 11}
    Order.objects.filter(pk=settled().pk).update(tax={"percent": 12, "share": [11, 12], "npwp": "", "lines": [line]})


BREAK: dict[str, Callable[[], None]] = {
    "I1": _i1, "I2": _i2, "I2b": _i2b, "I3": _i3, "I3b": _i3b, "I3c": _i3c, "I4": _i4, "I4b": _i4b, "I5": _i5,
    "I6": _i6, "I7": _i7, "I7b": _i7b, "I8": _i8, "I8b": _i8b, "I9": _i9, "I9b": _i9b, "I10": _i10, "I10b": _i10b,
    "I11": _i11, "I12": _i12, "I13": _i13, "I13b": _i13b, "I14": _i14, "I15": _i15, "I17": _i17, "I18": _i18,
}  # fmt: skip


@pytest.mark.parametrize("number", [law.number for law in LAWS])
def test_a_broken_law_is_seen_and_its_first_row_is_named(number):
    settled()
    assert check_invariants() == []

    BREAK[number]()

    found = {violation.law.number: violation for violation in check_invariants()}
    assert number in found
    assert found[number].rows[0]
    # The monitor sees the same, by the newest rows or at night, and knows the row again by its name.
    findings = BY_NAME["invariants"].look(Scope(full=True)).findings
    keys = tuple(finding.key for finding in findings if finding.key.startswith(f"{number}:"))
    assert keys
    assert {row.key for row in BY_NAME["invariants"].look(Scope(only=keys)).findings} == set(keys)


def test_the_command_fails_and_names_the_row(capsys):
    variant = make_variant()
    sql("UPDATE shop_variant SET on_hand = on_hand + 1 WHERE id = %s", variant.pk)

    with pytest.raises(CommandError) as failed:
        call_command("check_invariants")

    assert failed.value.returncode == 1
    assert f"variant {variant.sku}: on_hand 11, ledger 10" in capsys.readouterr().err
