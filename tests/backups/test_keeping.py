"""Which backups there are, which count, and which may go. Nothing here dumps anything."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from hypothesis import given
from hypothesis import settings as settings_of_hypothesis
from hypothesis import strategies as st
from pytest_django import Settings

from backups import manifest as manifests
from backups import programs
from backups.dump import Dumped
from backups.errors import BackupCorruptError, BackupFailedError, BackupUsageError
from backups.facts import Facts, differences
from backups.manifest import DAILY, SAFETY, Manifest, Verification
from backups.mirror import mirror
from backups.models import BackupRun
from backups.retention import KEEP_VERIFIED, TOO_OLD, Rule, expired, judge
from backups.storage import Store, find, newest_verified_at


@dataclass(frozen=True)
class Light:
    """All that the rule asks of a backup."""

    name: str
    taken_at: datetime
    is_verified: bool
    pinned: str
    kind: str = DAILY

    @property
    def made_at(self) -> datetime:
        return self.taken_at


NOW = datetime(2026, 11, 28, 2, 30, tzinfo=UTC)
FACTS = Facts(server_version=180000, encoding="UTF8", rows={"public.a": 2}, hashes={"public.a": "7"})


def make(days_ago: float, *, level: int = 2, ok: bool = True, verified: bool = True, pinned: str = "") -> Manifest:
    """Return a backup of ``days_ago``."""
    taken_at = NOW - timedelta(days=days_ago)
    return Manifest(
        name=f"shop-{taken_at:%Y%m%dT%H%M%SZ}-{abs(hash(days_ago)) % 2**24:06x}",
        database="shop",
        kind="daily",
        taken_at=taken_at,
        seconds=1.5,
        file=Dumped(size=4, sha256="00", raw_size=9, raw_sha256="11"),
        pg_dump_major=18,
        facts=FACTS,
        settings={"owner": "shop", "values": []},
        pinned=pinned,
        verified=Verification(level, taken_at, ok, 0.1, "" if ok else "Cut short.") if verified else None,
    )


def put(store: Store, manifest: Manifest) -> Manifest:
    manifests.write(manifest, store.folder)
    store.path_of(manifest).write_bytes(b"dump")
    return manifest


# --- retention ---


def test_what_is_older_than_the_limit_goes_oldest_first() -> None:
    every_day = [make(days) for days in range(40)]

    gone = expired(every_day, now=NOW, rule=Rule(30))

    assert gone == [make(days) for days in range(39, 30, -1)]


def test_the_last_three_verified_stay_however_old() -> None:
    """A limit of one day is the only one under which they can be older than it."""
    backups = [make(0), make(1.5), make(3), make(4.5), make(6)]

    assert expired(backups, now=NOW, rule=Rule(1)) == [make(6), make(4.5)]


def test_nothing_goes_until_enough_good_ones_are_young() -> None:
    old = [make(days) for days in range(31, 60)]

    told = judge([make(0), make(1), *old], now=NOW, rule=Rule(30))
    assert (told.gone, told.spared_because) == ([], "only 2 good backups are younger than 30 days, and 3 must be")


@pytest.mark.parametrize("days", [20, 40])
@pytest.mark.parametrize("nights", [1, 2, 3])
def test_a_clock_that_jumps_ahead_deletes_nothing(days: int, nights: int) -> None:
    """Thirty good ones of the last thirty nights, and then some that were made under tomorrow's clock."""
    ahead = [replace(make(-days), name=f"shop-{n}", taken_at=NOW + timedelta(days=days + n)) for n in range(nights)]
    backups = [*(make(day) for day in range(1, 31)), *ahead]

    told = judge(backups, now=ahead[-1].taken_at, rule=Rule(30))

    assert told.gone == []
    assert told.spared_because


def test_after_a_gap_the_old_ones_stay_until_the_newest_three_are_without_one() -> None:
    before = [make(days) for days in range(5, 60)]

    assert judge([make(0), *before], now=NOW, rule=Rule(30)).spared_because.startswith(make(0).name)
    assert expired([make(0), make(1), make(2), *before], now=NOW, rule=Rule(30)) == []
    assert len(expired([make(0), make(1), make(2), make(3), *before], now=NOW, rule=Rule(30))) == 29


