"""How monitors ask the database: bounded rows with their true number, and words for what came back."""

from __future__ import annotations

from typing import Any

from django.db import connection

from monitoring.monitors.base import LIMIT, Scope

Row = dict[str, Any]


def ask(query: str, scope: Scope, **params: Any) -> tuple[list[Row], int]:
    """Return the first rows of ``query`` and how many it has in all.

    Parameters are written into the statement (psycopg's client-side binding, Django's default), so that the planner
    sees ``NULL IS NULL`` and the like as constants and takes the index that the case has.
    """
    # ``OFFSET 0`` in the monitors' lateral parts keeps each a look-up by index: the planner takes a UNION for larger
    # than it is and would read whole tables instead.
    # A second look has one row or a few for each subject; none of them may fall off the end.
    limit = LIMIT if scope.only is None else LIMIT * 20
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT found.*, count(*) OVER () AS total FROM ({query}) AS found LIMIT {limit}",  # noqa: S608 - our own text
            params,
        )
        names = [column.name for column in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return rows, rows[0]["total"] if rows else 0


def suspects(scope: Scope, kind: str, *, lately: str, everything: str, named: str) -> str:
    """Return the query of the rows to judge: those named by ``only``, all of them, or those of the window."""
    if scope.keys(kind) is not None:
        return named
    return everything if scope.full else lately


def money(rupiah: int | None) -> str:
    """Return whole rupiah as alerts write them: ``Rp 250.000``."""
    return "-" if rupiah is None else f"Rp {rupiah:,}".replace(",", ".")


def duration(seconds: float | None) -> str:
    """Return a time span in the two largest units that matter: ``10 minutes``, ``3 hours 5 minutes``, ``2 days``."""
    if seconds is None:
        return "unknown"
    minutes = int(max(0.0, float(seconds)) // 60)
    if minutes < 1:
        return f"{int(max(0.0, float(seconds)))} seconds"
    days, hours, rest = minutes // 1440, minutes % 1440 // 60, minutes % 60
    parts = [(days, "day"), (hours, "hour"), (rest if not days else 0, "minute")]
    return " ".join(f"{number} {word}{'' if number == 1 else 's'}" for number, word in parts if number)
