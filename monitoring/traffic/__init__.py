"""Latency per route and slow queries, gathered in each web process and added up in the database.

``recorder`` keeps the sums in memory, ``store`` adds them to the tables, ``report`` reads them for people.
"""

from monitoring.traffic.recorder import BUCKETS_MS, recorder
from monitoring.traffic.report import TrafficReport, slowest_queries, traffic

__all__ = ["BUCKETS_MS", "TrafficReport", "recorder", "slowest_queries", "traffic"]
