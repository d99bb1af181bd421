"""One cluster: its files, settings, roles and database, made so that a half-made one is never taken for a whole."""

from __future__ import annotations

import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from config.embedded_postgres import postmaster
from config.embedded_postgres.account import Account, account_for_initdb
from config.embedded_postgres.errors import EmbeddedPostgresError
from config.embedded_postgres.state import Credentials, State, write_private
from config.processes import die_with_parent, free_port, port_is_free

MAJOR_VERSION = "18"
_HBA = """\
# Written by config.embedded_postgres. Passwords only, this machine only.
host all         all 127.0.0.1/32 scram-sha-256
host replication all 127.0.0.1/32 scram-sha-256
"""
_SETTINGS = """\
# Written by config.embedded_postgres at every start that changes it; your own settings: ALTER SYSTEM.
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = ''
max_connections = 200
shared_buffers = 128MB
password_encryption = scram-sha-256
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] %q%u@%d %a '
lc_messages = 'C'
wal_level = replica
max_wal_size = 512MB
fsync = {durable}
synchronous_commit = {durable}
full_page_writes = {durable}
"""
# A suite connects thousands of times, and many iterations only slow down the guessing of weak passwords: ours are 256
# random bits.
_THROW_AWAY_SETTINGS = """\
scram_iterations = 1
"""
# The same limits as config.databases sets per connection; these also hold psql and whatever else logs in as `shop`.
_ROLE_DEFAULTS = {
    "statement_timeout": "10s",
    "lock_timeout": "3s",
    "idle_in_transaction_session_timeout": "15s",
}


def exists(home: Path) -> bool:
    """Return whether ``home`` holds a finished cluster, and refuse one of another major version."""
    try:
        version = (home / "data" / "PG_VERSION").read_text().strip()
    except FileNotFoundError:
        return False
    if version != MAJOR_VERSION:
        raise EmbeddedPostgresError(
            f"{home / 'data'} was made by PostgreSQL {version}, this is {MAJOR_VERSION}. Restore a backup into a new "
            "data folder (DATA_DIR), or start over with `make reset`.",
        )
    return True


def create(programs: Path, home: Path, account: Account, state: State, *, throw_away: bool) -> Credentials:
    """Make the cluster beside ``home`` and rename it into place when everything in it is done.

    Until then it listens nowhere but on a socket in a private folder. Whatever an interrupted earlier try left is
    removed first.
    """
    for leftover in home.parent.glob(f"{home.name}-new-*"):
        if found := postmaster.find_running(leftover / "data"):
            postmaster.stop(found.pid, leftover / "data")
        _remove(leftover)
    maker = account_for_initdb(account)
    scratch = Path(tempfile.mkdtemp(prefix=f"{home.name}-new-", dir=home.parent))
    try:
        maker.give(scratch)
        _initdb(programs, scratch / "data", maker, throw_away=throw_away)
        account.give_tree(scratch)
        credentials = fresh_credentials(throw_away=throw_away)
        write_private(scratch / "data" / "pg_hba.conf", _HBA, uid_gid=(account.uid, account.gid))
        configure(scratch, account, credentials)
        set_up_roles(programs, scratch, account, credentials)
        state.store_credentials(credentials)
        (scratch / "data").rename(home / "data")
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return credentials


def _remove(folder: Path) -> None:
    """Remove what an interrupted try left; its initdb may go on writing for a moment after its parent was killed.

    What is still there after five seconds is left to the next start.
    """
    until = time.monotonic() + 5
    while folder.exists() and time.monotonic() < until:
        shutil.rmtree(folder, ignore_errors=True)
        if folder.exists():
            time.sleep(0.05)


def configure(home: Path, account: Account, credentials: Credentials) -> None:
    """Write postgresql.conf if it would change."""
    path = home / "data" / "postgresql.conf"
    text = _SETTINGS.format(port=credentials.port, durable="off" if credentials.throw_away else "on")
    if credentials.throw_away:
        text += _THROW_AWAY_SETTINGS
    if path.read_text() != text:
        write_private(path, text, uid_gid=(account.uid, account.gid))


