"""Cloth and wickerwork as repeating patterns."""

from __future__ import annotations

from tools.make_pictures.colour import CREAM, INK, dark, deep, light, mix
from tools.make_pictures.sketch import Sketch
from tools.make_pictures.svg import circle, ellipse, group, line, path, rect


def kawung(s: Sketch, ground: str, size: float = 64, wax: str = CREAM) -> str:
    """Four petals around a point."""
    h = size / 2
    out = rect(0, 0, size, size, ground)
    for turn in (45, 135, 225, 315):
        out += group(
            ellipse(h * 0.68, 0, h * 0.54, h * 0.34, mix(ground, wax, 0.82)),
            ellipse(h * 0.68, 0, h * 0.36, h * 0.17, mix(ground, wax, 0.12)),
            circle(h * 0.56, 0, h * 0.05, wax),
            circle(h * 0.8, 0, h * 0.05, wax),
            transform=f"translate({h} {h}) rotate({turn})",
        )
    out += circle(h, h, h * 0.07, wax)
    for x, y in ((0.0, h), (size, h), (h, 0.0), (h, size)):
        cross = f"M{x - h * 0.14} {y}h{h * 0.28}M{x} {y - h * 0.14}v{h * 0.28}"
        out += line(cross, mix(ground, wax, 0.6), h * 0.06)
    return s.pattern(size, size, out)


def parang(s: Sketch, ground: str, size: float = 54, wax: str = CREAM) -> str:
    """Slanting rows of blades."""
    bright = mix(ground, wax, 0.85)
    out = (
        rect(0, 0, 54, 52, ground)
        + path("M6 4C22 0 34 8 30 22S8 32 12 46C2 38 0 26 10 18S14 8 6 4Z", bright)
        + path("M12 9C20 8 25 13 22 20S10 28 10 34C7 26 14 21 16 17S16 11 12 9Z", mix(ground, wax, 0.1))
        + path("M42 0v52", stroke=bright, stroke_width=3)
        + line("M48 2v52", bright, 3, stroke_dasharray="3 7")
    )
    return s.pattern(54, 52, out, f"rotate(38) scale({size / 54})")


def truntum(s: Sketch, ground: str, size: float = 46, wax: str = CREAM) -> str:
    """Small stars, close together."""

    def star(x: float, y: float, r: float) -> str:
        rays = "".join(
            ellipse(r * 0.6, 0, r * 0.42, r * 0.13, wax, transform=f"translate({x} {y}) rotate({turn})")
            for turn in range(0, 360, 45)
        )
        return rays + circle(x, y, r * 0.14, wax)

    out = rect(0, 0, size, size, ground) + star(size / 4, size / 4, size * 0.24)
    out += star(size * 0.75, size * 0.75, size * 0.24)
    for x, y in ((0.75, 0.25), (0.25, 0.75)):
        out += circle(size * x, size * y, size * 0.035, mix(ground, wax, 0.7))
    return s.pattern(size, size, out)


def mega_mendung(s: Sketch, ground: str, size: float = 210) -> str:
    """Clouds in layers, dark outside, pale within."""

    def cloud(x: float, y: float, scale: float) -> str:
        d = (
            "M-92 26C-112 26-114-4-92-8C-96-34-62-44-50-28C-44-58 0-62 8-34C22-54 58-46 54-18"
            "C78-24 100-4 86 14C102 18 100 36 84 34C60 46 34 34 22 24C0 44-28 40-40 24C-56 40-80 40-92 26Z"
        )
        tones = (0.92, 0.62, 0.42, 0.24, 0.1)
        rings = "".join(
            path(d, mix(ground, CREAM, tone), transform=f"scale({1 - i * 0.17} {1 - i * 0.19})")
            for i, tone in enumerate(tones)
        )
        curl = line("M-20 2c-2-14 20-16 20-2c0 9-12 9-13 2", mix(ground, CREAM, 0.9), 3)
        return group(rings, curl, transform=f"translate({x} {y}) scale({scale})")

    half = size / 2
    out = rect(0, 0, size, size, ground)
    out += cloud(half * 0.8, size * 0.27, 0.72)
    for x in (-size, 0, size):
        out += cloud(half * 1.75 + x, size * 0.78, 0.78)
    for x, y in ((0.06, 0.12), (0.86, 0.3), (0.3, 0.62), (0.12, 0.94), (0.62, 0.52)):
        out += circle(size * x, size * y, 2.6, mix(ground, CREAM, 0.6))
    return s.pattern(size, size, out)


