"""A shop without a good backup is told so; one that is too young to have any is left in peace."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection
from pytest_django import Settings

from backups import manifest as manifests
from backups.dump import Dumped
from backups.facts import Facts
from backups.manifest import DAILY, SAFETY, Manifest, Verification
from backups.mirror import mirror
from backups.models import BackupRun
from backups.storage import Store
from monitoring.models import MonitorRun
from monitoring.monitors import backup_age, job_silence
from monitoring.monitors.base import Scope

pytestmark = pytest.mark.django_db

NOW = datetime.now(UTC)


@pytest.fixture
def store(tmp_path: Path, settings: Settings) -> Store:
    """Return the shop's own folder, without any backup."""
    settings.BACKUP_DIR = tmp_path / "backups"
    found = Store(settings.BACKUP_DIR)
    found.prepare()
    return found


def put(store: Store, *, hours: int = 1, kind: str = DAILY, ok: bool = True) -> Manifest:
    """Put a backup into the folder, and tell the table."""
    taken_at = NOW - timedelta(hours=hours)
    found = Manifest(
        name=f"toko-{taken_at:%Y%m%dT%H%M%SZ}-{hours:06x}",
        database=str(connection.settings_dict["NAME"]),
        kind=kind,
        taken_at=taken_at,
        seconds=1,
        file=Dumped(4, "a", 1000, "b"),
        pg_dump_major=18,
        facts=Facts(server_version=180000, encoding="UTF8", rows={}),
        settings={},
        verified=Verification(2, taken_at, ok=ok, seconds=1, message="" if ok else "Cut."),
    )
    store.path_of(found).write_bytes(b"dump")
    manifests.write(found, store.folder)
    mirror(store, found.database)
    return found


def watched_for(hours: int) -> None:
    """Remember since when the jobs have been watched, as the monitor of jobs does."""
    since = (NOW - timedelta(hours=hours)).isoformat()
    MonitorRun.objects.create(
        monitor=job_silence.MONITOR.name,
        run_id="a",
        started_at=NOW,
        duration_ms=1,
        facts={"watched_since": {"backup_db": since, "expire_orders": NOW.isoformat()}},
    )


def subjects() -> list[str]:
    return [finding.subject for finding in backup_age.look(Scope()).findings]


def test_a_young_shop_without_a_backup_is_left_in_peace_until_one_is_due(store: Store) -> None:
    assert subjects() == []

    watched_for(25)
    assert subjects() == []

    watched_for(27)
    assert subjects() == ["there is no good backup"]


def test_a_folder_that_is_gone_is_told(store: Store) -> None:
    put(store)
    assert subjects() == []

    shutil.rmtree(store.folder)

    (finding,) = backup_age.look(Scope()).findings
    assert finding.subject == "there is no good backup"
    assert dict(finding.details)["Backups That Should Be There"] == "1"
    assert "list_backups" in finding.action


def test_bad_ones_alone_are_told(store: Store) -> None:
    put(store, hours=1, ok=False)
    put(store, hours=25, ok=False)

    assert subjects() == ["there is no good backup"]


def test_what_a_restore_has_saved_is_no_nightly_backup(store: Store) -> None:
    put(store, hours=30)
    put(store, hours=1, kind=SAFETY)
    put(store, hours=2, kind="pitr")

    assert subjects() == ["the newest backup is 1 day 6 hours old"]


def test_backups_that_were_removed_on_purpose_are_not_missed(store: Store) -> None:
    store.remove(put(store))
    mirror(store, str(connection.settings_dict["NAME"]))
    assert BackupRun.objects.filter(removed_at=None).count() == 0

    assert subjects() == []


def test_the_whole_monitor_says_it_once(store: Store) -> None:
    put(store, ok=False)

    keys = [finding.key for finding in backup_age.look_at_everything(Scope()).findings]

    assert keys.count("backup:newest") == 1
