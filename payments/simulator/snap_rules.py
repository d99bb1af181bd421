"""What Snap accepts in a request, and the deadlines that follow from it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any, TypeGuard

from payments.simulator.methods import DAY, HOUR, MINUTE, Method
from payments.simulator.settings import is_web_address
from payments.simulator.web import JSON

LARGEST_BODY = 16 * 1024
LONGEST_PAGE = 7 * DAY
LONGEST_DURATION = 100_000
UNITS = {"second": 1.0, "minute": MINUTE, "hour": HOUR, "day": DAY}
ORDER_ID = re.compile(r"[A-Za-z0-9\-_~. ]+")  # a space is accepted here and breaks status URLs later, as it does there
START_TIME = "%Y-%m-%d %H:%M:%S %z"
TEXT_LIMITS = {"first_name": 255, "last_name": 255, "email": 255, "phone": 255}
ITEM_LIMITS = {"id": 50, "brand": 50, "category": 50, "merchant_name": 50, "url": 50}


def problems(request: JSON, now: float) -> list[str]:
    """Every reason to refuse ``request``, in Snap's manner of wording; empty when it is fine."""
    return [*_transaction_details(request), *_items(request), *_customer(request), *_rest(request, now)]


def _transaction_details(request: JSON) -> Iterator[str]:
    details = request.get("transaction_details")
    if not isinstance(details, dict):
        details = {}
    order_id, amount = details.get("order_id"), details.get("gross_amount")
    if not isinstance(order_id, str) or not order_id:
        yield "transaction_details.order_id is required"
    elif len(order_id) > 50:
        yield "transaction_details.order_id is too long (maximum 50 characters)"
    elif not ORDER_ID.fullmatch(order_id):
        yield "transaction_details.order_id contains characters that are not allowed"
    if amount is None:
        yield "transaction_details.gross_amount is required"
    elif not _is_whole(amount):
        yield "transaction_details.gross_amount must be a whole number"
    elif amount < 1:
        yield "transaction_details.gross_amount must be greater than or equal to 1"


def _items(request: JSON) -> Iterator[str]:
    items = request.get("item_details")
    if items is None:
        return
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        yield "item_details must be a list of objects"
        return
    total = 0
    for number, item in enumerate(items):
        wrong = list(_item(item, f"item_details[{number}]"))
        yield from wrong
        total += 0 if wrong else item["price"] * item["quantity"]
    details = request.get("transaction_details")
    amount = details.get("gross_amount") if isinstance(details, dict) else None
    if items and _is_whole(amount) and total != amount:
        yield "transaction_details.gross_amount is not equal to the sum of item_details"


def _item(item: JSON, where: str) -> Iterator[str]:
    if not _is_whole(item.get("price")):
        yield f"{where}.price must be a whole number"
    quantity = item.get("quantity")
    if not _is_whole(quantity):
        yield f"{where}.quantity is required"
    elif quantity < 1:
        yield f"{where}.quantity must be greater than or equal to 1"
    name = item.get("name")
    if not isinstance(name, str) or not name:
        yield f"{where}.name is required"
    elif len(name) > 50:
        yield f"{where}.name is too long (maximum 50 characters)"
    for field, limit in ITEM_LIMITS.items():
        if len(str(item.get(field) or "")) > limit:
            yield f"{where}.{field} is too long (maximum {limit} characters)"


def _customer(request: JSON) -> Iterator[str]:
    customer = request.get("customer_details")
    if customer is None:
        return
    if not isinstance(customer, dict):
        yield "customer_details must be an object"
        return
    for field, limit in TEXT_LIMITS.items():
        value = customer.get(field)
        if value is not None and (not isinstance(value, str) or len(value) > limit):
            yield f"customer_details.{field} is too long (maximum {limit} characters)"
    email = customer.get("email")
    if isinstance(email, str) and email and not re.fullmatch(r"[^@\s]+@[^@\s]+", email):
        yield "customer_details.email format is invalid"


def _rest(request: JSON, now: float) -> Iterator[str]:
    enabled = request.get("enabled_payments")
    if enabled is not None and not (isinstance(enabled, list) and all(isinstance(name, str) for name in enabled)):
        yield "enabled_payments must be a list of names"
    for name in ("custom_field1", "custom_field2", "custom_field3"):
        value = request.get(name)
        if value is not None and (not isinstance(value, str) or len(value) > 255):
            yield f"{name} is too long (maximum 255 characters)"
    callbacks = request.get("callbacks") or {}
    for name in ("finish", "error"):
        value = callbacks.get(name) if isinstance(callbacks, dict) else 0
        if value is not None and (not is_web_address(value) or len(str(value)) > 255):
            yield f"callbacks.{name} must be a URL of at most 255 characters"
    for name in ("expiry", "page_expiry"):
        yield from _expiry(request.get(name), name, now)


def _expiry(expiry: object, where: str, now: float) -> Iterator[str]:
    if expiry is None:
        return
    if not isinstance(expiry, dict):
        yield f"{where} must be an object"
        return
    if _seconds_of_unit(expiry) is None:
        yield f"{where}.unit must be one of second, minute, hour, day"
    duration = expiry.get("duration")
    if not _is_whole(duration) or not 1 <= duration <= LONGEST_DURATION:
        yield f"{where}.duration must be a whole number from 1 to {LONGEST_DURATION}"
    elif where == "expiry" and expiry.get("start_time") is not None and _seconds_of_unit(expiry) is not None:
        started = _start(expiry)
        if started is None:
            yield "expiry.start_time format is invalid, use yyyy-MM-dd HH:mm:ss Z"
        elif started + _duration(expiry) <= now:
            yield "expiry.start_time plus duration must be in the future"


def page_deadline(request: JSON, now: float) -> float:
    """When the page closes: page_expiry, else an expiry with a start, else a day; at most seven days."""
    if page_expiry := request.get("page_expiry"):
        return now + min(_duration(page_expiry), LONGEST_PAGE)
    expiry = request.get("expiry") or {}
    if expiry and (started := _start(expiry)) is not None:
        return min(started + _duration(expiry), now + LONGEST_PAGE)
    return now + DAY


def method_deadline(request: JSON, method: Method, now: float) -> float:
    """Until when a method chosen ``now`` may be paid; without start_time the clock starts at the choice."""
    expiry = request.get("expiry")
    if not expiry:
        return now + method.lifetime
    started = _start(expiry)
    return (now if started is None else started) + _duration(expiry)


def _duration(expiry: JSON) -> float:
    return float(expiry["duration"] * (_seconds_of_unit(expiry) or 0))


def _seconds_of_unit(expiry: JSON) -> float | None:
    unit = expiry.get("unit")
    return UNITS.get(unit.removesuffix("s")) if isinstance(unit, str) else None


def _start(expiry: JSON) -> float | None:
    try:
        # The offset is a part of the format, so the moment is never naive.
        return datetime.strptime(expiry["start_time"], START_TIME).timestamp()  # noqa: DTZ007
    except (KeyError, TypeError, ValueError):
        return None


def _is_whole(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)