def test_what_restores_have_made_is_none_of_the_three_nor_the_last_of_a_month() -> None:
    """Else a night of many restores would push the nightly ones out of what is kept."""
    nightly = [make(days) for days in (0, 1, 2, 3, 36, 37)]
    saved = [replace(make(days), kind=SAFETY) for days in (0.1, 0.2, 0.3, 34.9)]

    gone = expired([*nightly, *saved], now=NOW, rule=Rule(30, monthly=2))

    assert gone == [make(37), saved[3]]  # the last nightly one of October is that of day 36
    assert expired([*(make(days) for days in range(4)), *saved], now=NOW, rule=Rule(30)) == [saved[3]]
    assert expired(saved, now=NOW, rule=Rule(30)) == []


def test_one_of_a_moment_long_ago_that_was_made_today_stays() -> None:
    brought_back = replace(make(0.5), kind="pitr", taken_at=NOW - timedelta(days=60))

    assert expired([*(make(days) for days in range(4)), brought_back], now=NOW, rule=Rule(30)) == []


def test_bad_and_unverified_ones_protect_nothing_and_are_for_a_person_to_judge() -> None:
    bad, unverified, weak = make(40, ok=False), make(41, verified=False), make(42, level=1)
    backups = [make(0), make(1), make(2), make(3), make(43), bad, unverified, weak]

    assert expired(backups, now=NOW, rule=Rule(30)) == [make(43)]


def test_nothing_goes_while_backups_are_failing() -> None:
    backups = [make(0, ok=False), make(1, verified=False), *(make(days) for days in range(3, 60))]

    assert expired(backups, now=NOW, rule=Rule(30)) == []
    assert expired([make(0, verified=False), make(90, verified=False)], now=NOW, rule=Rule(30)) == []


def test_a_pinned_one_stays_for_ever() -> None:
    backups = [make(days) for days in range(4)]

    assert expired([*backups, make(90, pinned="the move"), make(91)], now=NOW, rule=Rule(30)) == [make(91)]


def test_one_from_the_future_neither_counts_nor_goes() -> None:
    backups = [make(-400), make(3), make(4), make(5), make(60)]

    assert expired(backups, now=NOW, rule=Rule(30)) == []


@given(
    ages=st.lists(st.integers(-40, 900), min_size=1, max_size=200),
    nightly=st.integers(0, 100),
    states=st.randoms(use_true_random=False),
    days=st.integers(1, 60),
    keep=st.tuples(st.integers(0, 10), st.integers(0, 8), st.integers(0, 14)),
)
@settings_of_hypothesis(max_examples=60, deadline=None)
def test_whatever_the_rule_what_must_stay_stays_and_what_must_go_goes(ages, nightly, states, days, keep) -> None:
    daily, weekly, monthly = keep
    backups = [
        Light(
            f"b{number}",
            NOW - timedelta(days=age, minutes=number),
            states.random() < 0.8,
            states.choice(["", "", "x"]),
            states.choice([DAILY, DAILY, DAILY, SAFETY]),
        )
        for number, age in enumerate([*range(nightly), *ages])
    ]
    rule = Rule(days, daily, weekly, monthly)

    gone = expired(backups, now=NOW, rule=rule)

    good = sorted((one for one in backups if one.is_verified and one.taken_at <= NOW), key=lambda one: one.taken_at)
    nights = [one for one in good if one.kind == DAILY]
    kept = [one for one in nights if one not in gone]
    assert all(one.is_verified and not one.pinned and one.taken_at < NOW - timedelta(days=days) for one in gone)
    assert set(nights[-KEEP_VERIFIED:]) <= set(kept)
    assert not gone or not set(good[-KEEP_VERIFIED:]) & set(gone) or days < KEEP_VERIFIED
    young = [one for one in nights if one.taken_at >= NOW - timedelta(days=days)]
    steps = [after.taken_at - before.taken_at for before, after in pairwise(nights[-KEEP_VERIFIED - 1 :])]
    if (
        not nights
        or NOW - nights[-1].taken_at > TOO_OLD
        or len(young) < min(KEEP_VERIFIED, days)
        or any(step > TOO_OLD for step in steps)
    ):
        assert gone == []
        return
    for count, period in (
        (daily, lambda one: one.taken_at.date()),
        (weekly, lambda one: one.taken_at.isocalendar()[:2]),
        (monthly, lambda one: (one.taken_at.year, one.taken_at.month)),
    ):
        newest = sorted({period(one) for one in nights}, reverse=True)[:count]
        assert set(newest) <= {period(one) for one in kept}
    if keep == (0, 0, 0):
        old = [one for one in good if not one.pinned and one.taken_at < NOW - timedelta(days=days)]
        assert gone == [one for one in old if one not in nights[-KEEP_VERIFIED:]]
    assert expired([one for one in backups if one not in gone], now=NOW, rule=rule) == []  # a second run finds no more


