"""A paid order that its customer wants cancelled: asked for once, answered by staff, overtaken by the parcel."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from config.models import OutgoingMail
from orders.errors import CancelRequestRefusedError
from orders.links import order_path
from orders.models import CancelRequest, Order
from orders.services import decline_cancellation, request_cancellation, ship_order
from orders.states import OrderStatus
from payments.staff import lists
from tests.support.checkout import main_of
from tests.support.pages import paid_order
from tests.support.races import race
from tests.support.staff import begin, login, page_url, press, said
from tests.support.world import make_customer, make_order

pytestmark = pytest.mark.django_db


@pytest.fixture
def order(simulator: Any) -> Order:
    return paid_order(simulator)


@pytest.fixture
def owner(order: Order) -> Client:
    client = Client()
    client.force_login(order.user)
    return client


def ask(order: Order, reason: str = "salah ukuran") -> CancelRequest:
    return request_cancellation(order_id=order.pk, reason=reason, actor=f"customer:{order.user_id}")


def states(order: Order) -> list[str]:
    return list(order.cancel_requests.values_list("state", flat=True))


def mails(order: Order) -> list[str]:
    return list(OutgoingMail.objects.filter(reference=order.number).order_by("pk").values_list("kind", flat=True))


def test_the_customer_asks_and_sees_that_it_waits(order, owner):
    path = order_path(order)
    assert f"{path}minta-batal/" in main_of(owner.get(path))

    assert owner.post(f"{path}minta-batal/", {"reason": "  "}).status_code == 400
    owner.post(f"{path}minta-batal/", {"reason": "Salah <b>ukuran</b>"})

    page = main_of(owner.get(path))
    assert "Permintaan batal menunggu jawaban" in page
    assert "Kamu minta pesanan ini dibatalkan" in page
    assert f"{path}minta-batal/" not in page
    assert states(order) == ["OPEN"]
    assert order.pk in lists.attention_ids()


def test_one_request_is_open_at_a_time_and_three_are_enough(order):
    first = ask(order)
    assert ask(order, "sekali lagi") == first
    for _ in range(3):
        decline_cancellation(order_id=order.pk, answer="Sudah dibungkus", actor="staff:1")
        if order.cancel_requests.count() < 3:
            ask(order)
        else:
            break

    with pytest.raises(CancelRequestRefusedError):
        ask(order)
    assert states(order) == ["DECLINED"] * 3


def test_an_unpaid_or_shipped_order_cannot_be_asked_about(order):
    ship_order(order_id=order.pk, courier="JNE", tracking_number="JP1234567", actor="staff")

    for one in (order, make_order()):
        with pytest.raises(CancelRequestRefusedError):
            ask(one)


def test_the_customer_takes_it_back(order, owner):
    ask(order)

    owner.post(f"{order_path(order)}tarik-permintaan/")

    assert states(order) == ["WITHDRAWN"]
    assert order.pk not in lists.attention_ids()


def test_a_parcel_that_leaves_overtakes_the_request(order, owner):
    ask(order)

    ship_order(order_id=order.pk, courier="JNE", tracking_number="JP1234567", actor="staff")

    assert states(order) == ["WITHDRAWN"]
    assert "Permintaan batal gugur" in main_of(owner.get(order_path(order)))


def test_a_link_alone_asks_for_nothing(order, client):
    path = order_path(order)

    client.post(f"{path}minta-batal/", {"reason": "iseng"})
    assert states(order) == []
    ask(order)
    client.post(f"{path}tarik-permintaan/")

    assert states(order) == ["OPEN"]
    assert "Tarik permintaan" not in main_of(client.get(path))


def test_staff_decline_with_a_reason_that_the_customer_reads(order, owner):
    ask(order, "berubah pikiran")
    cashier = login("kasir")
    assert "berubah pikiran" in cashier.get(page_url(order)).content.decode()

    press(cashier, order, "tolak-batal", reason="Paketnya sudah disegel")

    mail = OutgoingMail.objects.get(kind="cancel_answer")
    assert states(order) == ["DECLINED"]
    assert "Paketnya sudah disegel." in mail.text
    assert "Paketnya sudah disegel" in main_of(owner.get(order_path(order)))
    order.refresh_from_db()
    assert order.status == OrderStatus.PAID


def test_staff_accept_and_the_money_goes_back_the_usual_way(order):
    ask(order)
    cashier = login("kasir")

    press(cashier, order, "setujui-batal", reason="Atas permintaanmu")

    order.refresh_from_db()
    assert states(order) == ["ACCEPTED"]
    # Paid by virtual account: a person transfers it, and only then the order closes.
    assert order.status == OrderStatus.PAID
    assert mails(order)[-1] == "cancel_answer"
    assert "kami setujui" in OutgoingMail.objects.get(kind="cancel_answer").text
    assert "Uang pesanan ini sedang dikembalikan" in said(login("gudang").get(page_url(order, "kirim")))[0]


def test_an_answer_comes_late_once_the_request_is_over(order):
    ask(order)
    cashier = login("kasir")
    page = begin(cashier, order, "tolak-batal")
    ship_order(order_id=order.pk, courier="JNE", tracking_number="JP1234567", actor="staff")

    cashier.post(page_url(order, "tolak-batal"), page | {"reason": "terlambat"})

    assert states(order) == ["WITHDRAWN"]
    assert not OutgoingMail.objects.filter(kind="cancel_answer").exists()


def test_the_parcel_arrived(order, owner, client):
    path = order_path(order)
    owner.post(f"{path}diterima/")
    ship_order(order_id=order.pk, courier="JNE", tracking_number="JP1234567", actor="staff")
    client.post(f"{path}diterima/")
    order.refresh_from_db()
    assert order.status == OrderStatus.SHIPPED  # not before it left, and not by whoever was sent the link

    page = main_of(owner.get(path))
    assert "https://www.jne.co.id/" in page
    owner.post(f"{path}diterima/")
    owner.post(f"{path}diterima/")

    order.refresh_from_db()
    assert order.status == OrderStatus.COMPLETED
    assert "Pesanan diterima" in main_of(owner.get(path))


def test_another_member_may_do_none_of_it(order):
    client = Client()
    client.force_login(make_customer())
    ask(order)
    for part in ("minta-batal/", "tarik-permintaan/", "diterima/"):
        client.post(f"{order_path(order)}{part}", {"reason": "iseng"})

    assert states(order) == ["OPEN"]


@pytest.mark.django_db(transaction=True)
def test_two_clicks_make_one_request(simulator):
    order = paid_order(simulator)

    made = race([lambda: ask(order)] * 4)

    assert len({request.pk for request in made.values}) == 1
    assert made.errors == []
    assert states(order) == ["OPEN"]
