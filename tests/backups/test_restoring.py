"""A restore brings back what was backed up, or leaves everything as it was."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest
from psycopg import sql
from pytest_django import DjangoDbBlocker, Settings

from backups import database
from backups.errors import BackupCorruptError, BackupError, BackupFailedError, BackupRefusedError, BackupUsageError
from backups.facts import differences, read_facts
from backups.lock import held
from backups.making import back_up
from backups.manifest import SAFETY, Manifest
from backups.restore import CLOCKS_DIFFER_BY, Outcome, look, newest_replaced, refuse_unfit, restore, undo
from backups.storage import Store
from backups.target import Target
from tests.support.backups import ShopServer, change, databases, value
from tests.support.embedded import eventually


@pytest.fixture(autouse=True)
def other_databases(django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Let Django reach the databases that these tests make; the session's own is not for them."""
    with django_db_blocker.unblock():
        yield


def bring_back(manifest: Manifest, store: Store, target: Target, *, safety: bool = False) -> Outcome:
    """Restore as the command does, without asking."""
    refuse_unfit(manifest, target, migrate=True)
    with held(store.folder, target):
        return restore(manifest, store, target, own=store, live=look(target), safety=safety)


def facts_of(target: Target):
    with contextlib.closing(target.connect()) as session:
        return read_facts(session)


def belongings(target: Target):
    with contextlib.closing(target.connect_for_maintenance()) as session:
        return database.settings_of(session, target.name)


def test_a_restore_brings_back_every_row_and_setting_and_can_be_undone(
    shop: Target, store: Store, shop_server: ShopServer, settings: Settings
) -> None:
    settings.BACKUP_BEFORE_SWAP = []
    name = sql.Identifier(shop.name).as_string()
    change(shop, f'ALTER DATABASE {name} SET search_path = public, "$user"')
    change(shop, f"ALTER DATABASE {name} CONNECTION LIMIT 40")
    change(shop, f"REVOKE CONNECT ON DATABASE {name} FROM PUBLIC")
    change(shop, f"GRANT TEMPORARY ON DATABASE {name} TO pg_monitor")
    before, own = facts_of(shop), belongings(shop)
    with held(store.folder, shop):
        manifest = back_up(shop, store)
    change(shop, "DELETE FROM django_session WHERE session_key LIKE 'key-1%'")
    change(shop, 'UPDATE "odd ""table" SET note = \'lain\'')
    spoilt = facts_of(shop)

    outcome = bring_back(manifest, store, shop, safety=True)

    assert differences(before, facts_of(shop)) == []
    assert belongings(shop) == own
    assert outcome.said == []
    assert outcome.safety is not None
    assert outcome.safety.facts.rows == spoilt.rows
    assert store.newest_verified(shop.name) == outcome.safety
    assert store.newest_verified(shop.name, kind="daily") is not None
    assert databases(shop_server, shop.name) == [shop.name, outcome.kept_as]

    with held(store.folder, shop):
        undone = undo(shop, newest_replaced(shop))

    assert differences(spoilt, facts_of(shop)) == []
    assert undone.restored == outcome.kept_as
    assert databases(shop_server, shop.name) == [shop.name, undone.kept_as]


def test_the_hooks_see_the_restored_database_and_the_moment_of_the_backup(
    backup: Manifest, store: Store, shop: Target
) -> None:
    outcome = bring_back(backup, store, shop)

    owed = value(shop, "SELECT sweep_since FROM shop_sitestate")
    assert backup.taken_at - CLOCKS_DIFFER_BY - timedelta(seconds=1) <= owed <= backup.taken_at - CLOCKS_DIFFER_BY
    assert outcome.since == owed
    assert f"reconcile_payments --since {owed.isoformat()}" in outcome.said[0]

    change(shop, "UPDATE shop_sitestate SET sweep_since = NULL")
    with held(store.folder, shop):
        undone = undo(shop, newest_replaced(shop))

    assert value(shop, "SELECT sweep_since FROM shop_sitestate") == undone.since


def test_the_shop_comes_back_when_its_database_is_gone(
    backup: Manifest, store: Store, shop_server: ShopServer, settings: Settings
) -> None:
    settings.BACKUP_BEFORE_SWAP = []
    gone = shop_server.target(shop_server.new_name())
    assert not look(gone).exists

    outcome = bring_back(backup, store, gone, safety=True)

    assert differences(backup.facts, facts_of(gone)) == []
    assert (outcome.kept_as, outcome.safety) == (None, None)
    with pytest.raises(BackupUsageError):
        newest_replaced(gone)


def test_a_database_that_lets_nobody_in_is_replaced_only_when_no_safety_backup_is_wanted(
    backup: Manifest, store: Store, shop: Target, shop_server: ShopServer
) -> None:
    with psycopg.connect(shop_server.admin_url, autocommit=True) as session:
        database.allow_connections(session, shop.name, allowed=False)

    with pytest.raises(BackupFailedError, match="--no-safety-backup"):
        bring_back(backup, store, shop, safety=True)
    outcome = bring_back(backup, store, shop, safety=False)

    assert value(shop, "SELECT count(*) FROM django_session") == 2000
    assert outcome.kept_as is not None


def test_a_damaged_backup_is_refused_before_anything_is_touched(
    backup: Manifest, store: Store, shop: Target, shop_server: ShopServer
) -> None:
    store.path_of(backup).write_bytes(store.path_of(backup).read_bytes()[:-50])

    with pytest.raises(BackupCorruptError, match="truncated"):
        bring_back(backup, store, shop, safety=True)

    assert [one.kind for one in store.manifests() if one.kind == SAFETY] == []
    assert databases(shop_server, shop.name) == [shop.name]


