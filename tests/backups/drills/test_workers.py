"""PostgreSQL's own workers come to a database that was just restored, and an ordinary role may not end them."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

import psycopg
import pytest

from backups import database
from backups.target import Target
from tests.support.backups import ShopServer, databases

pytestmark = pytest.mark.drills

WAIT_S = 30


@pytest.fixture
def busy(shop_server: ShopServer, live: Target) -> Iterator[Target]:
    """Return a database in which autovacuum is at work and will be for long."""
    with psycopg.connect(shop_server.admin_url, autocommit=True) as admin:
        admin.execute("ALTER SYSTEM SET autovacuum_naptime = '1s'")
        admin.execute("SELECT pg_reload_conf()")
        try:
            with psycopg.connect(shop_server.url_of(live.name), autocommit=True) as session:
                session.execute(
                    "CREATE TABLE chewed (n int, filling text) WITH (autovacuum_vacuum_cost_delay = 100,"
                    " autovacuum_vacuum_cost_limit = 1, autovacuum_vacuum_threshold = 1)"
                )
                session.execute("INSERT INTO chewed SELECT n, repeat('x', 500) FROM generate_series(1, 20000) n")
                session.execute("UPDATE chewed SET n = n + 1")
            assert is_at_work(admin, live.name)
            yield live
        finally:
            admin.execute("ALTER SYSTEM RESET autovacuum_naptime")
            admin.execute("SELECT pg_reload_conf()")


def is_at_work(admin: psycopg.Connection, name: str) -> bool:
    until = time.monotonic() + WAIT_S
    while time.monotonic() < until:
        found = admin.execute(
            "SELECT 1 FROM pg_stat_activity WHERE datname = %s AND backend_type = 'autovacuum worker'"
            " AND query LIKE '%%chewed%%'",  # this one takes minutes; others look around and leave
            [name],
        ).fetchone()
        if found:
            return True
        time.sleep(0.05)  # nothing tells when a worker begins
    return False


def test_a_database_is_dropped_although_autovacuum_works_in_it_and_somebody_is_connected(
    busy: Target, shop_server: ShopServer
) -> None:
    with psycopg.connect(shop_server.url_of(busy.name)) as somebody:
        with contextlib.closing(busy.connect_for_maintenance()) as session:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):  # what FORCE alone would do
                session.execute(f'DROP DATABASE "{busy.name.replace(chr(34), chr(34) * 2)}" WITH (FORCE)')

            database.drop(session, busy.name)

        with pytest.raises(psycopg.OperationalError):
            somebody.execute("SELECT 1")
    assert databases(shop_server, busy.name) == []


def test_the_databases_are_swapped_although_autovacuum_works_in_the_new_one(
    busy: Target, shop_server: ShopServer
) -> None:
    live = busy.at(shop_server.new_name())

    database.swap(live, new=busy.name, old=database.name_beside(live.name, database.OLD))

    assert databases(shop_server, live.name) == [live.name]
    with contextlib.closing(live.connect_for_maintenance()) as session:
        database.drop(session, live.name)
