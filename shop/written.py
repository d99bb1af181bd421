"""Queries whose SQL is written once: Django takes longer to write a list's SQL than PostgreSQL to answer it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import QuerySet

Rows = tuple[tuple[Any, ...], ...]


@dataclass(frozen=True)
class Written:
    """A query as text with its parameters; it reads the database anew each time it is run."""

    sql: str
    params: tuple[Any, ...]

    def rows(self) -> Rows:
        """Run it."""
        return fetch(self.sql, self.params)


def written(query: QuerySet[Any, Any]) -> Written:
    """Return the SQL of a ``values_list`` query. Keep it (``functools.cache``) under everything the query depends on.

    Columns come as the database gives them; JSON stays text.
    """
    sql, params = query.query.sql_with_params()
    return Written(sql, tuple(params))


def fetch(sql: str, params: Sequence[Any]) -> Rows:
    """Return the rows of one statement."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return tuple(cursor.fetchall())
