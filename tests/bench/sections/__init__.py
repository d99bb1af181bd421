"""What is measured, one module each: ``run(bench)`` adds its rows and facts to the report.

A section whose part of the shop is not there yet raises NotBuiltYetError, and the report says so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.bench.report import Load, Report, stop_asked
from tests.bench.sandbox import Sandbox
from tests.bench.servers import Servers
from tests.bench.world import World


class NotBuiltYetError(Exception):
    """The part of the shop that a section measures does not exist."""


@dataclass(frozen=True)
class Bench:
    """What every section gets. ``servers`` is None when no chosen section needs them."""

    sandbox: Sandbox
    world: World
    report: Report
    servers: Servers | None
    rounds: int
    seconds: float
    seed: int

    @property
    def web(self) -> Servers:
        """The running servers."""
        assert self.servers is not None
        return self.servers

    def interleave(self, *measures: Callable[[int], Load]) -> list[list[Load]]:
        """Run every measure once per round, one after the other, and return the results of each measure."""
        results: list[list[Load]] = [[] for _ in measures]
        for number in range(self.rounds):
            for measure, found in zip(measures, results, strict=True):
                if stop_asked.is_set():
                    raise KeyboardInterrupt
                found.append(measure(self.seed + number))
        return results


Section = Callable[[Bench], None]
