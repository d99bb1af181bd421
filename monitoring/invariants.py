"""Asking the laws: all rows in one snapshot, or lightly the newest ones, which is what a monitor can afford."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from monitoring.laws import LAWS, Law

ROWS_SHOWN = 5

__all__ = ["LAWS", "Broken", "Law", "Violation", "check_invariants", "rows_breaking"]


@dataclass(frozen=True)
class Broken:
    """One row that breaks a law: its id, and words that name it."""

    id: int
    words: str


@dataclass(frozen=True)
class Violation:
    """A law that does not hold, with the first rows that break it."""

    law: Law
    count: int
    rows: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.law.number} {self.law.says}: {self.count} × (first: {'; '.join(self.rows)})"


def check_invariants(laws: Iterable[Law] = LAWS) -> list[Violation]:
    """Return every law that does not hold just now. Changes nothing; one snapshot when not inside a transaction."""
    if connection.in_atomic_block:
        return list(_violations(laws))
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            # A recount of years takes longer than a customer would wait.
            cursor.execute("SET LOCAL statement_timeout = '300s'")
        return list(_violations(laws))


def rows_breaking(query: str, params: Mapping[str, Any], *, limit: int) -> tuple[list[Broken], int]:
    """Return the first rows that a law's query finds, and how many it finds."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT found.*, count(*) OVER () FROM ({query}) AS found (id, words) LIMIT {int(limit)}",  # noqa: S608
            dict(params),
        )
        rows = cursor.fetchall()
    return [Broken(row[0], str(row[1])) for row in rows], rows[0][2] if rows else 0


def _violations(laws: Iterable[Law]) -> Iterator[Violation]:
    for law in laws:
        rows, count = rows_breaking(law.everywhere(), {}, limit=ROWS_SHOWN)
        if rows:
            yield Violation(law, count, tuple(row.words for row in rows))
