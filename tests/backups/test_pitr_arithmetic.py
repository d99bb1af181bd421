"""Names of WAL segments, gaps, windows, retention: arithmetic that decides what can be recovered."""

from __future__ import annotations

import itertools
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backups.errors import BackupRefusedError, BackupUsageError
from backups.pitr import script
from backups.pitr.archive import Archive
from backups.pitr.bases import Base
from backups.pitr.keeping import surplus
from backups.pitr.reading import _END
from backups.pitr.segments import (
    Segment,
    Timeline,
    gaps,
    number_at,
    number_before,
    parse,
    parse_history,
    parse_lsn,
    unbroken,
)
from backups.pitr.setup import install
from backups.pitr.windows import Window, choose, joined, parse_moment
from config.embedded_postgres.account import Account

MB = 1 << 20
SIZE = 16 * MB
NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
SIZES = st.sampled_from([MB * 2**power for power in range(11)])


# --- names ---


def test_after_the_last_segment_of_a_log_comes_the_first_of_the_next():
    last = parse("0000000100000002000000FF", SIZE)

    assert Segment(1, last.number + 1).name(SIZE) == "000000010000000300000000"
    assert parse("000000010000000300000000", SIZE).number == last.number + 1


def test_how_many_segments_a_log_has_depends_on_their_size():
    assert Segment(1, 0x40).name(64 * MB) == "000000010000000100000000"
    assert Segment(1, 0x1000).name(MB) == "000000010000000100000000"
    with pytest.raises(ValueError, match="no name of a WAL segment of"):
        parse("000000010000000000000100", SIZE)


@settings(max_examples=50, deadline=None)
@given(timeline=st.integers(1, 2**32 - 1), number=st.integers(0, 2**40), size=SIZES)
def test_a_name_reads_back_as_the_segment_that_it_was_made_of(timeline, number, size):
    number %= 2**64 // size
    segment = Segment(timeline, number)

    assert parse(segment.name(size), size) == segment
    assert len(segment.name(size)) == 24


@settings(max_examples=50, deadline=None)
@given(one=st.integers(0, 2**40), other=st.integers(0, 2**40), size=SIZES)
def test_names_of_one_timeline_sort_as_their_numbers_do(one, other, size):
    names = [Segment(1, number).name(size) for number in (one, other) if number < 2**64 // size]

    assert sorted(names) == [Segment(1, parse(name, size).number).name(size) for name in sorted(names)]
    if len(names) == 2:
        assert (names[0] < names[1]) == (one < other)


@pytest.mark.parametrize("name", ["", "0000000100000000000000", "000000010000000000000001.partial", "0" * 24, "g" * 24])
def test_what_is_no_name_is_refused(name):
    with pytest.raises(ValueError, match="WAL segment"):
        parse(name, SIZE)


def test_a_location_on_the_border_belongs_to_the_segment_before_it_or_begins_the_next():
    border = parse_lsn("2/5000000")

    assert number_at(border, SIZE) == number_before(border, SIZE) + 1
    assert number_at(border + 1, SIZE) == number_before(border + 1, SIZE)
    with pytest.raises(ValueError, match="no WAL location"):
        parse_lsn("5000000")


# --- timelines ---

HISTORY = """\
1\t0/3000150\tbefore 2026-11-28 10:31:00+00
# a comment
2\t0/5000000\tno recovery target specified
"""


def test_recovery_reads_each_segment_from_the_newest_timeline_that_has_it():
    newest = parse_history(3, HISTORY)

    told = [newest.segment(number, SIZE).timeline for number in range(7)]

    assert told == [1, 1, 1, 2, 2, 3, 3]


def test_a_base_backup_taken_after_its_timeline_was_left_is_not_of_the_past():
    newest = parse_history(3, HISTORY)

    assert newest.holds(1, parse_lsn("0/3000150"))
    assert not newest.holds(1, parse_lsn("0/3000151"))
    assert newest.holds(3, parse_lsn("9/0"))
    assert not newest.holds(4, 0)


def test_a_first_timeline_has_no_past():
    assert Timeline(1).segment(5, SIZE) == Segment(1, 5)
    with pytest.raises(ValueError, match="not a line"):
        parse_history(2, "nonsense\n")


# --- gaps ---


@settings(max_examples=50, deadline=None)
@given(present=st.sets(st.integers(0, 60)), start=st.integers(0, 60))
def test_gaps_are_exactly_what_is_missing_between_the_start_and_the_newest(present, start):
    found = gaps(present, start)

    missing = {number for first, last in found for number in range(first, last + 1)}
    newest = max((number for number in present if number >= start), default=start - 1)
    assert missing == set(range(start, newest + 1)) - present
    assert all(last + 1 < following for (_, last), (following, _) in itertools.pairwise(found))


@settings(max_examples=50, deadline=None)
@given(present=st.sets(st.integers(0, 60)), start=st.integers(0, 60))
def test_the_unbroken_run_ends_where_the_first_gap_begins(present, start):
    end = unbroken(present, start)

    assert set(range(start, end)) <= present
    assert end not in present
    if found := gaps(present, start):
        assert found[0][0] == end


# --- windows ---


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def test_the_end_of_the_wal_is_not_inside_its_window():
    """PostgreSQL stops at a moment only when it meets a later transaction; without one it gives up."""
    window = Window("a", at(0), at(10))

    assert [window.holds(at(minute)) for minute in (-1, 0, 9.99, 10)] == [False, True, True, False]


def test_the_newest_base_backup_that_reaches_the_moment_is_chosen():
    windows = [Window("old", at(0), at(30)), Window("new", at(10), at(30)), Window("late", at(20), at(30))]

    assert [getattr(choose(windows, at(minute)), "base", None) for minute in (5, 10, 15, 25, 30)] == [
        "old",
        "new",
        "new",
        "late",
        None,
    ]


def test_a_gap_between_two_base_backups_stays_one_in_what_can_be_recovered():
    spans = {"c": (50, 60), "a": (0, 10), "b": (5, 20), "e": (70, 70)}
    windows = [Window(name, at(start), at(end)) for name, (start, end) in spans.items()]

    assert joined(windows) == [(at(0), at(20)), (at(50), at(60))]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 100), st.integers(0, 100)), max_size=8), st.integers(0, 100))
