"""A PostgreSQL of these tests' own, with a small shop in it that each test gets a copy of."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo
from pytest_django import Settings

from backups import programs
from backups.lock import held
from backups.making import back_up
from backups.manifest import Manifest
from backups.storage import Store
from backups.target import Target, shop_database
from config import embedded_postgres
from tests.support import s3
from tests.support.backups import ShopServer, drop_databases
from tests.support.embedded import ROOT, data_folder

SMALL = ("config_outgoingmail", "django_migrations", "django_session", "shop_sitestate")


@pytest.fixture(scope="session")
def shop_server(django_db_setup: None) -> Iterator[ShopServer]:
    """Return a throw-away server whose database ``template_shop`` has some of the shop's tables and some rows.

    Its record of migrations is whole, so a restore applies none. Few tables, because every table costs every test time.
    """
    with data_folder() as folder:
        url = embedded_postgres.start(folder, throw_away=True)
        server = ShopServer(url, embedded_postgres.superuser_url(folder) or "", folder=folder)
        with psycopg.connect(server.admin_url, autocommit=True) as session:
            session.execute("CREATE DATABASE template_shop OWNER shop")
        server.archive = _whole_shop(server)
        load(server, "template_shop", *(f"--table={table}" for table in SMALL))
        with psycopg.connect(server.url_of("template_shop"), autocommit=True) as session:
            session.execute("ALTER TABLE django_session ADD PRIMARY KEY (session_key)")
            session.execute(
                "INSERT INTO django_session SELECT 'key-' || n, repeat(md5(n::text), 20), now() + interval '30 days'"
                " FROM generate_series(1, 2000) n"
            )
            session.execute('CREATE TABLE "odd ""table" (id serial PRIMARY KEY, note text CHECK (note <> \'\'))')
            session.execute("INSERT INTO \"odd \"\"table\" (note) VALUES ('satu'), ('dua'), (E'tiga\\n\\\\.')")
            session.execute('CREATE VIEW notes AS SELECT note FROM "odd ""table"')
        yield server


def _whole_shop(server: ShopServer) -> bytes:
    """Return a dump of the session's test database; when no test of the session needs one, of a migrated one."""
    source = shop_database()
    if not source.name.startswith("test_"):
        source = server.target("postgres").at("migrated")
        with psycopg.connect(server.admin_url, autocommit=True) as session:
            session.execute("CREATE DATABASE migrated OWNER shop")
        environment = os.environ | server.environment(source.name)
        subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, env=environment, check=True)
    pg_dump, _ = programs.find("pg_dump", server=18)
    with source.environment() as env:
        return subprocess.run([pg_dump, "-Fc", "-Z0"], env=env, capture_output=True, check=True).stdout


def load(server: ShopServer, name: str, *options: str) -> None:
    """Restore the whole shop, or the part that ``options`` name, into an empty database."""
    pg_restore, _ = programs.find("pg_restore", server=18)
    target = server.target(name)
    with target.environment() as env:
        argv = [str(pg_restore), "--exit-on-error", "--no-owner", f"--dbname={make_conninfo(dbname=name)}", *options]
        subprocess.run(argv, env=env, input=server.archive, check=True)


@pytest.fixture
def whole_shop(shop_server: ShopServer) -> Iterator[Target]:
    """Return a database with all tables of the shop and none of its rows."""
    name = shop_server.new_name()
    with psycopg.connect(shop_server.admin_url, autocommit=True) as session:
        session.execute(sql.SQL("CREATE DATABASE {} OWNER shop").format(sql.Identifier(name)))
    load(shop_server, name)
    yield shop_server.target(name)
    drop_databases(shop_server, name)


@pytest.fixture
def shop(shop_server: ShopServer) -> Iterator[Target]:
    """Return a fresh copy of the small shop; it and whatever was made beside it is dropped afterwards."""
    name = shop_server.new_name()
    with psycopg.connect(shop_server.admin_url, autocommit=True) as session:
        session.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template_shop OWNER shop").format(sql.Identifier(name)))
    yield shop_server.target(name)
    drop_databases(shop_server, name)


@pytest.fixture
def store(tmp_path: Path, settings: Settings) -> Store:
    """Return an empty folder for backups."""
    settings.DATA_DIR = tmp_path / "data"
    settings.BACKUP_DIR = tmp_path / "backups"
    found = Store(settings.BACKUP_DIR)
    found.prepare()
    return found


@pytest.fixture(scope="session")
def quiet_shop(shop_server: ShopServer) -> Target:
    """Return the small shop itself, for tests that change nothing in it: a copy costs a second."""
    return shop_server.target("template_shop")


@pytest.fixture(scope="session")
def first_backup(quiet_shop: Target, tmp_path_factory: pytest.TempPathFactory) -> tuple[Store, Manifest]:
    """Return a verified backup of the quiet shop; nobody changes it."""
    store = Store(tmp_path_factory.mktemp("first") / "backups")
    store.prepare()
    with held(store.folder, quiet_shop):
        return store, back_up(quiet_shop, store)


@pytest.fixture
def backup(first_backup: tuple[Store, Manifest], store: Store) -> Manifest:
    """Return a verified backup of the quiet shop, in the test's own folder."""
    source, manifest = first_backup
    for path in source.folder.glob(f"{manifest.name}.*"):
        shutil.copy2(path, store.folder / path.name)
    return manifest


@pytest.fixture(scope="session")
def s3_url() -> Iterator[str]:
    """Return the address of an S3 that answers over HTTP."""
    with s3.server() as url:
        yield url
