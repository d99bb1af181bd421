"""Clear glass with something in it: tumbler, jars, bottles."""

from __future__ import annotations

from tools.make_pictures.colour import INK, PAPER, dark, light, mix
from tools.make_pictures.shapes import Profile, drink, glass, ground, outline, oval, revolve
from tools.make_pictures.sketch import UNDER, Sketch
from tools.make_pictures.svg import circle, ellipse, group, line, path, rect


def _ring(cx: float, y: float, rx: float, k: float) -> str:
    """The rim of a glass."""
    return ellipse(cx, y, rx, rx * k, "#fff", fill_opacity=0.12, stroke="#fff", stroke_opacity=0.75, stroke_width=3)


def tumbler(s: Sketch, coffee: str, *, milk: bool = True) -> str:
    """Double-walled glass: the drink hangs inside a clear shell; its foot stands at (400, 790)."""
    shell: Profile = [(500, 118), (560, 126), (640, 132), (710, 126), (768, 104), (790, 84)]
    inner: Profile = [(524, 106), (600, 108), (660, 104), (712, 84), (738, 46), (744, 20)]
    cream = "#f3d6a6"
    fill = (
        s.down((0, coffee), (0.34, coffee), (0.62, mix(coffee, cream, 0.55)), (0.86, cream), (1, cream))
        if milk
        else coffee
    )
    body = revolve(s, 400, inner, fill, k=0.18, gloss=0.25)
    glow = ellipse(470, 800, 120, 16, mix(coffee, "#e0a050", 0.6), opacity=0.35, filter=s.blur(12))
    return (
        ground(s, 400, 796, 96, 0.75, 1.3)
        + glow
        + body
        + drink(s, 400, 525, 105, 0.2, light(coffee, 0.1) if milk else coffee)
        + glass(s, 400, shell, 0.2)
        + _ring(400, 500, 118, 0.2)
        + ellipse(400, 786, 70, 9, "#fff", opacity=0.35, filter=s.blur(3))
    )


def carafe(s: Sketch, coffee: str, level: float = 640) -> str:
    """A round pot half full of coffee, with a wooden collar; stands at (400, 800)."""
    shell: Profile = [(500, 66), (530, 72), (570, 116), (640, 168), (710, 182), (770, 160), (800, 128)]
    body = outline(400, shell, 0.2)
    liquid = group(
        path(f"M200 {level}H600V840H200Z", s.down((0, light(coffee, 0.12)), (1, dark(coffee, 0.4)))),
        path(
            f"M200 {level}H600V840H200Z",
            s.across((0.1, INK, 0.4), (0.3, "#c8741f", 0.35), (0.6, INK, 0), (0.9, "#c8741f", 0.3), (1, INK, 0.4)),
        ),
        clip_path=s.clip(body),
    )
    handle = "M560 560C660 540 690 700 566 724"
    collar = revolve(
        s,
        400,
        [(496, 74), (516, 78), (548, 86)],
        "#a06a3c",
        k=0.2,
        gloss=0.2,
        texture=s.texture(".01 .3", 1.8, 4, 1.2),
    )
    tie = circle(452, 540, 9, s.ball("#c79a60", "#f2d6a4", "#5c3b20")) + line(
        "M340 540Q400 560 452 544", "#2c170b", 4, opacity=0.8
    )
    return (
        ground(s, 400, 806, 132, 0.9, 1.3)
        + line(handle, "#fff", 17, opacity=0.28)
        + line(handle, PAPER, 4, opacity=0.8, transform="translate(-6 -4)")
        + line(handle, INK, 2, opacity=0.3, transform="translate(8 4)")
        + liquid
        + drink(s, 400, level, 167, 0.16, coffee)
        + glass(s, 400, shell, 0.2)
        + collar
        + tie
    )


def jar(
    s: Sketch,
    content: str,
    grain: str,
    *,
    top: float = 540,
    radius: float = 132,
    level: float = 600,
    rough: float = 3.0,
) -> str:
    """A straight jar filled with grains up to ``level``; stands at (400, 792)."""
    shell: Profile = [
        (top, radius * 0.86),
        (top + 26, radius * 0.9),
        (top + 52, radius),
        (760, radius),
        (792, radius * 0.92),
    ]
    inside: Profile = [(level, radius * 0.95), (756, radius * 0.95), (784, radius * 0.88)]
    heap = revolve(s, 400, inside, content, k=0.2, gloss=0.1, texture=s.texture(grain, rough, 15, 1.26, 54))
    surface = path(
        oval(400, level, radius * 0.95, radius * 0.19),
        light(content, 0.16),
        filter=s.texture(grain, rough, 16, 1.26, 54),
    )
    return ground(s, 400, 798, radius * 0.95) + heap + surface + glass(s, 400, shell, 0.2)


def jar_rim(s: Sketch, top: float = 540, radius: float = 132) -> str:
    return _ring(400, top, radius * 0.86, 0.2)


