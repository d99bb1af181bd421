"""The laws after a test: one short question to the database, and the long answer only when one of them is broken."""

from __future__ import annotations

from weakref import WeakSet

from django.db import connection

from monitoring.invariants import LAWS, Violation, check_invariants

# Planning them all takes ten times as long as running them on a test's few rows, so they are planned once.
_PREPARE = "PREPARE tests_laws_broken AS SELECT " + " OR ".join(f"EXISTS ({law.everywhere()})" for law in LAWS)
_EXECUTE = "EXECUTE tests_laws_broken"
_prepared: WeakSet[object] = WeakSet()


def broken_laws() -> list[Violation]:
    """Return what ``check_invariants`` returns. A law that is broken only for a moment is an AssertionError."""
    connection.ensure_connection()
    with connection.cursor() as cursor:
        if connection.connection not in _prepared:
            cursor.execute(_PREPARE, {})  # as the queries are written: with % doubled
            _prepared.add(connection.connection)
        cursor.execute(_EXECUTE)
        (broken,) = cursor.fetchone()
    if not broken:
        return []
    violations = check_invariants()
    assert violations, "a law was broken, and no longer: something still works on the database after the test"
    return violations
