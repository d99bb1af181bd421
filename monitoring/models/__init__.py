"""What monitoring remembers."""

from monitoring.models.jobs import JobRun
from monitoring.models.traffic import RouteTraffic, SlowQuery

__all__ = ["JobRun", "RouteTraffic", "SlowQuery"]
