"""The commands, as people, cron and a power cut meet them."""

from __future__ import annotations

import io
import json
import os
import pty
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection

from backups.commands import confirmed
from backups.errors import BackupRefusedError
from backups.lock import held
from backups.making import back_up
from backups.manifest import Manifest
from backups.models import BackupRun
from backups.restore import look, restore
from backups.storage import Store
from backups.target import Target
from tests.support.backups import ShopServer, change, children_named, databases, drop_databases, is_alive, value
from tests.support.commands import run_command, start_command
from tests.support.embedded import eventually


def run(*arguments: str) -> dict[str, Any]:
    """Run a command here, on the session's test database, and return its JSON."""
    output = io.StringIO()
    call_command(*arguments, "--format", "json", stdout=output)
    facts: dict[str, Any] = json.loads(output.getvalue().splitlines()[-1])
    return facts


def refusal(*arguments: str) -> tuple[int, str]:
    """Run a command that fails; return exit code and message."""
    with pytest.raises(CommandError) as refused:
        run(*arguments)
    return refused.value.returncode, str(refused.value)


# --- backing up ---


@pytest.mark.django_db
def test_backup_verify_and_list_tell_what_they_did(store: Store) -> None:
    dry = run("backup_db", "--dry-run")
    made = run("backup_db", "--pin", "before 2.0")
    judged = run("verify_backup", "--latest", "--level", "3")
    listed = run("list_backups")

    assert dry["dry_run"] is True
    assert Path(made["path"]).stat().st_size == made["size"]
    assert (made["verified"], made["pinned"], made["removed"]) == (True, "before 2.0", [])
    assert (judged["backup"], judged["level"]) == (made["backup"], 3)
    assert [(one["backup"], one["state"]) for one in listed["backups"]] == [(made["backup"], "restore drill passed")]
    assert BackupRun.objects.get().sha256 == made["sha256"]


@pytest.mark.django_db
def test_a_backup_elsewhere_is_no_business_of_the_shops_folder(store: Store, tmp_path: Path) -> None:
    made = run("backup_db", "--no-verify", "--output", str(tmp_path / "usb"))

    assert Path(made["path"]).parent == tmp_path / "usb"
    assert made["verified"] is False
    assert store.manifests() == []
    assert refusal("verify_backup", "--latest")[0] == 2


def test_a_killed_backup_leaves_what_the_next_one_removes(
    shop: Target, store: Store, shop_server: ShopServer, tmp_path: Path
) -> None:
    """pg_dump waits for a table that somebody has locked; the partial file is there by then."""
    change(shop, "CREATE TABLE parted (day date) PARTITION BY RANGE (day)")
    environment = shop_server.environment(shop.name) | {
        "BACKUP_DIR": str(store.folder),
        "DATA_DIR": str(tmp_path / "data"),
    }
    with shop.connect() as blocker, blocker.transaction():
        blocker.execute("LOCK TABLE parted IN ACCESS EXCLUSIVE MODE")
        backup = start_command("backup_db", **environment)
        try:
            assert eventually(lambda: list(store.folder.glob(".partial-*")) and waiting(shop))
            second = run_command("backup_db", **environment)
            dumping = children_named("pg_dump", of=backup.pid)
        finally:
            backup.kill()
            out, err = backup.communicate()
        assert len(dumping) == 1
        assert eventually(lambda: not is_alive(dumping[0]))

    assert second.returncode == 4
    assert "Another backup" in second.stderr
    assert shop.password not in out + err + second.stdout + second.stderr
    assert len(list(store.folder.glob(".partial-*"))) == 1
    assert len(list((tmp_path / "data").glob(".pgpass-*"))) == 1
    assert store.manifests() == []

    with held(store.folder, shop):
        manifest = back_up(shop, store)

    assert sorted(path.name for path in store.folder.iterdir()) == [
        ".lock",
        manifest.file_name,
        f"{manifest.name}.json",
    ]
    assert list((tmp_path / "data").iterdir()) == []


