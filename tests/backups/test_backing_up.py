"""A backup is whole, private and checked, or it is not there."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import os
import resource
import signal
import stat
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from backups import manifest as manifests
from backups.errors import (
    BackupBusyError,
    BackupCorruptError,
    BackupFailedError,
    BackupInterruptedError,
    BackupLockedError,
    BackupLostError,
    BackupProgramError,
    BackupSpaceError,
)
from backups.lock import held
from backups.making import back_up
from backups.manifest import DRILL, Manifest, Verification
from backups.processes import running
from backups.storage import Store
from backups.target import Target
from backups.verify import verify
from tests.support.backups import ShopServer, change, children_named, databases, value


def files(store: Store) -> list[str]:
    """Return everything in the folder but the lock."""
    return sorted(path.name for path in store.folder.iterdir() if path.name != ".lock")


def test_a_backup_is_a_private_gzip_file_with_its_checksums_in_the_manifest(backup: Manifest, store: Store) -> None:
    path = store.path_of(backup)
    packed = path.read_bytes()

    assert hashlib.sha256(packed).hexdigest() == backup.file.sha256
    assert hashlib.sha256(gzip.decompress(packed)).hexdigest() == backup.file.raw_sha256
    assert backup.is_verified
    assert backup.facts.rows["public.django_session"] == 2000
    assert manifests.read(store.folder / f"{backup.name}.json") == backup
    assert {stat.S_IMODE(one.stat().st_mode) for one in store.folder.iterdir()} == {0o600}
    assert stat.S_IMODE(store.folder.stat().st_mode) == 0o700


def test_rows_written_during_the_dump_are_neither_in_it_nor_counted(shop: Target, store: Store) -> None:
    written = threading.Event()

    def write(_done: int) -> None:
        if not written.is_set():
            written.set()
            change(shop, "DELETE FROM django_session WHERE session_key < 'key-2'")

    with held(store.folder, shop):
        manifest = back_up(shop, store, progress=write)
        judged = verify(store, manifest, level=DRILL, target=shop)

    assert written.is_set()
    assert manifest.facts.rows["public.django_session"] == 2000
    assert value(shop, "SELECT count(*) FROM django_session") < 2000
    assert judged.drilled_at is not None


def test_hashes_are_what_they_were_in_every_earlier_backup(backup: Manifest, quiet_shop: Target) -> None:
    earlier = "SELECT sum(hashtextextended(t::text, 0)::numeric)::text FROM django_session t"

    with contextlib.closing(quiet_shop.connect()) as session:
        assert session.execute(earlier).fetchone() == (backup.facts.hashes["public.django_session"],)


def test_a_drill_leaves_no_database_behind_and_finds_a_changed_row(
    backup: Manifest, store: Store, quiet_shop: Target, shop_server: ShopServer
) -> None:
    hashes = dict(backup.facts.hashes) | {"public.django_session": "1"}
    lying = replace(backup, facts=replace(backup.facts, hashes=hashes))

    with held(store.folder, quiet_shop), pytest.raises(BackupCorruptError, match="django_session: the rows differ"):
        verify(store, lying, level=DRILL, target=quiet_shop)

    assert databases(shop_server, quiet_shop.name) == [quiet_shop.name]
    assert store.newest_verified(quiet_shop.name) is None


def test_what_a_drill_found_bad_is_taken_back_by_a_drill_alone(
    backup: Manifest, store: Store, quiet_shop: Target
) -> None:
    found = Verification(DRILL, backup.taken_at, ok=False, seconds=1.0, message="The rows differ.")
    manifests.write(replace(backup, verified=found), store.folder)

    for level in (1, 2):
        assert verify(store, store.manifests()[0], level=level).verified == found
        assert store.newest_verified(quiet_shop.name) is None
    with held(store.folder, quiet_shop):
        assert verify(store, store.manifests()[0], level=DRILL, target=quiet_shop).is_verified

    assert store.newest_verified(quiet_shop.name) is not None


def test_other_damage_does_not_put_a_weaker_verdict_in_place_of_a_drills(backup: Manifest, store: Store) -> None:
    found = Verification(DRILL, backup.taken_at, ok=False, seconds=1.0, message="The rows differ.")
    manifests.write(replace(backup, verified=found), store.folder)
    whole = store.path_of(backup).read_bytes()
    store.path_of(backup).write_bytes(whole[:-1])
    with pytest.raises(BackupCorruptError):
        verify(store, store.manifests()[0], level=1)
    store.path_of(backup).write_bytes(whole)

    assert not verify(store, store.manifests()[0], level=2).is_verified


@pytest.mark.parametrize("level", [1, 2])
@pytest.mark.parametrize("damage", ["truncated", "flipped"])
def test_damage_is_found_by_the_checksum(backup: Manifest, store: Store, damage: str, level: int) -> None:
    path = store.path_of(backup)
    content = bytearray(path.read_bytes())
    if damage == "truncated":
        del content[-100:]
    else:
        content[len(content) // 2] ^= 1
    path.write_bytes(content)

    with pytest.raises(BackupCorruptError):
        verify(store, backup, level=level)

    assert store.newest_verified(backup.database) is None


@pytest.mark.parametrize("damage", ["truncated", "flipped"])
def test_damage_under_a_right_checksum_is_found_by_reading_to_the_end(
    backup: Manifest, store: Store, damage: str
) -> None:
    """As when pg_dump itself was cut short: gzip is whole, the file's checksum right, the archive inside is not."""
    content = bytearray(gzip.decompress(store.path_of(backup).read_bytes()))
    if damage == "truncated":
        del content[len(content) * 2 // 3 :]
    else:
        content[len(content) // 2] ^= 1
    packed = gzip.compress(bytes(content))
    store.path_of(backup).write_bytes(packed)
    file = replace(backup.file, size=len(packed), sha256=hashlib.sha256(packed).hexdigest())

    assert verify(store, replace(backup, file=file), level=1).is_verified
    with pytest.raises(BackupCorruptError):
        verify(store, replace(backup, file=file), level=2)


def test_a_killed_pg_dump_leaves_nothing(shop: Target, store: Store) -> None:
    def kill(_done: int) -> None:
        for pid in children_named("pg_dump", of=os.getpid()):
            os.kill(pid, signal.SIGKILL)

    change(
        shop, "INSERT INTO django_session SELECT 'more-' || n, repeat('x', 4000), now() FROM generate_series(1, 999) n"
    )
    with held(store.folder, shop), pytest.raises(BackupFailedError, match="killed by signal 9"):
        back_up(shop, store, progress=kill)

    assert files(store) == []


def test_an_interrupted_backup_leaves_nothing_and_no_pg_dump(quiet_shop: Target, store: Store) -> None:
    begun = threading.Event()

    with held(store.folder, quiet_shop), pytest.raises(BackupInterruptedError):
        back_up(quiet_shop, store, progress=lambda _done: begun.set(), should_stop=begun.is_set)

    assert files(store) == []
    assert children_named("pg_dump", of=os.getpid()) == []


def test_a_full_disk_leaves_nothing(quiet_shop: Target, store: Store) -> None:
    """A file may not grow beyond some size: for whoever writes it that is the same as a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    try:
        with held(store.folder, quiet_shop), pytest.raises(BackupFailedError, match="Cannot write"):
            back_up(quiet_shop, store)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    assert files(store) == []


def test_a_wrong_password_leaves_nothing_and_is_not_shown(quiet_shop: Target, store: Store) -> None:
    wrong = replace(quiet_shop, password="s3cret:\\pass")

    with pytest.raises(BackupFailedError, match="password authentication failed") as refused:
        back_up(wrong, store)

    assert "s3cret" not in str(refused.value) + repr(wrong)
    assert files(store) == []


def test_the_password_is_in_a_private_file_and_in_no_argument(quiet_shop: Target, store: Store, tmp_path: Path) -> None:
    seen: list[bytes] = []
    modes: set[int] = set()

    def look() -> bool:
        for pid in children_named("pg_dump", of=os.getpid()):
            with contextlib.suppress(OSError):  # it has ended
                seen.append(Path(f"/proc/{pid}/cmdline").read_bytes() + Path(f"/proc/{pid}/environ").read_bytes())
        for folder in (tmp_path / "data").glob(".pgpass-*"):
            modes.add(stat.S_IMODE(folder.stat().st_mode))
            modes.update(stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir())
        return False

    with held(store.folder, quiet_shop):
        back_up(quiet_shop, store, should_stop=look)

    assert seen
    assert not any(quiet_shop.password.encode() in text for text in seen)
    assert modes == {0o700, 0o600}
    assert list((tmp_path / "data").iterdir()) == []


def test_what_a_killed_run_left_is_removed_by_the_next(quiet_shop: Target, store: Store, tmp_path: Path) -> None:
    (store.folder / ".partial-toko-20260101T000000Z-abcdef.dump.gz").write_bytes(b"half")
    (tmp_path / "data" / ".pgpass-left").mkdir(parents=True)

    with held(store.folder, quiet_shop):
        manifest = back_up(quiet_shop, store)

    assert files(store) == sorted([f"{manifest.name}.dump.gz", f"{manifest.name}.json"])
    assert list((tmp_path / "data").iterdir()) == []


def test_only_one_may_work_on_a_folder_or_on_a_database(quiet_shop: Target, store: Store, tmp_path: Path) -> None:
    other = Store(tmp_path / "elsewhere")
    other.prepare()

    with held(store.folder, quiet_shop):
        with pytest.raises(BackupLockedError), held(store.folder, None):
            pass
        with pytest.raises(BackupLockedError), held(other.folder, quiet_shop):
            pass
    with held(other.folder, quiet_shop):
        pass


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("FATAL:  sorry, too many clients already", BackupLostError),
        ("FATAL:  remaining connection slots are reserved for roles with the SUPERUSER attribute", BackupLostError),
        ("pg_restore: error: could not execute query: ERROR:  out of memory", BackupLostError),
        ('ERROR:  could not extend file "base/5/1": No space left on device', BackupSpaceError),
        ('ERROR:  could not extend file "base/5/1": wrote only 1 of 2 bytes: Disk quota exceeded', BackupSpaceError),
        ("ERROR:  canceling statement due to lock timeout", BackupBusyError),
        ("pg_restore: error: could not read from input file: end of file", BackupProgramError),
        ("out of memory", BackupProgramError),
    ],
)
def test_a_programs_words_tell_whose_trouble_it_is(said: str, kind: type[BackupFailedError], tmp_path: Path) -> None:
    """However much it says afterwards: PostgreSQL's programs repeat the command, line by line."""
    words = tmp_path / "words"
    words.write_text("\n".join([said, *["a line of the command"] * 20]))

    with (
        pytest.raises(BackupFailedError) as failed,
        running(["/bin/sh", "-c", f"cat {words} >&2; exit 1"], env={"PATH": "/bin:/usr/bin"}) as program,
    ):
        program.finish()

    assert type(failed.value) is kind


def test_a_program_that_fails_is_no_success(tmp_path: Path) -> None:
    with (
        pytest.raises(BackupFailedError, match=r"sh failed \(exit code 3\): oh no"),
        running(["/bin/sh", "-c", "echo oh no >&2; exit 3"], env={}) as program,
    ):
        program.finish()
