"""The references over HTTP: bare Django views that do the SQL of a service by cursor, or one ORM get()."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from functools import cache
from typing import Any

import urllib3
from django.conf import settings
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.http import HttpRequest, HttpResponse
from django.urls import path

from shop.models import Product
from tests.bench import statements as sql

FACTS = "bench.json"
"""A file in DATA_DIR: what a mail's text and HTML look like."""


@cache
def facts() -> dict[str, str]:
    """Return the mail that every reference stores: as long as a real one, and as hard to compress."""
    found: dict[str, str] = json.loads((settings.DATA_DIR / FACTS).read_text())
    return found


def one_get(request: HttpRequest, slug: str) -> HttpResponse:
    """One ORM get()."""
    return _json({"name": Product.objects.get(slug=slug).name})


def place(request: HttpRequest) -> HttpResponse:
    """The SQL of POST /api/orders in one atomic()."""
    given = json.loads(request.body)
    values = facts() | given | {"request": request.body.decode()}
    with transaction.atomic(), connection.cursor() as cursor:
        _all(cursor, (sql.TOKEN, *sql.PLACE_BEFORE, *sql.PLACE_UNTIL_ORDER), values)
        values["order_id"] = _one(cursor, sql.INSERT_ORDER, values)
        _all(cursor, sql.PLACE_AFTER_ORDER, values)
        _all(cursor, (sql.SHOWN_ITEMS,), values)
    return _json({"duplicate": False, "order": {"id": values["order_id"], "total": 312_000}}, status=201)


def notification(request: HttpRequest) -> HttpResponse:
    """The SQL of a first success in the order of the service: inbox, lease, then one atomic(), then the inbox again."""
    given = json.loads(request.body)
    body = request.body.decode()
    values: dict[str, Any] = facts() | given | {"body": body, "digest": hashlib.sha256(request.body).hexdigest()}
    with connection.cursor() as cursor:
        values["row"] = _one(cursor, sql.STORE, values)
        _all(cursor, (sql.TAKE_LEASE, sql.PAYMENT_BY_ID, sql.CLOCK), values)
        if "ask" in request.GET:
            _ask(given["transaction_id"])
        with transaction.atomic():
            _all(cursor, sql.NOTIFY_LOCKS, values)
            _all(cursor, sql.NOTIFY_FACTS, values)
            _all(cursor, (sql.LOCK_VARIANTS, sql.LOCK_RESERVATIONS), values)
            for name in ("v1", "v2", "v3"):
                values["variant"] = values[name]
                values["balance"] = _one(cursor, sql.SELL, values)
                _all(cursor, (sql.INSERT_SALE,), values)
            cursor.execute(sql.for_cursor(sql.SOLD), values)
        cursor.execute(sql.for_cursor(sql.FINISH), values)
    return _json({"status": "ok"})


def _ask(transaction_id: str) -> None:
    """GET status over a connection that is kept."""
    headers = urllib3.make_headers(basic_auth=f"{settings.MIDTRANS_SERVER_KEY}:")
    answer = _pool().request("GET", f"{settings.MIDTRANS_CORE_URL}/v2/{transaction_id}/status", headers=headers)
    if answer.status != 200:
        raise RuntimeError(f"GET status answered {answer.status}")


@cache
def _pool() -> urllib3.PoolManager:
    return urllib3.PoolManager(maxsize=4, timeout=10, retries=False)


def _one(cursor: CursorWrapper, statement: str, values: dict[str, Any]) -> int:
    cursor.execute(sql.for_cursor(statement), values)
    return int(cursor.fetchone()[0])


def _all(cursor: CursorWrapper, statements: Iterable[str], values: dict[str, Any]) -> None:
    for statement in statements:
        cursor.execute(sql.for_cursor(statement), values)
        if cursor.description:
            cursor.fetchall()


def _json(content: object, status: int = 200) -> HttpResponse:
    body = json.dumps(content).encode()
    answer = HttpResponse(body, status=status, content_type="application/json")
    answer["Content-Length"] = str(len(body))
    return answer


urlpatterns = [path("get/<slug:slug>", one_get), path("orders", place), path("notification", notification)]