def waiting(target: Target) -> bool:
    """Return whether a pg_dump of the database waits for a lock."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND application_name = 'shop-backup'"
    return bool(value(target, f"{query} AND datname = current_database()"))


# --- restoring ---


@pytest.mark.django_db
def test_a_restore_that_nobody_confirmed_is_refused(store: Store) -> None:
    name = run("backup_db")["backup"]

    assert refusal("restore_db", "--latest") == (
        5,
        "Nobody is at the terminal to confirm. In scripts: --noinput --confirm-db NAME.",
    )
    assert refusal("restore_db", name, "--noinput")[0] == 5
    assert refusal("restore_db", name, "--noinput", "--confirm-db", "other")[0] == 2
    assert refusal("restore_db", "shop-20200101T000000Z-000000")[0] == 2
    assert refusal("restore_db", "--undo")[0] == 2
    assert run("restore_db", "--latest", "--dry-run")["database"] == connection.settings_dict["NAME"]
    assert len(store.manifests()) == 1


@pytest.mark.parametrize(("typed", "agreed"), [("YES", True), ("yes", False), (" YES", False), ("", False)])
def test_only_an_exact_yes_confirms(monkeypatch: pytest.MonkeyPatch, typed: str, agreed: bool) -> None:
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "r") as terminal:
        monkeypatch.setattr("sys.stdin", terminal)
        os.write(ours, f"{typed}\n".encode())

        assert confirmed("Sure? ") is agreed
    os.close(ours)


def test_without_a_terminal_nothing_is_confirmed() -> None:
    with pytest.raises(BackupRefusedError):
        confirmed("Sure? ")


@pytest.fixture
def environment(store: Store, tmp_path: Path, shop_server: ShopServer) -> Callable[[str], dict[str, str]]:
    """Return a command's environment for one of the server's databases."""
    places = {"BACKUP_DIR": str(store.folder), "DATA_DIR": str(tmp_path / "data")}
    return lambda name: shop_server.environment(name) | places


def test_the_command_brings_back_a_database_that_is_gone(
    whole_shop: Target, store: Store, shop_server: ShopServer, environment: Callable[[str], dict[str, str]]
) -> None:
    gone = whole_shop
    change(gone, "INSERT INTO django_session SELECT 'key-' || n, '', now() FROM generate_series(1, 2000) n")
    with held(store.folder, gone):
        backup = back_up(gone, store)
    drop_databases(shop_server, gone.name)

    done = run_command("restore_db", "--latest", "--noinput", "--confirm-db", gone.name, **environment(gone.name))

    assert done.returncode == 0, done.stderr
    assert "closed for checkout until" in done.stdout
    assert done.stdout.splitlines()[-1].startswith(f"{gone.name} is now {backup.name}")
    assert value(gone, "SELECT count(*) FROM django_session") == 2000
    assert gone.password not in done.stdout + done.stderr


def test_a_killed_restore_leaves_the_live_database_alone(
    backup: Manifest,
    store: Store,
    shop: Target,
    shop_server: ShopServer,
    environment: Callable[[str], dict[str, str]],
    django_db_blocker,
) -> None:
    change(shop, "DELETE FROM django_session")
    name = ["--noinput", "--no-safety-backup", "--confirm-db", shop.name]
    process = start_command("restore_db", backup.name, *name, **environment(shop.name))
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("Restoring into"):
                break
        assert eventually(lambda: len(databases(shop_server, shop.name)) == 2)
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()

    assert value(shop, "SELECT count(*) FROM django_session") == 0
    left = databases(shop_server, shop.name)[1]

    with held(store.folder, shop), django_db_blocker.unblock():
        restore(backup, store, shop, own=store, live=look(shop), safety=False)

    assert value(shop, "SELECT count(*) FROM django_session") == 2000
    assert left not in databases(shop_server, shop.name)
    assert not list(store.folder.glob(".partial-*"))
