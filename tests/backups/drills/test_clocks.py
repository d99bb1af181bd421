"""Whatever the clocks on the wall show, a backup's name and times are UTC, and say so."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from backups.storage import Store
from backups.target import Target
from tests.support.operator import Operator

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
