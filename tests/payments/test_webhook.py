"""The webhook: stored first, never believed, applied once, and never a state that goes backwards."""

from __future__ import annotations

import json
from functools import partial

import pytest
from django.test import Client

from config.models import OutgoingMail
from orders.models import Order
from payments.models import GatewayNotification, Payment, PaymentTransaction, SignatureFailure
from payments.notification_body import signature
from payments.services import change_method
from payments.services.notifications import process_due, reprocess
from payments.services.reconcile import reconcile_payments
from shop.models import StockMovement
from tests.support.simulator import Simulator
from tests.support.threads import run_together
from tests.support.world import make_order, make_variant, notification_body, notify, post_notification, start

pytestmark = pytest.mark.django_db(transaction=True)


def settled(simulator: Simulator, payment: Payment, **more) -> dict:
    return simulator.event(payment.gateway_id, "settle", deliver=False, **more)


def test_five_deliveries_at_once_and_one_later_sell_once(simulator: Simulator) -> None:
    variant = make_variant(on_hand=4)
    order = make_order((variant, 3))
    payment = start(order)
    transaction = settled(simulator, payment)

    codes = run_together([partial(notify, payment, transaction)] * 5)
    later = notify(payment, transaction)

    variant.refresh_from_db()
    order.refresh_from_db()
    assert [*codes, later] == [200] * 6
    assert order.status == "PAID"
    assert (variant.on_hand, variant.reserved) == (1, 0)
    assert StockMovement.objects.filter(kind="SALE").count() == 1
    assert OutgoingMail.objects.filter(kind="order_paid").count() == 1
    assert GatewayNotification.objects.get().deliveries == 6


def test_five_different_bodies_about_one_settlement_at_once_sell_once(simulator: Simulator) -> None:
    order = make_order()
    payment = start(order)
    transaction = settled(simulator, payment)

    codes = run_together([partial(notify, payment, transaction, extra=str(n)) for n in range(5)])

    assert codes == [200] * 5
    assert StockMovement.objects.filter(kind="SALE").count() == 1
    assert PaymentTransaction.objects.count() == 1


def test_settlement_before_pending_and_pending_after_settlement_stay_paid(simulator: Simulator) -> None:
    order = make_order()
    payment = start(order)
    pending = simulator.choose(payment.gateway_id, "bca_va", deliver=False)
    done = settled(simulator, payment)

    assert notify(payment, done) == 200
    assert notify(payment, pending, "201") == 200

    order.refresh_from_db()
    assert order.status == "PAID"
    assert Payment.objects.get().status == "SUCCESS"


def test_the_expiry_of_an_old_payment_does_not_touch_what_a_newer_one_paid(simulator: Simulator) -> None:
    order = make_order()
    old = start(order)
    first = simulator.choose(old.gateway_id, "bca_va", deliver=False)
    new = change_method(order_id=order.pk, actor="test").payment
    notify(new, settled(simulator, new))

    code = notify(old, first | {"transaction_status": "expire"}, "202")

    order.refresh_from_db()
    assert code == 200
    assert order.status == "PAID"
    assert Payment.objects.get(pk=old.pk).status == "CANCELLED"
    assert Payment.objects.get(pk=new.pk).status == "SUCCESS"


def test_deny_leaves_the_page_open_and_the_next_attempt_pays(simulator: Simulator) -> None:
    order = make_order()
    payment = start(order)
    denied = simulator.event(payment.gateway_id, "deny", deliver=False, method="credit_card")
    assert notify(payment, denied, "202") == 200
    assert Payment.objects.get().status == "PENDING"

    paid = settled(simulator, payment, method="gopay")
    assert notify(payment, paid) == 200

    order.refresh_from_db()
    assert order.status == "PAID"
    assert PaymentTransaction.objects.count() == 2


def test_a_forged_signature_is_refused_and_only_counted(simulator: Simulator) -> None:
    order = make_order()
    payment = start(order)
    transaction = settled(simulator, payment)

    code = notify(payment, transaction, after_signature_key="0" * 128)

    order.refresh_from_db()
    assert code == 403
    assert order.status == "PENDING_PAYMENT"
    assert GatewayNotification.objects.count() == 0
    assert SignatureFailure.objects.get().count == 1


def test_a_status_edited_under_a_valid_signature_changes_nothing(simulator: Simulator) -> None:
    order = make_order()
    payment = start(order)
    pending = simulator.choose(payment.gateway_id, "bca_va", deliver=False)

    code = notify(payment, pending, "201", after_transaction_status="settlement")

    order.refresh_from_db()
    assert code == 503
    assert order.status == "PENDING_PAYMENT"
    assert GatewayNotification.objects.get().outcome == "WAITING"


def test_a_status_that_get_shows_late_is_applied_by_the_retry(simulator: Simulator) -> None:
    order = make_order()
    payment = start(order)
    transaction = settled(simulator, payment)
    simulator.fault("status_lags", count=1)
    assert notify(payment, transaction) == 503
    GatewayNotification.objects.update(next_attempt_at="2020-01-01T00:00Z")

    assert process_due().applied == 1
    order.refresh_from_db()
    assert order.status == "PAID"


