"""Whether this process lives, and whether the shop can work."""

from __future__ import annotations

import os
from functools import cache

from django.db.migrations.loader import MigrationLoader
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from config.database import breaker_state
from config.database.health import recent_look


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """200 while the process lives; asks nobody."""
    return JsonResponse({"status": "ok", "pid": os.getpid()})


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """``{healthy, latency, database, migrated, breaker}``, latency in milliseconds; 503 when not healthy.

    Healthy means: the database answers, and has every migration that this code needs. The breaker's state is told but
    does not count: the look itself is the better witness, and one that succeeds closes the breaker.
    """
    health = recent_look()
    migrated = health.healthy and _wanted_migrations() <= health.applied
    body = {
        "healthy": migrated,
        "latency": health.latency,
        "database": health.healthy,
        "migrated": migrated,
        "breaker": breaker_state(),
    }
    answer = JsonResponse(body, status=200 if migrated else 503)
    answer["Cache-Control"] = "no-store"
    return answer


@cache
def _wanted_migrations() -> frozenset[tuple[str, str]]:
    """Return the migrations on disk, read once: the code of a process does not change."""
    return frozenset(MigrationLoader(None).disk_migrations)