def wooden_lid(s: Sketch, cx: float, y: float, r: float, tone: str = "#b07c4b") -> str:
    """A disc of wood with a rounded edge whose lower rim is at ``y``."""
    grain = s.texture(".008 .22", 1.8, 4, 1.2)
    side = revolve(s, cx, [(y - 40, r), (y - 20, r * 1.01), (y, r)], tone, k=0.2, gloss=0.2, texture=grain)
    face = ellipse(cx, y - 40, r, r * 0.2, s.across((0, light(tone, 0.32)), (1, dark(tone, 0.08))), filter=grain)
    rings = "".join(
        ellipse(
            cx + i * 4,
            y - 40,
            r * (0.86 - i * 0.2),
            r * (0.86 - i * 0.2) * 0.2,
            "none",
            stroke=dark(tone, 0.4),
            stroke_opacity=0.35,
            stroke_width=1.6,
        )
        for i in range(4)
    )
    return side + face + rings


def cork(s: Sketch, cx: float, y: float, r: float, height: float = 50) -> str:
    speckled = s.texture(".1 .16", 1.1, 6, 1.19)
    body = revolve(s, cx, [(y - height, r * 1.12), (y, r)], "#c79d6c", k=0.22, gloss=0.15, texture=speckled)
    return body + ellipse(cx, y - height, r * 1.12, r * 0.25, "#dcb98c", filter=speckled)


def dropper_bottle(s: Sketch, liquid: str) -> str:
    """Amber bottle with a rubber pipette; the paper band takes the colour of the oil."""
    amber = "#5a2f12"
    shell: Profile = [(566, 34), (592, 34), (612, 54), (632, 92), (650, 100), (766, 100), (790, 90)]
    body = outline(400, shell, 0.2)
    core = group(
        path(
            body,
            s.across(
                (0, dark(amber, 0.55)),
                (0.16, "#a55a1c"),
                (0.34, "#7a3f14"),
                (0.7, amber),
                (0.9, "#96511a"),
                (1, dark(amber, 0.4)),
            ),
        ),
        rect(290, 560, 220, 240, s.down(*UNDER)),
        path("M300 676Q400 696 500 676V800H300Z", "#1c0d04", opacity=0.4),
        clip_path=s.clip(body),
    )
    band = "M300 676Q400 698 500 676V752Q400 776 300 752Z"
    paper = group(
        path(band, "#f3ecdd"),
        path("M300 738Q400 762 500 738V754Q400 778 300 754Z", liquid),
        group(mark_small(liquid), transform="translate(400 718)"),
        path(band, s.across((0, INK, 0.34), (0.3, "#fff", 0.12), (1, INK, 0.4))),
        clip_path=s.clip(body),
    )
    cap = revolve(s, 400, [(512, 38), (520, 40), (566, 42)], "#1d1b1c", k=0.2, gloss=0.6)
    cap += "".join(line(f"M{362 + i * 8} 522v40", "#fff", 1.2, opacity=0.12) for i in range(10))
    bulb = revolve(s, 400, [(404, 12), (412, 22), (440, 27), (488, 24), (512, 30)], "#2b2829", k=0.24, gloss=0.5)
    return ground(s, 400, 796, 92) + core + glass(s, 400, shell, 0.2, amber, 0.05) + paper + cap + bulb


def mark_small(tone: str) -> str:
    deep = dark(tone, 0.45)
    return group(*(ellipse(11, 0, 9, 5.4, deep, transform=f"rotate({turn})") for turn in (45, 135, 225, 315)))


def oil_bottle(s: Sketch, oil: str) -> str:
    """Tall clear bottle of golden oil with a cork."""
    shell: Profile = [(440, 34), (500, 36), (540, 48), (580, 84), (610, 92), (768, 92), (794, 82)]
    body = outline(400, shell, 0.2)
    level = 548
    fluid = group(
        path(
            f"M290 {level}H510V830H290Z",
            s.across(
                (0, dark(oil, 0.4)),
                (0.16, light(oil, 0.35)),
                (0.5, oil),
                (0.8, dark(oil, 0.25)),
                (0.94, light(oil, 0.3)),
                (1, dark(oil, 0.3)),
            ),
        ),
        path(f"M290 {level}H510V830H290Z", s.down((0, "#fff", 0.22), (0.4, "#fff", 0), (1, INK, 0.3))),
        clip_path=s.clip(body),
    )
    glow = ellipse(490, 806, 130, 18, light(oil, 0.25), opacity=0.5, filter=s.blur(12))
    band = "M308 640Q400 660 492 640V730Q400 752 308 730Z"
    label = group(
        path(band, "#f5efe2"),
        group(mark_small("#7a5a2a"), transform="translate(400 694)"),
        line("M340 664Q400 676 460 664M340 722Q400 736 460 722", "#7a5a2a", 1.6),
        path(band, s.across((0, INK, 0.3), (0.3, "#fff", 0.12), (1, INK, 0.36))),
        clip_path=s.clip(body),
    )
    stopper = cork(s, 400, 446, 31, 46)
    return (
        ground(s, 400, 800, 86, 0.9)
        + glow
        + fluid
        + ellipse(400, level, 52, 8, light(oil, 0.45))
        + stopper
        + glass(s, 400, shell, 0.2)
        + label
        + _ring(400, 440, 36, 0.2)
    )
