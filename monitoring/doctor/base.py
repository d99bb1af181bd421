"""What the doctor says."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator
from dataclasses import dataclass


class Level(enum.IntEnum):
    """How bad it is."""

    OK = 0
    WARNING = 1
    ERROR = 2


@dataclass(frozen=True)
class Answer:
    """One thing that was looked at. ``attempt`` is the step to try, given with everything that is not OK."""

    name: str
    level: Level
    says: str
    attempt: str = ""

    def __post_init__(self) -> None:
        """A complaint without a step helps nobody."""
        if self.level is not Level.OK and not self.attempt:
            raise ValueError(f"{self.name}: no step to try")


@dataclass(frozen=True)
class Visit:
    """How the doctor looks: ``offline`` asks nobody outside, ``deploy`` judges this as a shop with customers."""

    offline: bool = False
    deploy: bool = False


Group = Callable[[Visit], Iterator[Answer]]


def ok(name: str, says: str) -> Answer:
    """Return that something is as it should be."""
    return Answer(name, Level.OK, says)


def warning(name: str, says: str, attempt: str) -> Answer:
    """Return that something may be wrong."""
    return Answer(name, Level.WARNING, says, attempt)


def error(name: str, says: str, attempt: str) -> Answer:
    """Return that something is wrong."""
    return Answer(name, Level.ERROR, says, attempt)
