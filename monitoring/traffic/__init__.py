"""Latency per route and slow queries, gathered in each web process and added up in the database.

``recorder`` keeps the sums in memory, ``store`` adds them to the tables, ``report`` reads them for people.
"""

from monitoring.traffic.recorder import BUCKETS_MS, recorder
from monitoring.traffic.report import RouteReport, routes, slowest_queries

__all__ = ["BUCKETS_MS", "RouteReport", "recorder", "routes", "slowest_queries"]
