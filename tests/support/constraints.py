"""Taking a constraint away for a while, to see what happens where the schema no longer forbids it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DatabaseError, connection, transaction


@contextmanager
def without(table: str, *names: str) -> Iterator[None]:
    """Drop constraints and unique indexes of a table while the block runs; put them back as they were.

    Rows that break them when the block ends must be gone or right again, else they come back unvalidated.
    """
    definitions = {name: _drop(table, name) for name in names}
    try:
        yield
    finally:
        for name, (kind, definition) in definitions.items():
            _restore(table, name, kind, definition)


def _drop(table: str, name: str) -> tuple[str, str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = %s", [name])
        if row := cursor.fetchone():
            cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
            return "constraint", row[0]
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = %s", [name])
        definition = cursor.fetchone()[0]
        cursor.execute(f"DROP INDEX {name}")
        return "index", definition


def _restore(table: str, name: str, kind: str, definition: str) -> None:
    with connection.cursor() as cursor:
        if kind == "index":
            cursor.execute(definition)
            return
        try:
            with transaction.atomic():
                cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
        except DatabaseError:
            cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition} NOT VALID")
