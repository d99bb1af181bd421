"""Whatever the clocks on the wall show, a backup's name and times are UTC, and say so."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from backups import manifest as manifests
from backups.manifest import Manifest
from backups.storage import Store
from backups.target import Target
from tests.support.operator import Operator, assert_said

pytestmark = pytest.mark.drills


def test_a_machine_in_jakarta_names_its_backups_in_utc(
    quiet_shop: Target, store: Store, operator: Callable[[Target], Operator]
) -> None:
    begun = datetime.now(UTC)

    done = operator(quiet_shop).run("backup_db", TZ="Asia/Jakarta", PGTZ="Asia/Jakarta")

    assert done.code == 0, done.said
    (manifest,) = store.manifests()
    stamp = manifest.name.split("-")[-2]
    named = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    written = json.loads((store.folder / f"{manifest.name}.json").read_text())["taken_at"]
    assert begun - timedelta(seconds=1) <= named <= datetime.now(UTC)
    assert written.endswith("+00:00")
    assert begun - timedelta(seconds=1) <= datetime.fromisoformat(written) <= datetime.now(UTC)


def made_under_a_wrong_clock(store: Store, backup: Manifest, *, days: int) -> Manifest:
    """Put a copy of a backup into the folder, as if the clock had been so many days ahead when it was made."""
    taken_at = backup.taken_at + timedelta(days=days)
    found = replace(backup, name=f"template_shop-{taken_at:%Y%m%dT%H%M%SZ}-{abs(days):06x}", taken_at=taken_at)
    store.path_of(found).write_bytes(store.path_of(backup).read_bytes())
    manifests.write(found, store.folder)
    return found


def test_a_backup_from_the_future_is_not_checked_night_after_night_in_place_of_the_newest(
    backup: Manifest, store: Store, quiet_shop: Target, operator: Callable[[Target], Operator]
) -> None:
    made_under_a_wrong_clock(store, backup, days=40)

    checked = operator(quiet_shop).run("verify_backup", "--latest", "--level", "1")
    store.remove(backup)
    alone = operator(quiet_shop).run("verify_backup", "--latest", "--level", "1")

    assert (checked.code, alone.code) == (0, 2), (checked.said, alone.said)
    assert_said(f"{backup.name} is good", checked.out)
    assert_said("Every backup of 'template_shop' in .* is from the future: a clock is, or was, wrong", alone.err)


def test_a_night_under_a_wrong_clock_removes_no_backup_and_says_why(
    backup: Manifest, store: Store, quiet_shop: Target, operator: Callable[[Target], Operator]
) -> None:
    """All that there is seems to be forty days old, and the backup of this night the only one of this month."""
    for days in range(40, 46):
        made_under_a_wrong_clock(store, backup, days=-days)
    store.remove(backup)
    before = set(operator(quiet_shop).files())

    planned = operator(quiet_shop).run("backup_db", "--dry-run")
    done = operator(quiet_shop).run("backup_db")

    assert (planned.code, done.code) == (0, 0), (planned.said, done.said)
    assert_said("No old one would be removed: only 1 good backups are younger than 30 days", planned.out)
    assert_said("No old one removed: only 1 good backups are younger than 30 days", done.out)
    assert before < set(operator(quiet_shop).files())
