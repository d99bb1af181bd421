"""The staff's page about the state of the shop: who sees what, and what it costs."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from monitoring.dashboard import sales
from monitoring.dashboard.charts import Point, chart, nice_top
from monitoring.models import Incident
from orders.models import Order
from payments.models import Payment, Repair
from tests.support.incidents import make_incident
from tests.support.staff import login
from tests.support.world import make_order, make_variant

pytestmark = pytest.mark.django_db

URL = "/admin/pemantauan/"
MONEY, SYSTEM, STOCK = "Omzet per hari", "Detak tugas terjadwal", "Stok menipis"


@pytest.mark.parametrize(
    ("group", "sees"),
    [
        ("kasir", {MONEY, STOCK}),
        ("gudang", {STOCK}),
        ("owner", {MONEY, STOCK, SYSTEM}),
        ("auditor", {MONEY, STOCK, SYSTEM}),
    ],
)
def test_each_group_sees_only_what_it_may(group, sees):
    page = login(group).get(URL).content.decode()

    assert {part for part in (MONEY, SYSTEM, STOCK) if part in page} == sees
    assert "Pesanan per hari" in page


def test_customers_are_sent_to_the_staff_login(client):
    assert client.get(URL)["Location"].startswith("/admin/login/")


def test_it_takes_few_queries_however_much_there_is(django_assert_max_num_queries):
    owner = login("owner")
    for _ in range(3):
        make_order((make_variant(on_hand=1), 1), (make_variant(), 2))

    with django_assert_max_num_queries(19):
        assert owner.get(URL).status_code == 200


@pytest.mark.breaks_laws
def test_a_day_counts_what_was_placed_and_what_is_still_paid_for():
    first, second, third = make_order(), make_order(), make_order()
    now = timezone.now()
    Order.objects.filter(pk=first.pk).update(status="PAID", paid_at=now)
    Order.objects.filter(pk=second.pk).update(status="CANCELLED", paid_at=now)
    Order.objects.filter(pk=third.pk).update(created_at=now - timedelta(days=40), expires_at=now)

    found = sales.days()

    assert len(found) == sales.DAYS
    assert (found[-1].placed, found[-1].paid, found[-1].revenue) == (2, 1, first.total)
    assert sum(day.placed for day in found[:-1]) == 0


def test_a_chart_says_in_words_what_it_draws():
    drawn = chart(
        "Omzet", [Point("1/11", 0, "Rp0"), Point("2/11", 3_000, "Rp3.000")], describe="Per hari", shown=sales.short
    )

    assert drawn.description == "Per hari. Tertinggi 2/11: Rp3.000."
    assert [bar.height for bar in drawn.bars] == ["0.0", "102.0"]
    assert [line.label for line in drawn.grid] == ["0", "2 rb", "4 rb"]


@pytest.mark.parametrize(("value", "top"), [(0, 2), (1, 2), (3, 4), (4.5, 5), (7, 10), (1_900_000, 2_000_000)])
def test_the_top_of_a_chart_is_a_round_number(value, top):
    assert nice_top(value) == top


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (950, "950"), (1500, "1,5 rb"), (2_000_000, "2 jt"), (1_250_000_000, "1,2 M")]
)
def test_numbers_of_an_axis_are_short(value, text):
    assert sales.short(value) == text


def test_it_shows_what_healed_by_itself_and_what_is_muted():
    order = make_order()
    payment = Payment.objects.create(
        order=order, gateway_id="x", amount=order.total, status="EXPIRED", expires_at=order.expires_at
    )
    Repair.objects.create(kind="CLOSED", payment=payment, before="PENDING", after="EXPIRED", actor="run_monitors")
    Incident.objects.filter(pk=make_incident().pk).update(muted_by="INC-ABCDEFGH gateway_trouble")

    page = login("owner").get(URL).content.decode()

    assert "Pulih sendiri, 7 hari terakhir" in page
    assert f">{order.number}</a>" in page
    assert "diredam, akibat dari INC-ABCDEFGH gateway_trouble" in page
