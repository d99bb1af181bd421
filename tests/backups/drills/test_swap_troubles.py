"""However a restore is killed, blocked or raced, there is one whole live database afterwards that lets people in."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from backups import database
from backups.lock import held
from backups.manifest import Manifest
from backups.storage import Store
from backups.target import Target
from tests.backups.drills.conftest import ROWS
from tests.support.backups import ShopServer, change, databases, value
from tests.support.embedded import eventually
from tests.support.operator import Operator, Started, as_superuser, assert_said

pytestmark = pytest.mark.drills

COUNT = "SELECT count(*) FROM django_session"
_RENAMING = (
    "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'shop-backup' AND state = 'active'"
    " AND query LIKE 'ALTER DATABASE%RENAME%'"
)


@pytest.fixture
def spoilt(live: Target) -> Target:
    """Return the live shop after somebody deleted rows that the backup has."""
    change(live, "DELETE FROM django_session WHERE session_key > 'key-2'")
    return live


@pytest.fixture
def superuser(spoilt: Target, shop_server: ShopServer) -> Iterator[psycopg.Connection]:
    """Sit in the live database with a session that the shop's role may not end."""
    with contextlib.closing(
        psycopg.connect(shop_server.url_of(spoilt.name, admin=True), autocommit=True, application_name="psql")
    ) as session:
        yield session


class Point:
    """Where a restore is killed."""

    def __init__(self, live: Target, server: ShopServer) -> None:
        self.live, self.server = live, server

    def comparing(self, restore: Started) -> None:
        restore.until("Comparing")

    def in_the_transaction_of_the_swap(self, restore: Started) -> None:
        """The rename waits there for a session that does not end."""
        restore.until("Swapping")
        assert eventually(lambda: value(self.live.at("postgres"), _RENAMING))

    def behind_the_swap(self, restore: Started) -> None:
        restore.until("Swapping")
        assert eventually(lambda: any("__old_" in name for name in databases(self.server, self.live.name)))


@pytest.mark.parametrize("point", ["comparing", "in_the_transaction_of_the_swap", "behind_the_swap"])
def test_a_restore_killed_anywhere_leaves_one_whole_database(
    point: str,
    whole_backup: Manifest,
    spoilt: Target,
    shop_server: ShopServer,
    operator: Callable[[Target], Operator],
    request: pytest.FixtureRequest,
) -> None:
    if point == "in_the_transaction_of_the_swap":
        request.getfixturevalue("superuser")
    before = value(spoilt, COUNT)
    someone = operator(spoilt)
    restore = someone.start("restore_db", *someone.unasked(whole_backup.name, "--no-safety-backup"))
    try:
        getattr(Point(spoilt, shop_server), point)(restore)
    finally:
        done = restore.kill()

    assert done.code == -signal.SIGKILL
    found = databases(shop_server, spoilt.name)
    if point != "behind_the_swap":
        assert eventually(lambda: value(spoilt, COUNT) == before)
        assert value(spoilt, "SELECT sweep_since FROM shop_sitestate") is None
        assert found == [spoilt.name, found[1]]
        assert "__restore_" in found[1]
        return
    assert value(spoilt, COUNT) == ROWS
    assert value(spoilt, "SELECT sweep_since FROM shop_sitestate") is not None, "nobody may buy before the sweep"
    undone = someone.restore("--undo")
    assert undone.code == 0, undone.said
    assert value(spoilt, COUNT) == before
    assert value(spoilt, "SELECT sweep_since FROM shop_sitestate") is not None


def test_a_restore_that_is_asked_to_stop_ends_with_130_and_clears_away_what_it_made(
    whole_backup: Manifest, spoilt: Target, shop_server: ShopServer, operator: Callable[[Target], Operator]
) -> None:
    someone = operator(spoilt)
    before, files = value(spoilt, COUNT), someone.files()
    restore = someone.start("restore_db", *someone.unasked(whole_backup.name, "--no-safety-backup"))
    restore.until("Restoring into")

    done = restore.send(signal.SIGTERM)

    assert done.code == 130, done.said
    assert value(spoilt, COUNT) == before
    assert databases(shop_server, spoilt.name) == [spoilt.name]
    assert (someone.files(), someone.passwords_left()) == (files, [])


