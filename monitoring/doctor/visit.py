"""One visit of the doctor."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping

from django.db import DatabaseError, InterfaceError

from config.database import DatabaseConnectionError
from monitoring.doctor.base import Answer, Group, Visit, error
from monitoring.doctor.database import look_at_cache, look_at_data, look_at_database, look_at_migrations
from monitoring.doctor.outside import look_at_backups, look_at_email, look_at_midtrans, look_at_scheduler
from monitoring.doctor.settings import look_at_security, look_at_settings
from monitoring.doctor.staff import look_at_staff

logger = logging.getLogger(__name__)

GROUPS: Mapping[str, Group] = {
    "settings": look_at_settings,
    "database": look_at_database,
    "migrations": look_at_migrations,
    "cache": look_at_cache,
    "email": look_at_email,
    "midtrans": look_at_midtrans,
    "scheduler": look_at_scheduler,
    "backups": look_at_backups,
    "security": look_at_security,
    "staff": look_at_staff,
    "data": look_at_data,
}


def examine(groups: Iterable[str], visit: Visit) -> Iterator[tuple[str, Answer]]:
    """Yield what each group says. Works without a database: a group that needs it says so, and the rest goes on."""
    for name in groups:
        try:
            for answer in GROUPS[name](visit):
                yield name, answer
        except (DatabaseError, InterfaceError, DatabaseConnectionError) as trouble:
            logger.warning("doctor.database", extra={"group": name, "error": type(trouble).__name__})
            yield (
                name,
                error("database", f"could not be asked: {type(trouble).__name__}", "manage.py doctor --only database"),
            )
