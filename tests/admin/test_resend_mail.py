"""One of an order's mails once more: true as of now, to the order's address, not too often, and noted."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from config.errors import InvalidInputError
from config.models import MailState, OutgoingMail
from orders.links import order_path
from orders.models import Order, OrderEvent
from orders.services import ship_order
from payments.models import Refund
from payments.services import cancel_order
from payments.services.refunds import request_refund, send_refund
from payments.staff.resend import MailNotResentError, resend_mail, sent_mails
from shop.models import User
from tests.support.simulator import Simulator
from tests.support.staff import begin, login, make_staff, page_url, paid_order, press, said
from tests.support.threads import run_together
from tests.support.world import make_order

pytestmark = pytest.mark.django_db(transaction=True)
BUTTON = "kirim-ulang-email"
BY = "staff:1"


def all_sent() -> None:
    """Let every mail so far have left, and its text be emptied as after a long time."""
    OutgoingMail.objects.update(state=MailState.SENT, sent_at=timezone.now(), text="", html="")


def key(order: Order, kind: str) -> str:
    return OutgoingMail.objects.filter(reference=order.number, kind=kind).earliest("pk").idempotency_key


def again(order: Order, kind: str, known: int = 0) -> OutgoingMail:
    resend_mail(order_id=order.pk, key=key(order, kind), known=known, actor=BY)
    return OutgoingMail.objects.latest("pk")


def test_the_cashier_sends_a_mail_again_and_the_history_says_so(simulator: Simulator) -> None:
    order, _ = paid_order(simulator)
    all_sent()
    client = login("kasir")
    form = client.get(page_url(order, BUTTON)).context["form"]

    answer = press(client, order, BUTTON, mail=key(order, "order_paid"))

    mail = OutgoingMail.objects.latest("pk")
    assert [label.split(",")[0] for _, label in form.fields["mail"].choices] == [
        "Pesanan dibuat",
        "Pembayaran diterima",
    ]
    assert (mail.kind, mail.to, mail.state, mail.reference) == ("order_paid", order.email, "PENDING", order.number)
    assert mail.idempotency_key.startswith(f"order_paid/{order.number}/ulang/")
    assert "Terima kasih" in mail.text
    assert order_path(order) in mail.text
    assert Client().get(order_path(order)).status_code == 200
    assert said(answer) == [f"“Pembayaran diterima” dikirim ulang ke {order.email}."]
    event = OrderEvent.objects.get(order=order, kind="NOTE")
    assert event.reason == "e-mail dikirim ulang: Pembayaran diterima"
    assert event.actor.startswith("staff:")


def test_a_mail_is_written_from_what_is_true_now(simulator: Simulator) -> None:
    order, _ = paid_order(simulator)
    ship_order(order_id=order.pk, courier="JNE", tracking_number="JNE123456789", actor=BY)
    Order.objects.filter(pk=order.pk).update(email="baru@contoh.id")
    all_sent()

    mail = again(order, "order_shipped")

    assert mail.to == "baru@contoh.id"
    assert "JNE123456789" in mail.text


def test_what_is_no_longer_true_is_not_said_again(simulator: Simulator) -> None:
    order, row = paid_order(simulator, method="qris")
    refund = request_refund(
        transaction_id=row.pk, amount=row.received, reason="habis", requested_by=make_staff("kasir")
    )
    send_refund(refund_id=refund.pk)
    all_sent()

    for kind, sentence in {
        "order_received": "tidak lagi menunggu pembayaran",
        "order_paid": "kabar lunasnya tidak berlaku lagi",
    }.items():
        with pytest.raises(InvalidInputError, match=sentence):
            again(order, kind)
    assert "kami kembalikan" in again(order, "order_refunded").text
    assert "dibatalkan" in again(order, "order_cancelled", known=1).text

    Refund.objects.update(state="FAILED", denied_at=timezone.now())
    with pytest.raises(InvalidInputError, match="tidak jadi"):
        again(order, "order_refunded", known=2)
    Refund.objects.update(state="DONE", denied_at=None)


def test_an_invitation_to_pay_is_sent_again_while_it_can_be_paid(simulator: Simulator) -> None:
    order = make_order()
    all_sent()

    assert "/bayar/" in again(order, "order_received").text

    cancel_order(order_id=order.pk, actor="customer:1", reason="")
    with pytest.raises(InvalidInputError):
        again(order, "order_received", known=1)


def test_a_link_that_only_its_asker_may_have_is_refused() -> None:
    order = make_order()
    OutgoingMail.objects.create(
        kind="guest_account", reference=order.number, to=order.email, from_email="a@b.id", subject="s", text="t",
        idempotency_key=f"guest_account/{order.number}/1", state=MailState.SENT, sent_at=timezone.now(),
    )  # fmt: skip

    with pytest.raises(InvalidInputError, match="memintanya lagi sendiri"):
        again(order, "guest_account")


def test_at_most_three_times_a_day_for_each_mail() -> None:
    order = make_order()
    all_sent()
    for known in range(3):
        again(order, "order_received", known)
    with pytest.raises(InvalidInputError, match="3 kali hari ini"):
        again(order, "order_received", 3)

    yesterday = OutgoingMail.objects.filter(idempotency_key__contains="/ulang/")
    for mail in yesterday:
        mail.idempotency_key = mail.idempotency_key.replace(f"{timezone.localdate():%Y%m%d}", "20200101")
        mail.save(update_fields=["idempotency_key"])

    assert again(order, "order_received", 3).idempotency_key.endswith("/1")


def test_the_same_click_twice_is_one_mail() -> None:
    order = make_order()
    all_sent()
    call = partial(resend_mail, order_id=order.pk, key=key(order, "order_received"), known=0, actor=BY)

    done = run_together([call] * 3)

    assert sum(isinstance(one, MailNotResentError) for one in done) == 2
    assert OutgoingMail.objects.filter(kind="order_received").count() == 2


def test_what_was_sent_again_is_not_offered_as_another_mail() -> None:
    order = make_order()
    all_sent()
    again(order, "order_received")
    all_sent()

    assert [mail.kind for mail in sent_mails(order)] == ["order_received"]


@pytest.mark.parametrize("wrong", ["", "order_paid/ORD-1", "another"])
def test_a_mail_that_is_not_this_orders_cannot_be_chosen(wrong: str) -> None:
    order, other = make_order(), make_order()
    all_sent()
    client = login("owner")
    wanted = key(other, "order_received") if wrong == "another" else wrong

    answer: Any = client.post(page_url(order, BUTTON), begin(client, order, BUTTON) | {"mail": wanted})

    assert answer.status_code == 400
    assert not OutgoingMail.objects.filter(idempotency_key__contains="/ulang/").exists()
    with pytest.raises(InvalidInputError):
        resend_mail(order_id=order.pk, key=wanted, known=0, actor=BY)


def test_a_forged_mark_of_what_the_page_knew_is_stale() -> None:
    order = make_order()
    all_sent()
    client = login("kasir")

    client.post(page_url(order, BUTTON), {"seen": "x", "mail": key(order, "order_received")})

    assert OutgoingMail.objects.count() == 1


def test_somebody_who_was_erased_gets_no_mail() -> None:
    order = make_order()
    all_sent()
    User.objects.filter(pk=order.user_id).update(is_active=False, name="", phone="", erased_at=timezone.now())

    with pytest.raises(InvalidInputError, match="sudah dihapus"):
        again(order, "order_received")
    assert "sudah dihapus" in said(login("owner").get(page_url(order, BUTTON)))[-1]
