"""Whoever is not let in, or may not do it, is told so at once; nothing hangs, nothing is left."""

from __future__ import annotations

import os
import pwd
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from pytest_django import Settings

from backups.errors import BackupUsageError
from backups.lock import held
from backups.manifest import Manifest
from backups.storage import Store, find
from backups.target import Target
from tests.support.backups import ShopServer, databases, drop_databases
from tests.support.operator import Operator, as_superuser, assert_said
from tests.support.requirements import require_or_skip

pytestmark = pytest.mark.drills

CLERK, PASSWORD = "clerk", "the-clerks-pass:w\\ord"


@pytest.fixture
def clerk(shop_server: ShopServer, quiet_shop: Target) -> Iterator[None]:
    """Make a role that may read most of the shop."""
    as_superuser(shop_server, quiet_shop.name, f"CREATE ROLE clerk LOGIN PASSWORD '{PASSWORD}'")
    as_superuser(shop_server, quiet_shop.name, "GRANT SELECT ON ALL TABLES IN SCHEMA public TO clerk")
    as_superuser(shop_server, quiet_shop.name, "REVOKE SELECT ON django_session FROM clerk")
    yield
    as_superuser(shop_server, quiet_shop.name, "DROP OWNED BY clerk")
    as_superuser(shop_server, quiet_shop.name, "DROP ROLE clerk")


def as_user(url: str, user: str, password: str) -> dict[str, str]:
    """Return the variables of somebody else at the same address."""
    parts = urlsplit(url)
    who = f"{user}:{quote(password, safe='')}" if password else user
    found = urlunsplit(parts._replace(netloc=f"{who}@{parts.hostname}:{parts.port}"))
    return {"DATABASE_URL": found, "DATABASE_DIRECT_URL": found}


@pytest.mark.parametrize(
    ("user", "password", "code", "expected"),
    [
        ("shop", "wrong-pass-word", 1, 'password authentication failed for user "shop"'),
        ("shop", "", 1, "no password supplied"),
        (CLERK, PASSWORD, 1, "permission denied for table django_session.*pg_read_all_data"),
    ],
)
def test_a_backup_without_the_right_to_make_it_fails_at_once(
    user: str,
    password: str,
    code: int,
    expected: str,
    clerk: None,
    quiet_shop: Target,
    shop_server: ShopServer,
    operator: Callable[[Target], Operator],
) -> None:
    done = operator(quiet_shop).run("backup_db", **as_user(shop_server.url_of(quiet_shop.name), user, password))

    assert done.code == code, done.said
    assert_said(expected, done.err)
    assert "the-clerks-pass" not in done.said
    assert operator(quiet_shop).files() == []
    assert operator(quiet_shop).passwords_left() == []


def test_a_password_of_odd_characters_reaches_pg_dump_through_its_file(
    clerk: None, quiet_shop: Target, shop_server: ShopServer, store: Store, operator: Callable[[Target], Operator]
) -> None:
    as_superuser(shop_server, quiet_shop.name, "GRANT pg_read_all_data TO clerk")

    done = operator(quiet_shop).run("backup_db", **as_user(shop_server.url_of(quiet_shop.name), CLERK, PASSWORD))

    assert done.code == 0, done.said
    assert [one.is_verified for one in store.manifests()] == [True]
    assert "the-clerks-pass" not in done.said
    assert operator(quiet_shop).passwords_left() == []


@pytest.mark.parametrize(
    ("makes_databases", "expected"),
    [
        (False, "The role 'clerk' may not make databases: ALTER ROLE"),
        (True, "The role 'clerk' does not own the database"),
    ],
)
def test_a_restore_without_the_rights_for_it_is_refused_before_it_begins(
    makes_databases: bool,
    expected: str,
    clerk: None,
    backup: Manifest,
    store: Store,
    quiet_shop: Target,
    shop_server: ShopServer,
    operator: Callable[[Target], Operator],
) -> None:
    if makes_databases:
        as_superuser(shop_server, quiet_shop.name, "ALTER ROLE clerk CREATEDB")

    done = operator(quiet_shop).restore(backup.name, **as_user(shop_server.url_of(quiet_shop.name), CLERK, PASSWORD))

    assert done.code == 5, done.said
    assert_said(expected, done.err)
    assert databases(shop_server, quiet_shop.name) == [quiet_shop.name]
    assert len(store.manifests()) == 1


