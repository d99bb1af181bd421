"""``restore_db --latest`` never goes back further than it says, and without a person not at all."""

from __future__ import annotations

import json
import os
import pty
from collections.abc import Callable, Iterator
from dataclasses import replace

import pyrage
import pytest

from backups.manifest import Manifest
from backups.storage import Store
from backups.target import Target
from tests.backups.drills.conftest import ROWS
from tests.support.backups import change, value
from tests.support.operator import Operator, assert_said

pytestmark = pytest.mark.drills

COUNT = "SELECT count(*) FROM django_session"


def judged_bad(data: dict[str, object]) -> None:
    """Write what a drill writes that went wrong."""
    data["verified"] = {"level": 3, "at": data["taken_at"], "ok": False, "seconds": 1, "message": "Cut."}


def unchecked(data: dict[str, object]) -> None:
    """Take the judgement away."""
    data["verified"] = None


SPOILT: dict[str, tuple[Callable[[Store, Manifest], object], str]] = {
    "found bad": (lambda store, one: edit(store, one, judged_bad), "it was found bad: Cut"),
    "never checked": (
        lambda store, one: edit(store, one, unchecked),
        "nobody has checked",
    ),
    "unreadable": (lambda store, one: path_of(store, one).write_text("{"), "its manifest is damaged"),
    "without its manifest": (lambda store, one: path_of(store, one).unlink(), "it has no manifest"),
    "without its dump": (lambda store, one: store.path_of(one).unlink(), "its file is missing"),
}


def path_of(store: Store, one: Manifest):
    return store.folder / f"{one.name}.json"


def edit(store: Store, one: Manifest, change_it: Callable[[dict[str, object]], object]) -> None:
    data = json.loads(path_of(store, one).read_text())
    change_it(data)
    path_of(store, one).write_text(json.dumps(data))


@pytest.fixture
def two(live: Target, store: Store, operator: Callable[[Target], Operator]) -> tuple[Manifest, Manifest]:
    """Return an older good backup of the live shop and a newer one with fewer rows."""
    assert operator(live).run("backup_db").code == 0
    change(live, "DELETE FROM django_session WHERE session_key > 'key-2'")
    assert operator(live).run("backup_db").code == 0
    newer, older = store.manifests(live.name)
    return older, newer


@pytest.mark.parametrize("trouble", SPOILT)
def test_when_the_newest_is_no_good_a_script_is_refused_and_told_which_and_why(
    trouble: str,
    two: tuple[Manifest, Manifest],
    live: Target,
    store: Store,
    operator: Callable[[Target], Operator],
) -> None:
    older, newer = two
    spoil, reason = SPOILT[trouble]
    spoil(store, newer)
    before = value(live, COUNT)

    refused = operator(live).restore("--latest", "--format", "json")
    planned = operator(live).restore("--latest", "--dry-run")

    assert (refused.code, planned.code) == (5, 0), (refused.said, planned.said)
    for done in (refused, planned):
        assert_said(f"Passed over {newer.name}: {reason}.* older than the newest backup that there is", done.said)
    assert_said(f"{older.name} is not the newest.*Nothing was changed.*--accept-older", refused.err)
    assert value(live, COUNT) == before


def test_the_older_one_is_taken_when_a_script_says_so(
    two: tuple[Manifest, Manifest], live: Target, store: Store, operator: Callable[[Target], Operator]
) -> None:
    older, newer = two
    edit(store, newer, judged_bad)

    done = operator(live).restore("--latest", "--accept-older", "--no-safety-backup")

    assert done.code == 0, done.said
    assert_said(f"{live.name} is now {older.name}", done.last_line)
    assert value(live, COUNT) == ROWS


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    """Return a person's end of a terminal, and the program's."""
    ours, theirs = pty.openpty()
    yield ours, theirs
    for end in (ours, theirs):
        os.close(end)


def test_a_person_reads_what_is_passed_over_before_he_is_asked(
    two: tuple[Manifest, Manifest],
    live: Target,
    store: Store,
    operator: Callable[[Target], Operator],
    terminal: tuple[int, int],
) -> None:
    _, newer = two
    edit(store, newer, judged_bad)
    before = value(live, COUNT)
    os.write(terminal[0], b"no\n")

    done = replace(operator(live), stdin=terminal[1]).run("restore_db", "--latest")

    assert done.code == 5
    assert_said(f"Passed over {newer.name}.*So what you get is .* older .*Type YES", done.out)
    assert_said("Not confirmed; nothing was changed", done.err)
    assert value(live, COUNT) == before


def test_an_encrypted_newest_without_its_key_is_asked_for_and_no_older_one_is_taken(
    backup: Manifest, store: Store, quiet_shop: Target, operator: Callable[[Target], Operator]
) -> None:
    key, other = (pyrage.x25519.Identity.generate() for _ in range(2))
    someone = operator(quiet_shop)
    assert someone.run("backup_db", BACKUP_AGE_RECIPIENT=str(key.to_public())).code == 0
    newest = store.manifests()[0]
    wrong = store.folder.parent / "other.key"
    wrong.touch(mode=0o600)
    wrong.write_text(str(other))

    without = someone.restore("--latest", "--no-safety-backup")
    with_another = someone.restore("--latest", "--no-safety-backup", "--identity", str(wrong))

    assert (without.code, with_another.code) == (2, 5), (without.said, with_another.said)
    assert_said(f"{newest.name} is encrypted for {key.to_public()}.*--identity FILE", without.err)
    assert_said(f"The newest good one that is not encrypted is from .*restore_db {backup.name}", without.err)
    assert_said(f"does not open {newest.name}", with_another.err)
    assert value(quiet_shop, COUNT) == ROWS
