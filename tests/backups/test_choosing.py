"""``--latest`` is the newest backup that was found good, and says what it passed over."""

from __future__ import annotations

from dataclasses import replace

import pytest

from backups.choosing import Choice, in_folder, newest_good, what_is_left, without_a_key
from backups.errors import BackupRefusedError, BackupUsageError
from backups.manifest import SAFETY
from backups.storage import Store
from tests.backups.test_keeping import make, put


def test_newer_ones_that_are_no_good_are_passed_over_and_named_with_the_reason(store: Store) -> None:
    good = put(store, make(5))
    bad, unread, unverified, lost = make(4, ok=False), make(3, level=1), make(2, verified=False), make(1)
    for one in (bad, unread, unverified, lost):
        put(store, one)
    store.path_of(lost).unlink()

    found = newest_good(in_folder(store), "shop")

    assert found.manifest == good
    assert found.lost is not None
    assert found.lost.name == lost.name
    assert found.words == [
        f"Passed over {lost.name}: its file is missing, or has another size than it had.",
        f"Passed over {unverified.name}: nobody has checked it (manage.py verify_backup {unverified.name}).",
        f"Passed over {unread.name}: only its checksum was compared.",
        f"Passed over {bad.name}: it was found bad: Cut short.",
    ]
    assert what_is_left(store, "shop") == (
        f"The newest one that was found good is {good.name}: manage.py restore_db {good.name}"
    )


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{", "its manifest is damaged"),
        (None, "it has no manifest: it never was finished, or that was not copied along"),
    ],
)
def test_one_whose_manifest_cannot_be_read_is_named_too(store: Store, content: str | None, reason: str) -> None:
    good, unreadable = put(store, make(5)), put(store, make(1))
    other = replace(make(0.5), name="store-20261127T143000Z-00beef", database="store")
    for one in (unreadable, put(store, other)):
        path = store.folder / f"{one.name}.json"
        path.unlink() if content is None else path.write_text(content)

    found = newest_good(in_folder(store), "shop")

    assert found.manifest == good
    assert found.words == [f"Passed over {unreadable.name}: {reason}."]
    with pytest.raises(BackupRefusedError, match=f"{good.name} is not the newest: {unreadable.name} .* {reason}"):
        found.refuse_a_loss()


def test_of_many_the_newest_are_named_and_the_others_counted(store: Store) -> None:
    for days in range(1, 9):
        put(store, make(days, ok=days == 8))

    words = newest_good(in_folder(store), "shop").words

    assert len(words) == 6
    assert make(1).name in words[0]
    assert words[-1] == "Passed over 2 more that are newer than the one that is taken."


def test_without_the_key_the_newest_that_needs_none_is_named_and_not_taken(store: Store) -> None:
    plain, secret = put(store, make(9)), make(1)
    put(store, replace(secret, file=replace(secret.file, recipients=("age1x",))))

    assert newest_good(in_folder(store), "shop").manifest.name == secret.name
    assert without_a_key(in_folder(store), "shop").endswith(f"manage.py restore_db {plain.name}")
    assert without_a_key(in_folder(store), "other") == ""


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

    found = newest_good(in_folder(store), "shop")

    assert found.manifest == good
    assert found.words == [f"Passed over {saved.name}: {reason}."]
    assert found.lost is None, "that is nobody's loss: a script may go on"
    found.refuse_a_loss()


def test_of_two_in_one_minute_the_later_is_taken(store: Store) -> None:
    earlier, later = make(1.0), make(1.0 - 1 / 86_400)
    for one in (later, earlier):
        put(store, one)

    assert newest_good(in_folder(store), "shop") == Choice(later)


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
