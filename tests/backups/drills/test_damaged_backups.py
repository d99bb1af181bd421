"""Whatever is wrong with a backup, a restore says so, with exit code 1, before it touches anything."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from backups import programs, storage
from backups import restore as restoring
from backups.errors import BackupCorruptError
from backups.lock import held
from backups.making import back_up
from backups.manifest import Manifest
from backups.packing import NONE, ZSTD, Unpacker, packer
from backups.storage import Store
from backups.target import Target
from tests.support.backups import ShopServer, databases, value
from tests.support.operator import Operator, assert_said

pytestmark = pytest.mark.drills


class Shelf:
    """One backup on disk, and the ways to spoil it."""

    def __init__(self, store: Store, manifest: Manifest, source: Target) -> None:
        self.dump = store.path_of(manifest)
        self.manifest = store.folder / f"{manifest.name}.json"
        self._compression = manifest.file.compression
        self._source = source

    def cut(self, *, to: float) -> None:
        """Leave a share of the file."""
        content = self.dump.read_bytes()
        self.dump.write_bytes(content[: int(len(content) * to)])

    def flip(self, *, at: float) -> None:
        """Turn one bit of the file around."""
        content = bytearray(self.dump.read_bytes())
        content[min(int(len(content) * at), len(content) - 1)] ^= 1
        self.dump.write_bytes(content)

    def put(self, archive: bytes, *, keep_sum: bool = False) -> None:
        """Store another archive as if it had been dumped: under right checksums, but not verified yet.

        ``keep_sum``: the archive's own checksum stays, so that it is not what was dumped.
        """
        pack = packer(self._compression)
        packed = pack.compress(archive) + pack.flush()
        self.dump.write_bytes(packed)
        sums = {"size": len(packed), "sha256": hashlib.sha256(packed).hexdigest()}
        if not keep_sum:
            sums["raw_sha256"] = hashlib.sha256(archive).hexdigest()
        self.edit(lambda data: data["file"].update(sums))
        self.edit(lambda data: data.update(verified=None))

    @property
    def archive(self) -> bytes:
        content = bytearray()
        Unpacker(self._compression, content.extend).write(self.dump.read_bytes())
        return bytes(content)

    def edit(self, change: Callable[[dict[str, Any]], object]) -> None:
        """Change the manifest."""
        data = json.loads(self.manifest.read_text())
        change(data)
        self.manifest.write_text(json.dumps(data))

    def put_dump(self, *options: str) -> None:
        """Store what ``pg_dump`` writes with such options (without a format: SQL), under checksums that are right."""
        program, _ = programs.find("pg_dump", server=18)
        with self._source.environment() as env:
            self.put(subprocess.run([program, *options], env=env, capture_output=True, check=True).stdout)


DAMAGES: dict[str, tuple[Callable[[Shelf], object], str]] = {
    "cut in half": (lambda shelf: shelf.cut(to=0.5), r"has \d+ bytes, its manifest says \d+: truncated"),
    "empty": (lambda shelf: shelf.cut(to=0), "has 0 bytes"),
    "a bit flipped in the middle": (lambda shelf: shelf.flip(at=0.5), "is damaged: its SHA-256"),
    "gone": (lambda shelf: shelf.dump.unlink(), "cannot be read: No such file"),
    "of a dump that was cut short": (lambda shelf: shelf.put(shelf.archive[: -len(shelf.archive) // 3]), "end of file"),
    "of a dump that never began": (lambda shelf: shelf.put(b""), "pg_restore failed"),
    "of other contents": (
        lambda shelf: shelf.put(shelf.archive.replace(b"key-1999", b"key-6666"), keep_sum=True),
        "what is inside is not what was dumped",
    ),
    "plain SQL": (lambda shelf: shelf.put_dump(), "text format dump"),
    "of another engine": (lambda shelf: shelf.edit(lambda data: data.update(engine="sqlite")), "no manifest.*sqlite"),
    "with another one's manifest": (
        lambda shelf: shelf.edit(lambda data: data.update(name="shop-20260101T000000Z-abcdef")),
        "it is about shop-20260101T000000Z-abcdef",
    ),
    "with half a manifest": (lambda shelf: shelf.manifest.write_text(shelf.manifest.read_text()[:500]), "no manifest"),
    "without its manifest": (lambda shelf: shelf.manifest.unlink(), "has no manifest beside it.*never finished"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_bad_backup_is_refused_and_nothing_is_touched(
    damage: str,
    backup: Manifest,
    store: Store,
    quiet_shop: Target,
    shop_server: ShopServer,
    operator: Callable[[Target], Operator],
) -> None:
    spoil, expected = DAMAGES[damage]
    spoil(Shelf(store, backup, quiet_shop))
    before = operator(quiet_shop).files()

    done = operator(quiet_shop).restore(backup.name)

    assert done.code == 1, done.said
    assert_said(expected, done.err)
    assert databases(shop_server, quiet_shop.name) == [quiet_shop.name]
    assert value(quiet_shop, "SELECT count(*) FROM django_session") == 2000
    assert operator(quiet_shop).files() == before
    assert operator(quiet_shop).passwords_left() == []
    assert store.newest_verified(quiet_shop.name) is None


def test_an_archive_without_keys_and_indexes_is_found_by_counting_and_never_goes_live(
    backup: Manifest,
    store: Store,
    quiet_shop: Target,
    shop_server: ShopServer,
    operator: Callable[[Target], Operator],
) -> None:
    """As one that was cut where a statement ends: every row is there, it reads to its end, pg_restore is content."""
    Shelf(store, backup, quiet_shop).put_dump("-Fc", "-Z0", "--section=pre-data", "--section=data")

    done = operator(quiet_shop).restore(backup.name, "--no-safety-backup")

    assert done.code == 1, done.said
    assert_said(r"Restored, it is not what was backed up: .*\d+ indexes in the backup, 0 restored", done.err)
    assert_said("Nothing was changed. No other one was found good", done.err)
    assert databases(shop_server, quiet_shop.name) == [quiet_shop.name]
    assert store.newest_verified(quiet_shop.name) is None, "it would be chosen again"


def test_what_a_drill_found_bad_is_still_bad_after_a_weaker_check_and_after_a_restore(
    backup: Manifest, store: Store, shop: Target, operator: Callable[[Target], Operator]
) -> None:
    """It reads to its end, and its rows are others: so the next drill, and nothing less, may say that it is good."""
    right = backup.facts.hashes["public.django_session"]
    shelf = Shelf(store, backup, shop)
    shelf.edit(lambda data: data.update(database=shop.name))
    shelf.edit(lambda data: data["facts"]["hashes"].update({"public.django_session": "1"}))
    someone = operator(shop)

    drilled = someone.run("verify_backup", backup.name, "--level", "3")
    read = someone.run("verify_backup", backup.name)
    restored = someone.restore(backup.name, "--no-safety-backup")

    assert [drilled.code, read.code, restored.code] == [1, 1, 1], (drilled.said, read.said, restored.said)
    assert_said(
        rf"found nothing \(read to its end\), but a stronger one .* found it bad on .*django_session: the rows differ.*"
        rf"That stands.*verify_backup {backup.name} --level 3",
        read.err,
    )
    assert store.newest_verified(shop.name) is None
    shelf.edit(lambda data: data["facts"]["hashes"].update({"public.django_session": right}))
    assert someone.run("verify_backup", backup.name, "--level", "3").code == 0
    assert store.newest_verified(shop.name) is not None


@pytest.fixture(scope="session")
def packed_otherwise(quiet_shop: Target, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Store, Manifest]]:
    """Return a verified backup of the quiet shop for each packing that is not the usual one; nobody changes it."""
    found = {}
    for compression in (ZSTD, NONE):
        store = Store(tmp_path_factory.mktemp(compression) / "backups")
        store.prepare()
        with held(store.folder, quiet_shop):
            found[compression] = store, back_up(quiet_shop, store, compression=compression)
    return found


def restore_by_name(name: str, shop: Target, *, own: Store) -> None:
    """Do what the command does after a yes."""
    store, manifest = storage.find(name)
    restoring.restore(manifest, store, shop, own=own, live=restoring.look(shop))


@pytest.mark.parametrize("compression", [ZSTD, NONE])
@pytest.mark.parametrize("damage", DAMAGES)
def test_however_it_is_packed_a_bad_backup_is_refused(
    damage: str,
    compression: str,
    packed_otherwise: dict[str, tuple[Store, Manifest]],
    store: Store,
    quiet_shop: Target,
    shop_server: ShopServer,
) -> None:
    """The command is the same for all of them; this calls what it calls."""
    source, manifest = packed_otherwise[compression]
    for path in source.folder.glob(f"{manifest.name}.*"):
        shutil.copy2(path, store.folder / path.name)
    spoil, expected = DAMAGES[damage]
    spoil(Shelf(store, manifest, quiet_shop))

    with held(store.folder, quiet_shop), pytest.raises(BackupCorruptError, match=f"(?s){expected}"):
        restore_by_name(manifest.name, quiet_shop, own=store)

    assert databases(shop_server, quiet_shop.name) == [quiet_shop.name]
    assert store.newest_verified(quiet_shop.name) is None


@pytest.mark.parametrize(
    ("name", "code", "expected"),
    [
        ("orders.sql", 1, "has no manifest beside it"),
        (".", 2, "is a folder"),
    ],
)
def test_a_file_that_is_no_backup_is_refused(
    name: str, code: int, expected: str, quiet_shop: Target, tmp_path: Path, operator: Callable[[Target], Operator]
) -> None:
    (tmp_path / "orders.sql").write_text("DROP TABLE orders_order;\n")

    done = operator(quiet_shop).restore(str(tmp_path / name))

    assert done.code == code, done.said
    assert_said(expected, done.err)


def test_when_the_newest_turns_out_to_be_bad_the_next_good_one_is_named_and_then_taken(
    backup: Manifest, store: Store, quiet_shop: Target, operator: Callable[[Target], Operator]
) -> None:
    newer = operator(quiet_shop).run("backup_db")
    assert newer.code == 0
    newest = store.newest_verified(quiet_shop.name)
    assert newest is not None
    assert newest != backup
    Shelf(store, newest, quiet_shop).flip(at=0.5)

    refused = operator(quiet_shop).restore("--latest")
    again = operator(quiet_shop).restore("--latest", "--dry-run")

    assert refused.code == 1
    assert_said(f"is damaged.*Nothing was changed.*found good is {backup.name}: manage.py restore_db", refused.err)
    assert again.code == 0
    assert_said(f"{backup.name}.*Passed over {newest.name}: it was found bad: .*is damaged", again.out)
