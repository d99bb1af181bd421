"""Charts as geometry: the template draws them as SVG on the server, with the same numbers as a table beside them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 420, 190
LEFT, RIGHT, TOP, BOTTOM = 46, 420, 14, 150
LABEL_Y = 168
MOST_LABELS = 8


@dataclass(frozen=True)
class Point:
    """One value: ``label`` under the axis, ``text`` in the table and the tooltip."""

    label: str
    value: float
    text: str


@dataclass(frozen=True)
class Bar:
    """A rectangle, and its label where there is room for one. Lengths are texts, for no language writes SVG's point."""

    x: str
    y: str
    width: str
    height: str
    middle: str
    label: str
    tip: str


@dataclass(frozen=True)
class Line:
    """A horizontal grid line with its number."""

    y: str
    label: str


@dataclass(frozen=True)
class Chart:
    """Everything the template needs; ``description`` is what a screen reader says."""

    title: str
    description: str
    points: Sequence[Point]
    bars: list[Bar]
    grid: list[Line]
    line: str
    view_box: str = f"0 0 {WIDTH} {HEIGHT}"
    left: int = LEFT
    right: int = RIGHT
    label_x: int = LEFT - 6
    label_y: int = LABEL_Y

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to see."""
        return not any(point.value for point in self.points)


def chart(title: str, points: Sequence[Point], *, describe: str, shown: Callable[[float], str]) -> Chart:
    """Lay out ``points``; ``shown`` writes a number of the axis, ``describe`` names what is counted."""
    top = nice_top(max((point.value for point in points), default=0))
    step = (RIGHT - LEFT) / max(1, len(points))
    every = math.ceil(len(points) / MOST_LABELS)
    bars = []
    for at, point in enumerate(points):
        height = (BOTTOM - TOP) * point.value / top
        # Labelled from the newest backwards, so that today always has its own.
        label = point.label if (len(points) - 1 - at) % every == 0 else ""
        x = LEFT + at * step + step * 0.15
        bars.append(
            Bar(
                x=f"{x:.1f}",
                y=f"{BOTTOM - height:.1f}",
                width=f"{step * 0.7:.1f}",
                height=f"{height:.1f}",
                middle=f"{x + step * 0.35:.1f}",
                label=label,
                tip=f"{point.label}: {point.text}",
            )
        )
    grid = [Line(f"{BOTTOM - (BOTTOM - TOP) * share:.1f}", shown(top * share)) for share in (0, 0.5, 1)]
    highest = max(points, key=lambda point: point.value, default=None)
    said = f" Tertinggi {highest.label}: {highest.text}." if highest and highest.value else " Belum ada."
    line = " ".join(f"{bar.middle},{bar.y}" for bar in bars)
    return Chart(title, f"{describe}.{said}", points, bars, grid, line)


def nice_top(value: float) -> float:
    """Return the next number from 1, 2, 4, 5 or 10 times a power of ten, so that half of it reads well too."""
    if value <= 0:
        return 2
    power = math.pow(10, math.floor(math.log10(value)))
    return max(2, next(factor * power for factor in (1, 2, 4, 5, 10) if factor * power >= value))