def test_a_moment_is_in_the_joined_windows_exactly_when_one_of_them_holds_it(pairs, minute):
    windows = [Window(str(number), at(start), at(end)) for number, (start, end) in enumerate(pairs)]

    inside = any(start <= at(minute) < end for start, end in joined(windows))

    assert inside == (choose(windows, at(minute)) is not None)


@pytest.mark.parametrize(
    "text",
    ["2026-11-28T19:00:00+07:00", "2026-11-28 19:00:00 +07", "2026-11-28 12:00Z", "2026-11-28T12:00:00.000+0000"],
)
def test_a_moment_is_read_as_people_write_it(text):
    assert parse_moment(text) == NOON


@pytest.mark.parametrize("text", ["2026-11-28 19:00:00", "19:00", "yesterday", "2026-11-28", ""])
def test_a_moment_without_an_offset_is_refused(text):
    with pytest.raises(BackupUsageError, match=r"\+07:00"):
        parse_moment(text)


@pytest.mark.parametrize(
    ("line", "moment"),
    [
        ("tx: 748, lsn: 0/03000150, prev 0/03000128, desc: COMMIT 2026-11-28 12:00:00.000000 UTC", NOON),
        ("tx: 7, lsn: A/03000150, prev 0/1, desc: ABORT 2026-11-28 12:00:00.000000 UTC; inval msgs: x", NOON),
        ("tx: 7, lsn: 0/03000150, prev 0/1, desc: COMMIT_PREPARED 812: 2026-11-28 12:00:00.5 UTC", None),
        ("tx: 7, lsn: 0/03000150, prev 0/1, desc: ASSIGNMENT xtop 812: subxacts: 813", None),
    ],
)
def test_the_end_of_a_transaction_is_read_from_what_pg_waldump_prints(line, moment):
    found = _END.search(line)

    if moment is None:
        assert found is None or found[2].startswith("2026-11-28 12:00:00.5")
    else:
        assert found is not None
        assert datetime.fromisoformat(found[2]).replace(tzinfo=UTC) == moment


# --- what may go ---


def base(days_ago: float, *, good: bool = True) -> Base:
    """Return a base backup of so many days ago."""
    moment = NOON - timedelta(days=days_ago)
    return Base(
        name=f"base-{days_ago}", started_at=moment, complete_at=moment, seconds=1, size=1, major=18, system=1,
        segment_size=SIZE, timeline=1, start_lsn=SIZE, end_lsn=SIZE + 1, database="shop", limits={},
        verified_at=moment if good else None,
    )  # fmt: skip


def gone(*found: Base) -> list[str]:
    """Return what may go with the default settings."""
    return [one.name for one in surplus(found, keep=2, days=7, now=NOON)]


def test_weekly_base_backups_leave_two_and_a_week_at_least():
    assert gone(base(0), base(7), base(14), base(21)) == ["base-14", "base-21"]


def test_several_base_backups_of_one_day_do_not_shorten_how_far_back_one_can_go():
    assert gone(base(0), base(0.1), base(0.2), base(6)) == []
    assert gone(base(0), base(0.1), base(0.2), base(8), base(9)) == ["base-9"]


def test_a_bad_base_backup_counts_for_nothing():
    assert gone(base(0, good=False), base(1, good=False), base(7), base(14)) == []
    assert gone(base(0), base(7), base(8, good=False), base(14), base(15)) == ["base-8", "base-14", "base-15"]
    assert gone() == []


# --- paths in the server's configuration ---


@pytest.mark.parametrize(
    "path", ["relative/wal", "/a/$HOME", "/a/`id`", '/a/"b', "/a/'b", "/a/100%", "/a/\nb", "/a\\b"]
)
def test_a_path_that_a_shell_or_the_server_would_take_apart_is_refused(path):
    with pytest.raises(BackupRefusedError, match="absolute path"):
        script.command(Path(path))


def test_the_archive_command_names_the_script_that_it_was_made_for():
    command = script.command(Path("/var/lib/toko kita/archive_wal.sh"))

    assert command == '"/var/lib/toko kita/archive_wal.sh" "%p" "%f"'
    assert script.script_of(command) == Path("/var/lib/toko kita/archive_wal.sh")
    assert script.script_of("pgbackrest --stanza=shop archive-push %p") is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can have a folder that the server's user cannot enter")
def test_a_folder_that_the_servers_user_cannot_enter_is_refused_and_not_made(tmp_path):
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o700)
    tmp_path.chmod(0o755)

    with pytest.raises(BackupRefusedError, match="cannot enter"):
        install(Archive(locked / "pitr"), Account(55432, 55432))

    assert list(locked.iterdir()) == []
