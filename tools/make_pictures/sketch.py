"""One drawing in the making: gradients, filters and patterns live here, each stored once."""

from __future__ import annotations

import random
from collections.abc import Sequence

from tools.make_pictures.colour import INK
from tools.make_pictures.svg import element, line

Stop = tuple[float, str] | tuple[float, str, float]

# light from the upper left on a turned body, and on anything that stands
ROUND: Sequence[Stop] = (
    (0, INK, 0.5),
    (0.1, INK, 0.22),
    (0.27, "#fff", 0.2),
    (0.4, "#fff", 0.04),
    (0.62, INK, 0.14),
    (0.86, INK, 0.44),
    (0.95, INK, 0.52),
    (1, "#fff", 0.1),
)
UNDER: Sequence[Stop] = ((0, "#fff", 0.06), (0.45, "#fff", 0), (1, INK, 0.42))
FLAT: Sequence[Stop] = ((0, "#fff", 0.16), (0.5, "#fff", 0), (1, INK, 0.34))


class Sketch:
    """Collects definitions; every method that needs one returns a reference to it."""

    def __init__(self, seed: int) -> None:
        self.defs: list[str] = []
        self.rng = random.Random(seed)
        self._known: dict[str, str] = {}

    def define(self, template: str) -> str:
        """Store an element whose id is written as ID; the same text is stored once."""
        if template not in self._known:
            name = f"d{len(self.defs)}"
            self._known[template] = name
            self.defs.append(template.replace("ID", name))
        return f"url(#{self._known[template]})"

    @staticmethod
    def _stops(stops: Sequence[Stop]) -> str:
        return "".join(
            element("stop", offset=stop[0], stop_color=stop[1], stop_opacity=stop[2] if len(stop) == 3 else None)
            for stop in stops
        )

    def lin(self, stops: Sequence[Stop], x1: float = 0, y1: float = 0, x2: float = 1, y2: float = 0) -> str:
        return self.define(element("linearGradient", self._stops(stops), id="ID", x1=x1, y1=y1, x2=x2, y2=y2))

    def down(self, *stops: Stop) -> str:
        """From the top to the bottom of the shape."""
        return self.lin(stops, 0, 0, 0, 1)

    def across(self, *stops: Stop) -> str:
        """From the lit left to the dark right."""
        return self.lin(stops)

    def rad(
        self,
        stops: Sequence[Stop],
        cx: float = 0.5,
        cy: float = 0.5,
        r: float = 0.5,
        fx: float | None = None,
        fy: float | None = None,
    ) -> str:
        focus = {"fx": cx if fx is None else fx, "fy": cy if fy is None else fy}
        return self.define(element("radialGradient", self._stops(stops), id="ID", cx=cx, cy=cy, r=r, **focus))

    def ball(self, colour: str, bright: str, deep: str) -> str:
        """A small round thing under the lamp."""
        return self.rad([(0, bright), (0.5, colour), (1, deep)], 0.35, 0.3, 0.8)

    def blur(self, deviation: float) -> str:
        body = element("feGaussianBlur", stdDeviation=deviation)
        return self.define(element("filter", body, id="ID", x="-60%", y="-60%", width="220%", height="220%"))

    def texture(self, freq: str, depth: float, seed: int = 3, gain: float = 1.18, elevation: float = 58) -> str:
        """Relief: noise lit from the upper left, multiplied with what is drawn."""
        return self.define(
            '<filter id="ID" x="0" y="0" width="100%" height="100%" color-interpolation-filters="sRGB">'
            f'<feTurbulence type="fractalNoise" baseFrequency="{freq}" '
            f'numOctaves="3" seed="{seed}" result="n"/>'
            f'<feDiffuseLighting in="n" surfaceScale="{depth}" lighting-color="#fff" result="l">'
            f'<feDistantLight azimuth="225" elevation="{elevation}"/></feDiffuseLighting>'
            '<feComposite in="l" in2="SourceGraphic" operator="arithmetic" '
            f'k1="{gain}" k2="0" k3="0" k4="0"/></filter>'
        )

    def clip(self, d: str) -> str:
        return self.define(f'<clipPath id="ID"><path d="{d}"/></clipPath>')

    def pattern(self, w: float, h: float, body: str, transform: str = "") -> str:
        return self.define(
            f'<pattern id="ID" width="{w}" height="{h}" patternUnits="userSpaceOnUse" '
            f'patternTransform="{transform}">{body}</pattern>'
        )

    def soft(self, d: str, colour: str, width: float, opacity: float, blur: float) -> str:
        """A blurred stroke: a fold, a crease, a reflection."""
        return line(d, colour, width, opacity=opacity, filter=self.blur(blur))
