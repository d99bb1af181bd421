"""What work costs in CPU time: the measure that other programs on the machine hardly move.

On a busy machine a rate tells how long one waited for a core. CPU seconds per thing done do not wait, and on a machine
that we fill ourselves both ratios are the same. Linux only; elsewhere everything costs 0 and the column stays empty.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Meter:
    """CPU seconds of some process trees since the block began; set when it ends."""

    seconds: float = 0.0


@contextmanager
def metered(*pids: int) -> Iterator[Meter]:
    """Measure what the processes ``pids`` and all their children use inside the block."""
    meter, before = Meter(), _used(pids)
    yield meter
    meter.seconds = _used(pids) - before


def _used(pids: tuple[int, ...]) -> float:
    """Return the CPU seconds of living processes of the trees and of children that were waited for."""
    parents, used = {}, {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            # The name, in brackets, may hold anything.
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        pid = int(stat.parent.name)
        parents[pid] = int(fields[1])
        used[pid] = sum(int(field) for field in fields[11:15]) / _TICKS
    return sum(seconds for pid, seconds in used.items() if _belongs(pid, pids, parents))


def _belongs(pid: int, roots: tuple[int, ...], parents: dict[int, int]) -> bool:
    while pid in parents:
        if pid in roots:
            return True
        pid = parents[pid]
    return False
