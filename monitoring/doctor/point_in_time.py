"""Whether one could go back to a moment."""

from __future__ import annotations

from collections.abc import Iterator

from django.conf import settings

from monitoring.doctor.base import Answer, Visit, error, ok, warning
from monitoring.monitors import point_in_time
from monitoring.monitors.base import Scope


def look_at_point_in_time(visit: Visit) -> Iterator[Answer]:
    """Ask what the monitor asks. Without WAL archiving a shop with customers is warned."""
    look = point_in_time.look(Scope())
    said = str(look.facts["point_in_time"])
    if said == "not set up":
        if visit.deploy or not settings.DEBUG:
            says = "WAL archiving is not set up: what was sold since the last backup could be lost"
            yield warning("point in time", says, "manage.py pitr setup (docs/backups.md)")
        else:
            yield ok("point in time", "not set up (a developer's machine)")
    elif not look.findings:
        yield ok("point in time", "WAL is archived, the drill is recent")
    for finding in look.findings:
        yield error(finding.key, finding.subject, finding.action)
