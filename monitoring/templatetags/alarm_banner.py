"""The line on top of every staff page while something is wrong that mail may not have told."""

from __future__ import annotations

from typing import Any

from django import template
from django.http import HttpRequest

from monitoring import selectors

register = template.Library()

DASHBOARD = "monitoring:dashboard"


@register.inclusion_tag("admin/monitoring/_banner.html")
def alarm_banner(request: HttpRequest | None) -> dict[str, Any]:
    """Show how many alerts reached nobody and how many critical incidents are open (one query).

    Only to staff who may see incidents, and not on the dashboard, which says it in full.
    """
    if request is None or not request.user.has_perm("monitoring.view_incident"):
        return {}
    if request.resolver_match is not None and request.resolver_match.view_name == DASHBOARD:
        return {}
    undelivered, critical = selectors.alarms()
    return {"undelivered": undelivered, "critical": critical, "dashboard": DASHBOARD}