def test_after_five_tries_a_notification_is_exhausted_and_staff_can_try_again(simulator: Simulator) -> None:
    payment = start(make_order())
    transaction = settled(simulator, payment)
    lag = simulator.fault("status_lags")
    notify(payment, transaction)
    for _ in range(6):
        GatewayNotification.objects.update(next_attempt_at="2020-01-01T00:00Z")
        process_due()
    row = GatewayNotification.objects.get()
    assert (row.outcome, row.attempts) == ("EXHAUSTED", 5)

    simulator.remove_fault(lag)
    assert reprocess(notification_id=row.pk) == "APPLIED"


@pytest.mark.parametrize("amount", ["99.00", "1.00", "999999999.00"])
def test_a_wrong_amount_in_the_body_is_not_believed(simulator: Simulator, amount: str) -> None:
    """The body is signed by whoever knows the key; GET status tells the right amount, and that is what counts."""
    order = make_order()
    payment = start(order)
    pending = simulator.choose(payment.gateway_id, "bca_va", deliver=False)

    assert notify(payment, pending, gross_amount=amount) == 200
    order.refresh_from_db()
    assert order.status == "PENDING_PAYMENT"


def test_money_of_a_wrong_amount_is_recorded_and_held(simulator: Simulator) -> None:
    variant = make_variant(on_hand=4)
    order = make_order((variant, 1))
    payment = start(order)
    transaction = settled(simulator, payment)
    simulator.fault("status_edited", fields={"gross_amount": "1.00"})

    assert notify(payment, transaction) == 200

    order.refresh_from_db()
    variant.refresh_from_db()
    row = PaymentTransaction.objects.get()
    assert order.status == "PENDING_PAYMENT"
    assert "tidak sesuai" in order.payment_hold
    assert (row.received, row.problem != "") == (1, True)
    assert (variant.on_hand, variant.reserved) == (4, 1)


def test_a_foreign_currency_is_held(simulator: Simulator) -> None:
    order = make_order()
    payment = start(order)
    transaction = settled(simulator, payment)
    simulator.fault("status_edited", fields={"currency": "USD"})

    assert notify(payment, transaction) == 200
    order.refresh_from_db()
    assert order.status == "PENDING_PAYMENT"
    assert "USD" in order.payment_hold


def test_a_challenged_card_holds_the_order_until_it_is_decided(simulator: Simulator) -> None:
    order = make_order()
    payment = start(order)
    challenged = simulator.event(payment.gateway_id, "challenge", deliver=False, method="credit_card")
    assert notify(payment, challenged, "201") == 200
    order.refresh_from_db()
    assert (order.status, order.payment_hold) == ("PENDING_PAYMENT", "pembayaran kartu sedang ditinjau")

    approved = simulator.event(payment.gateway_id, "approve", deliver=False)
    assert notify(payment, approved) == 200
    order.refresh_from_db()
    assert (order.status, order.payment_hold) == ("PAID", "")


def test_a_capture_without_fraud_verdict_is_not_paid(simulator: Simulator) -> None:
    order = make_order()
    payment = start(order)
    card = settled(simulator, payment, method="credit_card")
    simulator.fault("status_edited", remove=["fraud_status"], fields={"transaction_status": "capture"})

    assert notify(payment, card) in {200, 503}
    order.refresh_from_db()
    assert order.status == "PENDING_PAYMENT"


def test_an_unknown_order_is_stored_and_answered_404(simulator: Simulator) -> None:
    body = {
        "order_id": "ORD-20260101-ZZZZZZ-AAAAAAAA",
        "transaction_id": "11111111-2222-3333-4444-555555555555",
        "transaction_status": "settlement",
        "status_code": "200",
        "gross_amount": "10000.00",
    }
    assert post_notification(notification_body(body)) == 404
    assert GatewayNotification.objects.get().outcome == "UNKNOWN_ORDER"


def test_confirmed_money_for_an_unknown_order_is_kept_as_a_payment_without_order(simulator: Simulator) -> None:
    order = make_order()
    payment = start(order)
    transaction = settled(simulator, payment)
    Payment.objects.filter(pk=payment.pk).update(gateway_id="ORD-20200101-AAAAAA-BBBBBBBB")
    simulator_id = payment.gateway_id

    assert notify(payment, transaction) == 200

    orphan = Payment.objects.get(gateway_id=simulator_id)
    assert (orphan.order, orphan.status, orphan.amount) == (None, "SUCCESS", order.total)
    assert orphan.transactions.get().received == order.total


def signed(**changes) -> dict:
    body = {
        "order_id": "ORD-X",
        "transaction_id": "t-1",
        "transaction_status": "settlement",
        "status_code": "200",
        "gross_amount": "10000.00",
    } | changes
    if all(isinstance(body.get(name), str) for name in ("order_id", "status_code", "gross_amount")):
        body.setdefault("signature_key", signature(body["order_id"], body["status_code"], body["gross_amount"]))
    return body


