"""How long requests take, by route; and which statement took long, by its text."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any

from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper
from django.http import HttpRequest, HttpResponse

from monitoring import counters, health
from monitoring.traffic import recorder
from monitoring.traffic.store import storer

GetResponse = Callable[[HttpRequest], HttpResponse]
UNKNOWN = "(tidak dikenal)"
# What asks all the time and would drown the rest.
_NOT_COUNTED = ("/static/", "/healthz", "/readyz", "/metrics")

_route: ContextVar[str] = ContextVar("route", default="")


class ProbesMiddleware:
    """Answers the probes before anything asks for a host name, a session or TLS: load balancers call by address."""

    probes: Mapping[str, Callable[[HttpRequest], HttpResponse]] = {"/healthz": health.healthz, "/readyz": health.readyz}

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.probes.get(request.path, self.get_response)(request)


class TrafficMiddleware:
    """Times every request and counts it under its route's pattern, so that no address of a customer is kept.

    Outside everything but the database guard, so that what it measures is what the visitor waited for.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith(_NOT_COUNTED):
            return self.get_response(request)
        started = time.perf_counter()
        token = _route.set(request.path)
        status = 500
        try:
            response = self.get_response(request)
            status = response.status_code
            return response
        finally:
            _route.reset(token)
            seconds, route = time.perf_counter() - started, route_of(request)
            counters.observe_request(request.method or "", route, status, seconds)
            recorder.add_request(f"{request.method} {route}", seconds, failed=status >= 500)
            if settings.RECORD_TRAFFIC:
                storer.ensure_running()

    def process_view(self, request: HttpRequest, *_: Any) -> None:
        """Remember the route for the statements that the view will send."""
        _route.set(route_of(request))


def route_of(request: HttpRequest) -> str:
    """Return the pattern of the route, or one word for everything that no route matched."""
    match = request.resolver_match
    if match is None or match.route is None:
        return UNKNOWN
    return "/" + match.route.removesuffix("/?$")  # the API's routes take a slash at their end, or none


def watch_statements(connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Have a new connection time its statements. A receiver of ``connection_created``."""
    if _time_statement not in connection.execute_wrappers:
        connection.execute_wrappers.append(_time_statement)


def _time_statement(execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
    started = time.perf_counter()
    try:
        return execute(sql, params, many, context)
    finally:
        seconds = time.perf_counter() - started
        if seconds * 1000 >= settings.SLOW_QUERY_MS:
            recorder.add_query(str(sql), seconds, route=_route.get())
            counters.count_slow_query()
