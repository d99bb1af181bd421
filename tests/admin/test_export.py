"""Lists as CSV: a right of its own, no formula in a cell, no more than the filters leave, and a line in the history."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from config.staff import export
from orders.models import Order
from payments.models import PaymentTransaction
from shop.models import StockMovement
from tests.support.simulator import Simulator
from tests.support.staff import login, make_staff, paid_order
from tests.support.world import make_order, make_variant

pytestmark = pytest.mark.django_db(transaction=True)

ORDERS = "/admin/orders/order/ekspor/"


def rows_of(answer: Any) -> list[dict[str, str]]:
    text = b"".join(answer.streaming_content).decode()
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


def test_orders_leave_as_the_filters_show_them(simulator: Simulator) -> None:
    paid, _ = paid_order(simulator)
    make_order()
    client = login("owner")

    asked = client.get(ORDERS, {"status__exact": "PAID"}).content.decode()
    answer = client.post(f"{ORDERS}?status__exact=PAID")
    (row,) = rows_of(answer)

    assert "<b>1</b> baris" in asked
    assert (row["nomor"], row["status"], row["total"]) == (paid.number, "Dibayar", str(paid.total))
    assert row["telepon"].startswith("08")
    assert "attachment" in answer["Content-Disposition"]
    assert "no-store" in answer["Cache-Control"]


def test_a_name_that_a_spreadsheet_would_run_arrives_as_text(simulator: Simulator) -> None:
    order, _ = paid_order(simulator)
    Order.objects.filter(pk=order.pk).update(recipient='=HYPERLINK("http://evil.example")', street="  +62\n@cmd")

    (row,) = rows_of(login("owner").post(ORDERS))

    assert row["penerima"] == '\'=HYPERLINK("http://evil.example")'
    assert row["alamat"] == "'+62 @cmd"


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", " =1", "\n-1", "\uff1d1", "\uff20x", "\u00a0=1", "\ufeff=1", '"=1'],
)
def test_every_beginning_of_a_formula_is_made_harmless(text: str) -> None:
    assert str(export.cell(text)).startswith("'")


@pytest.mark.parametrize("text", ["Budi;=1+1", 'a;"=1', "a\n=1", "a\r\n@x", "a; -1", "a;;=1", "a\t=1;+2"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_no_cell_is_a_formula_whatever_separator_the_spreadsheet_expects(text: str, separator: str) -> None:
    columns = [export.Column("nomor", lambda _: "ORD-1"), export.Column("nama", lambda row: row)]
    lines = "".join(export.csv_lines(columns, iter([text]))).removeprefix("\ufeff")

    naive = [piece for line in lines.splitlines() for piece in line.split(separator)]
    read = [piece for row in csv.reader(io.StringIO(lines, newline=""), delimiter=separator) for piece in row]

    assert [piece for piece in naive + read if piece.strip().strip('"').strip().startswith(("=", "+", "-", "@"))] == []


def test_numbers_of_our_own_stay_numbers() -> None:
    assert [export.cell(value) for value in (-5, 0, None, True, "aman")] == [-5, 0, "", "ya", "aman"]


@pytest.mark.parametrize(
    ("model", "name", "column"),
    [(PaymentTransaction, "payments_paymenttransaction", "ID transaksi"), (StockMovement, "shop_stockmovement", "SKU")],
)
def test_money_and_stock_leave_as_well(simulator: Simulator, model: type, name: str, column: str) -> None:
    paid_order(simulator)

    rows = rows_of(login("auditor").post(reverse(f"admin:{name}_export")))

    assert len(rows) == model._default_manager.count() > 0  # type: ignore[attr-defined]
    assert all(row[column] for row in rows)


def test_who_took_what_with_which_filters_is_in_the_history(simulator: Simulator) -> None:
    paid_order(simulator)
    owner = make_staff("owner")
    client = login(owner)

    client.get(ORDERS)
    assert not LogEntry.objects.exists()
    client.post(f"{ORDERS}?status__exact=PAID")

    entry = LogEntry.objects.get()
    assert (entry.user_id, entry.object_repr) == (owner.pk, "Ekspor CSV pesanan")
    assert entry.get_change_message() == "1 baris diekspor; saringan: status__exact=PAID"


def test_too_much_at_once_is_refused_and_pages_are_joined_without_a_gap(monkeypatch) -> None:
    variant = make_variant(on_hand=1)
    for _ in range(4):
        make_variant(on_hand=1)
    client = login("owner")
    url = reverse("admin:shop_stockmovement_export")
    monkeypatch.setattr(export, "PAGE", 2)
    assert len({row["SKU"] for row in rows_of(client.post(url))}) == 5
    monkeypatch.setattr(export, "MAX_ROWS", 4)

    assert client.post(url).status_code == 302
    assert "Persempit" in client.get(url).content.decode()
    assert len(rows_of(client.post(f"{url}?q={variant.sku}"))) == 1


def test_a_longer_list_takes_no_query_per_row(simulator: Simulator) -> None:
    client = login("owner")
    counts = []
    for _ in range(2):
        paid_order(simulator)
        client.post(ORDERS)
        with CaptureQueriesContext(connection) as seen:
            rows_of(client.post(ORDERS))
        counts.append(len(seen))

    assert counts[0] == counts[1]