@pytest.mark.parametrize("step", ["comparing", "a hook"])
def test_trouble_before_the_swap_leaves_the_live_database_alone(
    backup: Manifest, store: Store, shop: Target, shop_server: ShopServer, settings: Settings, step: str
) -> None:
    if step == "comparing":
        rows = dict(backup.facts.rows) | {"public.django_session": 1999}
        backup = replace(backup, facts=replace(backup.facts, rows=rows))
    else:
        settings.BACKUP_BEFORE_SWAP = ["tests.support.backups.failing_hook"]
    change(shop, "DELETE FROM django_session")

    with pytest.raises(BackupError):
        bring_back(backup, store, shop)

    assert value(shop, "SELECT count(*) FROM django_session") == 0
    assert databases(shop_server, shop.name) == [shop.name]


def test_an_older_backup_is_migrated_before_it_goes_live_unless_unwanted(whole_shop: Target, store: Store) -> None:
    change(whole_shop, "DROP TABLE backups_backuprun")
    change(whole_shop, "DELETE FROM django_migrations WHERE app = 'backups'")
    with held(store.folder, whole_shop):
        manifest = back_up(whole_shop, store)

    with pytest.raises(BackupRefusedError, match=r"lacks migrations \(backups.0001_initial"):
        refuse_unfit(manifest, whole_shop, migrate=False)
    bring_back(manifest, store, whole_shop)

    assert value(whole_shop, "SELECT count(*) FROM backups_backuprun") == 0
    assert value(whole_shop, "SELECT count(*) FROM django_migrations WHERE app = 'backups'") == 2


def test_what_this_code_or_server_is_too_old_for_is_refused(backup: Manifest, quiet_shop: Target) -> None:
    future = replace(backup.facts, migrations=(*backup.facts.migrations, ("shop", "0999_tomorrow")))
    newer = replace(backup.facts, server_version=190001)

    with pytest.raises(BackupRefusedError, match=r"newer code.*shop\.0999_tomorrow"):
        refuse_unfit(replace(backup, facts=future), quiet_shop, migrate=True)
    with pytest.raises(BackupRefusedError, match="PostgreSQL 19"):
        refuse_unfit(replace(backup, facts=newer), quiet_shop, migrate=True)


def test_what_an_app_that_was_taken_out_has_left_behind_does_not_make_a_backup_newer(
    backup: Manifest, quiet_shop: Target, shop: Target
) -> None:
    """Neither do migrations that were squashed away: the live database, with which this code works, has them too."""

    def with_more(*more: tuple[str, str]) -> Manifest:
        return replace(backup, facts=replace(backup.facts, migrations=(*backup.facts.migrations, *more)))

    words = refuse_unfit(with_more(("loyalty", "0001_initial"), ("loyalty", "0002_points")), quiet_shop, migrate=True)
    assert [word for word in words if "apps that this code does not have (loyalty)" in word]

    change(shop, "INSERT INTO django_migrations VALUES (0, 'shop', '0000_squashed_away', now())")
    assert refuse_unfit(with_more(("shop", "0000_squashed_away")), shop, migrate=True) == []
    with pytest.raises(BackupRefusedError, match=r"newer code.*shop\.0999_tomorrow"):
        refuse_unfit(with_more(("shop", "0000_squashed_away"), ("shop", "0999_tomorrow")), shop, migrate=True)


@pytest.fixture
def two(shop_server: ShopServer):
    """Return two small databases: a live one and one to be swapped in. Each knows its name."""
    live = shop_server.target(shop_server.new_name())
    new = live.at(f"{live.name} new")
    with psycopg.connect(shop_server.url_of("template_shop"), autocommit=True) as session:
        for one in (live, new):
            session.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(one.name)))
    for one, word in ((live, "live"), (new, "new")):
        change(one, f"CREATE TABLE who AS SELECT '{word}' AS word")
    return live, new


def test_clients_that_keep_coming_do_not_prevent_a_swap_and_then_see_the_new_database(two) -> None:
    live, new = two
    stop, seen, refused = threading.Event(), [], []

    def shop_on() -> None:
        while not stop.is_set():
            try:
                seen.append(value(live, "SELECT word FROM who"))
            except psycopg.OperationalError as error:
                refused.append(str(error))

    sitting = live.connect()
    clients = [threading.Thread(target=shop_on) for _ in range(3)]
    for client in clients:
        client.start()
    try:
        assert eventually(lambda: seen)
        assert database.swap(live, new=new.name, old=f"{live.name} old")
        after = value(live, "SELECT word FROM who")
    finally:
        stop.set()
        for client in clients:
            client.join()

    assert after == "new"
    assert "new" not in seen[: seen.index("live") + 1]
    with pytest.raises(psycopg.OperationalError):
        sitting.execute("SELECT 1")
    sitting.close()
    with pytest.raises(psycopg.OperationalError, match="not currently accepting connections"):
        live.at(f"{live.name} old").connect()


def test_a_swap_that_fails_half_way_changes_nothing(two, shop_server: ShopServer) -> None:
    """The name for the old database is taken, which the server finds out after closing the live one to newcomers."""
    live, new = two

    with pytest.raises(BackupFailedError, match="Nothing was changed"):
        database.swap(live, new=new.name, old=new.name)

    assert value(live, "SELECT word FROM who") == "live"
    assert value(new, "SELECT word FROM who") == "new"


def test_long_names_leave_room_and_stay_apart() -> None:
    one, other = "é" * 31 + "a", "é" * 31 + "b"

    names = {database.name_beside(name, kind) for name in (one, other) for kind in (database.OLD, database.DRILL)}

    assert len(names) == 4
    assert max(len(name.encode()) for name in names) <= 63
    assert len({name.partition("__")[0] for name in names}) == 2