def with_free_port(credentials: Credentials) -> Credentials:
    """Return them with the port of last time, or with another one if that is taken."""
    if port_is_free("127.0.0.1", credentials.port):
        return credentials
    return replace(credentials, port=free_port())


def fresh_credentials(*, throw_away: bool) -> Credentials:
    """Return new random passwords and a free port."""
    return Credentials(
        shop_password=secrets.token_urlsafe(32),
        superuser_password=secrets.token_urlsafe(32),
        port=free_port(),
        throw_away=throw_away,
    )


def set_up_roles(programs: Path, home: Path, account: Account, credentials: Credentials) -> None:
    """Make, or make again, both passwords, the role ``shop`` and its database. Nothing is reachable over TCP.

    Whoever may enter a private folder gets in without a password; that is the server's user and root.
    """
    import psycopg  # only a first start needs it, and importing it takes longer than a later start
    from psycopg import sql

    with (
        _private_socket(programs, home, account) as folder,
        psycopg.connect(
            host=str(folder), port=credentials.port, user="postgres", dbname="postgres", autocommit=True
        ) as connection,
    ):

        def run(statement: str, **parts: sql.Composable) -> None:
            connection.execute(sql.SQL(statement).format(**parts))

        run(
            "ALTER ROLE postgres PASSWORD {password}",
            password=sql.Literal(credentials.superuser_password),
        )
        if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = 'shop'").fetchone():
            run("CREATE ROLE shop")
        run(
            "ALTER ROLE shop LOGIN CREATEDB NOSUPERUSER NOCREATEROLE PASSWORD {password}",
            password=sql.Literal(credentials.shop_password),
        )
        for name, value in _ROLE_DEFAULTS.items():
            run(
                "ALTER ROLE shop SET {name} = {value}",
                name=sql.Identifier(name),
                value=sql.Literal(value),
            )
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = 'shop'").fetchone():
            run("CREATE DATABASE shop OWNER shop")


@contextmanager
def _private_socket(programs: Path, home: Path, account: Account) -> Iterator[Path]:
    """Run the server for a moment, on a socket in a 0700 folder with a short path (107 bytes are the limit)."""
    short = "/tmp" if Path("/tmp").is_dir() else None  # noqa: S108 - mkdtemp
    folder = Path(tempfile.mkdtemp(prefix="shop-pg-", dir=short))
    try:
        trust = folder / "pg_hba.conf"
        trust.write_text("local all postgres trust\n")
        account.give(trust)
        account.give(folder)
        options = (
            "-c",
            "listen_addresses=",
            "-c",
            f"unix_socket_directories={folder}",
            "-c",
            f"hba_file={trust}",
        )
        log = home / "server.log"
        pid = postmaster.launch(programs, home / "data", account, log=log, options=options, die_with_us=True)
        try:
            yield folder
        finally:
            postmaster.stop(pid, home / "data")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _initdb(programs: Path, data: Path, maker: Account, *, throw_away: bool) -> None:
    """Make the files. No password is set here, so the maker's other processes could learn none."""
    process = subprocess.Popen(  # noqa: S603 - our own program and arguments
        [
            str(programs / "initdb"),
            *("-D", str(data), "-U", "postgres", "--auth=reject", "--no-instructions"),
            # PostgreSQL's own C.UTF-8: the same on every machine, whatever its C library thinks of sorting.
            *("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
            *(("--no-sync",) if throw_away else ()),
        ],
        cwd="/",
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C", "HOME": "/"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        umask=0o077,
        start_new_session=True,
        preexec_fn=die_with_parent(signal.SIGTERM),  # noqa: PLW1509
        **maker.switch,
    )
    try:
        said, _ = process.communicate()
    except BaseException:
        process.terminate()
        process.wait()
        raise
    if process.returncode != 0:
        raise EmbeddedPostgresError(f"initdb failed in {data}:\n{said.decode(errors='replace')[-3000:]}")