def test_beyond_the_days_the_last_of_each_week_and_month_stays() -> None:
    nightly = [make(days) for days in range(400)]

    gone = expired(nightly, now=NOW, rule=Rule(7, daily=10, weekly=6, monthly=12))

    kept = [one.taken_at for one in nightly if one not in gone]
    assert [NOW - at for at in kept[:10]] == [timedelta(days=days) for days in range(10)]
    assert len(kept) == 10 + 5 + 10  # this week and this month have theirs among the last ten days already
    assert min(kept) == datetime(2025, 12, 31, 2, 30, tzinfo=UTC)


@pytest.mark.parametrize("numbers", [(0,), (-1,), (30, -1)])
def test_a_rule_that_would_delete_everything_is_a_mistake(numbers: tuple[int, ...]) -> None:
    with pytest.raises(BackupUsageError):
        Rule(*numbers)


@pytest.mark.drills
@pytest.mark.django_db
def test_a_run_deletes_what_the_dry_run_lists_among_hundreds_of_files(store: Store, settings: Settings) -> None:
    """Foreign files, junk, ones from the future, unverified and bad ones stay, whatever their age and name."""
    settings.BACKUP_KEEP_MONTHLY = 6
    name = str(connection.settings_dict["NAME"])
    since = (datetime.now(UTC) - NOW) / timedelta(days=1)
    for days in range(1, 250):
        put(store, replace(make(days + 0.01 - since), database=name))
    for days in range(1, 40):
        put(store, replace(make(days + 60.02, ok=False), database=name))
        put(store, replace(make(days + 60.03, verified=False), database=name))
        put(store, replace(make(-days - 3000.04), database=name))
        put(store, replace(make(days + 60.05), database="other"))
        (store.folder / f"{name}-20250101T0000{days:02d}Z-aaaaaa.dump.gz").write_bytes(b"no manifest")
        (store.folder / f"{name}-20250101T0000{days:02d}Z-bbbbbb.json").write_text("{}")
        (store.folder / f"catatan-{days}.txt").write_text("somebody else's")
    put(store, replace(make(200.06, pinned="audit"), database=name))
    before = {path.name for path in store.folder.iterdir()}

    listed = command("backup_db", "--dry-run")
    assert {path.name for path in store.folder.iterdir()} - {".lock"} == before - {".lock"}
    made = command("backup_db")

    assert made["removed"] == listed["removed"]
    assert len(made["removed"]) > 150
    after = {path.name for path in store.folder.iterdir()} - {".lock"}
    gone = {f"{one}{ending}" for one in made["removed"] for ending in (".dump.gz", ".json")}
    assert before - after == gone
    assert after - before == {f"{made['backup']}.dump.gz", f"{made['backup']}.json"}


def command(*arguments: str) -> dict[str, Any]:
    output = io.StringIO()
    call_command(*arguments, "--format", "json", stdout=output)
    facts: dict[str, Any] = json.loads(output.getvalue().splitlines()[-1])
    return facts


# --- the folder ---


def test_only_files_with_a_manifest_of_ours_are_backups(store: Store) -> None:
    good = put(store, make(1))
    (store.folder / "zzz.json").write_text("{}")
    (store.folder / "shop-20991231T000000Z-ffffff.json").write_text('{"schema": 1')
    (store.folder / "shop-20991231T000000Z-eeeeee.dump.gz").write_bytes(b"junk")
    (store.folder / "notes.dump.gz").write_bytes(b"somebody else's")
    put(store, replace(make(0), database="other"))

    assert store.manifests("shop") == [good]
    assert store.newest_verified("shop") == good
    assert store.without_manifest() == ["shop-20991231T000000Z-eeeeee.dump.gz"]


def test_removing_takes_both_files_and_no_other(store: Store) -> None:
    kept, gone = put(store, make(1)), put(store, make(2))

    store.remove(gone)

    assert sorted(path.name for path in store.folder.iterdir()) == [f"{kept.name}.dump.gz", f"{kept.name}.json"]


