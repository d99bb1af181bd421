"""A throw-away cluster of the system's PostgreSQL, for the oldest version we support.

``python -m tests.support.system_postgres 15 -- COMMAND...`` runs COMMAND with DATABASE_URL pointing at it.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from config.embedded_postgres import binaries, postmaster
from config.embedded_postgres.account import Account
from config.processes import free_port


class MissingPostgresError(RuntimeError):
    """The system has no PostgreSQL of that version."""


def programs(version: int) -> Path:
    """Return the folder of the system's programs. Raises MissingPostgresError with the line that installs them."""
    for folder in (Path(f"/usr/lib/postgresql/{version}/bin"), Path(f"/usr/pgsql-{version}/bin")):
        if (folder / "initdb").is_file():
            return folder
    for folder in binaries.find().parents[1].glob("pginstall*/bin"):  # the wheel has a second, older version
        if version_of(folder / "postgres") == version:
            return folder
    raise MissingPostgresError(f"PostgreSQL {version} is not installed: apt-get install postgresql-{version}")


@contextmanager
def cluster(version: int, **settings: str) -> Iterator[str]:
    """Run a cluster without fsync while the block lasts; yield the URL of a role that may create databases.

    The superuser ``postgres`` has the same password. ``settings`` are the server's.
    """
    folder = programs(version)
    owner = account()
    home = Path(tempfile.mkdtemp(prefix=f"shop-pg{version}-"))
    try:
        owner.give(home)
        folder = _enterable(folder, home)
        password, port = secrets.token_urlsafe(24), free_port()
        _initdb(folder, home / "data", owner, password)
        options = {
            "listen_addresses": "127.0.0.1",
            "port": str(port),
            "unix_socket_directories": "",
            "max_connections": "200",
            "fsync": "off",
            "full_page_writes": "off",
            "synchronous_commit": "off",
            **settings,
        }
        argv = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        pid = postmaster.launch(folder, home / "data", owner, log=home / "server.log", options=argv, die_with_us=True)
        try:
            address = f"postgres://postgres:{password}@127.0.0.1:{port}/postgres"
            with psycopg.connect(address, autocommit=True) as connection:
                role = sql.SQL("CREATE ROLE shop LOGIN CREATEDB PASSWORD {}").format(sql.Literal(password))
                connection.execute(role)
                connection.execute("CREATE DATABASE shop OWNER shop")
            yield f"postgres://shop:{password}@127.0.0.1:{port}/shop"
        finally:
            postmaster.stop(pid, home / "data")
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _initdb(folder: Path, data: Path, account: Account, password: str) -> None:
    """Make the files; the password goes through a file of the server's user, read once."""
    password_file = data.parent / "password"
    password_file.touch(mode=0o600)
    password_file.write_text(password)
    account.give(password_file)
    subprocess.run(
        [
            *(str(folder / "initdb"), "-D", str(data), "-U", "postgres", f"--pwfile={password_file}", "--no-sync"),
            *("--auth-local=reject", "--auth-host=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8"),
        ],
        check=True,
        cwd="/",
        stdout=subprocess.DEVNULL,
        **account.switch,
    )
    password_file.unlink()


def version_of(program: Path) -> int:
    """Return a program's major version, 0 when it does not run."""
    said = subprocess.run([str(program), "--version"], capture_output=True, text=True, check=False).stdout
    return int(said.rpartition(" ")[2].partition(".")[0]) if said else 0


def _enterable(folder: Path, home: Path) -> Path:
    """Return programs that the server's user can run: these, or a copy of the wheel's below ``home``."""
    if os.geteuid() != 0 or binaries.can_be_entered_by_others(folder):
        return folder
    site, package = folder.parents[2], folder.parents[1].name
    copy = home / "site" / package / folder.parent.name
    shutil.copytree(folder.parent, copy, symlinks=True, ignore=shutil.ignore_patterns("include", "*.a"))
    if (site / f"{package}.libs").is_dir():
        shutil.copytree(site / f"{package}.libs", home / "site" / f"{package}.libs", symlinks=True)
    return copy / "bin"


def account() -> Account:
    """Return the package's own account when started as root: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid())
    entry = pwd.getpwnam("postgres")
    return Account(entry.pw_uid, entry.pw_gid)


def main(arguments: list[str]) -> int:
    """Run the command after ``--``; return its exit code."""
    version, _, *command = arguments
    try:
        with cluster(int(version)) as url:
            return subprocess.run(command, env={**os.environ, "DATABASE_URL": url}, check=False).returncode
    except MissingPostgresError as error:
        print(error, file=sys.stderr)  # noqa: T201 - a command line
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
