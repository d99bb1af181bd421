"""What staff promised a customer who wants to cancel holds: no "yes" before the money is sure, no parcel after it."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import override_settings

from config.models import OutgoingMail
from orders.models import Order
from orders.services import request_cancellation
from orders.states import OrderStatus
from payments.models import Refund
from payments.staff import lists, resi_list, ship_gate, words
from tests.support.simulator import Simulator
from tests.support.staff import login, page_url, paid_order, press, said

pytestmark = pytest.mark.django_db(transaction=True)


def asked(simulator: Simulator, **fields: Any) -> Order:
    order, _ = paid_order(simulator, **fields)
    request_cancellation(order_id=order.pk, reason="salah ukuran", actor=f"customer:{order.user_id}")
    return order


def state(order: Order) -> str:
    return str(order.cancel_requests.get().state)


def was_told(order: Order) -> bool:
    return OutgoingMail.objects.filter(kind="cancel_answer", reference=order.number).exists()


def reasons_to_look(order: Order) -> list[str]:
    return words.attention(lists.with_facts(Order.objects.filter(pk=order.pk)).get())


@override_settings(REFUND_APPROVAL_ABOVE=1_000)
def test_nobody_is_told_yes_while_a_second_person_may_say_no(simulator):
    order = asked(simulator)

    answer = press(login("kasir"), order, "setujui-batal", reason="Baik")

    assert (state(order), was_told(order)) == ("OPEN", False)
    assert "belum dijawab" in said(answer)[0]


@override_settings(REFUND_APPROVAL_ABOVE=1_000)
def test_once_the_second_person_approved_the_yes_begins_no_second_refund(simulator):
    order = asked(simulator)
    cashier = login("kasir")
    press(cashier, order, "setujui-batal", reason="Baik")
    Refund.objects.update(bank_name="BCA", account_number="1234567890", account_name="Rina")
    press(login("owner"), Refund.objects.get(), "setujui")

    press(cashier, order, "setujui-batal", reason="Baik")

    assert (state(order), was_told(order)) == ("ACCEPTED", True)
    assert Refund.objects.count() == 1


def test_nobody_is_told_yes_when_the_gateway_will_not_give_it_back(simulator):
    order = asked(simulator, method="qris")
    simulator.fault("refund_denied", operation="core.refund", count=1)

    answer = press(login("kasir"), order, "setujui-batal", reason="Baik")

    assert (state(order), was_told(order)) == ("OPEN", False)
    assert "ditolak Midtrans" in said(answer)[0]


def test_after_the_yes_no_parcel_leaves_though_the_refund_was_taken_back(simulator):
    order = asked(simulator)
    press(login("kasir"), order, "setujui-batal", reason="Baik")
    press(login("owner"), Refund.objects.get(), "tolak", reason="Salah rekening")

    answer = login("gudang").get(page_url(order, "kirim"))

    assert state(order) == "ACCEPTED"
    assert said(answer) == [ship_gate.PROMISED]
    assert resi_list.read(f"{order.number};JNE0000000001")[0].problem == ship_gate.PROMISED
    assert order.pk in lists.attention_ids()
    assert "Batal belum tuntas" in reasons_to_look(order)


def test_while_the_money_is_on_its_way_a_yes_needs_nobody_s_attention(simulator):
    order = asked(simulator)

    press(login("kasir"), order, "setujui-batal", reason="Baik")

    assert "Batal belum tuntas" not in reasons_to_look(order)


def test_a_pasted_list_leaves_an_order_out_whose_customer_wants_to_cancel(simulator):
    wanted, (plain, _) = asked(simulator), paid_order(simulator)

    lines = resi_list.read(f"{wanted.number};JNE0000000001\n{plain.number};JNE0000000002")

    assert [line.problem for line in lines] == [ship_gate.ASKED, ""]


def test_a_wish_that_comes_after_the_list_was_judged_still_keeps_the_parcel_here(simulator):
    order, _ = paid_order(simulator)
    lines = resi_list.read(f"{order.number};JNE0000000001")
    request_cancellation(order_id=order.pk, reason="salah ukuran", actor=f"customer:{order.user_id}")

    (line,) = resi_list.ship(lines, actor="staff:1")

    order.refresh_from_db()
    assert (line.problem, order.status, state(order)) == (ship_gate.ASKED, OrderStatus.PAID, "OPEN")


def test_the_page_of_the_order_sends_it_all_the_same(simulator):
    order = asked(simulator)
    page = login("gudang").get(page_url(order, "kirim")).content.decode()

    press(login("gudang"), order, "kirim", courier="JNE", tracking_number="JP1234567890")

    order.refresh_from_db()
    assert "Mengirimnya menggugurkan permintaan itu" in page
    assert (order.status, state(order)) == (OrderStatus.SHIPPED, "WITHDRAWN")
