"""What integrators are told: with its cause or not at all, signed, until they take it, and again on request."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from django.db.models.functions import Now

from config.errors import InvalidInputError
from orders.models import Order
from orders.services import ship_order
from orders.states import OrderStatus
from orders.transitions import transition
from payments.models import WebhookDelivery, WebhookEndpoint
from payments.outgoing import events, ping, replay, send_due, sender
from payments.outgoing.address import check_url
from payments.outgoing.signing import new_secret
from payments.services import cancel_order, refunds
from payments.states import DeliveryState, EventType
from tests.support.commands import run_command
from tests.support.receiver import Receiver
from tests.support.simulator import Simulator
from tests.support.staff import login, make_staff, paid_order, press
from tests.support.world import make_order

pytestmark = pytest.mark.django_db(transaction=True)

ALL = [EventType.PAID, EventType.SHIPPED, EventType.CANCELLED, EventType.REFUNDED]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


def endpoint(url: str = "https://erp.example/in", **fields: Any) -> WebhookEndpoint:
    return WebhookEndpoint.objects.create(**({"url": url, "events": ALL, "secret": new_secret()} | fields))


def written(kind: str = "") -> list[dict[str, Any]]:
    rows = WebhookDelivery.objects.order_by("pk")
    return [json.loads(row.body) for row in (rows.filter(type=kind) if kind else rows)]


def due_now() -> None:
    WebhookDelivery.objects.update(next_attempt_at=Now())


def test_a_paid_order_is_an_event_that_shows_it_paid(simulator: Simulator) -> None:
    endpoint()

    order, _ = paid_order(simulator)

    (event,) = written()
    assert event["type"] == "order.paid"
    shown = event["data"]["order"]
    assert (shown["orderNumber"], shown["status"], shown["total"]) == (order.number, "PAID", order.total)
    assert shown["payment"]["status"] == "SUCCESS"
    assert shown["items"][0]["quantity"] == 1


def test_the_parcel_and_the_refund_are_events_too(simulator: Simulator) -> None:
    endpoint()
    order, transaction = paid_order(simulator, method="qris")
    ship_order(order_id=order.pk, courier="JNE", tracking_number="JNE123456", actor="staff:1")
    refund = refunds.request_refund(
        transaction_id=transaction.pk, amount=1000, reason="cacat", requested_by=make_staff("kasir")
    )
    refunds.send_refund(refund_id=refund.pk)

    assert [event["type"] for event in written()] == ["order.paid", "order.shipped", "order.refunded"]
    assert written("order.shipped")[0]["data"]["order"]["shipments"][0]["trackingNumber"] == "JNE123456"
    assert written("order.refunded")[0]["data"]["refund"]["amount"] == 1000


def test_a_cancelled_order_is_an_event(simulator: Simulator) -> None:
    endpoint()
    order = make_order()

    cancel_order(order_id=order.pk, actor=f"customer:{order.user_id}", reason="")

    (event,) = written()
    assert (event["type"], event["data"]["order"]["status"]) == ("order.cancelled", "CANCELLED")
    assert event["data"]["previousStatus"] == "PENDING_PAYMENT"


def test_who_did_not_ask_for_an_event_gets_none_and_all_who_did_get_the_same(simulator: Simulator) -> None:
    first, second = endpoint(), endpoint("https://crm.example/in")
    endpoint("https://ship.example/in", events=[EventType.SHIPPED])
    endpoint("https://off.example/in", is_active=False)

    paid_order(simulator)

    rows = WebhookDelivery.objects.all()
    assert {row.endpoint_id for row in rows} == {first.pk, second.pk}
    assert len({row.event_id for row in rows}) == 1


def test_an_event_goes_with_its_cause(simulator: Simulator) -> None:
    endpoint()
    order, _ = paid_order(simulator)
    WebhookDelivery.objects.all().delete()

    with transaction.atomic():
        order = Order.objects.get(pk=order.pk)
        transition(order, OrderStatus.PROCESSING, actor="staff:1")
        transition(order, OrderStatus.SHIPPED, actor="staff:1")
        assert WebhookDelivery.objects.count() == 1
        transaction.set_rollback(True)

    assert WebhookDelivery.objects.count() == 0


def test_a_receiver_can_check_the_signature_and_the_age(receiver: Receiver) -> None:
    target = endpoint(receiver.url)
    delivery = ping(target)

    run = send_due()

    (got,) = receiver.requests
    assert run.sent == 1
    assert got.body.decode() == delivery.body
    assert got.headers["webhook-id"] == delivery.event_id == json.loads(got.body)["id"]
    assert abs(int(got.headers["webhook-timestamp"]) - time.time()) < 60
    signed = f"{delivery.event_id}.{got.headers['webhook-timestamp']}.".encode() + got.body
    key = base64.b64decode(target.secret.removeprefix("whsec_"))
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert got.headers["webhook-signature"] == f"v1,{expected}"


def test_a_refusal_is_tried_again_with_the_same_id_and_body(receiver: Receiver) -> None:
    ping(endpoint(receiver.url))
    receiver.answers.extend([500, 204])

    assert send_due().postponed == 1
    assert send_due().sent == 0  # not before its pause is over
    due_now()
    assert send_due().sent == 1

    first, second = receiver.requests
    assert (first.body, first.headers["webhook-id"]) == (second.body, second.headers["webhook-id"])


def test_the_last_refusal_is_kept_for_a_person_who_sends_it_again(receiver: Receiver) -> None:
    delivery = ping(endpoint(receiver.url))
    WebhookDelivery.objects.update(attempts=sender.MAX_ATTEMPTS - 1)
    receiver.answers.append(410)

    assert send_due().failed == 1
    delivery.refresh_from_db()
    assert (delivery.state, delivery.last_error) == (DeliveryState.FAILED, "answered 410")

    owner = login("owner")
    press(owner, delivery, "kirim-ulang")
    assert send_due().sent == 1


def test_a_redirect_is_not_followed(receiver: Receiver) -> None:
    ping(endpoint(receiver.url))
    receiver.answers.append(307)

    assert send_due().postponed == 1
    assert len(receiver.requests) == 1


def test_a_receiver_that_hangs_costs_its_deadline_and_delays_no_other(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender, "DEADLINE_S", 0.3)
    with Receiver() as stuck:
        stuck.hold()
        slow = endpoint(stuck.url)
        for _ in range(6):
            ping(slow)
        ping(endpoint(receiver.url))

        run = send_due()

    assert (run.sent, run.postponed) == (1, sender.UNANSWERED_IN_A_ROW)
    assert len(receiver.requests) == 1


def test_two_senders_at_once_send_an_event_once(receiver: Receiver) -> None:
    ping(endpoint(receiver.url))
    claimed = sender._claim([])
    assert claimed is not None

    assert send_due().sent == 0  # somebody is at it

    WebhookDelivery.objects.update(lease_until=Now())  # he died
    assert send_due().sent == 1
    assert len(receiver.requests) == 1


def test_an_event_is_not_sent_again_while_it_is_being_sent() -> None:
    delivery = ping(endpoint())
    sender._claim([])

    assert not replay(delivery_id=delivery.pk)


def test_private_networks_and_plain_http_are_for_trying_things_out_only(receiver: Receiver, settings: Any) -> None:
    ping(endpoint(receiver.url))
    settings.WEBHOOKS_TO_PRIVATE_NETWORKS = False

    with pytest.raises(InvalidInputError, match="https"):
        check_url(receiver.url)
    assert send_due().postponed == 1
    assert receiver.requests == []
    assert "private network" in WebhookDelivery.objects.get().last_error


@pytest.mark.parametrize("url", ["https://user:pass@erp.example/", "https:///in", "https://erp.example/#x", "ftp://a/"])
def test_an_address_nobody_can_be_sent_to_is_refused(url: str, settings: Any) -> None:
    settings.WEBHOOKS_TO_PRIVATE_NETWORKS = False

    with pytest.raises(InvalidInputError):
        check_url(url)


def test_the_owner_makes_an_endpoint_and_reads_its_secret_once_asked() -> None:
    owner = login("owner")

    form = {"url": "https://erp.example/in", "description": "ERP", "events": ["order.paid"], "is_active": "on"}
    answer = owner.post("/admin/payments/webhookendpoint/add/", form)

    made = WebhookEndpoint.objects.get()
    assert answer.status_code == 302
    assert made.secret.startswith("whsec_")
    page = owner.get(f"/admin/payments/webhookendpoint/{made.pk}/change/").content.decode()
    assert made.secret not in page
    assert made.secret in owner.get(f"/admin/payments/webhookendpoint/{made.pk}/rahasia/").content.decode()
    assert login("auditor").get(f"/admin/payments/webhookendpoint/{made.pk}/rahasia/").status_code == 403


def test_the_command_sends_and_says_what_it_did(receiver: Receiver) -> None:
    ping(endpoint(receiver.url))

    assert run_command("send_webhooks", "--dry-run").stdout.startswith("1 due (not run)")
    assert run_command("send_webhooks").stdout.startswith("1 sent")

    assert len(receiver.requests) == 1


def test_nobody_listening_costs_an_order_one_statement(django_assert_num_queries: Any) -> None:
    order = make_order()

    with django_assert_num_queries(1):
        events._announce(EventType.PAID, order)
