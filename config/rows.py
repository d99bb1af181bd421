"""Rows as objects of their model without a QuerySet: for the few reads and locks that every order or payment makes.

Building a QuerySet's SQL costs several times the statement itself. The objects are the same ones that
``Model.objects`` gives; a test compares them.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, TypeVar

from django.db import connection
from django.db.models import Model
from django.db.transaction import TransactionManagementError

M = TypeVar("M", bound=Model)


def rows_of(model: type[M], condition: str, params: Sequence[Any]) -> list[M]:
    """Return the objects whose rows meet ``condition``, which may go on with ORDER BY."""
    select, names, converters = _shape(model)
    with connection.cursor() as cursor:
        cursor.execute(f"{select} WHERE {condition}", params)
        rows = [list(row) for row in cursor.fetchall()]
    for row in rows:
        for at, convert in converters:
            row[at] = convert(row[at], None, connection)
    return [model.from_db(connection.alias, names, row) for row in rows]


def lock_rows(model: type[M], condition: str, params: Sequence[Any]) -> list[M]:
    """Lock the rows that meet ``condition`` FOR NO KEY UPDATE in id order and return them as they stand then.

    Raises TransactionManagementError outside a transaction, where the lock would end at once.
    """
    if not connection.in_atomic_block:
        raise TransactionManagementError("lock_rows() needs a transaction.")
    table, pk = (connection.ops.quote_name(name) for name in (model._meta.db_table, str(model._meta.pk.column)))
    return rows_of(model, f"{condition} ORDER BY {table}.{pk} FOR NO KEY UPDATE", params)


@cache
def _shape(model: type[Model]) -> tuple[str, list[str], list[tuple[int, Any]]]:
    """Return the SELECT of all columns, their attributes, and what turns stored values into the fields' own."""
    fields = model._meta.concrete_fields
    columns = ", ".join(connection.ops.quote_name(str(field.column)) for field in fields)
    converters = [(at, convert) for at, field in enumerate(fields) for convert in field.get_db_converters(connection)]
    table = connection.ops.quote_name(model._meta.db_table)
    return f"SELECT {columns} FROM {table}", [field.attname for field in fields], converters  # noqa: S608
