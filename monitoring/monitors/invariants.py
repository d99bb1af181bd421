"""The laws of the shop, lightly: on the newest rows every five minutes, on all of them at night."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import connection

from monitoring.invariants import LAWS, Broken, Law, rows_breaking
from monitoring.laws.base import NEWEST
from monitoring.models import Severity
from monitoring.monitors.base import LIMIT, Finding, Look, Monitor, Runbook, Scope

# Others watch these closer, with words of their own and around the clock.
_ELSEWHERE = frozenset({"I1", "I4"})
_MANY = 100_000  # a row that is still wrong must not fall off the end of a second look


def look(scope: Scope) -> Look:
    """Ask every law that can be asked lightly; with ``full`` every law, about every row."""
    found = Look()
    newest = _newest_ids()
    for law in LAWS:
        if law.number in _ELSEWHERE and not scope.full and scope.only is None:
            continue
        found += _ask(law, scope, newest)
    return found


def _newest_ids() -> dict[str, int]:
    """Return the highest id of each table that a law counts in."""
    tables = sorted({law.over for law in LAWS if law.over})
    columns = ", ".join(f"(SELECT coalesce(max(id), 0) FROM {table})" for table in tables)  # noqa: S608 - our own tables
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns}")
        return dict(zip(tables, cursor.fetchone(), strict=True))


def _ask(law: Law, scope: Scope, newest: Mapping[str, int]) -> Look:
    keys = scope.keys(law.number)
    if keys is not None and not keys:
        return Look()
    if not law.over:
        # It is only asked whole: at night, or when its own incident is to be judged again.
        if not (scope.full or keys):
            return Look()
        rows, total = rows_breaking(law.everywhere(), {}, limit=LIMIT if keys is None else _MANY)
        if keys is not None:
            rows = [row for row in rows if str(row.id) in keys]
            total = len(rows)
        return Look([_finding(law, row) for row in rows], total)
    query, params = "", dict[str, Any]()
    if keys is not None:
        query, params = law.named(), {"ids": [int(key) for key in keys]}
    else:
        query, params = (law.everywhere(), {}) if scope.full else (law.lately(), {"after": newest[law.over] - NEWEST})
    rows, total = rows_breaking(query, params, limit=LIMIT)
    return Look([_finding(law, row) for row in rows], total)


def _finding(law: Law, row: Broken) -> Finding:
    return Finding(
        key=f"{law.number}:{row.id}",
        subject=f"{law.number} {row.words}",
        description=f"A law of the shop does not hold: {law.says}",
        details=(("Law", f"{law.number}: {law.says}"), ("Row", row.words)),
    )


MONITOR = Monitor(
    name="invariants",
    title="Broken Invariant",
    severity=Severity.CRITICAL,
    description="A law of the shop does not hold",
    action="Run check_invariants for the whole extent, stop what still writes wrongly, and correct the row by a "
    "service, never by hand in the database.",
    grace="none for the newest orders; the nightly run looks at all of them",
    runbook=Runbook(
        means="Stock, orders and money contradict each other somewhere: somebody wrote past the services, a restore "
        "went wrong, or there is a bug.",
        do="See which law and which rows. Compare the order's history with the payments and the stock ledger; then "
        "use the service that puts it right (adjust, refund, cancel).",
        command="manage.py check_invariants",
    ),
    look=look,
)
