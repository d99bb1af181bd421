"""Copying the manifests into the table that staff see."""

from __future__ import annotations

import logging

from django.db import Error, connection, transaction
from django.utils import timezone

from backups.manifest import IN_PASSING
from backups.models import BackupRun
from backups.storage import Store

logger = logging.getLogger(__name__)


def mirror(store: Store, database: str) -> None:
    """Make the table tell what the folder holds. Trouble with the table is logged: it is never the backup's trouble."""
    rows = []
    for one in store.manifests(database):
        judged = one.verified
        rows.append(
            BackupRun(
                name=one.name,
                kind=one.kind,
                taken_at=one.taken_at,
                seconds=one.seconds,
                size=one.file.size,
                sha256=one.file.sha256,
                rows=one.rows,
                verified_level=judged.level if judged else None,
                verified_at=judged.at if judged else None,
                verified_ok=judged.ok if judged else None,
                drilled_at=one.drilled_at,
                compression=one.file.compression,
                is_encrypted=one.is_encrypted,
                read_before_encrypting=judged is not None and judged.what == IN_PASSING,
                offsite_at=one.offsite.at if one.is_offsite and one.offsite else None,
                offsite_error=one.offsite.error[:300] if one.offsite else "",
                pinned=one.pinned[:200],
                is_missing=not store.is_there(one),
            )
        )
    told = [field.name for field in BackupRun._meta.fields if field.name not in {"id", "name"}]
    try:
        if not connection.in_atomic_block:
            connection.close()  # a long dump may have outlived it; a new one costs milliseconds
        with transaction.atomic():
            BackupRun.objects.bulk_create(rows, update_conflicts=True, unique_fields=["name"], update_fields=told)
            gone = BackupRun.objects.filter(removed_at=None).exclude(name__in=[row.name for row in rows])
            gone.update(removed_at=timezone.now())
    except Error as error:
        logger.warning("backup.mirror_failed", extra={"error": type(error).__name__})
