"""``--latest`` is the newest backup that was found good, and says what it passed over."""

from __future__ import annotations

from dataclasses import replace

import pytest

from backups.choosing import in_folder, newest_good, what_is_left
from backups.errors import BackupUsageError
from backups.making import SAFETY
from backups.storage import Store
from tests.backups.test_keeping import make, put


def test_newer_ones_that_are_no_good_are_passed_over_and_named_with_the_reason(store: Store) -> None:
    good = put(store, make(5))
    bad, unread, unverified, lost = make(4, ok=False), make(3, level=1), make(2, verified=False), make(1)
    for one in (bad, unread, unverified, lost):
        put(store, one)
    store.path_of(lost).unlink()

    found, words = newest_good(in_folder(store), "shop")

    assert found == good
    assert words == [
        f"Passed over {lost.name}: its file is missing, or has another size than it had.",
        f"Passed over {unverified.name}: nobody has checked it (manage.py verify_backup {unverified.name}).",
        f"Passed over {unread.name}: only its checksum was compared.",
        f"Passed over {bad.name}: it was found bad: Cut short.",
    ]
    assert what_is_left(store, "shop") == (
        f"The newest one that was found good is {good.name}: manage.py restore_db {good.name}"
    )


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (SAFETY, "a restore made it of what it replaced; to have that back, restore it by its name"),
        ("pitr", "it is of a moment that somebody went back to; to have that, restore it by its name"),
    ],
)
def test_what_is_no_daily_backup_is_named_and_not_taken(store: Store, kind: str, reason: str) -> None:
    good = put(store, make(1))
    saved = put(store, replace(make(0.5), kind=kind))

    found, words = newest_good(in_folder(store), "shop")

    assert found == good
    assert words == [f"Passed over {saved.name}: {reason}."]


def test_of_two_in_one_minute_the_later_is_taken(store: Store) -> None:
    earlier, later = make(1.0), make(1.0 - 1 / 86_400)
    for one in (later, earlier):
        put(store, one)

    assert newest_good(in_folder(store), "shop") == (later, [])


@pytest.mark.parametrize(
    ("database", "expected"),
    [("shop", r"verify_backup shop-\d{8}T"), ("store", "holds backups of 'shop'; manage.py list_backups --all")],
)
def test_where_none_is_good_the_operator_is_told_what_there_is(store: Store, database: str, expected: str) -> None:
    put(store, make(1, verified=False))

    with pytest.raises(BackupUsageError, match=expected):
        newest_good(in_folder(store), database)


def test_an_empty_folder_is_doubted(store: Store) -> None:
    with pytest.raises(BackupUsageError, match="is BACKUP_DIR the right folder"):
        newest_good(in_folder(store), "shop")
