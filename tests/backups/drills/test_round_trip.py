"""What comes back is what was backed up, row by row, while customers go on; and the way back is open."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator

import psycopg
import pytest
from psycopg import sql

from backups.target import Target
from tests.backups.conftest import load
from tests.support import history
from tests.support.backups import ShopServer, change, drop_databases, value
from tests.support.embedded import ROOT
from tests.support.operator import Operator, assert_said
from tests.support.writing_client import OUTAGE_S, TICKS, WritingClient, make_ticks, ticks

pytestmark = pytest.mark.drills

ORDERS = int(os.environ.get("DRILL_ORDERS", "30000"))
CHANGED_BY_THE_SWAP = {"shop_sitestate", "backups_backuprun"}
_TABLES = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1"
# Another hash than the one in manifests: this is about the rows, not about agreeing with ourselves.
_CONTENT = """
    SELECT count(*), coalesce(sum(('x' || left(md5(t::text), 12))::bit(48)::bigint), 0)
      FROM {} t
"""


def contents(target: Target, *, without: set[str]) -> dict[str, tuple[int, int]]:
    """Return rows and a hash of every table's contents."""
    found = {}
    with target.connect() as session:
        for (table,) in session.execute(_TABLES).fetchall():
            if table not in without:
                row = session.execute(sql.SQL(_CONTENT).format(sql.Identifier(table))).fetchone()
                assert row is not None
                found[table] = (row[0], int(row[1]))
    return found


@pytest.fixture
def empty_shop(shop_server: ShopServer) -> Iterator[Target]:
    """Return a database of its own, without tables."""
    name = shop_server.new_name()
    with psycopg.connect(shop_server.admin_url, autocommit=True) as session:
        session.execute(sql.SQL("CREATE DATABASE {} OWNER shop").format(sql.Identifier(name)))
    yield shop_server.target(name)
    drop_databases(shop_server, name)


def test_the_demo_shop_comes_back_as_it_was(
    empty_shop: Target, shop_server: ShopServer, operator: Callable[[Target], Operator]
) -> None:
    environment = os.environ | shop_server.environment(empty_shop.name)
    for words in (("migrate", "-v0"), ("seed_demo",)):
        subprocess.run(
            [sys.executable, "-W", "ignore", "manage.py", *words],
            cwd=ROOT, env=environment, check=True, capture_output=True,
        )  # fmt: skip
    before = contents(empty_shop, without=CHANGED_BY_THE_SWAP)
    someone = operator(empty_shop)
    assert someone.run("backup_db").code == 0
    with empty_shop.connect() as session:
        session.execute("UPDATE shop_product SET name = 'salah', description = ''")
        session.execute("DELETE FROM shop_address")

    done = someone.restore("--latest")

    assert done.code == 0, done.said
    assert len(before) > 30
    assert contents(empty_shop, without=CHANGED_BY_THE_SWAP) == before
    assert value(empty_shop, "SELECT count(*) FROM backups_backuprun") == len(someone.store.manifests()) == 2


def test_a_law_that_does_not_hold_in_what_was_restored_is_told_with_code_3(
    live: Target, operator: Callable[[Target], Operator]
) -> None:
    """Goods that the ledger does not know: as they were backed up, so they came back."""
    with live.connect() as session:
        session.execute("INSERT INTO shop_category (name, slug, description, position) VALUES ('Rak', 'rak', '', 1)")
        session.execute(
            "INSERT INTO shop_product (category_id, name, slug, tagline, description, details, is_active, created_at,"
            " updated_at) SELECT id, 'Kain', 'kain', '', '', '[]', true, now(), now() FROM shop_category"
        )
        session.execute(
            "INSERT INTO shop_variant (product_id, sku, name, options, swatch, price, weight, on_hand, reserved,"
            " is_active, position) SELECT id, 'KAIN', '', '{}', '', 1000, 1, 7, 0, true, 0 FROM shop_product"
        )
    someone = operator(live)
    assert someone.run("backup_db").code == 0

    done = someone.restore("--latest", "--no-safety-backup")

    assert done.code == 3, done.said
    assert_said("Restored .* but manage.py check_invariants does not pass", done.err)
    assert_said("KAIN", done.err)
    assert value(live, "SELECT on_hand FROM shop_variant") == 7


def test_many_orders_come_back_while_customers_go_on(
    empty_shop: Target,
    shop_server: ShopServer,
    operator: Callable[[Target], Operator],
    record_property: Callable[[str, object], None],
) -> None:
    """30,000 of them; ``DRILL_ORDERS=300000`` by hand takes the history of a big shop, and minutes."""
    load(shop_server, empty_shop.name)
    with empty_shop.connect() as session:
        history.fill(
            session.cursor(), orders=ORDERS, users=ORDERS // 5, products=ORDERS // 30, with_notifications=False
        )
    make_ticks(empty_shop)
    changing = CHANGED_BY_THE_SWAP | {TICKS}
    before = contents(empty_shop, without=changing)
    someone = operator(empty_shop)
    with WritingClient(empty_shop) as customer:
        assert someone.run("backup_db").code == 0
        change(empty_shop, "UPDATE orders_order SET note = 'salah' WHERE id % 3 = 0")
        restored = someone.restore("--latest", "--no-safety-backup")
    assert restored.code == 0, restored.said
    assert before["orders_order"][0] == ORDERS
    assert contents(empty_shop, without=changing) == before
    record_property("restore", customer.account)
    assert 0 < customer.longest_outage_s <= OUTAGE_S, customer.account

    here = ticks(empty_shop)
    with WritingClient(empty_shop, first=1_000_000) as another:
        undone = someone.restore("--undo")
    assert undone.code == 0, undone.said
    assert value(empty_shop, "SELECT count(*) FROM orders_order WHERE note = 'salah'") == ORDERS // 3
    assert set(customer.confirmed) <= here | ticks(empty_shop), "a confirmed write is in neither database"
    record_property("undo", another.account)
    assert 0 < another.longest_outage_s <= OUTAGE_S, another.account
