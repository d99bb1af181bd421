"""After a restored backup: the journal knows what the database has forgotten, and the gateway tells the rest."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from django.db import connection
from django.test import override_settings
from django.utils import timezone

from config.errors import ShopClosedError
from orders.services import place_order
from payments.models import Payment
from payments.services import cancel_order, change_method, expire_orders, release_without_gateway, start_payment
from payments.services.kill import run_due_kills
from payments.services.reconcile import sweep
from payments.services.refunds import approve_refund, request_refund, send_refund
from shop.services.site import require_sweep, site_state
from tests.support.closing import assert_safe, page_is_dead
from tests.support.commands import run_command
from tests.support.money import paid
from tests.support.simulator import Simulator
from tests.support.world import make_customer, make_order, make_variant, notify, order_request, start

pytestmark = pytest.mark.django_db(transaction=True)


def forget(payment: Payment) -> None:
    """Let the database lose a payment, as a restore would."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE payments_payment DISABLE TRIGGER payment_is_kept")
        cursor.execute("DELETE FROM payments_payment WHERE id = %s", [payment.pk])
        cursor.execute("ALTER TABLE payments_payment ENABLE TRIGGER payment_is_kept")


def test_a_forgotten_payment_is_found_attached_and_the_shop_opens(simulator: Simulator) -> None:
    since = timezone.now() - timedelta(seconds=5)
    order = make_order()
    payment = start(order)
    simulator.event(payment.gateway_id, "settle", deliver=False)
    forget(payment)
    require_sweep(since=since)
    with pytest.raises(ShopClosedError):
        start_payment(order_id=order.pk)

    run = sweep(since=since)

    order.refresh_from_db()
    assert run.recorded == 1
    assert order.status == "PAID"
    assert site_state().takes_orders


def test_a_forgotten_page_is_made_void_before_there_is_another(simulator: Simulator) -> None:
    since = timezone.now() - timedelta(seconds=5)
    order = make_order()
    forgotten = start(order)
    forget(forgotten)

    sweep(since=since)
    started = start_payment(order_id=order.pk)

    assert page_is_dead(simulator, forgotten)
    assert started.payment.gateway_id != forgotten.gateway_id
    assert_safe(simulator, order)


def test_a_forgotten_payment_with_a_chosen_method_goes_on(simulator: Simulator) -> None:
    since = timezone.now() - timedelta(seconds=5)
    order = make_order()
    forgotten = start(order)
    simulator.choose(forgotten.gateway_id, "bca_va", deliver=False)
    forget(forgotten)

    sweep(since=since)
    started = start_payment(order_id=order.pk)

    assert (started.payment.gateway_id, started.duplicate) == (forgotten.gateway_id, True)
    assert started.payment.raw["va_numbers"]
    assert notify(forgotten, simulator.event(forgotten.gateway_id, "settle", deliver=False)) == 200
    order.refresh_from_db()
    assert order.status == "PAID"


def test_a_forgotten_payment_beside_an_open_one_is_cancelled(simulator: Simulator) -> None:
    since = timezone.now() - timedelta(seconds=5)
    order = make_order()
    forgotten = start(order)
    simulator.choose(forgotten.gateway_id, "bca_va", deliver=False)
    forget(forgotten)
    start(order)

    sweep(since=since)
    run_due_kills(limit=10, deadline_s=10)

    assert [row["transaction_status"] for row in simulator.transactions(forgotten.gateway_id)] == ["cancel"]


def test_money_of_a_lost_order_becomes_a_payment_without_order(simulator: Simulator) -> None:
    since = timezone.now() - timedelta(seconds=5)
    order = make_order()
    payment = start(order)
    simulator.event(payment.gateway_id, "settle", deliver=False)
    Payment.objects.filter(pk=payment.pk).update(gateway_id="ORD-20200101-AAAAAA-CCCCCCCC", status="CANCELLED")
    type(order).objects.filter(pk=order.pk).update(number="ORD-20200101-AAAAAA")
    from config.models import OutgoingMail
    from shop.models import Reservation

    Reservation.objects.update(reference="ORD-20200101-AAAAAA")
    OutgoingMail.objects.update(idempotency_key="order_received/ORD-20200101-AAAAAA")

    run = sweep(since=since)

    assert run.recorded == 1
    assert Payment.objects.get(gateway_id=payment.gateway_id).order is None


def test_the_shop_stays_closed_when_the_gateway_cannot_be_asked(simulator: Simulator) -> None:
    since = timezone.now() - timedelta(seconds=5)
    start(make_order())
    require_sweep(since=since)
    simulator.fault("http_500", operation="core.status")

    run = sweep(since=since)

    assert run.failed >= 1
    assert not site_state().takes_orders


