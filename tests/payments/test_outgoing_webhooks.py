"""What integrators are told: with its cause or not at all, signed, until they take it, and again on request."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.db.models.functions import Now

from config.errors import InvalidInputError
from monitoring.cleaning import clean_up
from orders.models import Order
from orders.services import ship_order
from orders.states import OrderStatus
from orders.transitions import transition
from payments.models import WebhookDelivery, WebhookEndpoint
from payments.outgoing import events, ping, replay, send_due, sender
from payments.outgoing.address import check_url, is_public
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
    monkeypatch.setattr(sender, "DEADLINE_S", 1.0)
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


# --- hostile receivers, and owners who mistype ------------------------------------------------------------------------


def serve_once(answer: Any) -> tuple[str, Any]:
    """Take one connection on a port of its own and let ``answer`` do with it what it likes; returns the address."""
    listener = socket.create_server(("127.0.0.1", 0))

    def run() -> None:
        with suppress(OSError):
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                answer(connection)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return f"http://127.0.0.1:{listener.getsockname()[1]}/in", (listener, thread)


@pytest.mark.parametrize("status", [200, 307])
def test_an_endless_answer_is_not_read(status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender, "DEADLINE_S", 3.0)
    sent = 0

    def flood(connection: socket.socket) -> None:
        nonlocal sent
        connection.sendall(b"HTTP/1.1 %d X\r\nLocation: /x\r\nContent-Length: 10000000000\r\n\r\n" % status)
        for _ in range(64):
            sent += connection.send(bytes(1024 * 1024))

    url, (listener, thread) = serve_once(flood)
    delivery = ping(endpoint(url))

    send_due()

    listener.close()
    thread.join(timeout=10)
    delivery.refresh_from_db()
    assert delivery.last_status == status
    assert sent < 32 * 1024 * 1024  # what fits into the machine's own buffers


@pytest.mark.parametrize("url", ["https://erp.example:99999/in", f"https://{'a' * 64}.example/in", "https://[::1/in"])
def test_an_address_that_cannot_be_used_is_refused_and_an_old_one_ends_no_run(
    url: str, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.WEBHOOKS_TO_PRIVATE_NETWORKS = False
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *_, **__: [host.encode("idna")])  # as the real one begins
    ping(endpoint(url))

    with pytest.raises(InvalidInputError, match="tidak dapat dipakai"):
        check_url(url)
    assert send_due().postponed == 1


def test_a_name_that_changes_its_mind_after_it_was_checked_is_not_connected_to(
    receiver: Receiver, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.WEBHOOKS_TO_PRIVATE_NETWORKS = False
    answers = ["93.184.215.14"]

    def look_up(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        address = answers.pop(0) if answers else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    delivery = ping(endpoint(receiver.url.replace("127.0.0.1", "rebind.example")))

    assert send_due().postponed == 1
    assert receiver.requests == []
    delivery.refresh_from_db()
    assert "private network" in delivery.last_error


OURS = (
    "127.0.0.1", "10.1.2.3", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1", "::1", "fe80::1", "fd00::1",
    "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::1",
)  # fmt: skip


def test_no_address_of_our_own_network_is_public_in_any_spelling() -> None:
    assert [address for address in OURS if is_public(address)] == []
    assert is_public("93.184.215.14")
    assert is_public("2606:2800:21f:cb07:6820:80da:af6b:8b2c")
    assert is_public("64:ff9b::5db8:d70e")


def test_several_receivers_that_hang_starve_nobody(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender, "DEADLINE_S", 1.0)
    with Receiver() as one, Receiver() as other:
        for stuck in (one, other):
            stuck.hold()
            target = endpoint(stuck.url)
            for _ in range(4):
                ping(target)
        ping(endpoint(receiver.url))

        run = send_due(deadline_s=5)

    assert run.sent == 1
    assert len(receiver.requests) == 1


def test_a_secret_cannot_be_guessed_at_through_the_address_of_the_list() -> None:
    made = endpoint()
    auditor = login("auditor")

    guesses = [made.secret[:12], "whsec_nope"]
    answers = [auditor.get("/admin/payments/webhookendpoint/", {"secret__startswith": guess}) for guess in guesses]

    assert {answer.status_code for answer in answers} <= {302, 400}


def test_after_ninety_days_only_what_an_active_endpoint_did_not_take_is_kept() -> None:
    live, off = endpoint(), endpoint("https://off.example/in")
    for target in (live, live, off, off):
        ping(target)
    sent, refused, _, given_up = WebhookDelivery.objects.order_by("pk")
    ago = Now() - timedelta(days=91)
    WebhookDelivery.objects.update(created_at=ago)
    WebhookDelivery.objects.filter(pk=sent.pk).update(state=DeliveryState.SENT, sent_at=ago)
    WebhookDelivery.objects.filter(pk__in=[refused.pk, given_up.pk]).update(state=DeliveryState.FAILED)
    WebhookEndpoint.objects.filter(pk=off.pk).update(is_active=False)

    done = clean_up()

    assert done["webhook_deliveries"] == 3
    assert list(WebhookDelivery.objects.all()) == [refused]
