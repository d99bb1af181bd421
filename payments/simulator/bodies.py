"""Transactions as Midtrans writes them: webhook bodies and Core answers."""

from __future__ import annotations

from payments.simulator.clock import iso_utc, wib
from payments.simulator.methods import method_of
from payments.simulator.records import Page, Refund, Status, Transaction
from payments.simulator.signature import signature_key
from payments.simulator.states import status_code, webhook_code
from payments.simulator.web import JSON

SHOWS_EXPIRY = frozenset({Status.PENDING, Status.AUTHORIZE, Status.SETTLEMENT, Status.EXPIRE, Status.CANCEL})


def amount_text(amount: int) -> str:
    return f"{amount}.00"


def webhook_body(transaction: Transaction, merchant_id: str, server_key: str) -> JSON:
    """The notification about the state that ``transaction`` is in now."""
    body = _facts(transaction, merchant_id)
    return sign(
        {"status_code": webhook_code(transaction), "status_message": "midtrans payment notification", **body},
        server_key,
    )


def status_body(transaction: Transaction, merchant_id: str, server_key: str) -> JSON:
    """GET status: the same facts under the Core codes, with the two documented oddities of some methods."""
    body = sign(
        {
            "status_code": status_code(transaction),
            "status_message": "Success, transaction is found",
            **_facts(transaction, merchant_id),
        },
        server_key,
    )
    if method_of(transaction).swaps_order_id:
        body["order_id"] = transaction.transaction_id
        if transaction.payment_type == "dana" and transaction.status is Status.PENDING:
            body["transaction_status"] = "PENDING"
    return body


def sign(body: JSON, server_key: str) -> JSON:
    """``body`` with the signature over its own order id, code and amount."""
    signature = signature_key(body["order_id"], body["status_code"], body["gross_amount"], server_key)
    return {**body, "signature_key": signature}


def _facts(transaction: Transaction, merchant_id: str) -> JSON:
    facts: JSON = {
        "transaction_time": wib(transaction.created_at),
        "transaction_status": str(transaction.status),
        "transaction_id": transaction.transaction_id,
        "payment_type": transaction.payment_type,
        "order_id": transaction.order_id,
        "merchant_id": merchant_id,
        "gross_amount": amount_text(transaction.gross_amount),
        "currency": "IDR",
    }
    if transaction.fraud_status is not None:
        facts["fraud_status"] = transaction.fraud_status
    if transaction.settled_at is not None:
        facts["settlement_time"] = wib(transaction.settled_at)
    if transaction.status in SHOWS_EXPIRY:
        facts["expiry_time"] = wib(transaction.expires_at)
    facts.update(transaction.details)
    facts.update(transaction.custom_fields)
    if transaction.fee:
        original = amount_text(transaction.gross_amount - transaction.fee)
        facts["metadata"] = {
            "extra_info": {
                "gross_amount_info": {
                    "original_amount": original,
                    "customer_imposed_payment_fee": amount_text(transaction.fee),
                }
            }
        }
    if shown := [refund for refund in transaction.refunds if not refund.denied]:
        facts["refund_amount"] = amount_text(transaction.refunded)
        facts["refunds"] = [_refund(refund) for refund in shown]
    if transaction.chargeback_amount:
        facts["chargeback_amount"] = amount_text(transaction.chargeback_amount)
    return facts


def _refund(refund: Refund) -> JSON:
    body: JSON = {
        "refund_chargeback_id": refund.chargeback_id,
        "refund_amount": amount_text(refund.amount),
        "created_at": wib(refund.created_at),
        "refund_key": refund.key,
        "refund_method": refund.method,
    }
    if refund.reason:
        body["reason"] = refund.reason
    if refund.confirmed_at is not None:
        body["bank_confirmed_at"] = wib(refund.confirmed_at)
    return body


def refund_answer(transaction: Transaction, refund: Refund, code: str, message: str) -> JSON:
    """The answer to a refund call: this refund's amount, not the sum."""
    body: JSON = {
        "status_code": code,
        "status_message": message,
        "transaction_id": transaction.transaction_id,
        "order_id": transaction.order_id,
        "gross_amount": amount_text(transaction.gross_amount),
        "currency": "IDR",
        "payment_type": transaction.payment_type,
        "transaction_time": wib(transaction.created_at),
        "transaction_status": str(transaction.status),
        "refund_chargeback_id": refund.chargeback_id,
        "refund_amount": amount_text(0 if refund.denied else refund.amount),
        "refund_key": refund.key,
    }
    if transaction.settled_at is not None:
        body["settlement_time"] = wib(transaction.settled_at)
    return body


def control_view(transaction: Transaction, merchant_id: str) -> JSON:
    """A transaction as the control API shows it."""
    return {
        **_facts(transaction, merchant_id),
        "method": transaction.method,
        "live": transaction.is_live,
        "paid": transaction.is_paid,
        "expires_at": iso_utc(transaction.expires_at),
        "history": [{"at": iso_utc(moment), "status": text} for moment, text in transaction.history],
    }


def control_page(page: Page, base_url: str, now: float) -> JSON:
    """A Snap page as the control API shows it."""
    state = "expired" if page.state == "open" and page.deadline <= now else page.state
    return {
        "token": page.token,
        "redirect_url": page_url(base_url, page),
        "state": state,
        "created_at": iso_utc(page.created_at),
        "expires_at": iso_utc(page.deadline),
        "request": page.request,
    }


def page_url(base_url: str, page: Page) -> str:
    return f"{base_url}/snap/v3/redirection/{page.token}"
