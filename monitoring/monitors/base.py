"""What a monitor is, and what it says: findings, each about one subject that it will know again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from monitoring.models import Severity

LIMIT: Final = 100
"""Findings that one look returns at most; ``Look.total`` tells how many there are."""
TIMEOUT_S: Final = 5.0
FULL_TIMEOUT_S: Final = 120.0


@dataclass(frozen=True)
class Scope:
    """Where to look. ``only`` names subjects to judge again, wherever they are; ``full`` means without any window.

    With neither a monitor looks where something may have gone wrong lately, which is what makes it fast.
    """

    only: tuple[str, ...] | None = None
    full: bool = False

    def keys(self, kind: str) -> list[str] | None:
        """Return the names of the wanted subjects of one kind (``order:ORD-1`` -> ``ORD-1``); None: not restricted."""
        if self.only is None:
            return None
        return [name for key in self.only for head, _, name in [key.partition(":")] if head == kind]

    def wants(self, kind: str) -> bool:
        """Return whether subjects of ``kind`` are to be looked at."""
        keys = self.keys(kind)
        return keys is None or bool(keys)


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong. ``key`` names the subject (``order:ORD-1``) and never an amount, a time or a count."""

    key: str
    subject: str
    details: tuple[tuple[str, str], ...] = ()
    description: str = ""
    """Instead of the monitor's own, when it finds more than one kind of trouble."""
    action: str = ""
    severity: Severity | None = None
    kind: str = ""
    """Which of the monitor's troubles it is, in a word; ``monitoring.inhibition`` tells them apart by it."""


@dataclass(frozen=True)
class Look:
    """What one look found; ``facts`` are shown and remembered beside it."""

    findings: Sequence[Finding] = ()
    total: int = 0
    facts: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Count what is there when nobody counted more."""
        object.__setattr__(self, "total", max(self.total, len(self.findings)))

    def __add__(self, other: Look) -> Look:
        return Look(
            [*self.findings, *other.findings], self.total + other.total, {**self.facts, **other.facts},
        )  # fmt: skip


@dataclass(frozen=True)
class Runbook:
    """What a finding means, what to do, and a command that helps. The alert quotes it, ``docs/runbook.md`` too."""

    means: str
    do: str
    command: str

    def __str__(self) -> str:
        return f"{self.means} {self.do}"


@dataclass(frozen=True)
class Monitor:
    """One question about the shop. ``look`` reads only, and answers within its timeout or raises.

    ``heal`` is the safe cure, if there is one: it takes a finding's key, does what may be done and returns in a
    sentence what that was, or nothing; it asks the gateway, so no transaction is open. A new look decides if it helped.
    """

    name: str
    title: str
    severity: Severity
    description: str
    action: str
    grace: str
    runbook: Runbook
    look: Callable[[Scope], Look]
    heal: Callable[[str], str] | None = None
