"""Household cloth: cushion, tablecloth, kitchen napkins."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tools.make_pictures import props
from tools.make_pictures.colour import CREAM, INK, dark, mix
from tools.make_pictures.motifs import kawung, lurik, plaid
from tools.make_pictures.scene import Look, Scene, pair
from tools.make_pictures.shapes import drop, ground, solid
from tools.make_pictures.sketch import Sketch
from tools.make_pictures.svg import circle, ellipse, group, line, path, place, rect
from tools.make_pictures.tea import teapot

NIGHT = "#060a18"
CUSHION = (
    "M150 398C140 376 158 356 184 366C300 392 500 392 616 366C642 356 660 376 650 398"
    "C626 500 626 640 650 752C658 780 640 798 614 788C500 766 300 766 186 788C160 798 142 780 150 752"
    "C174 640 174 500 150 398Z"
)
DENTS = (
    "M170 384C230 430 260 470 280 520",
    "M630 384C570 430 540 470 524 520",
    "M170 772C226 730 250 690 272 650",
    "M630 772C576 730 548 690 530 650",
)
WARM = "#0b0603"


def cushion(s: Sketch, tone: str) -> str:
    wax = "#f1e1c8"
    folds = "".join(
        s.soft(dent, WARM, 22, 0.3, 12) + group(s.soft(dent, "#fff", 12, 0.2, 9), transform="translate(-14 -10)")
        for dent in DENTS
    )
    volume = s.rad([(0, "#fff", 0.26), (0.4, "#fff", 0.04), (0.72, WARM, 0.2), (1, WARM, 0.62)], 0.4, 0.4, 0.68)
    tassels = ""
    for x, y in ((150, 376), (650, 376), (150, 776), (650, 776)):
        threads = "".join(
            line(
                f"M0 0q{s.rng.uniform(-5, 5):.0f} 22 {(-10 + i * 3.4) * 1.1:.0f} 44",
                mix(wax, tone, s.rng.random() * 0.3),
                2.6,
            )
            for i in range(7)
        )
        tassels += group(threads, circle(0, 0, 11, dark(wax, 0.12)), transform=f"translate({x} {y})")
    cast = path(CUSHION, WARM, transform="translate(44 14)", opacity=0.34, filter=s.blur(22))
    face = solid(s, CUSHION, kawung(s, tone, 84, wax), folds, texture=s.texture(".5 .85", 1.3, 5), shade=volume)
    piping = line(CUSHION, dark(wax, 0.1), 7) + line(
        CUSHION, dark(tone, 0.3), 7, stroke_dasharray="5 7", stroke_linecap="butt"
    )
    return cast + ground(s, 400, 782, 236, 1, 0.5) + tassels + face + piping


def tablecloth(s: Sketch, tone: str, top: str = "") -> str:
    """A round table under a cloth that falls in folds; ``top`` stands on it."""
    waves = (858, 884, 866, 896, 874, 900, 876, 894, 868, 882, 856)
    left, step = 92, 61.6
    weave = s.texture(".3 .8", 1.1, 5)
    hem, folds = "", ""
    for i, low in enumerate(waves):
        x = left + step * i
        if i:
            hem += f"Q{x - step / 2:.0f} {max(waves[i - 1], low) + 12} {x:.0f} {low}"
        start = f"M{400 + (x - 400) * 0.98:.0f} {500 + 14 * math.cos((x - 400) / 220):.0f}"
        fold = f"{start}C{x - 4:.0f} 620 {x + 5:.0f} 740 {x:.0f} {low}"
        folds += s.soft(fold, NIGHT, 34, 0.42, 11) if i % 2 else s.soft(fold, "#fff", 24, 0.2, 11)
    fringe = "".join(
        line(
            f"M{left + i * 5.13:.0f} {waves[min(10, i // 12)] + 2}q{s.rng.uniform(-3, 3):.1f} 10 "
            f"{s.rng.uniform(-4, 4):.1f} {s.rng.uniform(18, 28):.0f}",
            CREAM if i % 3 else tone,
            2,
        )
        for i in range(121)
    )
    skirt = f"M70 452C80 590 84 740 92 {waves[0]}{hem}C716 740 720 590 730 452C640 540 160 540 70 452Z"
    shade = s.across((0, NIGHT, 0.34), (0.2, "#fff", 0.12), (0.5, NIGHT, 0), (1, NIGHT, 0.56))
    sky = s.lin([(0, "#fff", 0.34), (0.5, "#fff", 0.05), (1, NIGHT, 0.2)], 0, 0, 1, 0.5)
    face = ellipse(400, 450, 330, 84, lurik(s, tone, 46), filter=weave) + ellipse(400, 450, 330, 84, sky)
    floor = ellipse(450, 900, 400, 46, INK, opacity=0.34, filter=s.blur(22)) + ellipse(
        400, 892, 320, 22, INK, opacity=0.5, filter=s.blur(9)
    )
    edge = s.soft("M72 458C160 546 640 546 728 458", "#fff", 7, 0.4, 4)
    fall = solid(s, skirt, lurik(s, tone, 62), folds, texture=weave, shade=shade)
    return floor + fringe + fall + face + edge + top


def _laid_table(s: Sketch, tones: Sequence[str]) -> str:
    pot = place(teapot(s, "#e4dccb"), 380, 470, 0.56, about=(400, 790))
    return tablecloth(s, tones[1], pot + props.cup(s, 560, 476, "#93aa9c", "#7a4a1c", 0.6))


def _over_rail(s: Sketch, tone: str, x: float, wide: float, lengths: tuple[float, float], size: float) -> str:
    """One cloth folded over a rail at y = 220; ``lengths`` are its front and its back end."""
    weave = s.texture(".6 .6", 1.6, 11, 1.2)
    fill = plaid(s, tone, size)
    drape = s.across(
        (0, NIGHT, 0.34),
        (0.08, "#fff", 0.16),
        (0.26, NIGHT, 0.26),
        (0.4, "#fff", 0.2),
        (0.58, NIGHT, 0.06),
        (0.74, NIGHT, 0.34),
        (0.86, "#fff", 0.1),
        (1, NIGHT, 0.46),
    )
    front, back = lengths
    out = ""
    for shift, low, deep in ((14.0, back, 0.3), (0.0, front, 0.0)):
        x0, x1 = x + shift, x + wide + shift
        quarter, half = x0 + wide * 0.25, x0 + wide * 0.5
        d = (
            f"M{x0} 214C{x0 - 4} 340 {x0 + 8} {low - 160} {x0 - 6} {low}"
            f"Q{quarter} {low + 16} {half} {low + 2}T{x1 + 4} {low - 4}"
            f"C{x1 - 6} {low - 160} {x1 + 6} 340 {x1} 214Q{half} 200 {x0} 214Z"
        )
        seam = f"M{x0 - 2} {low - 16}Q{quarter} {low} {half} {low - 14}T{x1} {low - 20}"
        hem = line(seam, CREAM, 2, opacity=0.7, stroke_dasharray="6 5")
        roll = s.down(
            (0, "#fff", 0.36),
            (0.05, "#fff", 0.1),
            (0.1, NIGHT, 0.16),
            (0.2, NIGHT, 0),
            (1, NIGHT, 0.14 + deep),
        )
        layers = (path(d, fill, filter=weave), hem, path(d, drape), path(d, roll))
        out += drop(s, d, 24, 18, 0.8) + group(*layers, clip_path=s.clip(d))
    return out


def rail(s: Sketch) -> str:
    metal = s.down((0, "#6a6f78"), (0.4, "#d2d5d8"), (1, "#3d4048"))
    knob = s.ball("#9aa0a8", "#ffffff", "#3d4048")
    shadow = rect(130, 242, 560, 16, INK, rx=8, opacity=0.3, filter=s.blur(8))
    return shadow + rect(118, 212, 564, 16, metal, rx=8) + circle(118, 220, 15, knob) + circle(682, 220, 15, knob)


def napkins(s: Sketch, tone: str, second: str | None = None) -> str:
    """Two kitchen cloths over a rail."""
    other = second or mix(tone, CREAM, 0.72)
    return rail(s) + _over_rail(s, other, 176, 196, (620, 704), 62) + _over_rail(s, tone, 416, 200, (690, 600), 84)


def _two_colours(s: Sketch, tones: Sequence[str]) -> str:
    return place(napkins(s, tones[0], tones[1]), 30, 60, 0.94)


SCENES = {
    "sarung-bantal-kawung": Scene(cushion, detail=Look(2.0, 270, 480), use=pair(cushion)),
    "taplak-lurik": Scene(
        tablecloth,
        front=Look(1.05, 400, 620),
        detail=Look(1.9, 520, 760),
        use=_laid_table,
        use_look=Look(1.05, 400, 560),
    ),
    "serbet-tenun": Scene(
        napkins,
        "wall",
        Look(1.2, 400, 480),
        Look(2.0, 480, 580),
        _two_colours,
        use_look=Look(1.04, 400, 500),
    ),
}
