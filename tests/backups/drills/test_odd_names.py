"""A database may be called anything that PostgreSQL allows: no name is ever read as an option, an address or SQL."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql
from pytest_django import DjangoDbBlocker, Settings

from backups.lock import held
from backups.making import back_up
from backups.restore import look, newest_replaced, refuse_unfit, restore, undo
from backups.storage import Store
from backups.target import Target
from tests.support.backups import ShopServer, change, drop_databases, value

pytestmark = pytest.mark.drills

NAMES = [
    "-h 127.0.0.2",
    "postgresql://elsewhere:1/shop?user=root",
    "host=elsewhere dbname=shop",
    "it's \\ %s {x} $1 ; --",
    "ünïcödé " + "é" * 27,  # 63 bytes and a few: as long as a name can be
]


@pytest.fixture(params=NAMES)
def oddly_named(request: pytest.FixtureRequest, shop_server: ShopServer) -> Iterator[Target]:
    """Return a copy of the small shop under such a name."""
    name = request.param.encode()[:63].decode(errors="ignore")
    with psycopg.connect(shop_server.admin_url, autocommit=True) as session:
        session.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template_shop OWNER shop").format(sql.Identifier(name)))
    yield shop_server.target(name)
    drop_databases(shop_server, name[:20])


def test_an_odd_name_makes_the_round_trip_and_the_way_back(
    oddly_named: Target, store: Store, settings: Settings, django_db_blocker: DjangoDbBlocker
) -> None:
    settings.BACKUP_BEFORE_SWAP = []
    with held(store.folder, oddly_named), django_db_blocker.unblock():
        manifest = back_up(oddly_named, store)
        change(oddly_named, "DELETE FROM django_session")
        refuse_unfit(manifest, oddly_named, migrate=True)
        restore(manifest, store, oddly_named, own=store, live=look(oddly_named), safety=False)
        came_back = value(oddly_named, "SELECT count(*) FROM django_session")
        undo(oddly_named, newest_replaced(oddly_named))

    assert came_back == 2000
    assert value(oddly_named, "SELECT count(*) FROM django_session") == 0
    assert [one.name for one in store.manifests(oddly_named.name)] == [manifest.name]
    assert not manifest.name.startswith("-"), "it could not be named on a command line"
