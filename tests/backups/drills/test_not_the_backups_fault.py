"""The server is full, crowded or newer than the programs, or an earlier drill was killed: the backup stays good."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from backups.manifest import Manifest
from backups.storage import Store
from backups.target import Target
from config import embedded_postgres
from tests.backups.drills.test_backup_troubles import SMALL_DISK, fill_up, unmount_what_was_left
from tests.backups.drills.test_versions import server_of
from tests.support.backups import ShopServer, change, databases, value
from tests.support.embedded import data_folder
from tests.support.operator import Operator, as_superuser, assert_said
from tests.support.requirements import require_or_skip
from tests.support.system_postgres import programs

pytestmark = pytest.mark.drills

DRILL = ("verify_backup", "--latest", "--level", "3")


def test_a_drill_that_finds_no_free_connection_says_nothing_about_the_backup(
    backup: Manifest, store: Store, quiet_shop: Target, shop_server: ShopServer, operator: Callable[[Target], Operator]
) -> None:
    """Two are enough for the command's own and pg_restore's first, and not for those that work in parallel."""
    as_superuser(shop_server, "postgres", "ALTER ROLE shop CONNECTION LIMIT 2")
    try:
        crowded = operator(quiet_shop).run(*DRILL)
    finally:
        as_superuser(shop_server, "postgres", "ALTER ROLE shop CONNECTION LIMIT -1")

    assert crowded.code == 1, crowded.said
    assert_said("too many connections for role", crowded.err)
    assert store.newest_verified(quiet_shop.name) == backup
    assert operator(quiet_shop).run(*DRILL).code == 0
    assert databases(shop_server, quiet_shop.name) == [quiet_shop.name]


def test_a_drill_that_was_killed_does_not_make_the_next_one_fail(
    whole_backup: Manifest, store: Store, whole_template: Target, operator: Callable[[Target], Operator]
) -> None:
    someone = operator(whole_template)
    drill = someone.start(*DRILL)
    while not list(store.folder.glob(".partial-*.raw")):
        assert drill.process.poll() is None
        time.sleep(0.002)
    assert drill.kill().code == -signal.SIGKILL
    assert [path.suffix for path in store.folder.glob(".partial-*")] == [".raw"], "it was killed too late"

    again = someone.run(*DRILL)

    assert again.code == 0, again.said
    assert len(someone.files()) == 2


def test_a_server_that_is_newer_than_the_programs_says_nothing_about_the_backup(store: Store, tmp_path: Path) -> None:
    """It was upgraded, the pg_restore of its version was not installed yet; the old one reads the file all the same."""
    with server_of(15) as old:
        someone = Operator(old, old.target("shop"), store, tmp_path / "data")
        saved = someone.run("backup_db", PG_BIN_DIR=str(programs(15)))
        assert saved.code == 0, saved.said
    (manifest,) = store.manifests()
    with server_of(16) as new:
        drilled = Operator(new, new.target("shop"), store, tmp_path / "data").run(*DRILL, PG_BIN_DIR=str(programs(15)))

    assert drilled.code == 1, drilled.said
    assert_said(r"No pg_restore fits PostgreSQL 16 \(found: 15\). Install it .*postgresql-client-16", drilled.err)
    assert store.newest_verified("shop") == manifest


# --- the server's disk is full ---


@pytest.fixture(scope="module")
def cramped() -> Iterator[ShopServer]:
    """Return a server whose databases lie on a disk of 90 MB of their own; the WAL lies elsewhere."""
    unmount_what_was_left()
    with data_folder() as folder:
        embedded_postgres.start(folder, throw_away=True)
        embedded_postgres.stop(folder)
        base = embedded_postgres.home(folder) / "data" / "base"
        aside, owner = base.with_name("base-aside"), base.stat()
        base.rename(aside)
        base.mkdir()
        options = f"size=90m,mode=0700,uid={owner.st_uid},gid={owner.st_gid}"
        argv = ["mount", "-t", "tmpfs", "-o", options, f"{SMALL_DISK}{os.getpid()}", str(base)]
        there = os.geteuid() == 0 and subprocess.run(argv, check=False).returncode == 0
        require_or_skip("a small disk", install="run the tests as root, who may mount a tmpfs", present=there)
        try:
            subprocess.run(["cp", "-a", f"{aside}/.", str(base)], check=True)
            url = embedded_postgres.start(folder, throw_away=True)
            yield ShopServer(url, embedded_postgres.superuser_url(folder) or "", folder=folder)
        finally:
            embedded_postgres.stop(folder)
            subprocess.run(["umount", "--lazy", str(base)], check=True)


@pytest.fixture
def large(cramped: ShopServer, store: Store, tmp_path: Path) -> Iterator[Operator]:
    """Return an operator with a shop of about 10 MB, a good backup of it, and a full disk but for 12 MB.

    That is enough for an empty database, and not for one with the rows.
    """
    with psycopg.connect(cramped.admin_url, autocommit=True) as session:
        session.execute("CREATE DATABASE large OWNER shop")
    target = cramped.target("large")
    change(target, "CREATE TABLE goods (number integer, name text)")
    change(target, "ALTER TABLE goods ALTER name SET STORAGE EXTERNAL")
    change(target, "INSERT INTO goods SELECT n, repeat(md5(n::text), 64) FROM generate_series(1, 5000) n")
    found = Operator(cramped, target, store, tmp_path / "data")
    assert found.run("backup_db").code == 0
    assert cramped.folder is not None
    filler = fill_up(embedded_postgres.home(cramped.folder) / "data" / "base", leave=12_000_000)
    try:
        yield found
    finally:
        filler.unlink()
        for name in databases(cramped, "large"):
            with psycopg.connect(cramped.admin_url, autocommit=True) as session:
                session.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def test_a_drill_that_fills_the_servers_disk_says_nothing_about_the_backup(large: Operator) -> None:
    drilled = large.run(*DRILL)

    assert drilled.code == 1, drilled.said
    assert_said("pg_restore failed .*No space left on device", drilled.err)
    assert large.store.newest_verified("large") is not None
    assert databases(large.server, "large") == ["large"]
    assert len(large.files()) == 2


@pytest.mark.parametrize("command", ["drill", "restore"])
def test_where_the_servers_disk_can_be_known_it_is_looked_at_before_anything_is_written(
    command: str, large: Operator
) -> None:
    """The data folder is the one of the embedded server that they work on."""
    assert large.server.folder is not None
    known = replace(large, data_dir=large.server.folder)

    done = known.run(*DRILL) if command == "drill" else known.restore("--latest", "--no-safety-backup")

    assert done.code == 1, done.said
    assert_said(r"disk of the database server .* has 11 MB free, \d+ MB are needed.*Free some space", done.err)
    assert "pg_restore" not in done.err
    assert large.store.newest_verified("large") is not None
    assert value(large.target, "SELECT count(*) FROM goods") == 5000
    assert databases(large.server, "large") == ["large"]
