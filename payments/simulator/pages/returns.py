"""The way back to the shop: URLs with what the browser is told, and the popup's unsigned result."""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit, urlunsplit

from payments.simulator.bodies import status_body
from payments.simulator.records import Page, Transaction
from payments.simulator.settings import Settings
from payments.simulator.states import webhook_code
from payments.simulator.web import JSON

HIDDEN = ("signature_key", "merchant_id")


def finish_url(settings: Settings, page: Page, transaction: Transaction) -> str:
    """Where the customer goes with a result; the request's own callback outranks the settings. May be empty."""
    target = _callback(page, "finish") or settings.finish_url
    return _with_result(settings, target, transaction)


def error_url(settings: Settings, page: Page, transaction: Transaction) -> str:
    target = _callback(page, "error") or settings.error_url
    return _with_result(settings, target, transaction)


def unfinish_url(settings: Settings, page: Page) -> str:
    """Back without a choice: only the order id goes along."""
    return _with_query(settings.unfinish_url, {"order_id": page.order_id})


def origins(settings: Settings, page: Page) -> list[str]:
    """Every origin that a form of this page may end on."""
    targets = [
        _callback(page, "finish"), _callback(page, "error"),
        settings.finish_url, settings.unfinish_url, settings.error_url,
    ]  # fmt: skip
    parts = [urlsplit(target) for target in targets if target]
    return list(dict.fromkeys(f"{part.scheme}://{part.netloc}" for part in parts if _plain(part.netloc)))


def result(settings: Settings, page: Page, transaction: Transaction) -> JSON:
    """What ``snap.js`` hands to the shop's script."""
    body = status_body(transaction, settings.merchant_id, settings.server_key)
    shown = {name: value for name, value in body.items() if name not in HIDDEN}
    return {
        **shown,
        "order_id": transaction.order_id,
        "finish_redirect_url": finish_url(settings, page, transaction),
    }


def _callback(page: Page, name: str) -> str:
    callbacks = page.request.get("callbacks")
    return str(callbacks.get(name) or "") if isinstance(callbacks, dict) else ""


def _with_result(settings: Settings, target: str, transaction: Transaction) -> str:
    return _with_query(
        target,
        {
            "order_id": transaction.order_id,
            "status_code": webhook_code(transaction),
            "transaction_status": str(transaction.status),
            "merchant_id": settings.merchant_id,
        },
    )


def _with_query(target: str, fields: dict[str, str]) -> str:
    if not target:
        return ""
    parts = urlsplit(target)
    query = "&".join(filter(None, (parts.query, urlencode(fields))))
    return urlunsplit(parts._replace(query=query))


def _plain(netloc: str) -> bool:
    """Whether ``netloc`` can stand in a Content-Security-Policy without changing its meaning."""
    return bool(netloc) and all(letter.isalnum() or letter in ".-:[]" for letter in netloc)
