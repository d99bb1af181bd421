"""What Prometheus reads at ``/metrics``: counters of this process, and facts of the shop asked when it scrapes.

With several web processes on one machine set ``PROMETHEUS_MULTIPROC_DIR`` (a folder that is emptied at each start):
their counters then add up in one answer. Every name starts with ``shop_``; units are in the names.
"""

from __future__ import annotations

import hmac
import ipaddress
import logging
import time
from collections.abc import Iterable, Iterator

from django.conf import settings
from django.db import Error
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    generate_latest,
    multiprocess,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from config.database import DatabaseConnectionError
from config.problems import problem
from monitoring.facts import Fact, shop_facts

logger = logging.getLogger(__name__)


class FactsCollector(Collector):
    """The shop's facts as gauges, read when they are asked for; ``shop_database_up 0`` alone while that fails."""

    def collect(self) -> Iterator[Metric]:
        """Yield every fact."""
        started = time.perf_counter()
        try:
            facts, up = shop_facts(), True
        except (Error, DatabaseConnectionError) as error:
            logger.warning("metrics.database_away", extra={"error": type(error).__name__})
            facts, up = [], False
        yield GaugeMetricFamily("shop_database_up", "Whether the facts could be read.", value=float(up))
        yield from _families(facts)
        yield GaugeMetricFamily("shop_facts_seconds", "How long reading them took.", time.perf_counter() - started)


def _families(facts: Iterable[Fact]) -> Iterator[Metric]:
    families: dict[str, GaugeMetricFamily] = {}
    for fact in facts:
        family = families.setdefault(
            fact.name,
            GaugeMetricFamily(fact.name, fact.help, labels=[name for name, _ in fact.labels]),
        )
        family.add_metric([value for _, value in fact.labels], fact.value)
    yield from families.values()


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer with everything, to those who bring the key or come from an allowed address; 404 for others."""
    if not _may_read(request):
        return problem(404, "Alamat ini tidak ada.", code="not_found")
    answer = HttpResponse(_text(), content_type=CONTENT_TYPE_LATEST)
    answer["Cache-Control"] = "no-store"
    return answer


def _text() -> bytes:
    if settings.METRICS_FROM_ALL_PROCESSES:
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call] # the library's own
    else:
        registry = REGISTRY
    facts = CollectorRegistry()
    facts.register(FactsCollector())
    return generate_latest(registry) + generate_latest(facts)


def _may_read(request: HttpRequest) -> bool:
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if settings.METRICS_KEY and hmac.compare_digest(given.encode(), settings.METRICS_KEY.encode()):
        return True
    try:
        address = ipaddress.ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:
        return False  # a socket file: only the key counts there
    # Behind a proxy everybody comes from its address; then only the key counts, unless the proxy itself is listed.
    forwarded = "X-Forwarded-For" in request.headers
    return not forwarded and any(address in ipaddress.ip_network(net) for net in settings.METRICS_ALLOW)
