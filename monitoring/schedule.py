"""Cron's five fields, as cron reads them: numbers, ``*``, ``a-b``, steps, lists, and names of days and months.

Schedules are in the machine's own time zone, because django-crontab hands them to cron and cron knows no other;
Django's TIME_ZONE plays no part. ``system_now()`` is the clock to ask.
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

RUN_JOB = "monitoring.jobs.run_job"

_MONTHS = {name.lower(): number for number, name in enumerate(calendar.month_abbr) if name}
_DAYS = {name: number for number, name in enumerate(("sun", "mon", "tue", "wed", "thu", "fri", "sat"))}
_FIELDS: tuple[tuple[str, int, int, dict[str, int]], ...] = (
    ("minute", 0, 59, {}),
    ("hour", 0, 23, {}),
    ("day of the month", 1, 31, {}),
    ("month", 1, 12, _MONTHS),
    ("day of the week", 0, 7, _DAYS),
)


@dataclass(frozen=True)
class Schedule:
    """When a job is due."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    either_day: bool
    """Both day fields are restricted: cron then wants one of them to match, not both."""

    def is_due(self, at: datetime) -> bool:
        """Return whether the minute of ``at`` is one of the schedule's; ``at`` is in the machine's time zone."""
        if at.minute not in self.minutes or at.hour not in self.hours or at.month not in self.months:
            return False
        day, weekday = at.day in self.days, at.isoweekday() % 7 in self.weekdays
        return (day or weekday) if self.either_day else (day and weekday)


@dataclass(frozen=True)
class ScheduledJob:
    """One line of CRONJOBS: a management command, its arguments, and when."""

    command: str
    arguments: tuple[str, ...]
    schedule: Schedule

    @property
    def label(self) -> str:
        """Return the job's name in records and logs: the command line."""
        return " ".join((self.command, *self.arguments))


def parse(text: str) -> Schedule:
    """Read five cron fields. Raises ValueError that names the bad one."""
    words = text.lower().split()
    if len(words) != len(_FIELDS):
        raise ValueError(f"A schedule has five fields, not {len(words)}: {text!r}.")
    minutes, hours, days, months, weekdays = (
        _numbers(word, *field) for word, field in zip(words, _FIELDS, strict=True)
    )
    return Schedule(
        minutes=minutes,
        hours=hours,
        days=days,
        months=months,
        weekdays=frozenset(day % 7 for day in weekdays),  # 7 is Sunday too
        either_day=not words[2].startswith("*") and not words[4].startswith("*"),
    )


def scheduled_jobs() -> list[ScheduledJob]:
    """Return CRONJOBS. Raises ImproperlyConfigured for a line that would not go through the wrapper."""
    jobs = []
    for entry in settings.CRONJOBS:
        text, function, (command, *arguments) = _three_parts(entry)
        if function != RUN_JOB:
            raise ImproperlyConfigured(f"CRONJOBS: {function} must be {RUN_JOB}, the one wrapper of every job.")
        try:
            schedule = parse(text)
        except ValueError as error:
            raise ImproperlyConfigured(f"CRONJOBS, {command}: {error}") from error
        jobs.append(ScheduledJob(command, tuple(arguments), schedule))
    return jobs


def system_now() -> datetime:
    """Return the time on the machine's clock on the wall.

    Not ``astimezone()``: Django sets the process' TZ to TIME_ZONE, and cron does not.
    """
    return datetime.now(tz=UTC).astimezone(_system_zone())


@cache
def _system_zone() -> tzinfo:
    try:
        with Path("/etc/localtime").open("rb") as stream:
            return ZoneInfo.from_file(stream)
    except (OSError, ValueError):
        return UTC


def _three_parts(entry: Any) -> tuple[str, str, list[str]]:
    """Take a line of CRONJOBS apart; the further parts that django-crontab allows are not for us."""
    try:
        text, function, arguments = entry
        return str(text), str(function), [str(argument) for argument in arguments if str(argument)] or _no_command()
    except (TypeError, ValueError) as error:
        raise ImproperlyConfigured(f"CRONJOBS: not (schedule, function, [command, ...]): {entry!r}.") from error


def _no_command() -> list[str]:
    raise ValueError("no command")


def _numbers(word: str, field: str, lowest: int, highest: int, names: dict[str, int]) -> frozenset[int]:
    """Return every number that one field stands for."""
    found: set[int] = set()
    for part in word.split(","):
        span, slash, step_text = part.partition("/")
        first_text, dash, last_text = span.partition("-")
        try:
            if span == "*":
                first, last = lowest, highest
            else:
                first = names[first_text] if first_text in names else _digits(first_text)
                last = first if not dash else names[last_text] if last_text in names else _digits(last_text)
            step = _digits(step_text) if slash else 1
        except ValueError:
            raise ValueError(f"The {field} is not understood: {part!r}.") from None
        if slash and span != "*" and not dash:
            raise ValueError(f"The {field} {part!r}: a step needs * or a range before it.")
        if not lowest <= first <= last <= highest or step < 1:
            raise ValueError(f"The {field} {part!r} is outside {lowest}-{highest}.")
        found.update(range(first, last + 1, step))
    return frozenset(found)


def _digits(text: str) -> int:
    if text.isascii() and text.isdigit():
        return int(text)
    raise ValueError(text)