@pytest.mark.parametrize("words", [("list_backups",), ("restore_db", "--list")], ids=" ".join)
def test_a_folder_that_is_not_there_is_named_and_is_no_empty_list(
    words: tuple[str, ...], store: Store, quiet_shop: Target, operator: Callable[[Target], Operator]
) -> None:
    store.folder.rmdir()

    done = operator(quiet_shop).run(*words)

    assert done.code == 2, done.said
    assert_said(f"There is no folder {store.folder}. Is its disk mounted, and is BACKUP_DIR the right folder", done.err)
    assert not store.folder.exists()


@pytest.fixture
def another_users_folder(settings: Settings) -> Iterator[Path]:
    """Return a private folder of root's, and be somebody else who can come as far as its door."""
    require_or_skip("another user", install="run the tests as root", present=os.geteuid() == 0)
    way = Path(tempfile.mkdtemp(prefix="shop-backups-"))
    way.chmod(0o711)
    settings.BACKUP_DIR = way / "backups"
    settings.BACKUP_DIR.mkdir(mode=0o700)
    os.seteuid(pwd.getpwnam("nobody").pw_uid)
    try:
        yield settings.BACKUP_DIR
    finally:
        os.seteuid(0)
        shutil.rmtree(way)


@pytest.mark.parametrize(
    "words", [("list_backups",), ("restore_db", "--list"), ("verify_backup", "--latest"), ("backup_db",)], ids=" ".join
)
def test_a_folder_of_another_user_is_named_and_is_no_empty_list(
    words: tuple[str, ...], another_users_folder: Path
) -> None:
    with pytest.raises(CommandError) as refused:
        call_command(*words)

    assert refused.value.returncode == 2
    assert_said(f"{another_users_folder} cannot be read by the user 'nobody' .*the shop runs as", str(refused.value))


def test_a_folder_that_can_only_be_read_is_named(another_users_folder: Path) -> None:
    os.seteuid(0)
    another_users_folder.chmod(0o755)
    os.seteuid(pwd.getpwnam("nobody").pw_uid)

    with pytest.raises(BackupUsageError, match="cannot be written to by the user 'nobody'"):
        Store(another_users_folder).prepare(own=False)


def test_a_lock_or_a_manifest_of_another_user_is_named(another_users_folder: Path) -> None:
    """As when root ran a backup by hand once."""
    os.seteuid(0)
    another_users_folder.chmod(0o777)
    for name in (".lock", "shop-20261128T020000Z-1a2b3c.json"):
        (another_users_folder / name).touch(mode=0o600)
    os.seteuid(pwd.getpwnam("nobody").pw_uid)

    with (
        pytest.raises(BackupUsageError, match=r"\.lock cannot be opened \(Permission denied\)"),
        held(another_users_folder, None),
    ):
        pass
    with pytest.raises(BackupUsageError, match="cannot be read by the user 'nobody'"):
        find("shop-20261128T020000Z-1a2b3c")


@pytest.mark.parametrize("words", [("backup_db",), ("restore_db", "--latest"), ("verify_backup", "--latest")])
def test_a_server_that_is_away_is_named(
    words: tuple[str, ...], backup: Manifest, quiet_shop: Target, operator: Callable[[Target], Operator]
) -> None:
    """Only what needs the server fails: a backup is read to its end without one."""
    away = "postgres://shop:s3cret@127.0.0.1:1/template_shop"
    more = ("--noinput", "--confirm-db", "template_shop") if words[0] == "restore_db" else ()

    done = operator(quiet_shop).run(*words, *more, DATABASE_URL=away, DATABASE_DIRECT_URL=away)

    if words[0] == "verify_backup":
        assert (done.code, done.last_line.partition(" (read")[0]) == (0, f"{backup.name} is good")
    else:
        assert done.code == 1
        assert_said("connection to server at .127.0.0.1., port 1 failed", done.err)
    assert "s3cret" not in done.said


def test_a_database_that_is_gone_is_not_backed_up_and_the_operator_is_told_how_to_get_it_back(
    shop_server: ShopServer, store: Store, operator: Callable[[Target], Operator]
) -> None:
    gone = shop_server.target(shop_server.new_name())

    done = operator(gone).run("backup_db")

    assert done.code == 1
    assert_said("does not exist.*restore_db --latest", done.err)
    assert operator(gone).files() == []
    drop_databases(shop_server, gone.name)
