"""Start, stop and share the server of one data folder."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from config.embedded_postgres import account, binaries, cluster, postmaster
from config.embedded_postgres.errors import EmbeddedPostgresError
from config.embedded_postgres.state import Credentials, State

_PORT_TRIES = 5


def start(data_dir: Path, *, throw_away: bool = False) -> str:
    """Make sure that the server of ``data_dir`` is up, and return its DATABASE_URL. It stays up until ``stop()``.

    Safe to call from several processes at once: one does it, the others wait and get the same answer.
    ``throw_away`` makes a cluster that gives up durability for speed and dies with the calling process; the kind of a
    cluster is fixed when it is made. Raises EmbeddedPostgresUnavailableError, EmbeddedPostgresError.
    """
    return _start(data_dir, throw_away=throw_away)[0]


def stop(data_dir: Path) -> bool:
    """Shut the server of ``data_dir`` down, whoever uses it; return whether there was one to stop."""
    state = State(data_dir)
    if not state.folder.is_dir():
        return False
    with state.locked():
        data = account.home_for(state.folder) / "data"
        found = postmaster.find_running(data)
        if found:
            postmaster.stop(found.pid, data)
        state.withdraw()
    return found is not None


@contextmanager
def running(data_dir: Path, *, throw_away: bool = False) -> Iterator[str]:
    """Keep the server up inside the block. The last one to leave stops it, if it was such a block that started it.

    So a command run beside `make run` does not take its database away, nor the other way round; a server started with
    ``start()`` stays. A user who is killed counts as gone; the server is then left for the next one.
    """
    state = State(data_dir)
    state.create()
    handle = state.join_users()
    try:
        url, started = _start(data_dir, throw_away=throw_away)
        if started:
            state.leased_mark.touch()
        yield url
    finally:
        try:
            if state.is_last_user(handle) and state.leased_mark.exists():
                stop(data_dir)
        finally:
            os.close(handle)


def destroy(data_dir: Path) -> None:
    """Stop the server and remove the cluster with everything in it, wherever its files are."""
    state = State(data_dir)
    if not state.folder.is_dir():
        return
    stop(data_dir)
    home = account.home_for(state.folder)
    shutil.rmtree(home, ignore_errors=True)
    shutil.rmtree(state.folder, ignore_errors=True)


def home(data_dir: Path) -> Path:
    """Return the folder with the server's own files: ``data`` and ``server.log``."""
    return account.home_for(State(data_dir).folder)


def programs(data_dir: Path) -> Path:
    """Return the folder of PostgreSQL's programs (pg_dump, psql, ...), readable for the server's user too.

    Raises EmbeddedPostgresUnavailableError.
    """
    found = binaries.find()
    if os.geteuid() != 0 or binaries.can_be_entered_by_others(found):
        return found
    return binaries.readable_copy(found, account.private_base())


def _start(data_dir: Path, *, throw_away: bool) -> tuple[str, bool]:
    """Return the URL, and whether it was this call that started the server."""
    found = binaries.find()
    state = State(data_dir)
    state.create()
    with state.locked():
        home = account.home_for(state.folder)
        credentials = state.credentials() if cluster.exists(home) else None
        if credentials:
            _check_kind(credentials, throw_away=throw_away, folder=state.folder)
            if postmaster.wait_until_ready(home / "data"):
                return state.announce(credentials), False
        state.withdraw()
        owner = account.account_for(home)
        account.make_home(home, owner)
        readable = programs(data_dir) if os.geteuid() == 0 else found
        if credentials is None:
            if cluster.exists(home):
                credentials = _new_passwords(readable, home, owner, state, throw_away=throw_away)
            else:
                credentials = cluster.create(readable, home, owner, state, throw_away=throw_away)
        return state.announce(_launch(readable, home, owner, state, credentials)), True


def _launch(readable: Path, home: Path, owner: account.Account, state: State, credentials: Credentials) -> Credentials:
    """Start on the port of last time or on another free one; a port can be lost between looking and listening."""
    for attempt in range(_PORT_TRIES):
        before, credentials = credentials, cluster.with_free_port(credentials)
        if credentials != before:
            state.store_credentials(credentials)
        cluster.configure(home, owner, credentials)
        try:
            postmaster.launch(
                readable, home / "data", owner, log=home / "server.log", die_with_us=credentials.throw_away
            )
        except EmbeddedPostgresError as error:
            if "could not bind" not in str(error) or attempt == _PORT_TRIES - 1:
                raise
        else:
            break
    return credentials


def _new_passwords(
    readable: Path, home: Path, owner: account.Account, state: State, *, throw_away: bool
) -> Credentials:
    """The cluster is there, its credentials file is lost: give the roles new passwords."""
    if postmaster.find_running(home / "data"):
        raise EmbeddedPostgresError(
            f"The server in {home} is up, but {state.credentials_file} is gone. Stop that server, then start again.",
        )
    credentials = cluster.fresh_credentials(throw_away=throw_away)
    cluster.configure(home, owner, credentials)
    cluster.set_up_roles(readable, home, owner, credentials)
    state.store_credentials(credentials)
    return credentials


def _check_kind(credentials: Credentials, *, throw_away: bool, folder: Path) -> None:
    if credentials.throw_away != throw_away:
        kind = "a throw-away cluster" if credentials.throw_away else "a durable cluster"
        raise EmbeddedPostgresError(f"{folder} holds {kind} and cannot be started as the other kind.")
