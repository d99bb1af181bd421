"""What the gateway lets one give back: windows, hours, wholes; and what staff read of it before they ask."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import override_settings
from django.utils import timezone

from payments import refund_rules
from payments.models import Payment, PaymentTransaction, Refund
from payments.refund_rules import WIB
from payments.services.refunds import request_refund, send_due_refunds, send_refund
from tests.support.money import at_gateway, paid
from tests.support.simulator import Simulator
from tests.support.staff import begin, login, make_staff, page_url, press, said

SHOPEEPAY_CLOSED = {"shopeepay": ("23:55", "06:00")}


def settled(payment_type: str, when: datetime, **raw: Any) -> PaymentTransaction:
    told = {"settlement_time": when.astimezone(WIB).strftime("%Y-%m-%d %H:%M:%S")} | raw
    return PaymentTransaction(payment=Payment(), payment_type=payment_type, raw_status="settlement", raw=told)


@pytest.mark.parametrize(
    ("payment_type", "raw", "days"),
    [
        ("qris", {}, 7),
        ("qris", {"transaction_type": "off-us"}, 7),
        ("qris", {"transaction_type": "on-us"}, 45),
        ("ovo", {}, 7),
        ("kredivo", {}, 14),
        ("dana", {}, 45),
        ("gopay", {}, 45),
        ("shopeepay", {}, 365),
        ("credit_card", {}, None),
        ("bank_transfer", {}, None),
    ],
)
def test_each_way_of_paying_has_its_window(payment_type: str, raw: dict[str, str], days: int | None) -> None:
    paid_at = datetime(2026, 11, 1, 12, tzinfo=WIB)
    row = settled(payment_type, paid_at, **raw)

    assert refund_rules.window_end(row) == (None if days is None else paid_at + timedelta(days=days))


def test_the_window_ends_to_the_second() -> None:
    paid_at = datetime(2026, 11, 1, 12, tzinfo=WIB)
    row = settled("qris", paid_at)

    assert refund_rules.goes_by_api(row, paid_at + timedelta(days=7, seconds=-1))
    assert not refund_rules.goes_by_api(row, paid_at + timedelta(days=7))


@pytest.mark.parametrize(
    ("clock", "opens"),
    [
        ("2026-11-28 23:54:59", None),
        ("2026-11-28 23:55:00", "2026-11-29 06:05:00"),
        ("2026-11-29 00:00:00", "2026-11-29 06:05:00"),
        ("2026-11-29 05:59:59", "2026-11-29 06:05:00"),
        ("2026-11-29 06:00:00", None),
    ],
)
@override_settings(REFUND_CLOSED_HOURS=SHOPEEPAY_CLOSED)
def test_the_night_of_shopeepay_is_counted_in_wib(clock: str, opens: str | None) -> None:
    now = datetime.fromisoformat(clock).replace(tzinfo=WIB)
    row = settled("shopeepay", now - timedelta(days=1))

    found = refund_rules.closed_until(row, now.astimezone(timezone.get_fixed_timezone(0)))

    assert (found.replace(tzinfo=None).isoformat(" ") if found else None) == opens
    assert refund_rules.closed_until(settled("qris", now), now) is None


@pytest.mark.django_db(transaction=True)
def test_money_whose_window_is_over_goes_back_by_bank_transfer_and_the_gateway_is_not_asked(
    simulator: Simulator,
) -> None:
    _, row = paid(simulator, method="gopay")
    with override_settings(REFUND_WINDOW_DAYS={"gopay": 0}):
        client = login("kasir")
        form = client.get(page_url(row, "kembalikan")).context["form"]
        answer = press(client, row, "kembalikan", amount="1000", channel="BANK", reason="uji")

    assert [value for value, _ in form.fields["channel"].choices] == ["BANK"]
    assert "Batas waktu Midtrans lewat" in form.fields["channel"].help_text
    assert "Ambil transfernya" in said(answer)[0]
    assert (Refund.objects.get().channel, at_gateway(simulator, row)) == ("BANK", 0)


def hours_around_now() -> tuple[str, str]:
    now = timezone.now().astimezone(WIB)
    return (now - timedelta(hours=1)).strftime("%H:%M"), (now + timedelta(hours=1)).strftime("%H:%M")


@pytest.mark.django_db(transaction=True)
def test_at_closed_hours_nothing_is_sent_and_the_job_sends_it_when_they_begin(simulator: Simulator) -> None:
    _, row = paid(simulator, method="gopay")
    with override_settings(REFUND_CLOSED_HOURS={"gopay": hours_around_now()}):
        client = login("kasir")
        told = client.get(page_url(row, "kembalikan")).context["form"].fields["channel"].help_text
        answer = press(client, row, "kembalikan", amount=str(row.received), channel="API", reason="uji")
        refund = Refund.objects.get()
        assert send_refund(refund_id=refund.pk) == "REQUESTED"
        assert send_due_refunds() == 0

    assert "sedang tutup" in told
    assert "dikirim sendiri" in said(answer)[0]
    assert at_gateway(simulator, row) == 0
    assert refund.next_attempt_at is not None
    assert refund.next_attempt_at > timezone.now()

    Refund.objects.update(next_attempt_at=timezone.now())
    assert send_due_refunds() == 1
    assert at_gateway(simulator, row) == row.received


@pytest.mark.django_db(transaction=True)
def test_the_page_says_until_when_the_gateway_gives_it_back(simulator: Simulator) -> None:
    _, row = paid(simulator, method="gopay")

    help_text = login("kasir").get(page_url(row, "kembalikan")).context["form"].fields["channel"].help_text

    assert "(45 hari sejak dibayar)" in help_text
    assert begin(login("kasir"), row, "kembalikan")["channel"] == "API"


@pytest.mark.django_db(transaction=True)
def test_above_the_limit_nobody_approves_his_own(simulator: Simulator) -> None:
    _, row = paid(simulator, method="gopay")
    owner = make_staff("owner")
    with override_settings(REFUND_APPROVAL_ABOVE=1000):
        refund = request_refund(transaction_id=row.pk, amount=row.received, reason="uji", requested_by=owner)

        assert login(owner).get(page_url(refund, "setujui")).status_code == 403
        press(login("owner"), refund, "setujui")

    refund.refresh_from_db()
    assert (refund.state, refund.approved_by_id != owner.pk) == ("DONE", True)
