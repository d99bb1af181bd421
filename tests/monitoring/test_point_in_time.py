"""The monitor and the doctor notice when one could not go back to a moment, and are quiet where nobody wants to."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pytest_django import Settings

from backups.pitr import bases, script
from backups.pitr.archive import Archive
from backups.pitr.bases import Base
from backups.pitr.segments import Segment
from backups.pitr.server import Archiver
from monitoring.monitors import point_in_time
from monitoring.monitors.backup_age import MONITOR
from monitoring.monitors.base import Scope
from tests.monitoring.test_doctor import ask

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monitoring_files")]

MB = 1 << 20
GOOD = Archiver(5, "000000010000000000000005", datetime.now(UTC), 0, "", None, failing=False, silent_s=30)


@pytest.fixture
def archive(tmp_path: Path, settings: Settings) -> Archive:
    """A WAL archive with a base backup of yesterday, four segments after it, and a good drill."""
    found = Archive(tmp_path / "pitr")
    found.wal.mkdir(parents=True)
    (found.wal / script.MARK).touch()
    settings.PITR_DIR = str(found.folder)
    yesterday = datetime.now(UTC) - timedelta(days=1)
    base = Base(
        name="base-20261127T043000Z-0a1b2c", started_at=yesterday, complete_at=yesterday, seconds=1, size=1, major=18,
        system=1, segment_size=MB, timeline=1, start_lsn=2 * MB + 40, end_lsn=2 * MB + 300, database="shop", limits={},
        verified_at=yesterday,
    )  # fmt: skip
    bases.folder_of(found, base).mkdir(parents=True)
    bases.write(found, base)
    for number in range(2, 6):
        with segment(found, number).open("wb") as file:
            file.truncate(MB)
    drilled(found, ago=timedelta(days=1))
    return found


def segment(archive: Archive, number: int) -> Path:
    return archive.wal / Segment(1, number).name(MB)


def drilled(archive: Archive, *, ago: timedelta, ok: bool = True) -> None:
    told = {"at": (datetime.now(UTC) - ago).isoformat(), "ok": ok, "seconds": 1, "message": "" if ok else "no way back"}
    archive.drill_file.write_text(json.dumps(told | {"base": "", "target": None, "reached": None}))


def complaints() -> dict[str, str]:
    """Return the monitor's findings about the archive; the suite's server does not archive, which is one of them."""
    found = {one.key: one.subject for one in MONITOR.look(Scope()).findings if one.key.startswith("pitr:")}
    found.pop("pitr:archiver", None)
    return found


def test_without_an_archive_there_is_nothing_to_watch(settings: Settings) -> None:
    settings.PITR_DIR = ""

    look = point_in_time.look(Scope())

    assert (list(look.findings), look.facts) == ([], {"point_in_time": "not set up"})


def test_a_whole_archive_is_no_trouble(archive: Archive) -> None:
    assert complaints() == {}


def test_a_gap_is_noticed_and_its_end_too(archive: Archive) -> None:
    segment(archive, 3).unlink()
    assert complaints() == {"pitr:archive": "1 segments of WAL are missing, the first is 000000010000000000000003"}

    segment(archive, 3).write_bytes(bytes(MB))
    assert complaints() == {}


def test_a_truncated_segment_is_noticed(archive: Archive) -> None:
    segment(archive, 5).write_bytes(b"short")

    assert "has 5 bytes instead of 1048576" in complaints()["pitr:archive"]


def test_an_old_drill_a_failed_one_and_none_at_all_are_noticed(archive: Archive) -> None:
    drilled(archive, ago=timedelta(days=10))
    assert complaints() == {"pitr:drill": "the last drill is 10 days old"}

    drilled(archive, ago=timedelta(days=1), ok=False)
    assert complaints() == {"pitr:archive": "the last drill failed: no way back"}

    archive.drill_file.unlink()
    assert complaints() == {}
    (base,) = bases.all_bases(archive)
    bases.write(archive, replace(base, complete_at=base.complete_at - timedelta(days=10)))
    assert complaints()["pitr:drill"].startswith("there was no drill")


def test_an_archiver_that_fails_or_says_nothing_is_noticed() -> None:
    failing = replace(GOOD, failing=True, failed=7, failed_wal="000000010000000000000006")

    assert [one.subject for one in point_in_time.about(failing)] == [
        "archive_command fails: 7 times so far, last for 000000010000000000000006"
    ]
    assert [one.subject for one in point_in_time.about(replace(GOOD, silent_s=3600))] == [
        "nothing was archived for 60 minutes"
    ]
    assert [one.key for one in point_in_time.about(None)] == ["pitr:archiver"]
    assert list(point_in_time.about(GOOD)) == []


def test_an_archive_without_a_base_backup_is_worth_nothing_and_a_bad_one_is_named(archive: Archive) -> None:
    (base,) = bases.all_bases(archive)
    bases.write(archive, replace(base, verified_at=None, message="bit rot"))

    assert complaints()["pitr:archive"] == "there is no verified base backup"


def test_a_folder_that_cannot_be_used_is_said_once(archive: Archive, settings: Settings) -> None:
    settings.PITR_DIR = "relative"

    assert "must be an absolute path" in complaints()["pitr:archive"]


def test_a_look_at_other_subjects_leaves_the_archive_alone(archive: Archive) -> None:
    segment(archive, 3).unlink()

    assert not point_in_time.look(Scope(only=("backup:newest",))).findings
    assert [one.key for one in point_in_time.look(Scope(only=("pitr:archive",))).findings][:1] == ["pitr:archive"]


def test_the_doctor_warns_a_shop_with_customers_that_archives_nothing(settings: Settings) -> None:
    settings.PITR_DIR = ""

    assert ask("backups", "--deploy")["point in time"]["level"] == "warning"
    assert "manage.py pitr setup" in ask("backups", "--deploy")["point in time"]["try"]


def test_the_doctor_repeats_what_the_monitor_found(archive: Archive) -> None:
    segment(archive, 3).unlink()

    said = ask("backups", "--deploy")

    assert said["pitr:archive"]["level"] == "error"
    assert "missing" in said["pitr:archive"]["says"]
    assert "point in time" not in said
