"""Where things stand: one wall and one table per category, daylight from the upper left."""

from __future__ import annotations

import math
from typing import Literal

from tools.make_pictures.colour import INK, dark, light, mix
from tools.make_pictures.sketch import Sketch
from tools.make_pictures.svg import ellipse, group, path, rect

W, H = 800, 1000
HORIZON = 660
Stage = Literal["wall", "table", "flat"]

# wall, table: one pair per category, so that a category page reads as one room
ROOMS = {
    "batik-tenun": ("#c9d3e2", "#a9b4c6"),
    "keramik": ("#d5d9d2", "#b5aea2"),
    "anyaman": ("#2a3c6b", "#8d7355"),
    "kopi": ("#dccdb4", "#7a5a41"),
    "rumah": ("#c7aeb1", "#8e6f6b"),
    "perawatan-diri": ("#b9c9b6", "#d8d5cb"),
}


def _frond(s: Sketch, x: float, y: float, scale: float, turn: float) -> str:
    """The shadow of a palm frond somewhere outside the frame."""
    parts = []
    for i in range(13):
        t = i / 12
        px, py = t * 420, -40 * math.sin(t * 2.4)
        length = 150 * math.sin(0.35 + t * 2.5)
        for side in (-1, 1):
            turned = f"translate({px:.0f} {py:.0f}) rotate({side * (62 - 26 * t):.0f})"
            parts.append(ellipse(round(length / 2), 0, round(length / 2), 10, INK, transform=turned))
    return group(*parts, transform=f"translate({x} {y}) rotate({turn}) scale({scale})", opacity=0.13, filter=s.blur(9))


def _window(s: Sketch, strength: float, seed: int) -> str:
    """Daylight through a window at the left."""
    shift = (seed % 3) * 34
    panes = "".join(
        path(f"M{x + shift} {y}l150 34v230l-150 -34z", "#fff6e0")
        for x, y in ((150, 40), (316, 78), (150, 290), (316, 328))
    )
    return group(panes, opacity=strength, filter=s.blur(13), transform="rotate(-4) skewX(-12) translate(70 20)")


def tinted(category: str, *, second: bool) -> tuple[str, str]:
    """The room of a category; the third picture shows its paler side."""
    wall, table = ROOMS[category]
    if second and category == "anyaman":
        return "#c9d3e2", table
    return (mix(wall, "#f2efe6", 0.5), table) if second else (wall, table)


def room(s: Sketch, wall: str, table: str, stage: Stage, seed: int, mood: float = 0) -> str:
    """``mood`` 0 is a bright morning, 1 a room at night."""
    wall, table = dark(wall, mood), dark(table, mood)
    if stage == "flat":
        top = s.lin([(0, light(table, 0.3)), (0.5, table), (1, dark(table, 0.3))], 0, 0, 0.8, 1)
        out = rect(0, 0, W, H, top, filter=s.texture(".008 .4", 0.55, seed, 1.18))
    else:
        plaster = s.rad([(0, light(wall, 0.38)), (0.55, wall), (1, dark(wall, 0.26))], 0.26, 0.2, 1.0)
        out = rect(0, 0, W, H, plaster, filter=s.texture(".02 .03", 0.55, seed, 1.17))
    out += _window(s, 0.3 if mood < 0.3 else 0.06, seed)
    if mood < 0.3:
        out += _frond(s, 560, 40, 1.0, 128) if seed % 2 else _frond(s, 800, 210, 1.1, 168)
    if stage == "table":
        board = s.lin([(0, light(table, 0.22)), (0.35, table), (1, dark(table, 0.32))], 0, 0, 0.25, 1)
        out += rect(0, HORIZON - 34, W, 40, INK, opacity=0.2, filter=s.blur(16))
        out += rect(0, HORIZON, W, H - HORIZON, board, filter=s.texture(".005 .09", 0.95, seed + 2, 1.18))
        out += rect(0, HORIZON, W, 3, "#fff", opacity=0.25, filter=s.blur(1.4))
    return out