def test_a_session_that_cannot_be_ended_stops_the_swap_and_is_named(
    superuser: psycopg.Connection,
    whole_backup: Manifest,
    spoilt: Target,
    shop_server: ShopServer,
    operator: Callable[[Target], Operator],
) -> None:
    before = value(spoilt, COUNT)

    blocked = operator(spoilt).restore(whole_backup.name, "--no-safety-backup")

    assert blocked.code == 1
    pid = superuser.info.backend_pid
    assert_said(
        rf"could not be swapped.*process {pid} \(postgres, psql\). End these .* Nothing was changed",
        blocked.err,
    )
    assert value(spoilt, COUNT) == before
    assert databases(shop_server, spoilt.name) == [spoilt.name]


_IDLE = (
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
    " WHERE application_name = 'shop-backup' AND datname = 'postgres' AND state = 'idle'"
)


@pytest.mark.parametrize("how", ["are ended", "would be ended when idle"])
def test_a_restore_does_not_need_the_sessions_that_it_had_before_the_swap(
    how: str,
    whole_backup: Manifest,
    spoilt: Target,
    shop_server: ShopServer,
    operator: Callable[[Target], Operator],
) -> None:
    """They are idle for as long as loading, comparing and migrating take: a server or a router may end such ones."""
    someone = operator(spoilt)
    words = ("restore_db", *someone.unasked(whole_backup.name, "--no-safety-backup"))
    if how == "are ended":
        restore = someone.start(*words)
        restore.until("Comparing")
        with psycopg.connect(shop_server.admin_url, autocommit=True) as session:
            ended = session.execute(_IDLE).fetchone()
        assert ended is not None
        assert ended[0] > 0
        done = restore.end()
    else:
        as_superuser(shop_server, "postgres", "ALTER ROLE shop SET idle_session_timeout = '200ms'")
        try:
            done = someone.run(*words)
        finally:
            as_superuser(shop_server, "postgres", "ALTER ROLE shop RESET idle_session_timeout")

    assert done.code == 0, done.said
    assert value(spoilt, COUNT) == ROWS
    assert [name for name in databases(shop_server, spoilt.name) if "__restore_" in name] == []
    assert someone.restore("--undo").code == 0


def test_a_database_that_was_left_closed_is_replaced_and_its_successor_lets_people_in(
    whole_backup: Manifest, spoilt: Target, shop_server: ShopServer, operator: Callable[[Target], Operator]
) -> None:
    with psycopg.connect(shop_server.admin_url, autocommit=True) as session:
        database.allow_connections(session, spoilt.name, allowed=False)

    refused = operator(spoilt).restore(whole_backup.name)
    done = operator(spoilt).restore(whole_backup.name, "--no-safety-backup")

    assert refused.code == 1
    assert_said("not currently accepting connections.*--no-safety-backup", refused.err)
    assert done.code == 0, done.said
    assert value(spoilt, COUNT) == ROWS


@pytest.mark.parametrize(
    "words",
    [("backup_db",), ("verify_backup", "--latest"), ("restore_db", "--latest")],
    ids=lambda words: words[0],
)
def test_while_one_is_at_work_another_is_sent_away_with_code_4(
    words: tuple[str, ...],
    backup: Manifest,
    store: Store,
    quiet_shop: Target,
    operator: Callable[[Target], Operator],
) -> None:
    someone = operator(quiet_shop)
    more = someone.unasked() if words[0] == "restore_db" else ()

    with held(store.folder, None):
        done = someone.run(*words, *more)

    assert done.code == 4
    assert_said("Another backup, verification or restore is using .*; wait for it", done.err)


def test_a_backup_on_another_machine_is_noticed_by_the_server(
    store: Store, quiet_shop: Target, tmp_path: Path, operator: Callable[[Target], Operator]
) -> None:
    """Whose folder is another one: only the database is the same."""
    elsewhere = Store(tmp_path / "elsewhere")
    elsewhere.prepare()

    with held(elsewhere.folder, quiet_shop):
        done = operator(quiet_shop).run("backup_db")

    assert done.code == 4
    assert_said("Another machine is backing up or restoring 'template_shop'; wait for it", done.err)
    assert operator(quiet_shop).files() == []
