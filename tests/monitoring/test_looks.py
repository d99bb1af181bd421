"""What the looks tell apart, and what is no trouble at all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from monitoring.models import JobRun, MonitorRun, Severity
from monitoring.monitors import BY_NAME, Look, Scope
from monitoring.monitors.asking import duration, money
from monitoring.monitors.job_silence import nth_due_before
from monitoring.schedule import ScheduledJob, parse
from orders.models import Order
from payments.models import Payment, PaymentTransaction
from shop.models import Variant
from tests.monitoring.seeds import came, force, paid
from tests.support.watching import sql
from tests.support.world import make_order, make_variant

pytestmark = [pytest.mark.django_db, pytest.mark.breaks_laws]


def look(name: str, **scope) -> Look:
    return BY_NAME[name].look(Scope(**scope))


def descriptions(name: str, **scope) -> list[str]:
    return [finding.description or BY_NAME[name].description for finding in look(name, **scope).findings]


def test_a_payment_of_a_minute_ago_is_work_in_flight():
    paid(make_order(), ago=timedelta(minutes=1))

    assert look("payment_order_mismatch").total == 0


@pytest.mark.parametrize("status", ["EXPIRED", "CANCELLED"])
def test_money_on_a_closed_order_is_a_mismatch(status):
    order = force(make_order(), status)
    paid(order, ago=timedelta(minutes=5))

    (finding,) = look("payment_order_mismatch").findings
    assert finding.key == f"order:{order.number}"


def test_an_old_mismatch_is_found_at_night_and_by_name():
    order = force(make_order(), "CANCELLED", hours=24 * 30)
    paid(order, ago=timedelta(days=40))

    assert look("payment_order_mismatch").total == 0
    assert look("payment_order_mismatch", full=True).total == 1
    assert look("payment_order_mismatch", only=(f"order:{order.number}",)).total == 1
    assert look("payment_order_mismatch", only=("order:ORD-OTHER",)).total == 0


def test_money_without_an_order_and_a_paid_order_without_money_are_mismatches():
    orphan = paid(make_order(), ago=timedelta(minutes=5))
    Payment.objects.filter(pk=orphan.pk).update(order=None, created_at=datetime.now(tz=UTC) - timedelta(minutes=5))
    force(make_order(), "PAID", hours=1)

    assert descriptions("payment_order_mismatch") == [
        "Order status is PAID or later but no payment of it succeeded",
        "Payment status is SUCCESS but this shop has no order for it",
    ]


def test_stock_says_which_of_its_troubles_it_is():
    drift, over = make_variant(), make_variant()
    sql("UPDATE shop_variant SET on_hand = on_hand + 1 WHERE id = %s", drift.pk)
    Variant.objects.filter(pk=over.pk).update(reserved=11)

    first, second = descriptions("stock_negative")
    assert first.startswith("On hand is not what the stock ledger says")
    assert second.startswith("More units are promised to orders")


def test_a_surplus_under_the_same_payment_is_a_duplicate_until_it_is_given_back():
    order = force(make_order(), "PAID")
    payment = paid(order, ago=timedelta(minutes=1))
    came(payment)
    second = came(paid(order, ago=timedelta(0), status="EXPIRED"), surplus=True)
    PaymentTransaction.objects.filter(pk=second.pk).update(payment=payment)

    (finding,) = look("duplicate_payment").findings
    assert ("Payment Count", "2") in finding.details
    PaymentTransaction.objects.filter(pk=second.pk).update(status="REFUNDED")
    assert look("duplicate_payment").total == 0


def test_the_age_of_an_order_is_that_of_its_event():
    order = force(make_order(), "PAID", hours=30)
    sql(
        "INSERT INTO orders_orderevent (order_id, kind, from_status, to_status, actor, reason, data, created_at)"
        " VALUES (%s, 'STATUS', 'PENDING_PAYMENT', 'PAID', 'test', '', '{}', now() - interval '1 hour')",
        order.pk,
    )

    assert look("order_stuck").total == 0


def test_an_order_on_hold_or_half_closed_for_hours_is_stuck():
    held, closing = make_order(), make_order()
    long_ago = datetime.now(tz=UTC) - timedelta(hours=5)
    Order.objects.filter(pk=held.pk).update(payment_hold="pembayaran kartu sedang ditinjau", status_at=long_ago)
    Order.objects.filter(pk=closing.pk).update(closing_at=long_ago, closing_to="EXPIRED", closing_by="system")

    found = {dict(finding.details)["Why"] for finding in look("order_stuck").findings}
    assert found == {
        "on hold: pembayaran kartu sedang ditinjau",
        "Midtrans has not confirmed that it can be closed",
    }


def test_a_refused_server_key_is_critical_and_other_trouble_is_not():
    from payments.models import GatewayTrouble

    GatewayTrouble.objects.create(kind="server_key_refused")
    GatewayTrouble.objects.create(kind="many_unknown")

    assert [finding.severity for finding in look("gateway_trouble").findings] == [Severity.CRITICAL, Severity.HIGH]


def test_a_job_that_is_new_has_missed_nothing_until_its_turns_are_over(settings):
    settings.CRONJOBS = [("* * * * *", "monitoring.jobs.run_job", ["expire_orders"])]
    first = look("job_silence")
    assert first.total == 0

    an_hour_ago = (datetime.now(tz=UTC) - timedelta(hours=1)).isoformat()
    MonitorRun.objects.create(
        monitor="job_silence", run_id="a", started_at=datetime.now(tz=UTC), duration_ms=1,
        facts={"watched_since": {"expire_orders": an_hour_ago}},
    )  # fmt: skip
    assert look("job_silence").total == 1


def test_a_job_that_runs_and_fails_each_time_is_silent_too(settings):
    settings.CRONJOBS = [("* * * * *", "monitoring.jobs.run_job", ["expire_orders"])]
    now = datetime.now(tz=UTC).replace(second=0, microsecond=0)
    for minutes, ok in ((30, True), (1, False)):
        slot = now - timedelta(minutes=minutes)
        JobRun.objects.create(
            job="expire_orders", slot=slot, node="a", started_at=slot, finished_at=slot, ok=ok, exit_code=int(not ok),
            duration_ms=1, message="boom",
        )  # fmt: skip

    (finding,) = look("job_silence").findings
    assert "exit code 1: boom" in dict(finding.details)["Last Run"]


def test_due_times_are_counted_back_whatever_the_schedule():
    noon = datetime(2026, 11, 23, 12, 3, 30, tzinfo=UTC)

    def before(text: str, number: int) -> datetime | None:
        return nth_due_before(ScheduledJob("x", (), parse(text)), noon, number)

    assert before("*/5 * * * *", 1) == datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
    assert before("*/5 * * * *", 2) == datetime(2026, 11, 23, 11, 55, tzinfo=UTC)
    assert before("17 3 * * *", 2) == datetime(2026, 11, 22, 3, 17, tzinfo=UTC)
    assert before("0 4 1 1 *", 1) is None


def test_words_of_alerts():
    assert money(250_000) == "Rp 250.000"
    assert money(None) == "-"
    assert [duration(seconds) for seconds in (7, 60, 600, 3 * 3600 + 300, 30 * 3600, 86400 * 2)] == [
        "7 seconds", "1 minute", "10 minutes", "3 hours 5 minutes", "1 day 6 hours", "2 days",
    ]  # fmt: skip
