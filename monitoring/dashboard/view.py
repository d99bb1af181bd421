"""The page. Every section is read only for those who may see it, so a page costs what it shows."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from config.database import breaker_state, check_database_health
from monitoring import selectors
from monitoring.dashboard import sales, system
from monitoring.models import Severity
from monitoring.traffic import slowest_queries, traffic
from orders.states import OrderStatus

ROUTES_SHOWN = 10
INCIDENTS_SHOWN = 20


@require_safe
@never_cache
def dashboard(request: HttpRequest) -> HttpResponse:
    """Show the shop at a glance. For staff only (the route wraps it in ``admin_view``)."""
    context = {
        **admin.site.each_context(request),
        "title": "Pemantauan",
        "now": timezone.now(),
        **_sales(request),
        **_system(request),
    }
    return render(request, "admin/monitoring/dashboard.html", context)


def _sales(request: HttpRequest) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if request.user.has_perm("orders.view_order"):
        sees_money = request.user.has_perm("payments.view_payment")
        counts = sales.open_orders()
        # The warehouse sees orders from the moment they are paid.
        found["open_orders"] = counts if sees_money else [c for c in counts if c.status != OrderStatus.PENDING_PAYMENT]
        found["sold"] = sold = sales.days()
        found["today"] = sold[-1]
        found["orders_chart"] = sales.orders_chart(sold)
        if sees_money:
            found["sees_money"] = True
            found["revenue_chart"] = sales.revenue_chart(sold)
            found["week_ago"] = sold[-8]
    if request.user.has_perm("shop.view_variant"):
        found["low_stock"] = sales.low_stock()
    return found


def _system(request: HttpRequest) -> dict[str, Any]:
    if not request.user.has_perm("monitoring.view_jobrun"):
        return {}
    report = traffic()
    return {
        "sees_system": True,
        **_incidents(request),
        "jobs": system.jobs(),
        "mail": system.mail_health(),
        "webhooks": system.webhook_health(),
        "routes": report.routes[:ROUTES_SHOWN],
        "duration_chart": system.duration_chart(report.hours),
        "slow_queries": slowest_queries(),
        "database": check_database_health(),
        "breaker": breaker_state(),
    }


def _incidents(request: HttpRequest) -> dict[str, Any]:
    live = list(selectors.open_incidents())
    states = selectors.monitor_states()
    healthy = sum(state.last is not None and not state.last.error and not state.last.findings for state in states)
    critical = sum(incident.severity == Severity.CRITICAL for incident in live)
    return {
        "open_incidents": live[:INCIDENTS_SHOWN],
        "monitor_states": states,
        "repairs": selectors.recent_repairs(),
        "tally": {
            "critical": critical,
            "high": len(live) - critical,
            "healthy": healthy,
            "more": max(0, len(live) - INCIDENTS_SHOWN),
        },
        "may_handle": request.user.has_perm("monitoring.handle_incident"),
        "undelivered": selectors.undelivered_alerts(),
        "outage": selectors.database_outage(),
    }
