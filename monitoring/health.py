"""Whether this process lives, and whether the shop can work."""

from __future__ import annotations

import os

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from config.database import check_database_health


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """200 while the process lives; asks nobody."""
    return JsonResponse({"status": "ok", "pid": os.getpid()})


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """``{healthy, latency, migrated}``, latency in milliseconds; 503 when the database is away or not migrated."""
    health = check_database_health()
    migrated = health["healthy"] and _is_migrated()
    body = {"healthy": migrated, "latency": health["latency"], "database": health["healthy"], "migrated": migrated}
    answer = JsonResponse(body, status=200 if migrated else 503)
    answer["Cache-Control"] = "no-store"
    return answer


def _is_migrated() -> bool:
    try:
        executor = MigrationExecutor(connection)
        return not executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return False
