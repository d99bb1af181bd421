"""What the shop's tables hold, to show that a refusal wrote nothing at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.apps import apps
from django.db import connection
from psycopg import sql

APPS = ("config", "shop", "orders", "payments")
"""The apps whose constraints are tried one by one."""
EVERY_APP = (*APPS, "monitoring", "backups")


def table_names(apps_: tuple[str, ...] = APPS) -> list[str]:
    """Return the tables of the shop's own models, those between many-to-many relations included."""
    models = [model for app in apps_ for model in apps.get_app_config(app).get_models(include_auto_created=True)]
    return sorted(model._meta.db_table for model in models)


def all_rows() -> dict[str, list[Any]]:
    """Return every row of every table of the shop, as this connection sees them."""
    rows = {}
    with connection.cursor() as cursor:
        for table in table_names(EVERY_APP):
            cursor.execute(sql.SQL("SELECT to_jsonb(t)::text FROM {} t ORDER BY 1").format(sql.Identifier(table)))
            rows[table] = [row for (row,) in cursor.fetchall()]
    return rows


@contextmanager
def nothing_written() -> Iterator[None]:
    """Check that every row of every table is the same after the block as before."""
    before = all_rows()
    yield
    assert all_rows() == before