def test_the_newest_verified_is_one_whose_file_is_there(store: Store) -> None:
    name = connection.settings_dict["NAME"]
    older = put(store, replace(make(3), database=name))
    missing, short = put(store, replace(make(1), database=name)), put(store, replace(make(2), database=name))
    put(store, replace(make(0.5, ok=False), database=name))
    put(store, replace(make(0, verified=False), database=name))
    put(store, replace(make(-4000), database=name))
    store.path_of(missing).unlink()
    store.path_of(short).write_bytes(b"du")

    assert newest_verified_at() == older.taken_at


def test_without_any_backup_there_is_no_newest(settings: Settings, tmp_path: Path) -> None:
    settings.BACKUP_DIR = tmp_path / "never made"

    assert newest_verified_at() is None


def test_a_backup_is_found_by_its_name_or_by_either_path(store: Store) -> None:
    good = put(store, make(1))

    for text in (good.name, good.file_name, str(store.path_of(good)), str(store.folder / f"{good.name}.json")):
        assert find(text)[1] == good
    with pytest.raises(BackupUsageError):
        find("shop-20200101T000000Z-000000")
    (store.folder / f"{good.name}.json").unlink()
    with pytest.raises(BackupCorruptError, match="no manifest"):
        find(str(store.path_of(good)))


def test_a_manifest_says_what_was_written_or_is_refused(store: Store) -> None:
    good = make(1, level=3)
    path = manifests.write(replace(good, drilled_at=NOW), store.folder)

    assert manifests.read(path) == replace(good, drilled_at=NOW)
    for damage in ({"schema": 3}, {"engine": "sqlite"}, {"taken_at": "2026-11-28T02:00:00"}, {"name": "x"}):
        path.write_text(json.dumps(json.loads(good.to_json()) | damage))
        with pytest.raises(BackupCorruptError):
            manifests.read(path)


def test_space_is_asked_for_before(store: Store) -> None:
    store.require_space(1000)
    with pytest.raises(BackupFailedError, match="BACKUP_DIR"):
        store.require_space(10**18)


# --- the rest ---


@pytest.mark.parametrize(
    ("majors", "server", "archive", "expected"),
    [
        ([15, 16, 18], 16, 0, 16),
        ([15, 18], 16, 0, None),
        ([15, 16], 15, 16, 16),
        ([18], 17, 0, 18),
        ([15], 18, 0, None),
        ([15, 16, 18], 0, 16, 16),
        ([18], 0, 15, 18),
    ],
)
def test_a_program_fits_when_it_is_not_older_and_speaks_the_servers_language(majors, server, archive, expected) -> None:
    assert programs.choose(majors, server=server, archive=archive) == expected


def test_a_missing_program_is_named_with_its_package(settings: Settings, tmp_path: Path) -> None:
    settings.PG_BIN_DIR = str(tmp_path)

    with pytest.raises(BackupFailedError, match="postgresql-client-18"):
        programs.find("pg_dump", server=18)


def test_every_kind_of_difference_is_told() -> None:
    other = Facts(server_version=180003, encoding="UTF8", rows={"public.a": 2, "public.b": 1}, hashes={"public.a": "8"})
    before = replace(FACTS, counts={"indexes": 3}, migrations=(("shop", "0001"),), extensions=("pg_trgm",))

    assert differences(before, other) == [
        "public.a: the rows differ from those that were backed up",
        "public.b: no rows in the backup, 1 restored",
        "3 indexes in the backup, None restored",
        "the recorded migrations differ",
        "extensions are missing: pg_trgm",
    ]
    assert differences(FACTS, replace(FACTS, server_version=190000, hashes={"public.a": "other"})) == []


@pytest.mark.django_db
def test_the_table_mirrors_the_folder(store: Store) -> None:
    drilled, gone = put(store, replace(make(1, level=3), drilled_at=NOW)), put(store, make(2))
    put(store, make(3, ok=False))
    mirror(store, "shop")
    store.remove(gone)

    mirror(store, "shop")

    rows = {run.name: run for run in BackupRun.objects.all()}
    assert len(rows) == 3
    assert (rows[drilled.name].drilled_at, rows[drilled.name].removed_at) == (NOW, None)
    assert rows[gone.name].removed_at is not None
    assert rows[make(3).name].verified_ok is False
