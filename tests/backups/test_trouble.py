"""A lock in the way, a server that goes away: tried once more, then said plainly. And the memory a backup takes."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pyrage
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from psycopg import sql
from pytest_django import Settings

from backups import database
from backups.errors import BackupBusyError, BackupLostError
from backups.lock import held
from backups.making import back_up
from backups.restore import replaced
from backups.storage import Store
from backups.target import Target
from tests.support.backups import ShopServer, change, databases
from tests.support.commands import ROOT, command_environment, run_command
from tests.support.s3 import make_bucket

pytestmark = pytest.mark.drills


@contextlib.contextmanager
def migrating(target: Target, table: str) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """Hold the lock that ALTER TABLE takes."""
    with target.connect(autocommit=False) as session:
        session.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        yield session


@pytest.mark.parametrize("table", ["django_session", "parted"], ids=["while counting", "while dumping"])
def test_a_migration_holds_a_backup_up_for_a_bounded_time_and_is_named(
    shop: Target, store: Store, settings: Settings, table: str
) -> None:
    """The manifest counts no partitioned table, so there it is pg_dump that waits."""
    settings.BACKUP_LOCK_WAIT_SECONDS = 1
    change(shop, "CREATE TABLE parted (day date) PARTITION BY RANGE (day)")

    with migrating(shop, table) as other, held(store.folder, shop):
        pid = other.info.backend_pid
        with pytest.raises(BackupBusyError) as refused:
            back_up(shop, store, retry_after_s=0.1)

    assert f"process {pid} (shop, shop-backup) on {table}" in str(refused.value)
    assert "BACKUP_LOCK_WAIT_SECONDS" in str(refused.value)
    assert [path.name for path in store.folder.iterdir() if path.name != ".lock"] == []


def test_when_the_migration_ends_the_second_try_succeeds(shop: Target, store: Store, settings: Settings) -> None:
    settings.BACKUP_LOCK_WAIT_SECONDS = 1
    tries: list[str] = []

    with migrating(shop, "django_session") as other, held(store.folder, shop):

        def asked() -> bool:
            # Asked for the first time after the first try has failed: while it waits before the second.
            if not tries:
                tries.append("waited")
                other.rollback()
            return False

        manifest = back_up(shop, store, retry_after_s=1, should_stop=asked)

    assert manifest.is_verified
    assert tries == ["waited"]


def test_a_backup_whose_session_the_server_ends_is_tried_once_more(shop: Target, store: Store) -> None:
    ended: list[bool] = []

    def end_sessions(_done: int) -> None:
        if not ended:
            ended.append(True)
            with contextlib.closing(shop.connect_for_maintenance()) as session:
                session.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> "
                    "pg_backend_pid()",
                    [shop.name],
                )

    change(
        shop, "INSERT INTO django_session SELECT 'more-' || n, repeat('x', 4000), now() FROM generate_series(1, 999) n"
    )
    with held(store.folder, shop):
        manifest = back_up(shop, store, retry_after_s=0.1, progress=end_sessions)

    assert manifest.facts.rows["public.django_session"] == 2999
    assert len(store.manifests()) == 1


def test_a_server_that_stays_away_is_a_failure_that_leaves_nothing(store: Store, quiet_shop: Target) -> None:
    gone = replace(quiet_shop, port="1")

    with pytest.raises(BackupLostError, match="Connection refused"):
        back_up(gone, store, retry_after_s=0.1)
    assert list(store.folder.iterdir()) == []


# --- databases that restores have replaced ---


def test_old_databases_are_dropped_only_after_a_yes(shop: Target, store: Store, shop_server: ShopServer) -> None:
    old = database.name_beside(shop.name, database.OLD)
    with psycopg.connect(shop_server.url_of("template_shop"), autocommit=True) as session:
        database.run(session, "CREATE DATABASE {name}", name=sql.Identifier(old))
    environment = shop_server.environment(shop.name) | {"BACKUP_DIR": str(store.folder), "DATA_DIR": str(store.folder)}

    refused = run_command("restore_db", "--drop-old", **environment)
    dry = run_command("restore_db", "--drop-old", "--dry-run", **environment)
    assert databases(shop_server, shop.name) == [shop.name, old]
    done = run_command("restore_db", "--drop-old", "--noinput", "--confirm-db", shop.name, **environment)

    assert (refused.returncode, dry.returncode, done.returncode) == (5, 0, 0)
    assert old in dry.stdout
    assert done.stdout.splitlines()[-1].startswith("1 old databases dropped")
    assert replaced(shop) == []
    assert databases(shop_server, shop.name) == [shop.name]


@pytest.mark.django_db
def test_a_pin_is_put_and_taken_by_a_command(store: Store, backup) -> None:
    def pinned() -> str:
        return store.manifests()[0].pinned

    call_command("pin_backup", backup.name, "--reason", "before the move")
    assert pinned() == "before the move"
    call_command("pin_backup", backup.name, "--remove", "--dry-run")
    assert pinned() == "before the move"
    call_command("pin_backup", backup.name, "--remove")
    assert pinned() == ""
    for wrong in (["--remove"], ["--reason", " "]):
        with pytest.raises(CommandError) as refused:
            call_command("pin_backup", backup.name, *wrong)
        assert refused.value.returncode == 2


# --- memory ---

_PROGRAM = """
import sys
from django.core.management import execute_from_command_line
execute_from_command_line(sys.argv)
status = open("/proc/self/status").read()  # not ru_maxrss: that remembers what the caller had before exec
print("peak", status.partition("VmHWM:")[2].split()[0])
"""


@pytest.mark.parametrize(
    "options", [["gzip"], ["zstd"], ["gzip", "age"], ["gzip", "bucket"], ["zstd", "bucket"]], ids="-".join
)
def test_a_backup_of_much_takes_little_memory(
    shop: Target,
    store: Store,
    shop_server: ShopServer,
    tmp_path: Path,
    options: list[str],
    s3_url: str,
    record_property: Callable[[str, object], None],
) -> None:
    """A hundred megabytes of rows; pg_dump and whoever copies have processes of their own and are not counted."""
    change(shop, "ALTER TABLE django_session ALTER session_data SET STORAGE EXTERNAL")
    change(
        shop,
        "INSERT INTO django_session SELECT 'big-' || n, repeat(md5(n::text), 3200), now()"
        " FROM generate_series(1, 1000) n",
    )
    environment = shop_server.environment(shop.name) | {"BACKUP_DIR": str(store.folder), "DATA_DIR": str(tmp_path)}
    if "age" in options:
        environment["BACKUP_AGE_RECIPIENT"] = str(pyrage.x25519.Identity.generate().to_public())
    if "bucket" in options:
        environment |= make_bucket(s3_url, "-".join(options))
    argv = [sys.executable, "-c", _PROGRAM, "backup_db", "--compress", options[0]]

    done = subprocess.run(
        argv, cwd=ROOT, env=command_environment(**environment), capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert store.manifests()[0].file.raw_size > 100_000_000
    assert store.manifests()[0].is_offsite == ("bucket" in options)
    peak = int(done.stdout.split()[-1]) * 1024
    record_property("peak", peak)
    assert peak < 64_000_000
