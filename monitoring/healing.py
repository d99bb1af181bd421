"""Putting right what a look found, where that is provably safe: before anybody is told, bounded, and never in silence.

Only monitors with a cure (``Monitor.heal``) take part. The cure says what it did; whether it helped, a new look
decides. What it did not help is an incident like any other, and is tried again with growing waits. The facts about
what was put right are the services' own (``payments.models.Repair``), committed with the change.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from django.db import connection
from django.utils import timezone

from monitoring import inhibition
from monitoring.alarm import TimeIsUpError, time_limit
from monitoring.incidents import LIVE
from monitoring.models import Incident
from monitoring.monitors import Finding, Monitor

logger = logging.getLogger(__name__)

LIMIT = 10
"""Subjects that one run tries to put right for one monitor."""
ONE_S = 14.0
"""For one subject: three questions to the gateway, and what follows."""
BUDGET_S = 20.0
"""For all of a run. No new one is begun with less than half of ONE_S left."""


@dataclass
class Tried:
    """``did`` maps subjects to what a cure says it did, ``subjects`` are all that were tried."""

    subjects: list[str] = field(default_factory=list)
    did: dict[str, str] = field(default_factory=dict)


def try_cures(monitor: Monitor, findings: Sequence[Finding], *, until: float, should_stop: Callable[[], bool]) -> Tried:
    """Try the monitor's cure on what it found, one subject after the other, until ``until`` (a monotonic time).

    Opens no transaction around a cure: it asks the gateway. Raises nothing for what a cure does.
    """
    tried = Tried()
    if monitor.heal is None or not findings:
        return tried
    causes = inhibition.live_causes(monitor.name)
    later = _later(monitor.name)
    for finding in findings:
        if len(tried.subjects) >= LIMIT or until - time.monotonic() < ONE_S / 2 or should_stop():
            break
        if finding.key in later or inhibition.muted_by(monitor.name, finding.kind, causes):
            continue
        tried.subjects.append(finding.key)
        if did := _try_one(monitor.heal, monitor.name, finding.key):
            tried.did[finding.key] = did
    return tried


def _try_one(heal: Callable[[str], str], monitor: str, key: str) -> str:
    try:
        with time_limit(ONE_S):
            return heal(key)
    except TimeIsUpError:
        connection.close()  # it is in the middle of an answer
        logger.warning("healing.too_slow", extra={"monitor": monitor, "subject": key})
    except Exception:
        logger.warning("healing.failed", extra={"monitor": monitor, "subject": key}, exc_info=True)
    return ""


def _later(monitor: str) -> set[str]:
    """Return the subjects whose next try is not due yet."""
    waiting = Incident.objects.filter(monitor=monitor, state__in=LIVE, heal_after__gt=timezone.now())
    return set(waiting.values_list("subject_key", flat=True))
