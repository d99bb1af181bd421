"""Empty the database of a test that committed, as Django's ``flush`` does, for a twentieth of its work.

Django truncates every table, which gives each one and each of its indexes a new file, and then makes all content types
and permissions anew. A test fills a dozen tables with a few rows: they are deleted, and the content types and
permissions that the migrations made stay, unless the test has changed them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import LiteralString

from django.apps import apps
from django.contrib.auth.management import _get_all_permissions  # type: ignore[attr-defined]
from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import sql

# Their rows are a matter of the code, like the tables themselves.
OF_THE_CODE = frozenset({"django_content_type", "auth_permission"})


@dataclass(frozen=True)
class Tables:
    """The tables of a database, and those among them with triggers of our own, which may refuse a DELETE."""

    names: tuple[str, ...]
    guarded: frozenset[str]


def empty(connection: BaseDatabaseWrapper) -> bool:
    """Delete the rows of every table; return False, with nothing done, when that would not be what ``flush`` leaves.

    Takes the locks that TRUNCATE takes: a transaction that a test left open is waited for and then fails the test,
    and no row of it comes later.
    """
    tables = _tables(connection)
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        cursor.execute(sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(_list(tables.names)))
        if _rows_of_the_code(connection) != _expected_rows_of_the_code():
            return False
        filled = _filled(connection, [name for name in tables.names if name not in OF_THE_CODE])
        if not filled:
            return True
        guarded = [name for name in filled if name in tables.guarded]
        cursor.execute(
            sql.SQL(";").join(
                [
                    *(_statement("ALTER TABLE {} DISABLE TRIGGER USER", name) for name in guarded),
                    *(_statement("DELETE FROM {}", name) for name in filled),
                    # Foreign keys are checked at the end otherwise, and an ALTER TABLE does not wait for that.
                    sql.SQL("SET CONSTRAINTS ALL IMMEDIATE"),
                    *(_statement("ALTER TABLE {} ENABLE TRIGGER USER", name) for name in guarded),
                ],
            ),
        )
    return True


def _statement(text: LiteralString, table: str) -> sql.Composed:
    return sql.SQL(text).format(sql.Identifier(table))


def _list(names: tuple[str, ...]) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(name) for name in names)


def _filled(connection: BaseDatabaseWrapper, names: list[str]) -> list[str]:
    """Return the tables that hold a row."""
    probes = [sql.SQL("(SELECT {} FROM {} LIMIT 1)").format(sql.Literal(name), sql.Identifier(name)) for name in names]
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL(" UNION ALL ").join(probes))
        return [name for (name,) in cursor.fetchall()]


_known: dict[str, Tables] = {}


def _tables(connection: BaseDatabaseWrapper) -> Tables:
    """Look the tables up once for each database: no test changes them for good."""
    database = str(connection.settings_dict["NAME"])
    if database not in _known:
        with connection.cursor() as cursor:
            cursor.execute("SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal")
            guarded = frozenset(name for (name,) in cursor.fetchall())
        names = connection.introspection.django_table_names(only_existing=True, include_views=False)
        _known[database] = Tables(tuple(sorted(names)), guarded)
    return _known[database]


def _rows_of_the_code(connection: BaseDatabaseWrapper) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT concat_ws('.', c.app_label, c.model, p.codename, p.name)"
            "  FROM django_content_type c LEFT JOIN auth_permission p ON p.content_type_id = c.id",
        )
        return sorted(row for (row,) in cursor.fetchall())


@cache
def _expected_rows_of_the_code() -> list[str]:
    """Return what ``migrate`` makes for the models of the code."""
    return sorted(
        ".".join((model._meta.app_label, str(model._meta.model_name), *permission))
        for model in apps.get_models()
        for permission in _get_all_permissions(model._meta) or [()]  # a type without permissions is a row all the same
    )
