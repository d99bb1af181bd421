"""Servers and programs of other versions: what works is done, the rest is refused before anything is touched."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest

from backups.manifest import Manifest
from backups.storage import Store
from backups.target import Target
from tests.backups.drills.conftest import ROWS, fill_sessions
from tests.support.backups import ShopServer, change, databases, drop_databases, value
from tests.support.embedded import ROOT
from tests.support.operator import Operator, as_superuser, assert_said
from tests.support.requirements import require_or_skip
from tests.support.system_postgres import MissingPostgresError, cluster, programs
from tests.support.writing_client import OUTAGE_S, WritingClient, make_ticks, ticks

pytestmark = pytest.mark.drills

COUNT = "SELECT count(*) FROM django_session"


@contextmanager
def server_of(version: int) -> Iterator[ShopServer]:
    """Run a server of another version; skip politely where it is not installed."""
    try:
        programs(version)
    except MissingPostgresError as error:
        require_or_skip(f"PostgreSQL {version}", install=str(error).rpartition(": ")[2], present=False)
    with cluster(version) as url:
        parts = urlsplit(url)
        admin = parts._replace(netloc=f"postgres:{parts.password}@{parts.hostname}:{parts.port}", path="/postgres")
        yield ShopServer(url, urlunsplit(admin))


def test_a_pg_dump_older_than_the_server_is_refused_with_the_package_to_install(
    quiet_shop: Target, operator: Callable[[Target], Operator]
) -> None:
    done = operator(quiet_shop).run("backup_db", PG_BIN_DIR=str(programs(16)))

    assert done.code == 1
    assert_said(r"No pg_dump fits PostgreSQL 18 \(found: 16\). Install it .*postgresql-client-18", done.err)
    assert operator(quiet_shop).files() == []


def test_an_archive_newer_than_the_programs_waits_until_they_are_installed(store: Store, tmp_path: Path) -> None:
    """Made by the pg_dump of 16, which works for 15; the pg_restore of 15 cannot read what that writes."""
    with server_of(15) as old:
        shop = old.target("shop")
        change(shop, "CREATE TABLE goods AS SELECT generate_series(1, 10) AS number")
        someone = Operator(old, shop, store, tmp_path / "data")
        saved = someone.run("backup_db", PG_BIN_DIR=str(programs(16)))

        refused = someone.restore("--latest", PG_BIN_DIR=str(programs(15)))
        read = someone.run("verify_backup", "--latest", "--level", "3", PG_BIN_DIR=str(programs(16)))

        assert (saved.code, refused.code, read.code) == (0, 1, 0), (saved.said, refused.said, read.said)
        assert_said(r"No pg_restore fits PostgreSQL 16 \(found: 15\). Install it .*postgresql-client-16", refused.err)
        assert databases(old, shop.name) == [shop.name]


def test_a_backup_of_a_newer_server_is_refused_by_an_older_one(backup: Manifest, store: Store, tmp_path: Path) -> None:
    with server_of(16) as old:
        target = old.target(backup.database)

        done = Operator(old, target, store, tmp_path / "data").restore(backup.name)

        assert done.code == 5, done.said
        assert_said("is from PostgreSQL 18, this server is 16: upgrade it first", done.err)
        assert databases(old, target.name) == []


@pytest.mark.parametrize(
    ("change_to", "words", "expected"),
    [
        (
            {"migrations": [["shop", "0999_tomorrow"]]},
            (),
            "made by newer code.*shop.0999_tomorrow. Install that version",
        ),
        ({"server_version": 190001}, (), "is from PostgreSQL 19, this server is 18: upgrade it first"),
        ({"migrations": [["shop", "0001_initial"]]}, ("--no-migrate",), "lacks migrations .*without --no-migrate"),
    ],
    ids=["newer code", "newer server", "older code"],
)
def test_what_this_code_or_server_does_not_fit_is_refused_with_code_5(
    change_to: dict[str, object],
    words: tuple[str, ...],
    expected: str,
    backup: Manifest,
    store: Store,
    quiet_shop: Target,
    shop_server: ShopServer,
    operator: Callable[[Target], Operator],
) -> None:
    path = store.folder / f"{backup.name}.json"
    data = json.loads(path.read_text())
    data["facts"].update(change_to)
    path.write_text(json.dumps(data))

    done = operator(quiet_shop).restore(backup.name, *words)

    assert done.code == 5, done.said
    assert_said(expected, done.err)
    assert databases(shop_server, quiet_shop.name) == [quiet_shop.name]
    assert len(store.manifests()) == 1


def test_a_shop_that_an_app_was_taken_out_of_comes_back_with_a_word_about_it(
    live: Target, store: Store, operator: Callable[[Target], Operator]
) -> None:
    change(live, "INSERT INTO django_migrations (app, name, applied) VALUES ('loyalty', '0001_initial', now())")
    change(live, "CREATE TABLE loyalty_points AS SELECT 7 AS points")
    assert operator(live).run("backup_db").code == 0
    change(live, "DELETE FROM django_migrations WHERE app = 'loyalty'")

    done = operator(live).restore("--latest", "--no-safety-backup")

    assert done.code == 0, done.said
    assert_said(r"apps that this code does not have \(loyalty\)", done.out)
    assert value(live, "SELECT points FROM loyalty_points") == 7


def test_the_oldest_server_backs_up_restores_swaps_and_undoes_and_a_newer_one_takes_over(
    shop_server: ShopServer, store: Store, tmp_path: Path
) -> None:
    with server_of(15) as old:
        shop = old.target("shop")
        someone = Operator(old, shop, store, tmp_path / "data")
        migrate = [sys.executable, "-W", "ignore", "manage.py", "migrate", "-v0"]
        subprocess.run(migrate, cwd=ROOT, env=os.environ | old.environment("shop"), check=True)
        fill_sessions(old.url_of("shop"))
        make_ticks(shop)
        as_superuser(old, "postgres", "ALTER DATABASE shop CONNECTION LIMIT 40")
        as_superuser(old, "postgres", "ALTER DATABASE shop SET search_path = public, pg_catalog")

        saved = someone.run("backup_db")
        drilled = someone.run("verify_backup", "--latest", "--level", "3")
        change(shop, "DELETE FROM django_session WHERE session_key > 'key-2'")
        spoilt = value(shop, COUNT)
        with WritingClient(shop) as customer:
            restored = someone.restore("--latest", "--no-safety-backup")

        assert [saved.code, drilled.code, restored.code] == [0, 0, 0], (saved.said, drilled.said, restored.said)
        assert value(shop, COUNT) == ROWS
        assert value(shop, "SELECT datconnlimit FROM pg_database WHERE datname = 'shop'") == 40
        assert value(shop, "SHOW search_path") == "public, pg_catalog"
        assert 0 < customer.longest_outage_s <= OUTAGE_S, customer.account
        here = ticks(shop)

        undone = someone.restore("--undo")

        assert undone.code == 0, undone.said
        assert value(shop, COUNT) == spoilt
        assert set(customer.confirmed) <= here | ticks(shop)

    moved = shop_server.target("shop_moved")
    name = re.findall(r"shop-\d{8}T\d{6}Z-[0-9a-f]{6}", saved.out)[0]
    try:
        taken_over = Operator(shop_server, moved, store, tmp_path / "data").restore(name)

        assert taken_over.code == 0, taken_over.said
        assert_said("by PostgreSQL 15; this server is 18", taken_over.out)
        assert value(moved, COUNT) == ROWS
    finally:
        drop_databases(shop_server, moved.name)
