"""Suggestions for the district box."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from orders import regions


@require_safe
@cache_control(public=True, max_age=3600)
def areas(request: HttpRequest) -> JsonResponse:
    """Answer ``?q=depok sleman`` with at most ten districts, best first."""
    found = regions.search(request.GET.get("q", ""))
    return JsonResponse({"results": [{"code": region.code, "label": region.label} for region in found]})