def ikat(s: Sketch, ground: str, wide: float = 240) -> str:
    """Bands across, with feathered lozenges."""
    gold, pale = "#e0ac1c", "#efe6d3"
    if ground.lower() in ("#c98f2b", "#b9832f"):
        gold = "#24345f"
    bands: tuple[tuple[float, str], ...] = (
        (16, gold),
        (6, ground),
        (8, pale),
        (60, "diamond"),
        (8, pale),
        (6, ground),
        (16, gold),
        (70, ""),
        (5, pale),
        (9, ground),
        (5, pale),
        (90, "dash"),
    )
    y, out = 0.0, rect(0, 0, wide, 300, ground)
    for height, kind in bands:
        if kind == "diamond":
            for i in range(int(wide // 40) + 1):
                x = i * 40
                for j, colour in enumerate((gold, pale, ground, ground, gold, pale, pale, ground)):
                    d = j * 2.5
                    lozenge = (
                        f"M{x + 2 + d} {y + 30}L{x + 20} {y + 4 + d * 1.4}L{x + 38 - d} {y + 30}"
                        f"L{x + 20} {y + 56 - d * 1.4}Z"
                    )
                    out += path(lozenge, colour, opacity=0.9)
        elif kind == "dash":
            for i in range(int(wide // 20) + 1):
                out += path(f"M{i * 20 + 4} {y + 30}v30M{i * 20 + 14} {y + 38}v14", stroke=pale, stroke_width=3)
        elif kind:
            out += rect(0, y, wide, height, kind)
        y += height
    return s.pattern(wide, 300, out)


def lurik(s: Sketch, ground: str, size: float = 64, turn: float = 0, accent: str = "#e0ac1c") -> str:
    """Stripes of uneven width along the cloth."""
    pale, deep = mix(ground, CREAM, 0.78), dark(ground, 0.4)
    out = rect(0, 0, 64, 8, ground)
    for x, w, colour in (
        (0, 5, pale),
        (8, 2, pale),
        (13, 1.5, accent),
        (20, 9, deep),
        (33, 2, pale),
        (38, 2, pale),
        (44, 6, mix(ground, CREAM, 0.3)),
        (54, 2, deep),
        (58, 1.5, accent),
    ):
        out += rect(x, 0, w, 8, colour)
    out += rect(0, 0, 64, 1.2, INK, opacity=0.12) + rect(0, 4, 64, 1.2, "#fff", opacity=0.07)
    return s.pattern(64, 8, out, f"rotate({turn}) scale({size / 64})")


def plaid(s: Sketch, ground: str, size: float = 130, accent: str = "#e0ac1c", turn: float = 0) -> str:
    """Crossing bands with thin lines, for sarung and napkins."""
    pale = mix(ground, CREAM, 0.72)
    out = rect(0, 0, 130, 130, ground)
    for start, width, colour, alpha in (
        (12, 34, dark(ground, 0.55), 0.55),
        (60, 5, pale, 0.75),
        (70, 2, accent, 0.9),
        (92, 16, pale, 0.3),
        (116, 3, pale, 0.8),
    ):
        out += rect(start, 0, width, 130, colour, opacity=alpha) + rect(0, start, 130, width, colour, opacity=alpha)
    return s.pattern(130, 130, out, f"rotate({turn}) scale({size / 130})")


def _strip(s: Sketch, box: tuple[float, float, float, float], colour: str, *, upright: bool) -> str:
    x, y, w, h = box
    stops = ((0, deep(colour, 0.4)), (0.25, light(colour, 0.28)), (0.6, colour), (1, deep(colour, 0.46)))
    fill = s.across(*stops) if upright else s.down(*stops)
    return rect(x + 0.8, y + 0.8, w - 1.6, h - 1.6, fill, rx=3)


def weave(s: Sketch, warp: str, weft: str, size: float = 34, transform: str = "") -> str:
    """Flat strips over and under."""
    h = size / 2
    out = (
        rect(0, 0, size, size, deep(warp, 0.72))
        + _strip(s, (0, 0, h, h), warp, upright=True)
        + _strip(s, (h, 0, h, h), weft, upright=False)
        + _strip(s, (0, h, h, h), weft, upright=False)
        + _strip(s, (h, h, h, h), warp, upright=True)
    )
    return s.pattern(size, size, out, transform)


def wicker(s: Sketch, colour: str, wide: float = 56, tall: float = 32, transform: str = "") -> str:
    """Round canes that run across, in front of and behind the stakes."""
    out = rect(0, 0, wide, tall, deep(colour, 0.7))
    half = tall / 2
    tones = (colour, mix(colour, "#8a5a2c", 0.22))
    for row, starts in enumerate(((-0.42, 0.58), (0.08, 1.08))):
        cane = tones[row]
        body = s.down((0, deep(cane, 0.35)), (0.3, light(cane, 0.34)), (0.65, cane), (1, deep(cane, 0.55)))
        ends = s.across((0, INK, 0.5), (0.2, INK, 0), (0.8, INK, 0), (1, INK, 0.5))
        for start in starts:
            for fill in (body, ends):
                out += rect(start * wide, row * half + 0.6, wide * 0.84, half - 1.2, fill, rx=half * 0.42)
    return s.pattern(wide, tall, out, transform)


def mendong(s: Sketch, accent: str, turn: float = 0) -> str:
    """Rush matting: fine straws with bands of dyed ones."""
    straw = "#d2bc86"
    out = rect(0, 0, 150, 12, straw)
    for i in range(25):
        colour = accent if i in (3, 4, 5, 8, 14, 15) else mix(straw, "#8f9a63", (i * 37 % 10) / 22)
        out += rect(
            i * 6,
            0,
            5.2,
            12,
            s.across((0, deep(colour, 0.28)), (0.4, light(colour, 0.24)), (1, deep(colour, 0.36))),
        )
    out += rect(0, 0, 150, 2, INK, opacity=0.16) + rect(0, 6, 150, 1, INK, opacity=0.1)
    return s.pattern(150, 12, out, f"rotate({turn})")