MALFORMED = {
    "empty": lambda: b"",
    "array": lambda: b"[]",
    "text": lambda: b'"settlement"',
    "number": lambda: b"1",
    "null": lambda: b"null",
    "not json": lambda: b"order_id=1&status_code=200",
    "non utf-8": lambda: b'{"order_id": "\xff\xfe"}',
    "NUL": lambda: json.dumps(signed(note="\x00")).encode(),
    "duplicate key": lambda: b'{"order_id": "a", "order_id": "b"}',
    "NaN": lambda: b'{"gross_amount": NaN}',
    "deep": lambda: b'{"a":' * 4000 + b"1" + b"}" * 4000,
    "long number": lambda: b'{"a": ' + b"9" * 5000 + b"}",
    "too large": lambda: json.dumps(signed(padding="x" * 70_000)).encode(),
    "empty object": lambda: b"{}",
    "array for a text": lambda: json.dumps(signed(order_id=["a"])).encode(),
    "amount 1e4": lambda: json.dumps(signed(gross_amount="1e4")).encode(),
    "amount NaN": lambda: json.dumps(signed(gross_amount="NaN")).encode(),
    "amount negative": lambda: json.dumps(signed(gross_amount="-10.00")).encode(),
    "no status": lambda: json.dumps(signed(transaction_status=None)).encode(),
    "path in id": lambda: json.dumps(signed(transaction_id="../../v2/x")).encode(),
    "query in id": lambda: json.dumps(signed(transaction_id="x?y#z")).encode(),
    "dots as id": lambda: json.dumps(signed(transaction_id="..")).encode(),
    "very long id": lambda: json.dumps(signed(order_id="A" * 60)).encode(),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_body_that_is_no_notification_is_a_400_and_leaves_no_trace(simulator: Simulator, name: str) -> None:
    assert post_notification(MALFORMED[name]()) == 400
    assert GatewayNotification.objects.count() == 0
    assert simulator.requests() == []


@pytest.mark.parametrize("key", ["", "x", "é" * 128, "a" * 128, 5, None, ["a"]])
def test_every_wrong_signature_is_a_403(simulator: Simulator, key: object) -> None:
    assert post_notification(json.dumps(signed(signature_key=key)).encode()) == 403
    assert simulator.requests() == []


def test_the_published_signature_vector() -> None:
    from django.test import override_settings

    with override_settings(MIDTRANS_SERVER_KEY="askvnoibnosifnboseofinbofinfgbiufglnbfg"):
        assert signature("1111", "200", "100000.00").startswith("edc076b21793ebe3e17926350f5b8ae67d902fe657b3d0aa31b9")
        assert not signature("1111", "200", "100000").startswith("edc076b2")


@pytest.mark.parametrize("method", ["get", "put", "delete", "head"])
def test_other_methods_are_refused_without_a_redirect(method: str) -> None:
    answer = getattr(Client(), method)("/api/payment/notification")
    assert answer.status_code == 405


def test_a_slash_works_without_a_redirect(simulator: Simulator) -> None:
    answer = Client(enforce_csrf_checks=True).post(
        "/api/payment/notification/", data=b"[]", content_type="application/json"
    )
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "fault", ["http_500", "http_502", "http_503", "refuse", "empty_body", "json_list", "status_404"]
)
def test_a_gateway_that_cannot_be_asked_is_a_503_and_is_tried_again(simulator: Simulator, fault: str) -> None:
    order = make_order()
    payment = start(order)
    transaction = settled(simulator, payment)
    simulator.fault(fault, operation="core.status", count=1)

    assert notify(payment, transaction) == 503
    order.refresh_from_db()
    assert order.status == "PENDING_PAYMENT"

    GatewayNotification.objects.update(next_attempt_at="2020-01-01T00:00Z")
    process_due()
    order.refresh_from_db()
    assert order.status == "PAID"


def test_a_lost_webhook_is_found_by_reconcile(simulator: Simulator) -> None:
    order = make_order()
    payment = start(order)
    settled(simulator, payment)
    Payment.objects.update(created_at="2020-01-01T00:00Z")

    run = reconcile_payments()

    order.refresh_from_db()
    assert (run.checked, run.changed) == (1, 1)
    assert order.status == "PAID"


def test_dana_answers_with_the_transaction_id_where_the_order_id_belongs(simulator: Simulator) -> None:
    order = make_order()
    payment = start(order)
    transaction = settled(simulator, payment, method="dana")

    assert notify(payment, transaction) == 200
    order.refresh_from_db()
    assert order.status == "PAID"


def test_the_finish_redirect_proves_nothing(simulator: Simulator) -> None:
    order = make_order()
    payment = start(order)

    Client().get(f"/pembayaran/selesai/?order_id={payment.gateway_id}&status_code=200&transaction_status=settlement")

    assert Order.objects.get().status == "PENDING_PAYMENT"
