"""Who asked to be forgotten, kept outside the database: a restored backup knows them again, and must not.

``ERASURE_DIR`` holds ``salt``, made once, and ``erased.jsonl``, append-only: a hash of the account's id and the moment
it was made, and when it was erased. The moment belongs to it because a restored database gives ids out a second time.
Nobody's name is in it, and without the salt the ids cannot be told from the hashes.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings

from config.durable import append_line

_FILE, _SALT = "erased.jsonl", "salt"


def write(*, user_id: int, joined_at: datetime, at: datetime) -> None:
    """Append one tombstone and wait until it is on the disk. Raises OSError; nothing may then be erased."""
    folder = Path(settings.ERASURE_DIR)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    entry = {"hash": _hash(_salt(folder), user_id, joined_at), "at": at.astimezone(UTC).isoformat()}
    append_line(folder / _FILE, entry)


class Tombstones:
    """The list as it was read. Raises OSError when it cannot be read although it is there."""

    def __init__(self) -> None:
        folder = Path(settings.ERASURE_DIR)
        self._hashes: set[str] = set()
        if (folder / _FILE).exists():
            self._salt = (folder / _SALT).read_text(encoding="ascii").strip()
            self._hashes = set(_read(folder / _FILE))

    def __len__(self) -> int:
        return len(self._hashes)

    def names(self, *, user_id: int, joined_at: datetime) -> bool:
        """Say whether this account was erased."""
        return bool(self._hashes) and _hash(self._salt, user_id, joined_at) in self._hashes


def _read(path: Path) -> list[str]:
    found = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            found.append(str(json.loads(line)["hash"]))
        except (ValueError, KeyError, TypeError):
            continue  # cut short by a crash: that erasure was never committed
    return found


def _salt(folder: Path) -> str:
    """Return the folder's salt, made by whoever comes first; of two, one wins and the other reads his."""
    path = folder / _SALT
    if not path.exists():
        draft = folder / f".salt-{secrets.token_hex(8)}"
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(handle, secrets.token_hex(32).encode())
            os.fsync(handle)
        finally:
            os.close(handle)
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text(encoding="ascii").strip()


def _hash(salt: str, user_id: int, joined_at: datetime) -> str:
    return hashlib.sha256(f"{salt}|{user_id}|{joined_at.astimezone(UTC).isoformat()}".encode()).hexdigest()
