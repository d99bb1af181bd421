"""Setting WAL archiving up: done here for the embedded server, told step by step for somebody else's."""

from __future__ import annotations

import contextlib
import os
import stat
import time
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg import sql

from backups.errors import BackupFailedError, BackupRefusedError
from backups.pitr import script
from backups.pitr.archive import Archive
from backups.pitr.server import ARCHIVE_TIMEOUT_S, Server, ask
from backups.target import Target, one_line
from config.durable import replace_file, sync_folder
from config.embedded_postgres.account import Account

BY_HAND = Path("/usr/local/lib/infiya-store/archive_wal.sh")
DEFAULT_FOLDER = Path("/var/lib/infiya-pitr")
_RELOAD_WAIT_S = 5.0


@dataclass(frozen=True)
class Plan:
    """What is to be set on the server, and whether a restart has to follow."""

    settings: dict[str, str]
    script: Path
    restart: bool
    done: list[str] = field(default_factory=list)


def wanted(path: Path) -> dict[str, str]:
    """Return the settings for a server whose archive script is at ``path``."""
    return {
        "wal_level": "replica",
        "archive_mode": "on",
        "archive_timeout": f"{ARCHIVE_TIMEOUT_S}s",
        "archive_command": script.command(path),
    }


def make_plan(server: Server, path: Path) -> Plan:
    """Return what differs from what is set. A stricter value of the server's own is left as it is."""
    settings = server.settings
    fine = {
        "wal_level": settings["wal_level"] in {"replica", "logical"},
        "archive_mode": server.archives or "archive_mode" in server.pending,
        "archive_timeout": 0 < int(settings["archive_timeout"]) <= ARCHIVE_TIMEOUT_S,
        "archive_command": settings["archive_command"] == script.command(path),
    }
    differing = {name: value for name, value in wanted(path).items() if not fine[name]}
    restart = bool({"wal_level", "archive_mode"} & (set(differing) | set(server.pending)))
    return Plan(differing, path, restart)


def apply(admin: Target, archive: Archive, account: Account) -> Plan:
    """Make the folders, install the script, set what differs on the server that is ours. Safe to repeat.

    Raises BackupRefusedError when the server's user could not get there, BackupFailedError.
    """
    done = install(archive, account)
    try:
        with contextlib.closing(admin.connect()) as session:
            plan = make_plan(ask(session), archive.script)
            for name, value in plan.settings.items():
                session.execute(sql.SQL("ALTER SYSTEM SET {} = {}").format(sql.Identifier(name), sql.Literal(value)))
                done.append(f"ALTER SYSTEM SET {name} = '{value}'")
            if plan.settings:
                session.execute("SELECT pg_reload_conf()")
            server = ask(session)
            deadline = time.monotonic() + _RELOAD_WAIT_S
            while not _took(server, plan) and time.monotonic() < deadline:
                time.sleep(0.05)  # the postmaster reads its files in a moment of its own
                server = ask(session)
    except psycopg.Error as error:
        raise BackupFailedError(f"The server did not take the settings: {one_line(error)}") from error
    restart = bool({"wal_level", "archive_mode"} & set(server.pending))
    return Plan(plan.settings, archive.script, restart, done)


def install(archive: Archive, account: Account) -> list[str]:
    """Make the folders and write the script; return what was done. ``account`` is the server's user."""
    text = script.text(archive.wal)
    done = []
    try:
        _require_way(next(path for path in (archive.folder, *archive.folder.parents) if path.is_dir()), account)
        if not archive.folder.is_dir():
            archive.folder.mkdir(parents=True)
            # As root we only let the server's user pass through; it has no business with base backups.
            archive.folder.chmod(0o711 if os.geteuid() == 0 else 0o700)
            done.append(f"made {archive.folder}")
        _require_way(archive.folder, account)
        for folder, owner in ((archive.wal, account), (archive.bases, None)):
            if not folder.is_dir():
                folder.mkdir(mode=0o700)
                done.append(f"made {folder}")
            if owner is not None:
                owner.give(folder)
        mark = archive.wal / script.MARK
        if not mark.exists():
            mark.touch(mode=0o600)
            account.give(mark)
        if not archive.script.is_file() or archive.script.read_text() != text:
            # Atomically: PostgreSQL may be about to run it.
            replace_file(archive.script, text, mode=0o755 if os.geteuid() == 0 else 0o700)
            done.append(f"wrote {archive.script}")
        sync_folder(archive.wal)
    except OSError as error:
        raise BackupFailedError(f"Cannot set {archive.folder} up: {error.strerror or error}.") from error
    return done


