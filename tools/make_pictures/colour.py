"""Colour arithmetic on ``#rrggbb`` texts."""

from __future__ import annotations

INK = "#0b1020"  # shadow, never pure black
PAPER = "#fffdf6"  # light, never pure white
CREAM = "#f3e8d3"  # what the wax leaves undyed
CLAY = "#a98467"  # bare fired clay
WOOD = "#a87a48"
STRAW = "#d9b778"


def _channels(colour: str) -> tuple[int, int, int]:
    text = colour.lstrip("#")
    return int(text[0:2], 16), int(text[2:4], 16), int(text[4:6], 16)


def mix(first: str, second: str, share: float) -> str:
    """``share`` of the second colour in the first."""
    pairs = zip(_channels(first), _channels(second), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def dark(colour: str, share: float) -> str:
    return mix(colour, INK, share)


def deep(colour: str, share: float) -> str:
    """Like ``dark``, but warm: straw and cane turn brown in the shade, not olive."""
    return mix(colour, "#2b1509", share)


def light(colour: str, share: float) -> str:
    return mix(colour, PAPER, share)
