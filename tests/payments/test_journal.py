"""The journal: no line is lost, whatever happened to the one before it."""

from __future__ import annotations

import resource
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from payments import journal

AT = datetime(2026, 11, 30, 23, 59, 59, 900_000, tzinfo=UTC)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, settings) -> Path:
    settings.PAYMENT_JOURNAL_DIR = tmp_path / "journal"
    return tmp_path / "journal"


def write(gateway_id: str, at: datetime = AT) -> None:
    journal.write(gateway_id=gateway_id, order_number="ORD-1", amount=250_000, at=at)


def ids(since: datetime = AT) -> list[str]:
    return [entry.gateway_id for entry in journal.read_since(since)]


def test_what_was_written_is_read_once_and_in_order_over_the_turn_of_a_month() -> None:
    write("A")
    write("B", AT + timedelta(seconds=1))
    write("A", AT + timedelta(seconds=2))

    assert ids() == ["A", "B"]
    assert ids(AT + timedelta(milliseconds=1)) == ["B", "A"]


def test_the_moment_is_the_callers_and_not_this_machines(folder: Path) -> None:
    write("A", datetime(2020, 1, 1, tzinfo=UTC))

    assert [path.name for path in folder.iterdir()] == ["2020-01.jsonl"]
    assert next(journal.read_since(datetime(2019, 1, 1, tzinfo=UTC))).at == datetime(2020, 1, 1, tzinfo=UTC)


def test_a_line_cut_short_takes_no_other_with_it(folder: Path) -> None:
    write("A")
    with next(folder.glob("*.jsonl")).open("ab") as file:
        file.write(b'\n{"gateway_id":"ORD-2-TORN","ord')
    write("B")

    assert ids() == ["A", "B"]


def test_a_disk_that_takes_half_a_line_is_an_error_and_the_next_line_is_whole(folder: Path) -> None:
    write("A")
    size = next(folder.glob("*.jsonl")).stat().st_size
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 20, before[1]))
    try:
        with pytest.raises(OSError, match="part of a line"):
            write("HALF")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    write("B")

    assert ids() == ["A", "B"]
