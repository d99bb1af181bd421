"""What glows: candle, lamp, candle holders."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tools.make_pictures import props
from tools.make_pictures.colour import INK, dark, light
from tools.make_pictures.scene import Look, Scene, pair
from tools.make_pictures.shapes import ground, mark, revolve
from tools.make_pictures.sketch import Sketch
from tools.make_pictures.svg import circle, ellipse, group, line, path, place, rect

CANE = "#c0935a"


def flame(s: Sketch, x: float, y: float, scale: float = 1) -> str:
    """A flame whose wick starts at (x, y)."""
    d = "M0 -128C22 -86 30 -60 20 -34C12 -14 -12 -14 -20 -34C-30 -60 -22 -86 0 -128Z"
    fire = s.rad([(0, "#fffdf0"), (0.45, "#ffe391"), (0.8, "#ffb23e"), (1, "#f08a1d", 0.6)], 0.5, 0.72, 0.62)
    return place(
        line("M0 0v-26", "#2a1a10", 5)
        + path(d, fire, filter=s.blur(1.6))
        + ellipse(0, -28, 9, 12, "#5f7fd6", opacity=0.55, filter=s.blur(4)),
        x,
        y,
        scale,
    )


def halo(s: Sketch, x: float, y: float, r: float, strength: float = 1) -> str:
    return circle(
        x,
        y,
        r,
        s.rad([(0, "#ffdfa0", 0.75 * strength), (0.3, "#ffc566", 0.28 * strength), (1, "#ffc566", 0)]),
    )


def candle(s: Sketch, tone: str) -> str:
    jar = revolve(
        s,
        400,
        [(560, 128), (700, 128), (770, 126), (790, 116)],
        s.down((0, light(tone, 0.18)), (0.45, tone), (1, dark(tone, 0.35))),
        k=0.2,
        gloss=0.75,
    )
    rim = (
        ellipse(400, 560, 128, 26, dark(tone, 0.3))
        + ellipse(400, 560, 128, 26, "none", stroke="#fff", stroke_opacity=0.6, stroke_width=2.5)
        + ellipse(400, 572, 116, 22, s.rad([(0, "#fff6da"), (0.4, "#f6dda6"), (1, "#b98b4c")]))
    )
    sheet = "M318 636Q400 652 482 636V736Q400 752 318 736Z"
    label = (
        path(sheet, "#f3ecdd")
        + group(mark(dark(tone, 0.4), 15), transform="translate(400 686)")
        + line("M352 724Q400 732 448 724", dark(tone, 0.3), 2)
        + path(sheet, s.across((0, INK, 0.25), (0.35, "#fff", 0.1), (1, INK, 0.3)))
    )
    match = group(
        rect(-64, 6, 128, 8, "#0b0603", opacity=0.4, filter=s.blur(4)),
        rect(-64, -3, 120, 7, "#d9b98a", rx=2),
        ellipse(60, 0, 10, 7, "#7a241c"),
        transform="translate(560 838) rotate(-14)",
    )
    pool = ellipse(400, 800, 330, 70, "#ffcf7a", opacity=0.3, filter=s.blur(26))
    near = circle(400, 500, 130, s.rad([(0, "#fff0c4", 0.7), (1, "#ffd98a", 0)]))
    return (
        halo(s, 400, 470, 420) + pool + ground(s, 400, 792, 122) + jar + rim + flame(s, 400, 566) + label + match + near
    )


def lamp(s: Sketch, tone: str) -> str:
    """A domed cane shade that glows, on a turned foot."""
    shade = [(300, 34), (312, 70), (352, 138), (420, 184), (486, 196), (512, 192)]
    stem = revolve(
        s,
        400,
        [(500, 16), (600, 18), (660, 30), (690, 52), (712, 40), (740, 44), (764, 96), (790, 108)],
        "#9a6538",
        k=0.2,
        gloss=0.4,
        texture=s.texture(".008 .12", 1.8, 4, 1.2),
    )
    glow = s.rad([(0, "#fffbe6"), (0.35, "#ffe6a8"), (0.75, "#f0b45c"), (1, "#b8742c")], 0.5, 0.62, 0.62)
    points = [(400 - r, y) for y, r in shade]
    dome = (
        f"M{points[0][0]} {points[0][1]}"
        + "".join(f"L{x} {y}" for x, y in points[1:])
        + "A192 34 0 0 0 592 512"
        + "".join(f"L{800 - x} {y}" for x, y in reversed(points))
        + "Z"
    )
    ribs = ""
    for i in range(-11, 12):
        reach = math.sin(i / 11.5 * math.pi / 2)
        d = "M" + "L".join(
            f"{400 + r * reach:.0f} {y + (1 - reach * reach) * (26 if y > 480 else 4):.0f}" for y, r in shade
        )
        ribs += line(d, dark(tone, 0.45), 8.5, opacity=0.8) + line(
            d, light(tone, 0.2), 4.5, opacity=0.95, transform="translate(-1 0)"
        )
    hoops = "".join(
        line(f"M{400 - r} {y}A{r} {r * 0.17:.0f} 0 0 0 {400 + r} {y}", dark(tone, 0.5), 9)
        + line(f"M{400 - r} {y}A{r} {r * 0.17:.0f} 0 0 0 {400 + r} {y}", light(tone, 0.15), 6)
        for y, r in ((352, 138), (420, 184), (512, 192))
    )
    inside = ellipse(400, 512, 190, 33, "#ffe9b5") + ellipse(400, 514, 120, 20, "#fff8e0", filter=s.blur(8))
    edges = path(
        dome,
        s.across((0, "#3a1f08", 0.6), (0.22, "#3a1f08", 0.1), (0.7, "#3a1f08", 0.1), (1, "#3a1f08", 0.66)),
    )
    cord = line("M500 792C590 800 640 850 760 846", "#2a2018", 7) + line(
        "M500 790C590 798 640 848 760 844", "#8a7a66", 2, opacity=0.6
    )
    pool = ellipse(400, 806, 380, 80, "#ffd58a", opacity=0.5, filter=s.blur(30))
    rays = "".join(
        path(
            f"M400 470L{400 + math.cos(a) * 620:.0f} {470 + math.sin(a) * 620:.0f}"
            f"L{400 + math.cos(a + 0.05) * 620:.0f} {470 + math.sin(a + 0.05) * 620:.0f}Z",
            "#ffdf9c",
            opacity=0.13,
        )
        for a in (math.pi * (1.02 + i * 0.082) for i in range(12))
    )
    return (
        halo(s, 400, 430, 520, 0.9)
        + group(rays, filter=s.blur(5))
        + pool
        + cord
        + ground(s, 400, 796, 112)
        + stem
        + inside
        + group(path(dome, glow), ribs, edges, hoops, clip_path=s.clip(dome))
        + line("M208 512A192 34 0 0 0 592 512", light(tone, 0.25), 10)
        + ellipse(400, 300, 36, 8, dark(tone, 0.3))
        + halo(s, 400, 560, 190, 0.6)
    )


def _lamp_and_books(s: Sketch, tones: Sequence[str]) -> str:
    return place(lamp(s, tones[0]), 320, 780, 0.86, about=(400, 790)) + props.books(s, 590, 850)


def holder(s: Sketch, tone: str, balls: int, *, lit: bool = False, wax: str = "#efe6d3") -> str:
    """Stacked balls of clay with a taper; foot at (400, 790)."""
    rough = s.texture(".05 .07", 2.0, 8, 1.2, 56)
    out = ground(s, 400, 796, 80, 1, 1.3) + revolve(
        s, 400, [(758, 44), (768, 70), (778, 82), (790, 82)], tone, k=0.22, gloss=0.25, texture=rough
    )
    y = 762.0
    for i in range(balls):
        r = 52 - i * 5
        out += revolve(
            s,
            400,
            [
                (y - r * 1.5, r * 0.5),
                (y - r * 1.2, r * 0.86),
                (y - r * 0.75, r),
                (y - r * 0.3, r * 0.86),
                (y, r * 0.5),
            ],
            tone,
            k=0.2,
            gloss=0.4,
            texture=rough,
        )
        y -= r * 1.5
    out += (
        revolve(s, 400, [(y - 34, 36), (y - 12, 34), (y + 4, 24)], tone, k=0.2, gloss=0.4, texture=rough)
        + ellipse(400, y - 34, 36, 8, light(tone, 0.2))
        + ellipse(400, y - 33, 26, 5, dark(tone, 0.7))
    )
    top = y - 250
    out += revolve(s, 400, [(top, 13), (top + 30, 17), (y - 32, 22)], wax, k=0.2, gloss=0.3) + ellipse(
        400, top, 13, 3, light(wax, 0.5)
    )
    if lit:
        return halo(s, 400, top - 40, 300, 0.8) + out + flame(s, 400, top, 0.7)
    return out + line(f"M400 {top}q2 -12 -2 -20", "#3a2a1a", 3)


def holders(s: Sketch, tone: str) -> str:
    return place(holder(s, tone, 5), 300, 770, 1.0, about=(400, 790)) + place(
        holder(s, tone, 3), 510, 840, 1.02, about=(400, 790)
    )


def _holders_lit(s: Sketch, tones: Sequence[str]) -> str:
    return (
        place(holder(s, tones[1], 5, lit=True), 270, 800, 0.96, about=(400, 790))
        + place(holder(s, tones[1], 3, lit=True), 450, 870, 0.98, about=(400, 790))
        + props.plant(s, 630, 780, 1.3, "#3a3f47")
    )


SCENES = {
    "lilin-sereh-pala": Scene(
        candle, front=Look(1.42, 400, 620), detail=Look(1.9, 400, 580), use=pair(candle), mood=0.62
    ),
    "lampu-meja-rotan": Scene(
        lamp,
        front=Look(1.14, 400, 540),
        detail=Look(1.9, 470, 430),
        use=_lamp_and_books,
        use_look=Look(1.1, 420, 570),
        tones=(CANE,),
        mood=0.5,
    ),
    "tempat-lilin-tanah": Scene(
        holders,
        front=Look(1.1, 400, 560),
        detail=Look(1.9, 400, 680),
        use=_holders_lit,
        use_look=Look(1.06, 420, 580),
    ),
}