def test_the_command_finds_a_lost_webhook_and_says_so(simulator: Simulator) -> None:
    order = make_order()
    payment = start(order)
    simulator.event(payment.gateway_id, "settle", deliver=False)

    done = run_command(
        "reconcile_payments",
        "--order",
        order.number,
        "--format",
        "json",
        MIDTRANS_SNAP_URL=simulator.snap_url,
        MIDTRANS_CORE_URL=simulator.core_url,
        MIDTRANS_SERVER_KEY=simulator.server_key,
        MIDTRANS_CLIENT_KEY=simulator.client_key,
    )

    order.refresh_from_db()
    assert done.returncode == 0, done.stderr
    assert '"changed": 1' in done.stdout
    assert order.status == "PAID"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["reconcile_payments", "--order", "ORD-1"], 2),
        (["reconcile_payments", "--since", "gestern"], 2),
        (["expire_orders", "--limit", "-1"], 2),
        (["expire_orders", "--dry-run"], 0),
        (["process_notifications", "--dry-run", "--format", "json"], 0),
        (["expire_orders", "--apply", "--dry-run"], 2),
        (["check_invariants"], 0),
        (["clean_up", "--dry-run"], 0),
    ],
)
def test_exit_codes(arguments: list[str], code: int) -> None:
    assert run_command(*arguments).returncode == code


def test_a_second_run_is_told_that_the_lock_is_held() -> None:
    from config.database import advisory_lock

    with advisory_lock("command:expire_orders") as held:
        assert held
        assert run_command("expire_orders").returncode == 4


def test_a_webhook_that_is_lost_while_a_sweep_is_owed_is_still_applied(simulator: Simulator) -> None:
    order = make_order()
    payment = start(order)
    require_sweep(since=timezone.now())

    assert notify(payment, simulator.event(payment.gateway_id, "settle", deliver=False)) == 200
    order.refresh_from_db()
    assert order.status == "PAID"


def test_while_a_sweep_is_owed_nothing_is_sold_closed_or_given_back(simulator: Simulator) -> None:
    _, row = paid(simulator)
    waiting = make_order()
    asker = make_customer(is_staff=True)
    with override_settings(REFUND_APPROVAL_ABOVE=1):
        refund = request_refund(transaction_id=row.pk, amount=1000, reason="x", requested_by=asker)
    before = len(simulator.requests())
    require_sweep(since=timezone.now())

    for refused in (
        partial(place_order, customer=asker, request=order_request((make_variant(), 1))),
        partial(start_payment, order_id=waiting.pk),
        partial(change_method, order_id=waiting.pk, actor="customer:1"),
        partial(cancel_order, order_id=waiting.pk, actor="customer:1", reason=""),
        partial(release_without_gateway, order_id=waiting.pk, actor="staff:1", reason="uji"),
        expire_orders,
        partial(request_refund, transaction_id=row.pk, amount=1, reason="x", requested_by=asker),
        partial(approve_refund, refund_id=refund.pk, approved_by=make_customer(is_staff=True)),
        partial(send_refund, refund_id=refund.pk),
    ):
        with pytest.raises(ShopClosedError) as closed:
            refused()
        assert closed.value.status == 503

    waiting.refresh_from_db()
    assert waiting.status == "PENDING_PAYMENT"
    assert len(simulator.requests()) == before


def test_money_that_a_notification_told_of_before_the_sweep_is_attached_to_its_order(simulator: Simulator) -> None:
    since = timezone.now() - timedelta(seconds=5)
    order = make_order()
    payment = start(order)
    transaction = simulator.event(payment.gateway_id, "settle", deliver=False)
    forget(payment)
    require_sweep(since=since)
    assert notify(payment, transaction) == 200
    assert Payment.objects.get().order is None

    sweep(since=since)

    order.refresh_from_db()
    assert order.status == "PAID"
    assert Payment.objects.get().order == order


def test_a_forgotten_page_is_closed_before_the_order_gets_a_new_one(simulator: Simulator) -> None:
    since = timezone.now() - timedelta(seconds=5)
    order = make_order()
    forgotten = start(order)
    forget(forgotten)
    require_sweep(since=since)

    sweep(since=since)
    start_payment(order_id=order.pk)

    assert simulator.order(forgotten.gateway_id)["page"]["state"] != "open"


def test_without_any_journal_the_shop_stays_closed(simulator: Simulator, tmp_path: Path) -> None:
    since = timezone.now() - timedelta(seconds=5)
    start(make_order())
    require_sweep(since=since)

    with override_settings(PAYMENT_JOURNAL_DIR=tmp_path / "nothing"):
        run = sweep(since=since)

    assert run.stopped == "journal_missing"
    assert not site_state().takes_orders
