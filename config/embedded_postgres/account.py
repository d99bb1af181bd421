"""Whom the server runs as, and where its files then are.

PostgreSQL refuses to run as root. Started by an ordinary user it runs as that user. Started by root it runs under a
number of its own, ``SERVER_UID``, that no account has: nothing is added to the system, and unlike with ``nobody`` or
an installed server's ``postgres`` no other program's process can read the files or signal the server. All embedded
servers of a machine share it; they trust each other no more for it, since each asks for its own random passwords.
(initdb alone insists on a uid with a name. It runs as ``nobody`` for a second, on files that hold no secret yet.)
"""

from __future__ import annotations

import hashlib
import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.embedded_postgres.binaries import can_be_entered_by_others
from config.embedded_postgres.errors import EmbeddedPostgresError

SERVER_UID = 55432  # below 65536, so that it exists in a container's user mapping; above what adduser hands out first
BASES = (Path("/var/lib"), Path("/var/tmp"))  # noqa: S108 - only ever through private_base()


@dataclass(frozen=True)
class Account:
    """A uid and its gid; ``switch`` is what Popen needs to become it (nothing when we are it)."""

    uid: int
    gid: int

    @property
    def switch(self) -> dict[str, Any]:
        """Return Popen's arguments."""
        if os.geteuid() != 0:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def give(self, path: Path) -> None:
        """As root, make this account the owner of ``path`` itself (a link is not followed)."""
        if os.geteuid() == 0:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def give_tree(self, top: Path) -> None:
        """As root, make it the owner of everything below ``top``, refusing a file that has a second name elsewhere."""
        if os.geteuid() != 0:
            return
        for folder, _folders, files in os.walk(top):
            self.give(Path(folder))
            for name in files:
                path = Path(folder, name)
                if path.lstat().st_nlink != 1:
                    raise EmbeddedPostgresError(f"{path} is linked from elsewhere; refusing to change its owner.")
                self.give(path)


def account_for(home: Path) -> Account:
    """Return who shall run the server: the owner of its files if there are some, else see above."""
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid())
    if home.is_dir() and (owner := home.stat()).st_uid != 0:
        return Account(owner.st_uid, owner.st_gid)
    for uid in range(SERVER_UID, SERVER_UID + 100):
        if not _has_name(uid):
            return Account(uid, uid)
    raise EmbeddedPostgresError(f"Every uid from {SERVER_UID} on has an account; run as an ordinary user instead.")


def account_for_initdb(account: Account) -> Account:
    """Return ``account`` if initdb would accept it, else ``nobody``."""
    if os.geteuid() != 0 or _has_name(account.uid):
        return account
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise EmbeddedPostgresError(
            "Started as root, and there is no account `nobody` to make the database files with. Run as an ordinary "
            "user, or set DATABASE_URL.",
        ) from None
    return Account(nobody.pw_uid, nobody.pw_gid)


def home_for(folder: Path) -> Path:
    """Return where the server's own files go: inside ``folder``, unless its user could not get there."""
    inside = folder / "server"
    if os.geteuid() != 0 or inside.is_dir() or can_be_entered_by_others(folder):
        return inside
    return private_base() / hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]


def private_base() -> Path:
    """Return a folder that root alone can write and everybody can enter, or refuse one that somebody prepared."""
    for parent in BASES:
        base = parent / "infiya-store"
        try:
            base.mkdir(mode=0o755)
            base.chmod(0o755)
        except FileExistsError:
            pass
        except OSError:
            continue
        found = base.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != 0 or found.st_mode & 0o022:
            raise EmbeddedPostgresError(f"{base} is not a folder of root's own; somebody else made it. Remove it.")
        return base
    raise EmbeddedPostgresError(f"No place for the server's files: cannot write to {BASES[0]} or {BASES[1]}.")


def make_home(home: Path, account: Account) -> None:
    """Make the server's 0700 folder, or check that the one which is there is the server's own."""
    try:
        home.mkdir(mode=0o700)
    except FileExistsError:
        found = home.lstat()
        is_ours = found.st_uid == account.uid and not found.st_mode & 0o077
        # An interrupted start may leave root's own empty folder; anything else was made by somebody else.
        is_unfinished = found.st_uid == os.geteuid() and not any(home.iterdir())
        if not stat.S_ISDIR(found.st_mode) or not (is_ours or is_unfinished):
            raise EmbeddedPostgresError(f"{home} is not a private folder of uid {account.uid}; remove it.") from None
    account.give(home)
    home.chmod(0o700)


def _has_name(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True
