"""What a run found: rows of ratios, printed as a table and kept as JSON."""

from __future__ import annotations

import json
import statistics
import sys
import threading
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

stop_asked = threading.Event()
"""Somebody wants the run to end."""


_RATIOS = ["work", "against", "ratio", "rounds", "by CPU", "target", "", "/s", "ref/s", "ms CPU", "ref"]
_RATIO_NUMBERS = frozenset({2, 3, 4, 5, 7, 8, 9, 10})
_COUNTED = ["counted", "value", "target", "", ""]
_COUNTED_NUMBERS = frozenset({1, 2})


class BenchError(Exception):
    """Something did not work the way a measurement needs it; the numbers would mean nothing."""


@dataclass(frozen=True)
class Load:
    """What was done in how many seconds, and the CPU seconds it took: the server's and PostgreSQL's, no client's."""

    done: int
    elapsed: float
    cpu: float = 0.0

    @property
    def rate(self) -> float:
        """Things per second."""
        return self.done / self.elapsed

    @property
    def cost(self) -> float:
        """CPU milliseconds per thing."""
        return 1000 * self.cpu / max(1, self.done)


@dataclass(frozen=True)
class Row:
    """One measured promise. ``rounds`` holds (ours, reference) of each round."""

    section: str
    name: str
    reference: str
    target: float | None = None
    rounds: tuple[tuple[Load, Load], ...] = ()
    note: str = ""

    @property
    def ratios(self) -> list[float]:
        return [ours.rate / reference.rate for ours, reference in self.rounds]

    @property
    def ratio(self) -> float:
        """The median of the rounds' own ratios: both halves of a round saw the same weather."""
        return statistics.median(self.ratios)

    @property
    def cpu_ratio(self) -> float | None:
        """The same from CPU time, or None where it cannot be read."""
        ratios = [reference.cost / ours.cost for ours, reference in self.rounds if ours.cost and reference.cost]
        return statistics.median(ratios) if ratios else None

    @property
    def verdict(self) -> str:
        if self.target is None:
            return ""
        return "ok" if self.ratio >= self.target else "MISSED"

    def cells(self) -> list[str]:
        """Return the row as the table shows it."""
        low, high = min(self.ratios), max(self.ratios)
        ours = statistics.median(ours.rate for ours, _ in self.rounds)
        reference = statistics.median(reference.rate for _, reference in self.rounds)
        costs = (statistics.median(pair[at].cost for pair in self.rounds) for at in (0, 1))
        by_cpu = "" if self.cpu_ratio is None else f"{self.cpu_ratio:.2f}"
        target = "" if self.target is None else f">= {self.target:g}"
        return [
            self.name, self.reference, f"{self.ratio:.2f}", f"{low:.2f}-{high:.2f}", by_cpu, target, self.verdict,
            f"{ours:.0f}", f"{reference:.0f}", *(f"{cost:.1f}" for cost in costs),
        ]  # fmt: skip

    def data(self) -> dict[str, Any]:
        """Return the row for the JSON file."""
        return asdict(self) | {
            "ratio": round(self.ratio, 4),
            "cpu_ratio": self.cpu_ratio,
            "ok": self.verdict != "MISSED",
        }


@dataclass(frozen=True)
class Fact:
    """Something counted, not timed: SQL statements of a page, units sold. ``most`` is the target."""

    section: str
    name: str
    value: int | str
    most: int | str | None = None
    note: str = ""

    @property
    def ok(self) -> bool:
        if isinstance(self.value, int) and isinstance(self.most, int):
            return self.value <= self.most
        return self.most is None or self.value == self.most

    def cells(self) -> list[str]:
        """Return the fact as the table shows it."""
        target = "" if self.most is None else f"<= {self.most}" if isinstance(self.most, int) else str(self.most)
        verdict = "" if self.most is None else "ok" if self.ok else "MISSED"
        return [self.name, str(self.value), target, verdict, self.note]


@dataclass
class Report:
    """Everything of one run."""

    machine: dict[str, str]
    settings: dict[str, Any]
    rows: list[Row] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)
    """Sections that could not be measured, and why."""

    @property
    def all_met(self) -> bool:
        return all(row.verdict != "MISSED" for row in self.rows) and all(fact.ok for fact in self.facts)

    def print_markdown(self) -> None:
        """Print the same as GitHub's tables, for README and docs/performance.md."""
        say("; ".join(f"{name} {value}" for name, value in (self.machine | self.settings).items()) + ".")
        if self.rows:
            say("")
            _print_markdown([_RATIOS, *(row.cells() for row in self.rows)], right=_RATIO_NUMBERS)
        if self.facts:
            say("")
            _print_markdown([_COUNTED, *(fact.cells() for fact in self.facts)], right=_COUNTED_NUMBERS)
        for name, why in self.missing.items():
            say(f"\n{name}: {why}")

    def print(self) -> None:
        """Print everything; ratios first."""
        say("")
        say("; ".join(f"{name} {value}" for name, value in self.machine.items()))
        say("; ".join(f"{name} {value}" for name, value in self.settings.items()))
        if self.rows:
            say("")
            _print_table([_RATIOS, *(row.cells() for row in self.rows)], right=_RATIO_NUMBERS)
            say("Trust the ratios, never the absolutes. By CPU: the same ratio from CPU time (PostgreSQL's included).")
        if self.facts:
            say("")
            _print_table([_COUNTED, *(fact.cells() for fact in self.facts)], right=_COUNTED_NUMBERS)
        for name, why in self.missing.items():
            say(f"{name}: {why}")
        for row in self.rows:
            if row.note:
                say(f"* {row.name}: {row.note}")

    def write(self, path: Path) -> None:
        """Keep everything as JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        data = {
            "machine": self.machine,
            "settings": self.settings,
            "rows": [row.data() for row in self.rows],
            "facts": [asdict(fact) | {"ok": fact.ok} for fact in self.facts],
            "missing": self.missing,
        }
        path.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _print_table(rows: Sequence[Sequence[str]], *, right: AbstractSet[int]) -> None:
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [
            cell.rjust(width) if number in right else cell.ljust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        say("  ".join(cells).rstrip())


def _print_markdown(rows: Sequence[Sequence[str]], *, right: AbstractSet[int]) -> None:
    head, *body = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    line = ["---:" if number in right else "---" for number in range(len(head))]
    for row in (head, line, *body):
        say(f"| {' | '.join(row)} |")