def by_hand(server: Server | None, archive: Archive, admin: Target, shop: Target) -> str:
    """Return, for whoever runs the server, every step from nothing to the first base backup."""
    major = server.major if server else 15
    plan = make_plan(server, BY_HAND) if server else Plan(wanted(BY_HAND), BY_HAND, restart=True)
    role = admin.user if admin.user != shop.user else "shop_replication"
    folder = script.plain(archive.folder)
    settings = "\n".join(f"    ALTER SYSTEM SET {name} = '{value}';" for name, value in plan.settings.items())
    restart = (
        f"Restart the server (archive_mode waits for it): systemctl restart postgresql@{major}-main"
        if plan.restart
        else "No restart is needed; the reload was enough"
    )
    return f"""\
This server is not ours to change. As its administrator, with "shop" for the user and group that the shop runs as:

1. Folders, as root. {folder} should be another disk, best another machine's:
    install -d -o shop -g shop -m 0711 {folder}
    install -d -o postgres -g shop -m 2770 {folder}/wal
    install -d -o shop -g shop -m 0700 {folder}/base
    install -o postgres -g shop -m 0640 /dev/null {folder}/wal/{script.MARK}

2. The archive script, as root; root's own, so that nobody else changes what the server runs:
    install -d -m 0755 {BY_HAND.parent}
    manage.py pitr setup --print-script > {BY_HAND}
    chmod 0755 {BY_HAND}

3. Settings, in psql as a superuser (or the same lines in postgresql.conf):
{settings or "    (all are set already)"}
    SELECT pg_reload_conf();

4. A role for base backups, in psql:
    CREATE ROLE {role} LOGIN REPLICATION PASSWORD '...';
    GRANT EXECUTE ON FUNCTION pg_switch_wal() TO {role};
  and in pg_hba.conf (then reload):
    host replication {role} 127.0.0.1/32 scram-sha-256
    host postgres    {role} 127.0.0.1/32 scram-sha-256

5. {restart}

6. In the shop's .env:
    PITR_DIR={folder}
    PITR_URL=postgres://{role}:PASSWORD@{shop.host or "127.0.0.1"}:{shop.port or "5432"}/postgres

7. Then: manage.py pitr base && manage.py pitr check && manage.py pitr drill
"""


def _took(server: Server, plan: Plan) -> bool:
    return all(
        name in server.pending or name in {"wal_level", "archive_mode"} or _same(server.settings[name], value)
        for name, value in plan.settings.items()
    ) and (not {"wal_level", "archive_mode"} & set(plan.settings) or bool(server.pending) or server.archives)


def _same(current: str, value: str) -> bool:
    return current in {value, value.removesuffix("s")}


def _require_way(folder: Path, account: Account) -> None:
    """Raise BackupRefusedError unless the server's user can enter every folder down to this one."""
    for one in (folder, *folder.parents):
        told = one.stat()
        mode = stat.S_IMODE(told.st_mode)
        if told.st_uid == account.uid:
            open_to_it = mode & 0o100
        elif told.st_gid == account.gid:
            open_to_it = mode & 0o010
        else:
            open_to_it = mode & 0o001
        if not open_to_it and account.uid != 0:
            raise BackupRefusedError(
                f"The server's user (uid {account.uid}) cannot enter {one}: set PITR_DIR elsewhere."
            )
