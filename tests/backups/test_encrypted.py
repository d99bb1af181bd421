"""Who takes an encrypted backup cannot read it; who has the key can; and what is damaged leaves nothing readable."""

from __future__ import annotations

import contextlib
import errno
from dataclasses import replace
from pathlib import Path

import pyrage
import pytest
from pytest_django import DjangoDbBlocker, Settings

from backups import encryption
from backups.dump import Dumped
from backups.encryption import Identities, encrypt, read_identities
from backups.errors import BackupCorruptError, BackupError, BackupRefusedError, BackupUsageError
from backups.facts import differences, read_facts
from backups.lock import held
from backups.making import back_up
from backups.manifest import DRILL, FULL_READ, IN_PASSING, ON_DISK, Manifest
from backups.restore import look, restore
from backups.storage import Store
from backups.target import Target
from backups.verify import verify
from tests.support.backups import change, value

READABLE = (b"PGDMP", b"\x1f\x8b", b"\x28\xb5\x2f\xfd")
"""How an archive, gzip and zstd begin."""


@pytest.fixture
def key() -> pyrage.x25519.Identity:
    return pyrage.x25519.Identity.generate()


@pytest.fixture
def encrypting(settings: Settings, key: pyrage.x25519.Identity) -> Identities:
    """Let backups be encrypted; return what opens them."""
    settings.BACKUP_AGE_RECIPIENT = [str(key.to_public()), str(pyrage.x25519.Identity.generate().to_public())]
    return [key]


def readable(store: Store) -> list[str]:
    """Return the files in the folder, sub-folders too, that begin like something that can be read."""
    found = []
    for path in store.folder.rglob("*"):
        with contextlib.suppress(OSError):  # it has gone meanwhile
            if path.is_file() and path.read_bytes()[:5].startswith(READABLE):
                found.append(path.name)
    return found


def left(store: Store) -> list[str]:
    return sorted(path.name for path in store.folder.glob(".partial-*"))


@pytest.mark.drills
@pytest.mark.parametrize("compression", ["gzip", "zstd", "none"])
def test_nothing_readable_is_ever_on_the_disk_and_the_manifest_says_what_was_read(
    quiet_shop: Target, store: Store, encrypting: Identities, compression: str
) -> None:
    seen: list[str] = []

    def watch() -> bool:
        seen.extend(readable(store))
        return False

    with held(store.folder, quiet_shop):
        manifest = back_up(quiet_shop, store, compression=compression, should_stop=watch)
        blind = manifest.verified
        judged = verify(store, manifest, level=DRILL, target=quiet_shop, identities=encrypting)

    assert seen == []
    assert manifest.file_name.endswith(".age")
    assert store.path_of(manifest).read_bytes().startswith(b"age-encryption.org/v1\n")
    assert len(manifest.file.recipients) == 2
    assert blind is not None
    assert (blind.level, blind.ok, blind.what) == (FULL_READ, True, IN_PASSING)
    assert judged.verified is not None
    assert (judged.verified.level, judged.verified.what) == (DRILL, ON_DISK)
    assert left(store) == []


@pytest.mark.drills
@pytest.mark.parametrize("compression", ["zstd", "none"])
def test_other_ways_of_packing_are_verified_and_drilled_alike(
    quiet_shop: Target, store: Store, compression: str
) -> None:
    with held(store.folder, quiet_shop):
        manifest = back_up(quiet_shop, store, compression=compression)
        judged = verify(store, manifest, level=DRILL, target=quiet_shop)

    assert manifest.file.compression == compression
    assert manifest.file_name.endswith({"zstd": ".dump.zst", "none": ".dump"}[compression])
    assert judged.drilled_at is not None
    assert store.newest_verified(quiet_shop.name) == judged


@pytest.fixture
def secret(quiet_shop: Target, store: Store, encrypting: Identities) -> Manifest:
    """Return a fresh encrypted backup of the quiet shop."""
    with held(store.folder, quiet_shop):
        return back_up(quiet_shop, store)


