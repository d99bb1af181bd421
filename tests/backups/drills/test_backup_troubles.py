"""Programs killed, servers restarted, locks held, disks full: in the middle of a backup."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pyrage
import pytest

from backups.manifest import Manifest
from backups.storage import Store
from backups.target import Connection, Target
from config import embedded_postgres
from tests.support.backups import ShopServer, change, children_named, databases, is_alive, value
from tests.support.embedded import eventually
from tests.support.operator import Operator, Started, as_superuser, assert_said
from tests.support.requirements import require_or_skip

pytestmark = pytest.mark.drills

SMALL_DISK = "small-disk-"
"""Begins the name of every file system that these tests mount; then follows their process."""


class Obstacle:
    """A table that is locked, so that pg_dump waits in the middle of its work."""

    def __init__(self, shop: Target, server: ShopServer, table: str) -> None:
        self.shop, self.server, self._table = shop, server, table
        self._blocker: Connection | None = None

    def put(self) -> None:
        """Lock the table as a migration does."""
        self._blocker = self.shop.connect(autocommit=False)
        self._blocker.execute(f"LOCK TABLE {self._table} IN ACCESS EXCLUSIVE MODE")

    def remove(self) -> None:
        """Let go; also when the server did so already."""
        if self._blocker is not None:
            self._blocker.close()
            self._blocker = None

    def reached_by(self, backup: Started, store: Store) -> int:
        """Wait until the command's pg_dump stands at it; return its process."""
        assert eventually(lambda: list(store.folder.glob(".partial-*")) and self._somebody_waits(), within_s=180)
        (pid,) = children_named("pg_dump", of=backup.pid)
        return pid

    def _somebody_waits(self) -> bool:
        return bool(value(self.shop, f"SELECT count(*) {_WAITING}"))

    def end_the_waiting_session(self) -> None:
        as_superuser(self.server, self.shop.name, f"SELECT pg_terminate_backend(pid) {_WAITING}")

    def end_the_session_that_holds_the_snapshot(self) -> None:
        """It is the command's other one in this database; the one that has put us here stays."""
        assert self._blocker is not None
        as_superuser(
            self.server,
            self.shop.name,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'shop-backup'"  # noqa: S608
            " AND datname = current_database() AND wait_event_type IS DISTINCT FROM 'Lock'"
            f" AND pid <> {self._blocker.info.backend_pid}",
        )

    def restart_the_server(self) -> None:
        assert self.server.folder is not None
        embedded_postgres.stop(self.server.folder)
        assert embedded_postgres.start(self.server.folder, throw_away=True) == self.server.url


_WAITING = (
    "FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND application_name = 'shop-backup'"
    " AND datname = current_database()"
)


@pytest.fixture
def obstacle(shop: Target, shop_server: ShopServer) -> Iterator[Obstacle]:
    """Put it where only pg_dump comes by: the counting before it skips tables without rows of their own."""
    change(shop, "CREATE TABLE parted (day date) PARTITION BY RANGE (day)")
    found = Obstacle(shop, shop_server, "parted")
    found.put()
    yield found
    found.remove()


TROUBLES: dict[str, Callable[[Obstacle, int], None]] = {
    "pg_dump is killed": lambda _obstacle, pid: os.kill(pid, signal.SIGKILL),
    "its session is ended": lambda obstacle, _pid: obstacle.end_the_waiting_session(),
    "the snapshot's session is ended": lambda obstacle, _pid: obstacle.end_the_session_that_holds_the_snapshot(),
    "the server restarts": lambda obstacle, _pid: obstacle.restart_the_server(),
}


@pytest.mark.parametrize("trouble", TROUBLES)
def test_a_dump_that_breaks_is_made_once_more(
    trouble: str, obstacle: Obstacle, store: Store, operator: Callable[[Target], Operator]
) -> None:
    shop = operator(obstacle.shop)
    # A server takes its time to come back where the machine is busy.
    backup = shop.start("backup_db", BACKUP_RETRY_AFTER_SECONDS="10" if "restarts" in trouble else "1")
    pid = obstacle.reached_by(backup, store)

    TROUBLES[trouble](obstacle, pid)
    obstacle.remove()
    done = backup.end()

    assert done.code == 0, done.said
    assert_said("backup.retried", done.err)
    (manifest,) = store.manifests()
    assert manifest.is_verified
    assert shop.files() == sorted([manifest.file_name, f"{manifest.name}.json"])
    assert shop.passwords_left() == []


