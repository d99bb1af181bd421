"""Backups that could not be restored, or are not worth it, are told before somebody needs them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection
from pytest_django import Settings

from backups import database, health
from backups import manifest as manifests
from backups.dump import Dumped
from backups.facts import Facts
from backups.manifest import Manifest, Offsite, Verification
from backups.storage import Store
from monitoring.monitors import backup_health
from monitoring.monitors.base import Finding, Scope

pytestmark = pytest.mark.django_db

NOW = datetime.now(UTC)
Put = Callable[..., Manifest]


@pytest.fixture
def put(tmp_path: Path, settings: Settings) -> Put:
    """Put a good backup of some hours ago into the folder, drilled at once unless told otherwise."""
    settings.BACKUP_DIR = tmp_path / "backups"
    store = Store(settings.BACKUP_DIR)
    store.prepare()

    def one(hours: int, *, raw_size: int = 1000, drilled: bool = True, **more: object) -> Manifest:
        taken_at = NOW - timedelta(hours=hours)
        key = ("age1x",) if more.pop("encrypted", False) else ()
        found = Manifest(
            name=f"toko-{taken_at:%Y%m%dT%H%M%SZ}-{hours:06x}",
            database=str(connection.settings_dict["NAME"]),
            kind="daily",
            taken_at=taken_at,
            seconds=1,
            file=Dumped(4, "a", raw_size, "b", "gzip", key),
            pg_dump_major=18,
            facts=Facts(server_version=180000, encoding="UTF8", rows={}),
            settings={},
            verified=Verification(2, taken_at, ok=True, seconds=1),
            drilled_at=taken_at if drilled else None,
        )
        found = replace(found, **more)  # type: ignore[arg-type]
        store.path_of(found).write_bytes(b"dump")
        manifests.write(found, store.folder)
        return found

    return one


def found() -> dict[str, Finding]:
    return {finding.key: finding for finding in backup_health.look(Scope()).findings}


def test_without_a_backup_or_with_good_ones_nothing_is_said(put: Put) -> None:
    assert found() == {}
    put(25)
    put(1)

    assert found() == {}


def test_backups_that_nobody_restored_on_trial_for_two_days_are_told(put: Put) -> None:
    put(60)
    put(12, drilled=False)

    assert dict(found()["backup:drill"].details)["Since Last Drill"] == "2 days 12 hours"


def test_encrypted_ones_may_wait_for_somebody_with_the_key(put: Put) -> None:
    put(24 * 20, encrypted=True)
    put(1, encrypted=True, drilled=False)
    assert found() == {}

    put(24 * 40, encrypted=True, drilled=False)
    put(24 * 20, encrypted=True, drilled=False)
    assert "--identity FILE" in found()["backup:drill"].action


def test_a_copy_elsewhere_that_lags_is_told_with_its_error(put: Put, settings: Settings) -> None:
    put(30, offsite=Offsite("b", NOW, name="x"))
    put(1, offsite=Offsite("b", NOW, error="The bucket b cannot be used"))
    assert found() == {}

    settings.BACKUP_S3_BUCKET = "b"
    details = dict(found()["backup:offsite"].details)
    assert (details["Without Copy"], details["Last Error"]) == ("1", "The bucket b cannot be used")


def test_a_backup_of_half_the_size_is_told(put: Put) -> None:
    put(25, raw_size=2001)
    put(1, raw_size=1000)

    assert found().keys() == {"backup:size"}


def test_a_disk_without_room_for_the_next_one_is_told(put: Put, settings: Settings) -> None:
    one = put(1)
    huge = replace(one, file=replace(one.file, size=10**18))

    state = health.Health((huge,), free=10**9, now=NOW)

    assert state.lacks_space == int(1.2 * 10**18)
    assert replace(state, free=None).lacks_space is None


def test_databases_that_restores_left_are_named_after_a_week() -> None:
    name = str(connection.settings_dict["NAME"])
    young, old = database.name_beside(name, database.OLD), f"{name}__old_20260101T000000000000Z"
    unfinished = f"{name}__restore_20260102T000000000000Z"

    names = [name, young, old, unfinished, "postgres", f"{name}__old_by_hand", "other__old_20260101T000000000000Z"]

    assert health.forgotten(names, now=NOW) == [old, unfinished]
