"""The list of orders: what its views hold, what a search finds, and how many queries the pages take."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from orders.models import Order
from orders.services import ship_order
from payments.models import Payment, PaymentTransaction
from payments.services.refunds import request_refund
from shop.models import Variant
from tests.support.simulator import Simulator
from tests.support.staff import login, make_staff, page_url, paid_order, press
from tests.support.unrendered import unrendered
from tests.support.world import make_customer, make_order, make_variant, notify, start

pytestmark = pytest.mark.django_db(transaction=True)

LIST = "/admin/orders/order/"


def numbers(client: Client, **query: str) -> set[str]:
    """Return the numbers of the orders that a list shows."""
    with unrendered():
        answer: Any = client.get(LIST, query)
    assert answer.status_code == 200
    return {order.number for order in answer.context_data["cl"].result_list}


def tab_counts(client: Client) -> dict[str, str]:
    with unrendered():
        answer: Any = client.get(LIST)
    return {tab.key: tab.count for tab in answer.context_data["staff_tabs"]}


def test_the_views_hold_what_their_names_say(simulator: Simulator) -> None:
    unpaid, (paid, _), (sent, _) = make_order(), paid_order(simulator), paid_order(simulator)
    ship_order(order_id=sent.pk, courier="JNE", tracking_number="JNE000111", actor="uji")
    owner = login("owner")

    assert numbers(owner) == {unpaid.number, paid.number, sent.number}
    assert numbers(owner, tampilan="kirim") == {paid.number}
    assert numbers(owner, tampilan="menunggu") == {unpaid.number}
    assert numbers(owner, tampilan="perhatian") == set()
    assert tab_counts(owner) == {"semua": "", "kirim": "1", "menunggu": "1", "perhatian": "0"}


def test_the_warehouse_starts_with_what_is_to_be_sent(simulator: Simulator) -> None:
    make_order()
    (paid, _), (sent, _) = paid_order(simulator), paid_order(simulator)
    ship_order(order_id=sent.pk, courier="JNE", tracking_number="JNE000111", actor="uji")
    worker = login("gudang")

    assert numbers(worker) == {paid.number}
    assert numbers(worker, tampilan="semua") == {paid.number, sent.number}
    assert numbers(worker, tampilan="perhatian") == {paid.number}
    assert numbers(worker, q=sent.number) == {sent.number}
    assert tab_counts(worker) == {"kirim": "1", "semua": ""}


def held(simulator: Simulator) -> Order:
    order = make_order()
    payment = start(order)
    notify(payment, simulator.event(payment.gateway_id, "challenge", deliver=False), "201")
    return order


def short(simulator: Simulator) -> Order:
    variant = make_variant(on_hand=1)
    order = make_order((variant, 1))
    payment = start(order)
    press(login("gudang"), variant, "sesuaikan", how="hitungan", amount="0", reason="rusak")
    notify(payment, simulator.event(payment.gateway_id, "settle", deliver=False))
    return order


def surplus(simulator: Simulator) -> Order:
    """Paid twice: once on each of two payment pages."""
    order = make_order()
    first = start(order)
    simulator.choose(first.gateway_id, "bca_va", deliver=False)
    Payment.objects.filter(pk=first.pk).update(status="EXPIRED")
    second = start(order)
    # The first one was cancelled at the gateway when the second was made; the bank's money comes all the same.
    settled = [
        (payment, simulator.event(payment.gateway_id, "settle", deliver=False, force=True))
        for payment in (first, second)
    ]
    for payment, transaction in settled:
        notify(payment, transaction)
    assert PaymentTransaction.objects.filter(payment__order=order, surplus=True).count() == 1
    return order


def late(simulator: Simulator) -> Order:
    order = make_order()
    payment = start(order)
    simulator.choose(payment.gateway_id, "bca_va", deliver=False)
    Order.objects.filter(pk=order.pk).update(closing_at=timezone.now(), closing_to="CANCELLED", closing_by="uji")
    press(login("owner"), order, "lepas-tanpa-konfirmasi", reason="uji")
    notify(payment, simulator.event(payment.gateway_id, "settle", deliver=False))
    return order


def long_closing(simulator: Simulator) -> Order:
    order = make_order()
    since = timezone.now() - timedelta(minutes=20)
    Order.objects.filter(pk=order.pk).update(closing_at=since, closing_to="CANCELLED", closing_by="uji")
    return order


def to_transfer(simulator: Simulator) -> Order:
    order, transaction = paid_order(simulator)
    request_refund(transaction_id=transaction.pk, amount=1000, reason="uji", requested_by=make_staff("kasir"))
    return order


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (held, "Ditahan"),
        (short, "Kurang stok"),
        (surplus, "Kelebihan bayar"),
        (late, "Uang terlambat"),
        (long_closing, "Lama ditutup"),
        (to_transfer, "Dana tertunda"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_what_needs_attention_is_found_and_says_why(
    simulator: Simulator, make: Callable[[Simulator], Order], word: str,
) -> None:  # fmt: skip
    paid_order(simulator)
    make_order()
    order = make(simulator)
    owner = login("owner")

    assert numbers(owner, tampilan="perhatian") == {order.number}
    assert word in owner.get(LIST, {"tampilan": "perhatian"}).content.decode()
    assert word in owner.get(page_url(order)).content.decode()


def test_a_search_finds_what_people_quote_on_the_phone(simulator: Simulator) -> None:
    customer = make_customer(name="Ratna")
    order = make_order((make_variant(), 1), customer=customer)
    payment = start(order)
    transaction = simulator.event(payment.gateway_id, "settle", deliver=False)
    notify(payment, transaction)
    ship_order(order_id=order.pk, courier="JNE", tracking_number="JNE00998877", actor="uji")
    make_order()
    owner = login("owner")

    local = "0" + order.phone.removeprefix("+62")
    for text in (
        order.number, order.number[-6:].lower(), order.email, order.email.upper(), order.phone, local,
        f"{local[:4]}-{local[4:8]}-{local[8:]}", "JNE00998877", "jne0099", payment.gateway_id,
        transaction["transaction_id"],
    ):  # fmt: skip
        assert numbers(owner, q=text) == {order.number}, text
    assert len(numbers(owner, q="sari wulandari")) == 2
    assert numbers(owner, q="tidak-ada-yang-begini") == set()


@pytest.mark.parametrize("text", ["%", "_", "'", '"; DROP TABLE', "\\", "  ", "a" * 5000, "０８１２", "\u0000x"])
def test_a_search_for_nonsense_is_no_error(text: str) -> None:
    make_order()

    assert login("owner").get(LIST, {"q": text}).status_code in {200, 302, 400}


def test_the_filters_leave_what_they_say(simulator: Simulator) -> None:
    order, _ = paid_order(simulator)
    other = make_order()
    Order.objects.filter(pk=other.pk).update(city="KABUPATEN SLEMAN", shipping_method="jnt-ez")
    owner = login("owner")

    assert numbers(owner, status__exact="PAID") == {order.number}
    assert numbers(owner, kurir="jnt-ez") == {other.number}
    assert numbers(owner, kota="sleman") == {other.number}
    today = timezone.localtime(order.created_at)
    assert numbers(owner, created_at__year=str(today.year)) == {order.number, other.number}
    assert numbers(owner, created_at__year=str(today.year - 1)) == set()
    assert numbers(owner, tampilan="kirim", kota="sleman") == set()
    assert numbers(owner, **{"cara-bayar": "bank_transfer"}) == {order.number}
    assert numbers(owner, **{"cara-bayar": "gopay"}) == set()
    assert numbers(owner, total_from=str(order.total), total_to=str(order.total)) == {order.number, other.number}
    assert numbers(owner, total_from=str(order.total + 1)) == set()
    for shape in ("%Y-%m-%d", "%d-%m-%Y"):
        day = today.strftime(shape)
        assert numbers(owner, created_at_from=day, created_at_to=day) == {order.number, other.number}
    assert numbers(owner, created_at_from="kemarin") == {order.number, other.number}
    assert numbers(owner, created_at_from="2001-01-01", created_at_to="2001-02-01") == set()


@pytest.mark.parametrize("query", [{"total_from": "999999999"}, {"cara-bayar": "gopay"}, {"total__gte": "999999999"}])
def test_the_warehouse_cannot_ask_for_money_through_a_filter(simulator: Simulator, query: dict[str, str]) -> None:
    paid_order(simulator)
    worker = login("gudang")

    with unrendered():
        refused, listed = worker.get(LIST, query), worker.get(LIST)

    assert refused.status_code in {302, 400}
    assert {type(spec).__name__ for spec in listed.context_data["cl"].filter_specs} & {  # type: ignore[index]
        "PaidByFilter", "RangeNumericFilter",
    } == set()  # fmt: skip


def count(client: Client, url: str) -> int:
    """Return how many queries a page takes, once what is cached per process is there."""
    client.get(url)
    with CaptureQueriesContext(connection) as seen:
        assert client.get(url).status_code == 200
    return len(seen)


def test_the_lists_take_few_queries_however_long_they_are(simulator: Simulator) -> None:
    owner = login("owner")
    _, first = paid_order(simulator)
    cashier = make_staff("kasir")
    request_refund(transaction_id=first.pk, amount=1000, reason="uji", requested_by=cashier)
    urls = {
        LIST: 13,
        f"{LIST}?tampilan=perhatian": 13,
        reverse("admin:index"): 13,
        reverse("admin:shop_variant_changelist"): 9,
        reverse("admin:shop_product_changelist"): 10,
        reverse("admin:payments_payment_changelist"): 10,
        reverse("admin:payments_paymenttransaction_changelist"): 9,
        reverse("admin:payments_refund_changelist"): 10,
        reverse("admin:shop_stockmovement_changelist"): 10,
        reverse("admin:orders_orderevent_changelist"): 10,
        reverse("admin:shop_stockcount_changelist"): 9,
        reverse("admin:axes_accessattempt_changelist"): 9,
        reverse("admin:admin_logentry_changelist"): 10,
    }
    few = {url: count(owner, url) for url in urls}
    for _ in range(3):
        paid_order(simulator, (make_variant(), 1), (make_variant(), 2))
    last = PaymentTransaction.objects.latest("pk")
    request_refund(transaction_id=last.pk, amount=1000, reason="uji", requested_by=cashier)

    many = {url: count(owner, url) for url in urls}

    assert {url: n for url, n in many.items() if n > urls[url]} == {}
    assert {url: (few[url], n) for url, n in many.items() if n > few[url] + 1} == {}


def test_the_order_page_takes_as_many_queries_with_one_payment_as_with_three(simulator: Simulator) -> None:
    owner = login("owner")
    order, _ = paid_order(simulator)
    twice = surplus(simulator)

    one, more = count(owner, page_url(order)), count(owner, page_url(twice))

    assert one <= 26
    assert more <= one + 2


def test_a_variant_page_takes_few_queries() -> None:
    variant = make_variant()
    for _ in range(3):
        make_order((variant, 1))

    assert count(login("owner"), page_url(variant)) <= 13
    assert Variant.objects.get(pk=variant.pk).reserved == 3


def test_money_is_written_the_indonesian_way_and_times_name_their_zone(simulator: Simulator) -> None:
    order, _ = paid_order(simulator, (make_variant(price=1_250_000), 1))
    page = login("owner").get(page_url(order)).content.decode()

    assert "Rp1.250.000" in page
    assert re.search(r"\d{2}\.\d{2} WIB", page)
    assert "1,250,000" not in page
    assert "p.m." not in page


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, {"Semua waktu", "Hari ini", "Kemarin", "Bulan ini", "Bulan lalu"}),
        ({"created_at__year": "2025"}, {"Semua waktu", "2025", "Januari", "Desember"}),
        ({"created_at__year": "2024", "created_at__month": "2"}, {"2024", "Februari", "1", "29"}),
    ],
)
def test_the_way_through_time_follows_the_calendar(query: dict[str, str], expected: set[str]) -> None:
    make_order()
    owner = login("owner")

    answer = owner.get(LIST, query)
    labels = {step.label for step, _ in answer.context["cl"].date_steps}

    assert expected <= labels
    with unrendered():
        assert {owner.get(LIST + url).status_code for _, url in answer.context["cl"].date_steps} == {200}


@pytest.mark.parametrize(
    "query",
    [
        {"created_at__year": "x"},
        {"created_at__year": "0"},
        {"created_at__year": "2025", "created_at__month": "13"},
        {"created_at_from": "9999-12-31", "created_at_to": "0001-01-01"},
        {"total_from": "x"},
        {"total_from": "9" * 40},
    ],
)
def test_a_date_that_is_none_is_no_error(query: dict[str, str]) -> None:
    assert login("owner").get(LIST, query).status_code in {200, 302, 400}
