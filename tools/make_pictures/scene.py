"""How one product is shown: what is drawn, where it stands, where the camera looks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tools.make_pictures.rooms import Stage
from tools.make_pictures.sketch import Sketch
from tools.make_pictures.svg import place

Draw = Callable[[Sketch, str], str]
Use = Callable[[Sketch, Sequence[str]], str]


class Look(NamedTuple):
    """A camera: zoom, and the point it looks at."""

    zoom: float
    x: float = 400
    y: float = 590


FRONT, CLOSE, WIDE = Look(1.25), Look(1.95, 400, 600), Look(1.12, 400, 600)


@dataclass(frozen=True)
class Scene:
    """``draw`` paints the product in one colour on the 800 x 1000 sheet; ``use`` is the third picture."""

    draw: Draw
    stage: Stage = "table"
    front: Look = FRONT
    detail: Look = CLOSE
    use: Use | None = None
    use_stage: Stage | None = None
    use_look: Look = WIDE
    tones: tuple[str, ...] = ()  # for products sold in one colour
    mood: float = 0


def pair(
    draw: Draw,
    back: tuple[float, float, float] = (-70, 98, 0.82),
    front: tuple[float, float, float] = (196, 166, 0.84),
) -> Use:
    """Two colours of the same thing, the later one behind at the left."""

    def use(s: Sketch, tones: Sequence[str]) -> str:
        first, second = (tones[2], tones[1]) if len(tones) > 2 else (tones[-1], tones[0])
        return place(draw(s, first), *back) + place(draw(s, second), *front)

    return use


def spread(*items: tuple[Draw, int, float, float, float]) -> Use:
    """Things side by side, back to front: (draw, which tone, x, y of the foot, scale)."""

    def use(s: Sketch, tones: Sequence[str]) -> str:
        return "".join(
            place(draw(s, tones[which % len(tones)]), x, y, scale, about=(400, 790))
            for draw, which, x, y, scale in items
        )

    return use