@pytest.mark.drills
def test_a_restore_opens_it_with_the_key(
    secret: Manifest, store: Store, shop: Target, encrypting: Identities, django_db_blocker: DjangoDbBlocker
) -> None:
    change(shop, "DELETE FROM django_session")

    with held(store.folder, shop), django_db_blocker.unblock():
        restore(secret, store, shop, own=store, live=look(shop), safety=False, identities=encrypting)

    with contextlib.closing(shop.connect()) as session:
        found = differences(secret.facts, read_facts(session))
    assert [text for text in found if "shop_sitestate" not in text] == []  # closed for checkout by the hook
    assert value(shop, "SELECT count(*) FROM django_session") == 2000
    assert readable(store) == []


@pytest.mark.drills
def test_the_wrong_key_is_refused_with_the_name_of_the_right_one(secret: Manifest, store: Store) -> None:
    stranger = [pyrage.x25519.Identity.generate()]

    with pytest.raises(BackupRefusedError, match="does not open") as refused:
        verify(store, secret, level=FULL_READ, identities=stranger)
    with pytest.raises(BackupUsageError, match="--identity FILE"):
        verify(store, secret, level=FULL_READ)

    assert secret.file.recipients[0] in str(refused.value)
    assert left(store) == []
    assert store.newest_verified(secret.database) is not None


@pytest.mark.drills
@pytest.mark.parametrize("damage", ["truncated", "flipped"])
def test_a_damaged_one_leaves_nothing_readable(
    secret: Manifest, store: Store, quiet_shop: Target, encrypting: Identities, damage: str
) -> None:
    """Under a manifest that knows nothing of it, so that the checksum does not tell before."""
    content = bytearray(store.path_of(secret).read_bytes())
    if damage == "truncated":
        del content[-1000:]
    else:
        content[-1000] ^= 1
    store.path_of(secret).write_bytes(content)
    with pytest.raises(BackupCorruptError):
        verify(store, secret, level=1)

    lying = replace(secret, file=_as_it_is(store, secret))
    with held(store.folder, quiet_shop), pytest.raises(BackupCorruptError, match="damaged or cut short"):
        verify(store, lying, level=DRILL, target=quiet_shop, identities=encrypting)

    assert readable(store) == []
    assert left(store) == []


def _as_it_is(store: Store, manifest: Manifest) -> Dumped:
    import hashlib

    content = store.path_of(manifest).read_bytes()
    return replace(manifest.file, size=len(content), sha256=hashlib.sha256(content).hexdigest())


# --- keys ---


def test_a_file_of_keys_is_read_only_if_nobody_else_can(tmp_path: Path, key: pyrage.x25519.Identity) -> None:
    path = tmp_path / "shop.key"
    path.write_text(f"# created: 2026-11-28\n# public key: {key.to_public()}\n{key}\n")

    path.chmod(0o640)
    with pytest.raises(BackupRefusedError, match=f"chmod 600 {path}"):
        read_identities(path)
    path.chmod(0o600)
    assert [str(one) for one in read_identities(path)] == [str(key)]


@pytest.mark.parametrize("text", ["", "# nothing\n", "age1qqqq\n", "AGE-SECRET-KEY-1NONSENSE\n"])
def test_what_holds_no_private_key_is_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "shop.key"
    path.touch(mode=0o600)
    path.write_text(text)

    with pytest.raises(BackupUsageError) as refused:
        read_identities(path)
    assert "NONSENSE" not in str(refused.value)
    with pytest.raises(BackupUsageError):
        read_identities(tmp_path / "none")


def test_a_private_key_on_the_server_is_refused_and_not_repeated(settings: Settings, key: object) -> None:
    for wrong in (str(key), "age1nonsense", "ssh-ed25519 AAAA"):
        settings.BACKUP_AGE_RECIPIENT = [wrong]
        with pytest.raises(BackupError) as refused:
            encryption.recipients()
        assert wrong not in str(refused.value)


def test_a_full_disk_is_told_as_such_while_encrypting() -> None:
    """The library would tell of it by an error of its own, with nothing but a text in it."""
    key = str(pyrage.x25519.Identity.generate().to_public())

    with Path("/dev/full").open("wb", buffering=0) as full, pytest.raises(OSError, match="No space left") as refused:
        encrypt(iter([b"x" * 1_000_000]), full, [key])

    assert refused.value.errno == errno.ENOSPC
