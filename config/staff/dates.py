"""Ways through time over a list: today, this month, then year, month and day.

Django's own date hierarchy asks the database for every distinct day and month of the whole table; here the calendar
answers, and the database only for the oldest row.
"""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

MONTHS = (
    "Januari", "Februari", "Maret", "April", "Mei", "Juni", "Juli", "Agustus", "September", "Oktober", "November",
    "Desember",
)  # fmt: skip


@dataclass(frozen=True)
class Step:
    """One link; ``chosen`` are the parameters it sets (None takes one away)."""

    label: str
    chosen: Mapping[str, int | None]
    is_current: bool = False


def steps(field: str, params: Mapping[str, Any], rows: QuerySet[Any]) -> list[Step]:
    """Return the links over a list by ``field``, as far as ``params`` have gone already."""
    year, month, day = (_number(params.get(f"{field}__{part}")) for part in ("year", "month", "day"))
    now = timezone.localtime()
    everything = Step("Semua waktu", _at(field), is_current=year is None)
    if year is None:
        return [everything, *_shortcuts(field, now.date()), *_years(field, now, rows)]
    own_year = Step(str(year), _at(field, year), is_current=month is None)
    if month is None or not 1 <= month <= len(MONTHS):
        last = now.month if year == now.year else len(MONTHS)
        months = [Step(MONTHS[number - 1], _at(field, year, number)) for number in range(1, last + 1)]
        return [everything, own_year, *months]
    own_month = Step(MONTHS[month - 1], _at(field, year, month), is_current=day is None)
    if not 1 <= year <= date.max.year:
        return [everything, own_year, own_month]
    days = calendar.monthrange(year, month)[1]
    last_day = now.day if (year, month) == (now.year, now.month) else days
    numbered = [Step(str(n), _at(field, year, month, n), is_current=n == day) for n in range(1, last_day + 1)]
    return [everything, own_year, own_month, *numbered]


def _shortcuts(field: str, today: date) -> list[Step]:
    yesterday = today - timedelta(days=1)
    last_month = today.replace(day=1) - timedelta(days=1)
    return [
        Step("Hari ini", _at(field, today.year, today.month, today.day)),
        Step("Kemarin", _at(field, yesterday.year, yesterday.month, yesterday.day)),
        Step("Bulan ini", _at(field, today.year, today.month)),
        Step("Bulan lalu", _at(field, last_month.year, last_month.month)),
    ]


def _years(field: str, now: datetime, rows: QuerySet[Any]) -> list[Step]:
    oldest = rows.order_by("pk").values_list(field, flat=True).first()
    first = timezone.localtime(oldest).year if oldest is not None else now.year
    return [Step(str(year), _at(field, year)) for year in range(now.year, first - 1, -1)]


def _at(field: str, year: int | None = None, month: int | None = None, day: int | None = None) -> dict[str, int | None]:
    return {f"{field}__year": year, f"{field}__month": month, f"{field}__day": day}


def _number(value: Any) -> int | None:
    text = str(value[0] if isinstance(value, list) else value)
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 4 else None