def test_a_dump_that_breaks_twice_fails_and_leaves_nothing(
    obstacle: Obstacle, store: Store, operator: Callable[[Target], Operator]
) -> None:
    shop = operator(obstacle.shop)
    backup = shop.start("backup_db", BACKUP_RETRY_AFTER_SECONDS="0")
    first = obstacle.reached_by(backup, store)
    os.kill(first, signal.SIGKILL)
    assert eventually(lambda: children_named("pg_dump", of=backup.pid) not in ([], [first]), within_s=180)
    os.kill(obstacle.reached_by(backup, store), signal.SIGKILL)

    done = backup.end()

    assert done.code == 1
    assert_said("pg_dump failed .killed by signal 9.", done.err)
    assert (shop.files(), shop.passwords_left()) == ([], [])


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("parted", "pg_dump failed .exit code 1.*Held by process .* on parted: a migration"),
        ("django_session", "lock timeout.*Waited 1 s.*Held by process .* on django_session"),
    ],
)
def test_a_table_that_stays_locked_fails_the_backup_in_bounded_time(
    table: str,
    expected: str,
    obstacle: Obstacle,
    shop_server: ShopServer,
    operator: Callable[[Target], Operator],
) -> None:
    blocker = Obstacle(obstacle.shop, shop_server, table)
    if table != "parted":
        blocker.put()

    done = operator(obstacle.shop).run("backup_db", BACKUP_LOCK_WAIT_SECONDS="1", BACKUP_RETRY_AFTER_SECONDS="0")
    blocker.remove()

    assert done.code == 1
    assert_said(expected, done.err)
    assert operator(obstacle.shop).files() == []


@pytest.mark.parametrize("table", ["parted", "django_session"], ids=["while dumping", "while counting too"])
def test_a_backup_that_is_asked_to_stop_ends_with_130_and_leaves_nothing(
    table: str, obstacle: Obstacle, store: Store, shop_server: ShopServer, operator: Callable[[Target], Operator]
) -> None:
    shop = operator(obstacle.shop)
    more = Obstacle(obstacle.shop, shop_server, table)
    if table != "parted":
        more.put()
    backup = shop.start("backup_db")
    pid = obstacle.reached_by(backup, store)

    done = backup.send(signal.SIGTERM)
    more.remove()

    assert done.code == 130
    assert_said("Interrupted during pg_dump; nothing was kept", done.err)
    assert (shop.files(), shop.passwords_left()) == ([], [])
    assert not is_alive(pid)


# --- a disk that is full ---


@pytest.fixture
def small_disk(store: Store) -> Iterator[Path]:
    """Mount 24 MB over the folder of backups."""
    where = store.folder
    unmount_what_was_left()
    argv = ["mount", "-t", "tmpfs", "-o", "size=24m,mode=0700", f"{SMALL_DISK}{os.getpid()}", str(where)]
    there = os.geteuid() == 0 and subprocess.run(argv, check=False).returncode == 0
    require_or_skip("a small disk", install="run the tests as root, who may mount a tmpfs", present=there)
    try:
        yield where
    finally:
        subprocess.run(["umount", "--lazy", str(where)], check=True)


def unmount_what_was_left() -> None:
    """Take away the small disks of tests that were killed before they could: those whose tests' process is gone."""
    for line in Path("/proc/self/mounts").read_text().splitlines():
        name, where, *_ = line.split()
        pid = name.removeprefix(SMALL_DISK)
        if pid != name and not Path(f"/proc/{pid}").exists():
            subprocess.run(["umount", "--lazy", where.encode().decode("unicode_escape")], check=False)


def fill_up(disk: Path, *, leave: int = 0) -> Path:
    """Write a file that takes what is free, but for ``leave`` bytes."""
    path = disk / "somebody-elses.bin"
    # Without a buffer: what is left in one would be tried again when the file is closed.
    with path.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"x" * 65536)
    os.truncate(path, max(0, path.stat().st_size - leave))
    return path


@pytest.mark.parametrize("encrypted", [False, True], ids=["as it is", "encrypted"])
def test_a_disk_that_fills_up_meanwhile_fails_the_backup_which_frees_what_it_took(
    encrypted: bool, obstacle: Obstacle, small_disk: Path, store: Store, operator: Callable[[Target], Operator]
) -> None:
    shop = operator(obstacle.shop)
    if encrypted:
        shop.variables["BACKUP_AGE_RECIPIENT"] = str(pyrage.x25519.Identity.generate().to_public())
    backup = shop.start("backup_db")
    obstacle.reached_by(backup, store)
    filler = fill_up(small_disk)

    obstacle.remove()
    done = backup.end()

    assert done.code == 1
    assert_said("Cannot write .*No space left on device", done.err)
    assert "backup.retried" not in done.err
    assert shop.files() == [filler.name]
    filler.unlink()
    assert shop.run("backup_db").code == 0


def test_too_little_space_is_noticed_before_anything_is_written(
    small_disk: Path,
    backup: Manifest,
    store: Store,
    shop: Target,
    shop_server: ShopServer,
    operator: Callable[[Target], Operator],
) -> None:
    fill_up(small_disk, leave=100_000)
    before = operator(shop).files()

    saved = operator(shop).run("backup_db")
    restored = operator(shop).restore(backup.name, "--no-safety-backup")

    assert (saved.code, restored.code) == (1, 1)
    for done in (saved, restored):
        assert_said(r"has 0 MB free, \d+ MB are needed. Free some space, or set BACKUP_DIR", done.err)
    assert operator(shop).files() == before
    assert databases(shop_server, shop.name) == [shop.name]
