"""What monitoring remembers."""

from monitoring.models.incident import Incident, IncidentEvent, IncidentEventKind, IncidentState, Severity
from monitoring.models.job import JobRun
from monitoring.models.run import MonitorRun
from monitoring.models.traffic import RouteTraffic, SlowQuery
from monitoring.models.undelivered import UndeliveredAlert

__all__ = [
    "Incident",
    "IncidentEvent",
    "IncidentEventKind",
    "IncidentState",
    "JobRun",
    "MonitorRun",
    "RouteTraffic",
    "Severity",
    "SlowQuery",
    "UndeliveredAlert",
]
