"""A whole shop on a real server, a good backup of it, and an operator with nothing but commands."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from backups.lock import held
from backups.making import back_up
from backups.manifest import Manifest
from backups.storage import Store
from backups.target import Target
from tests.backups.conftest import load
from tests.support.backups import ShopServer, drop_databases
from tests.support.operator import Operator, nobody_shows

TEMPLATE = "template_whole"
ROWS = 2000


@pytest.fixture(autouse=True)
def no_secret_in_an_argument(shop_server: ShopServer) -> Iterator[None]:
    """Watch every process of every drill."""
    with nobody_shows(shop_server.password):
        yield


@pytest.fixture(scope="session")
def whole_template(shop_server: ShopServer) -> Target:
    """Return a database with all tables of the shop and some rows; nobody changes it."""
    with psycopg.connect(shop_server.admin_url, autocommit=True) as session:
        session.execute(sql.SQL("CREATE DATABASE {} OWNER shop").format(sql.Identifier(TEMPLATE)))
    load(shop_server, TEMPLATE)
    fill_sessions(shop_server.url_of(TEMPLATE))
    return shop_server.target(TEMPLATE)


def fill_sessions(url: str) -> None:
    """Write the rows that drills count."""
    with psycopg.connect(url, autocommit=True) as session:
        session.execute(
            "INSERT INTO django_session SELECT 'key-' || n, repeat(md5(n::text), 20), now() + interval '30 days'"
            " FROM generate_series(1, %s) n",
            [ROWS],
        )


@pytest.fixture(scope="session")
def whole_backup_made(whole_template: Target, tmp_path_factory: pytest.TempPathFactory) -> tuple[Store, Manifest]:
    """Return a verified backup of the whole shop; nobody changes it."""
    store = Store(tmp_path_factory.mktemp("whole") / "backups")
    store.prepare()
    with held(store.folder, whole_template):
        return store, back_up(whole_template, store)


@pytest.fixture
def whole_backup(whole_backup_made: tuple[Store, Manifest], store: Store) -> Manifest:
    """Return that backup in the test's own folder."""
    source, manifest = whole_backup_made
    for path in source.folder.glob(f"{manifest.name}.*"):
        shutil.copy2(path, store.folder / path.name)
    return manifest


@pytest.fixture
def live(shop_server: ShopServer, whole_template: Target) -> Iterator[Target]:
    """Return a copy of the whole shop; it and whatever was made beside it is dropped afterwards."""
    name = shop_server.new_name()
    with psycopg.connect(shop_server.admin_url, autocommit=True) as session:
        session.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER shop").format(
                sql.Identifier(name), sql.Identifier(whole_template.name)
            )
        )
    yield shop_server.target(name)
    drop_databases(shop_server, name)


@pytest.fixture
def operator(shop_server: ShopServer, store: Store, tmp_path: Path) -> Callable[[Target], Operator]:
    """Return a maker of operators: one works on one database."""
    return lambda target: Operator(shop_server, target, store, tmp_path / "data")
