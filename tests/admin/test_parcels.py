"""Many parcels at once: pasted resi are judged before anything is written, and slips printed only of what may leave."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from config.errors import InvalidInputError
from config.models import OutgoingMail
from orders.couriers import clean_resi
from orders.models import Order, OrderEvent, Shipment
from orders.services import ship_order
from payments.errors import RefundRefusedError
from payments.models import Refund
from payments.services.refunds import request_refund
from payments.staff import resi_list
from payments.staff.give_back import give_back_everything
from payments.states import RefundState
from tests.support.simulator import Simulator
from tests.support.staff import login, make_staff, page_url, paid_order, press
from tests.support.threads import run_together
from tests.support.unrendered import unrendered
from tests.support.world import make_order

pytestmark = pytest.mark.django_db(transaction=True)

RESI = "/admin/orders/order/resi/"
SLIPS = "/admin/orders/order/cetak/"


def post(client: Client, text: str, **more: str) -> dict[str, Any]:
    """Send the list and return what its page would be drawn from."""
    with unrendered():
        answer: Any = client.post(RESI, {"text": text, **more})
    return dict(answer.context_data)


def problems(context: dict[str, Any]) -> list[str]:
    return [line.problem for line in context["lines"]]


def test_nothing_is_written_before_the_verdicts_are_confirmed(simulator: Simulator) -> None:
    (first, _), (second, _) = paid_order(simulator), paid_order(simulator)
    client = login("gudang")
    text = f"Nomor pesanan;Kurir;Resi\n{first.number};JNE;jne 0001112223\n\n{second.number.lower()};;'JNE0001112224\n"

    preview = post(client, text)
    assert (preview["step"], preview["good"], preview["bad"], Shipment.objects.count()) == ("preview", 2, 0, 0)
    done = post(client, text, confirmed=preview["mark"])

    assert (done["step"], done["good"], done["bad"]) == ("done", 2, 0)
    assert {str(parcel) for parcel in Shipment.objects.all()} == {"JNE JNE0001112223", "JNE JNE0001112224"}
    assert set(Order.objects.values_list("status", flat=True)) == {"SHIPPED"}
    assert OutgoingMail.objects.filter(kind="order_shipped").count() == 2
    assert OrderEvent.objects.filter(to_status="SHIPPED", actor__startswith="staff:").count() == 2


def test_every_line_that_cannot_go_says_why_and_the_others_go(simulator: Simulator) -> None:
    good, sent, held, going_back, twice = (paid_order(simulator) for _ in range(5))
    unpaid = make_order()
    ship_order(order_id=sent[0].pk, courier="JNE", tracking_number="JNE0000000001", actor="uji")
    Order.objects.filter(pk=held[0].pk).update(payment_hold="sengketa")
    request_refund(transaction_id=going_back[1].pk, amount=1000, reason="uji", requested_by=make_staff("kasir"))
    wrong = {
        "ORD-20200101-ABCDEF, JNE0000000009": "tidak dikenal",
        f"{sent[0].number}, JNE0000000010": "Sudah dikirim",
        f"{unpaid.number}, JNE0000000011": "Menunggu",
        f"{held[0].number}, JNE0000000012": "diperiksa",
        f"{going_back[0].number}, JNE0000000013": "dikembalikan",
        f"{twice[0].number}, JNE0000000001": "sudah dipakai",
        f"{good[0].number}, JNE0000000015": "baris 1",
        f"{twice[0].number}, Kantong Ajaib, JNE0000000016": "tidak dipakai toko",
        f"{twice[0].number}, JNE, x": "harus",
        f"{twice[0].number}, JNE, 1.23457E+15": "spreadsheet",
        f"{twice[0].number}": "dua kolom",
        f"{twice[0].number}, JNE0000000002": "Resi ini sudah ada di baris 1",
    }
    text = "\n".join([f"{good[0].number}, JNE0000000002", *wrong])
    client = login("gudang")

    preview = post(client, text)

    assert [word for word, told in zip(wrong.values(), problems(preview)[1:], strict=True) if word not in told] == []
    done = post(client, text, confirmed=preview["mark"])
    assert (done["good"], done["bad"]) == (1, len(wrong))
    assert Shipment.objects.count() == 2


def test_a_confirmation_of_other_verdicts_shows_them_again_and_sends_nothing(simulator: Simulator) -> None:
    order, _ = paid_order(simulator)
    text = f"{order.number},JNE0000000001"
    client = login("gudang")
    mark = post(client, text)["mark"]
    Order.objects.filter(pk=order.pk).update(payment_hold="sengketa")

    again = post(client, text, confirmed=mark)

    assert (again["step"], again["changed"], Shipment.objects.count()) == ("preview", True, 0)
    Order.objects.filter(pk=order.pk).update(payment_hold="")


def test_the_same_confirmation_twice_sends_once(simulator: Simulator) -> None:
    order, _ = paid_order(simulator)
    text = f"{order.number},JNE0000000001"
    client = login("gudang")
    mark = post(client, text)["mark"]
    post(client, text, confirmed=mark)

    again = post(client, text, confirmed=mark)

    assert (again["step"], problems(again)) == ("preview", ["Sudah dikirim."])
    assert Shipment.objects.count() == 1


def test_money_that_is_asked_back_after_the_verdict_stops_its_parcel_and_no_other(simulator: Simulator) -> None:
    (order, transaction), (other, _) = paid_order(simulator), paid_order(simulator)
    lines = resi_list.read(f"{order.number},JNE0001112223\n{other.number},JNE0001112224")
    request_refund(transaction_id=transaction.pk, amount=order.total, reason="batal", requested_by=make_staff("kasir"))

    first, second = resi_list.ship(lines, actor="staff:1")

    assert "sedang dikembalikan" in first.problem
    assert second.outcome == "Dikirim dengan JNE JNE0001112224"
    order.refresh_from_db()
    assert order.status == "PAID"


def test_without_the_question_under_the_lock_that_parcel_would_leave(simulator: Simulator) -> None:
    order, transaction = paid_order(simulator)
    request_refund(transaction_id=transaction.pk, amount=order.total, reason="batal", requested_by=make_staff("kasir"))

    ship_order(order_id=order.pk, courier="JNE", tracking_number="JNE0001112223", actor="staff:1")

    order.refresh_from_db()
    assert order.status == "SHIPPED"


@pytest.mark.parametrize("number", range(2))
def test_a_parcel_and_a_cancellation_at_once_never_take_goods_and_money(simulator: Simulator, number: int) -> None:
    order, _ = paid_order(simulator, method="qris")
    lines = resi_list.read(f"{order.number},JNE000111222{number}")
    clerk = make_staff("kasir")

    run_together(
        [
            lambda: resi_list.ship(lines, actor="staff:1"),
            lambda: give_back_everything(order_id=order.pk, reason="batal", requested_by=clerk),
        ]
    )

    order.refresh_from_db()
    goods_left = order.status in {"SHIPPED", "REFUNDED"}
    money_back = Refund.objects.exclude(state=RefundState.FAILED).exists()
    assert goods_left != money_back


def test_a_parcel_that_leaves_while_the_order_is_cancelled_keeps_the_money_here(simulator: Simulator) -> None:
    order, _ = paid_order(simulator)
    ship_order(order_id=order.pk, courier="JNE", tracking_number="JNE0001112223", actor="staff:1")

    with pytest.raises(RefundRefusedError, match="baru saja berangkat"):
        give_back_everything(order_id=order.pk, reason="batal", requested_by=make_staff("kasir"))

    assert Refund.objects.get().state == RefundState.FAILED


@pytest.mark.parametrize("text", ["", " \n , \n", "Nomor;Resi", "\n".join(["ORD-1,x"] * 201), "\x00", "a" * 30_000])
def test_a_list_that_is_none_is_said_to_be_none(text: str) -> None:
    answer = login("gudang").post(RESI, {"text": text})

    assert answer.status_code in {200, 400}
    assert not Shipment.objects.exists()


def test_what_is_pasted_is_never_taken_for_html() -> None:
    answer = login("gudang").post(RESI, {"text": "<script>alert(1)</script>,<img src=x>\n</textarea><b>,1"})

    page = answer.content.decode()
    assert "<script>alert(1)" not in page
    assert "<img src=x>" not in page
    assert "</textarea><b>" not in page


def test_the_verdicts_take_as_many_queries_for_many_lines_as_for_one(simulator: Simulator) -> None:
    numbers = [paid_order(simulator)[0].number for _ in range(3)]
    counts = []
    for size in (1, 3):
        text = "\n".join(f"{number},JNE000000000{n}" for n, number in enumerate(numbers[:size]))
        with CaptureQueriesContext(connection) as seen:
            assert all(line.is_good for line in resi_list.read(text))
        counts.append(len(seen))

    assert counts[0] == counts[1] <= 7


@pytest.mark.parametrize(
    ("courier", "text", "stored"),
    [
        ("JNE", "jne 0123 4567 89", "JNE0123456789"),
        ("J&T", "jp2611240981", "JP2611240981"),
        ("J&T", "JNE0123456789", ""),
        ("SiCepat", "000123456789", "000123456789"),
        ("SiCepat", "0012", ""),
        ("JNE", "081234567890", ""),
        ("Kurir Sendiri", "AB-12345", "AB-12345"),
        ("Kurir Sendiri", "A;DROP", ""),
    ],
)
def test_a_resi_has_the_shape_of_its_courier(courier: str, text: str, stored: str) -> None:
    if stored:
        assert clean_resi(courier, text) == stored
    else:
        with pytest.raises(InvalidInputError):
            clean_resi(courier, text)


def test_slips_of_the_chosen_orders_come_with_a_code_each_and_without_money(simulator: Simulator) -> None:
    orders = [paid_order(simulator)[0] for _ in range(2)]
    client = login("gudang")

    led = client.post(
        reverse("admin:orders_order_changelist"),
        {"action": "print_slips", "_selected_action": [order.pk for order in orders]},
    )
    page = client.get(led["Location"]).content.decode()

    assert led["Location"].startswith(SLIPS)
    assert page.count("<svg") - page.count("st-i") == 2
    assert all(f"Kode QR {order.number}" in page for order in orders)
    assert "Jl. Dago 12" in page
    assert "Rp" not in page


def test_no_slip_is_printed_of_what_may_not_leave_and_the_page_says_why(simulator: Simulator) -> None:
    good, _ = paid_order(simulator)
    held, _ = paid_order(simulator)
    back, transaction = paid_order(simulator)
    unpaid = make_order()
    Order.objects.filter(pk=held.pk).update(payment_hold="sengketa")
    request_refund(transaction_id=transaction.pk, amount=1000, reason="uji", requested_by=make_staff("kasir"))
    client = login("owner")

    page = client.get(SLIPS, {"id": [order.pk for order in (good, held, back, unpaid)]}).content.decode()
    alone = client.get(page_url(held, "slip")).content.decode()

    assert page.count('class="st-sheet"') == 1
    assert page.count("tidak dicetak") == 3
    assert 'class="st-sheet"' not in alone
    Order.objects.filter(pk=held.pk).update(payment_hold="")


@pytest.mark.parametrize("query", [{}, {"id": "x"}, {"id": str(2**70)}, {"id": "-1"}, {"id": "999999"}])
def test_a_list_of_slips_with_nothing_on_it_is_no_error(query: dict[str, str]) -> None:
    assert login("gudang").get(SLIPS, query).status_code == 200


def test_a_remark_stands_in_the_history_with_its_writer_and_customers_do_not_see_it(simulator: Simulator) -> None:
    order, _ = paid_order(simulator)
    worker = make_staff("gudang")
    client = login(worker)

    press(client, order, "catat", note="Minta dibungkus\n dua lapis")

    page = client.get(page_url(order)).content.decode()
    assert "Minta dibungkus dua lapis" in page
    assert str(worker.email) in page
    customer = Client()
    customer.force_login(order.user)
    assert "dua lapis" not in customer.get(f"/pesanan/{order.number}/", follow=True).content.decode()
