"""Midtrans through ``midtransclient`` 1.4.2, with its traps taken out.

The client has no timeout, concatenates ids unescaped, answers a missing transaction as HTTP 200, and its errors hold
the Authorization header; none of that leaves this module. Facts: the gateway's documentation (docs.midtrans.com) and
the package's source.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any, TypeGuard
from zoneinfo import ZoneInfo

import midtransclient
import requests
from django.conf import settings
from midtransclient.config import ApiConfig

from payments.errors import (
    GatewayKeyError,
    GatewayRejectedError,
    GatewayUnavailableError,
    TransactionMissingError,
)
from payments.gateway.transport import DeadlineTransport
from payments.gateway.types import GATEWAY_ID, RefundAnswer, SnapRequest, SnapToken, StatusAnswer, TokenCancel

SNAP_DEADLINE_S = 8.0
CORE_DEADLINE_S = 3.0
_WIB = ZoneInfo("Asia/Jakarta")
_NAME_LIMIT = 50
PAGE_URL = re.compile(r"https?://[!-~]{1,290}")


class _Config(ApiConfig):  # type: ignore[misc]
    """Points the client at the configured addresses (the simulator, the sandbox or production)."""

    def get_core_api_base_url(self) -> str:
        return str(settings.MIDTRANS_CORE_URL)

    def get_snap_base_url(self) -> str:
        return str(settings.MIDTRANS_SNAP_URL)


class MidtransGateway:
    """The one implementation of ``Gateway``. Holds no state between calls, so threads may share it."""

    def create(self, request: SnapRequest) -> SnapToken:
        """Create the payment page, or create it anew under the same id while no method was chosen."""
        answer = _ask(lambda: _snap().create_transaction(_snap_body(request)))
        token, url = answer.get("token"), answer.get("redirect_url")
        if not isinstance(token, str) or not GATEWAY_ID.fullmatch(token) or not _is_page_url(url):
            raise GatewayUnavailableError("answer without token", sent=True, answered=True)
        return SnapToken(token, url)

    def cancel_token(self, token: str) -> TokenCancel:
        """Close a payment page (midtransclient has no method for it)."""
        snap = _snap()
        url = f"{settings.MIDTRANS_SNAP_URL}/transactions/{_checked(token)}/cancel"
        try:
            answer = _ask(lambda: snap.http_client.request("post", settings.MIDTRANS_SERVER_KEY, url)[0])
        except GatewayKeyError:
            raise
        except GatewayRejectedError as refused:
            text = refused.reason.lower()
            if "already canceled" in text or "already cancelled" in text:
                return TokenCancel.ALREADY
            if "progress" in text:
                return TokenCancel.IN_PROGRESS
            if "not found" in text or refused.status_code == 404:
                return TokenCancel.NOT_FOUND
            raise
        if not answer.get("canceled_at"):
            raise GatewayUnavailableError("unclear answer to a page's cancel", sent=True, answered=True)
        return TokenCancel.CANCELLED

    def status(self, gateway_or_transaction_id: str) -> StatusAnswer:
        """GET status: the only thing that is believed about money."""
        answer = _ask(lambda: _core().transactions.status(_checked(gateway_or_transaction_id)))
        return _status_answer(answer)

    def cancel(self, gateway_or_transaction_id: str) -> None:
        """Cancel a transaction that nobody paid. Raises GatewayRejectedError (412) when it no longer can be."""
        _ask(lambda: _core().transactions.cancel(_checked(gateway_or_transaction_id)))

    def refund(self, transaction_id: str, *, key: str, amount: int, reason: str) -> RefundAnswer:
        """Ask for money to be given back; the same ``key`` is always the same refund."""
        body = {"refund_key": key, "amount": int(amount), "reason": reason[:200]}
        answer = _ask(lambda: _core().transactions.refund(_checked(transaction_id), body))
        if str(answer.get("status_code")) == "202":
            return RefundAnswer(accepted=False, reason=str(answer.get("status_message", ""))[:200])
        return RefundAnswer(accepted=True)


@cache
def gateway() -> MidtransGateway:
    """Return the gateway of this process."""
    return MidtransGateway()


def _config() -> _Config:
    # Fresh dicts: the client's defaults are shared mutable ones, and a header set there would leak to every call.
    return _Config(
        is_production=settings.MIDTRANS_IS_PRODUCTION,
        server_key=settings.MIDTRANS_SERVER_KEY,
        client_key=settings.MIDTRANS_CLIENT_KEY,
        custom_headers={},
        proxies={},
    )


def _snap() -> Any:
    client = midtransclient.Snap()
    client.api_config = _config()
    client.http_client.http_client = DeadlineTransport(SNAP_DEADLINE_S)
    return client


def _core() -> Any:
    client = midtransclient.CoreApi()
    client.api_config = _config()
    client.http_client.http_client = DeadlineTransport(CORE_DEADLINE_S)
    return client


def _checked(id_: str) -> str:
    if not GATEWAY_ID.fullmatch(id_) or set(id_) == {"."}:
        raise ValueError("not a gateway id")
    return id_


def _ask(call: Callable[[], Any]) -> dict[str, Any]:
    """Make one call and turn the client's many ways of failing into our four. Never chains its exceptions:
    they hold the request with its Authorization header."""
    failure: Exception
    try:
        answer = call()
    except GatewayUnavailableError:
        raise
    except midtransclient.MidtransAPIError as error:
        failure = _api_failure(error.http_status_code, error.api_response_dict)
    except (
        midtransclient.JSONDecodeError,
        requests.exceptions.JSONDecodeError,
        AttributeError,
        ValueError,
        TypeError,
        OverflowError,
        RecursionError,
    ) as error:
        failure = GatewayUnavailableError(f"unreadable answer ({type(error).__name__})", sent=True, answered=True)
    else:
        if isinstance(answer, dict) and _is_storable(answer):
            return answer
        failure = GatewayUnavailableError("answer is no decent object", sent=True, answered=True)
    raise failure


def _is_storable(answer: dict[str, Any]) -> bool:
    """Say whether the database can keep the answer: NUL, halves of a surrogate pair and NaN are in no jsonb."""
    try:
        text = json.dumps(answer, allow_nan=False, ensure_ascii=False)
        text.encode()
    except (ValueError, RecursionError):
        return False
    return "\\u0000" not in text


def _is_page_url(url: Any) -> TypeGuard[str]:
    """Say whether a browser can be sent there, and the database can keep it."""
    return isinstance(url, str) and PAGE_URL.fullmatch(url) is not None


def _api_failure(http_status: int, body: Any) -> Exception:
    """Tell a definite refusal from an unknown outcome; Core hides its codes in bodies under HTTP 200."""
    body = body if isinstance(body, dict) else {}
    code = http_status
    if http_status < 400:
        code = int(body.get("status_code", 500))
    if code == 404 and not body.keys() & {"status_code", "error_messages"}:
        # Some machine on the way does not know the address; the gateway itself was not asked.
        return GatewayUnavailableError("answer 404 of another kind", sent=True, answered=True)
    messages = body.get("error_messages") or body.get("validation_messages") or [body.get("status_message", "")]
    reason = "; ".join(str(message) for message in messages)[:300] if isinstance(messages, list) else str(messages)
    if code == 401:
        return GatewayKeyError(code, "server key refused")
    if code == 404:
        return TransactionMissingError(code, reason)
    if code in {403, 429} or code >= 500 or http_status == 408:
        # 403 is also what the network in front of the gateway says; HTTP 408 leaves open what became of the request.
        return GatewayUnavailableError(f"answer {code}", sent=True, answered=True)
    return GatewayRejectedError(code, reason)


def _snap_body(request: SnapRequest) -> dict[str, Any]:
    start = request.starts_at.astimezone(_WIB)
    return {
        "transaction_details": {"order_id": _checked(request.gateway_id), "gross_amount": int(request.amount)},
        "item_details": [
            {
                "id": item.id[:_NAME_LIMIT],
                "name": item.name.replace("|", "/")[:_NAME_LIMIT],
                "price": int(item.price),
                "quantity": int(item.quantity),
            }
            for item in request.items
        ],
        "customer_details": {
            "first_name": request.customer_name[:30],
            "email": request.email,
            "phone": request.phone,
        },
        "credit_card": {"secure": True},
        # Without start_time the clock would start when the customer picks a method.
        "expiry": {
            "start_time": f"{start:%Y-%m-%d %H:%M:%S} +0700",
            "unit": "minute",
            "duration": request.minutes,
        },
        "callbacks": {"finish": request.finish_url},
    }


def _status_answer(answer: Mapping[str, Any]) -> StatusAnswer:
    transaction_id, status = answer.get("transaction_id"), answer.get("transaction_status")
    if not isinstance(transaction_id, str) or not isinstance(status, str) or not GATEWAY_ID.fullmatch(transaction_id):
        raise GatewayUnavailableError("status without transaction", sent=True, answered=True)
    refunds = answer.get("refunds")
    status = status.strip().lower()
    return StatusAnswer(
        transaction_id=transaction_id,
        order_id=str(answer.get("order_id", "")),
        status="expire" if status == "expired" else status,
        fraud_status=str(answer.get("fraud_status") or "").strip().lower(),
        payment_type=str(answer.get("payment_type") or "")[:30],
        amount=rupiah_of(answer.get("gross_amount")),
        currency=str(answer.get("currency") or "IDR").upper()[:3],
        refunded=rupiah_of(answer.get("refund_amount")) or 0,
        refunds=tuple(row for row in refunds if isinstance(row, dict)) if isinstance(refunds, list) else (),
        raw=_without_secrets(answer),
    )


def rupiah_of(text: Any) -> int | None:
    """Return ``"10000.00"`` as 10000; None for anything that is not a whole, non-negative number of rupiah."""
    try:
        amount = Decimal(str(text))
    except InvalidOperation:
        return None
    if not amount.is_finite() or amount < 0 or amount != amount.to_integral_value() or amount > 10**15:
        return None
    return int(amount)


def _without_secrets(answer: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in answer.items() if key not in {"signature_key", "saved_token_id"}}
