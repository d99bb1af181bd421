"""Oils, powders and salts in glass, and the clay mask."""

from __future__ import annotations

from collections.abc import Sequence

from tools.make_pictures import props
from tools.make_pictures.bath import comb_piece, leaves
from tools.make_pictures.colour import INK, dark, light, mix
from tools.make_pictures.glassware import cork, dropper_bottle, jar, jar_rim, oil_bottle
from tools.make_pictures.lights import candle
from tools.make_pictures.scene import Look, Scene
from tools.make_pictures.shapes import ground, leaf, mark, mouth, oval, revolve, solid
from tools.make_pictures.sketch import Sketch
from tools.make_pictures.svg import ellipse, group, line, path, place, rect


def bottle(s: Sketch, tone: str) -> str:
    return dropper_bottle(s, tone)


def _bottles(s: Sketch, tones: Sequence[str]) -> str:
    return (
        leaves(s, 610, 640, "#5d7f55")
        + place(dropper_bottle(s, tones[1]), 230, 780, 0.84, about=(400, 790))
        + place(dropper_bottle(s, tones[2]), 580, 790, 0.8, about=(400, 790))
        + place(dropper_bottle(s, tones[0]), 400, 880, 1.0, about=(400, 790))
        + leaf(s, 500, 930, 150, 10)
        + leaf(s, 130, 900, 130, -20)
    )


def _band(s: Sketch, tone: str, top: float = 660, radius: float = 132) -> str:
    """A paper band around a jar."""
    d = (
        f"M{400 - radius} {top}Q400 {top + 26} {400 + radius} {top}"
        f"V{top + 84}Q400 {top + 112} {400 - radius} {top + 84}Z"
    )
    return solid(
        s,
        d,
        "#f3ecdd",
        group(mark(dark(tone, 0.35), 14, tone), transform=f"translate(400 {top + 56})"),
        line(
            f"M{400 - radius} {top + 92}Q400 {top + 118} {400 + radius} {top + 92}",
            tone,
            12,
            stroke_linecap="butt",
        ),
        texture=s.texture(".6 .6", 0.6),
        shade=s.across((0, INK, 0.36), (0.28, "#fff", 0.16), (1, INK, 0.42)),
    )


def powder_jar(s: Sketch, tone: str) -> str:
    return jar(s, tone, ".4 .4", top=560, level=620) + _band(s, tone) + jar_rim(s, 560)


def scrub(s: Sketch, tone: str) -> str:
    """A jar of powder with a little wooden spoon beside it."""
    spill = path(
        "M520 852C560 820 640 824 680 850C660 876 560 878 520 852Z",
        tone,
        filter=s.texture(".35 .35", 3, 5, 1.3),
    ) + ellipse(600, 858, 90, 14, INK, opacity=0.14, filter=s.blur(8))
    return powder_jar(s, tone) + spill + props.wooden_spoon(s, 590, 838, -18, 190, "#b98654", tone)


def _scrubs(s: Sketch, tones: Sequence[str]) -> str:
    return (
        place(powder_jar(s, tones[1]), 250, 740, 0.86, about=(400, 792))
        + place(powder_jar(s, tones[0]), 500, 860, 0.96, about=(400, 792))
        + props.wooden_spoon(s, 240, 880, 160, 170, "#b98654", tones[1])
    )


def mask(s: Sketch, tone: str) -> str:
    """A bowl of green clay, a bamboo brush across it."""
    bowl_tone = "#e6dfd0"
    body = revolve(
        s,
        400,
        [(600, 206), (650, 194), (716, 140), (764, 96), (790, 92)],
        bowl_tone,
        k=0.22,
        gloss=0.5,
        texture=props.glaze(s),
    )
    surface = oval(400, 608, 186, 37)
    paste = group(
        path(
            surface,
            s.rad([(0, light(tone, 0.25)), (0.7, tone), (1, dark(tone, 0.3))]),
            filter=s.texture(".012 .04", 3, 7, 1.22, 56),
        ),
        *(
            line(
                f"M{270 + i * 22} {612 - i * 3}"
                f"C{330 + i * 10} {590 + i * 4} {450 - i * 6} {590 + i * 5} {530 - i * 20} {614 - i * 2}",
                light(tone, 0.55),
                5,
                opacity=0.55,
                filter=s.blur(2),
            )
            for i in range(4)
        ),
        *(
            line(
                f"M{274 + i * 22} {619 - i * 3}"
                f"C{334 + i * 10} {597 + i * 4} {454 - i * 6} {597 + i * 5} {534 - i * 20} {621 - i * 2}",
                dark(tone, 0.4),
                4,
                opacity=0.4,
                filter=s.blur(2),
            )
            for i in range(4)
        ),
        clip_path=s.clip(surface),
    )
    handle = "M-20 -11H330Q350 -11 350 0Q350 11 330 11H-20Z"
    hair = "M-150 -34Q-168 0 -150 34C-100 40 -70 30 -40 18V-18C-70 -30 -100 -40 -150 -34Z"
    bristles = solid(
        s,
        hair,
        "#efe4cf",
        *(line(f"M-40 {y * 0.4:.1f}L-158 {y}", "#a08a63", 1.4, opacity=0.6) for y in range(-32, 34, 5)),
        path("M-170 -40H-120Q-132 0 -120 40H-170Z", tone, opacity=0.95),
        shade=s.down((0, "#fff", 0.3), (1, INK, 0.4)),
    )
    stick = solid(
        s,
        handle,
        "#d3b06e",
        *(line(f"M{x} -12V12", "#8a6a34", 3, opacity=0.7) for x in (120, 250)),
        shade=s.down((0, "#fff", 0.45), (0.5, "#fff", 0), (1, INK, 0.5)),
    )
    ferrule = rect(-44, -18, 34, 36, s.down((0, "#8d8f94"), (0.35, "#f2f3f4"), (1, "#4a4e56")), rx=3)
    brush = group(stick, bristles, ferrule, transform="translate(430 574) rotate(-24)")
    shade = ellipse(470, 606, 120, 16, INK, opacity=0.35, filter=s.blur(8), transform="rotate(-8 470 606)")
    return (
        ground(s, 400, 796, 116, 1, 1.4)
        + body
        + mouth(s, 400, 600, 206, 0.22, light(bowl_tone, 0.3), bowl_tone, 9)
        + paste
        + group(shade, clip_path=s.clip(surface))
        + brush
    )


def _mask_in_use(s: Sketch, tones: Sequence[str]) -> str:
    return (
        props.towel(s, 560, 740, "#f3ede0", 1.0)
        + place(mask(s, tones[0]), 350, 850, 0.86, about=(400, 790))
        + leaf(s, 560, 900, 150, -14)
        + leaf(s, 580, 912, 130, 18, "#6b8f5a")
    )


def candlenuts(s: Sketch, x: float, y: float) -> str:
    out = ""
    for dx, dy, r in ((-60, -26, 34), (30, -30, 36), (-10, 4, 40), (78, 6, 34), (-86, 22, 30)):
        nut = s.rad([(0, "#f7eedb"), (0.55, "#dcc59b"), (1, "#8e7044")], 0.36, 0.3, 0.8)
        out += (
            ellipse(x + dx + 8, y + dy + 22, r, r * 0.4, INK, opacity=0.45, filter=s.blur(6))
            + ellipse(x + dx, y + dy, r, r * 0.86, nut, filter=s.texture(".03 .05", 0.9, 5, 1.18, 58))
            + line(
                f"M{x + dx - r * 0.7} {y + dy - 2}q{r * 0.6} {r * 0.5} {r * 1.4} {r * 0.1}",
                "#8e7044",
                2,
                opacity=0.5,
            )
        )
    return out


def oil(s: Sketch, tone: str) -> str:
    return oil_bottle(s, tone) + candlenuts(s, 580, 840)


def _oil_in_use(s: Sketch, tones: Sequence[str]) -> str:
    rest = place(comb_piece(s, "#8a5530"), 520, 850, 0.62, -8, about=(0, 0))
    return (
        place(oil_bottle(s, tones[0]), 310, 800, 0.98, about=(400, 794))
        + group(rest, transform="translate(0 420) scale(1 .5)")
        + leaf(s, 380, 880, 140, 20)
    )


def salts(s: Sketch, tone: str) -> str:
    """Coarse salt with petals in a corked jar."""
    petals = ""
    for _ in range(17):
        x, y, turn = s.rng.uniform(284, 516), s.rng.uniform(606, 774), s.rng.uniform(0, 180)
        petals += ellipse(
            0,
            0,
            15,
            5,
            mix("#d9a92e", "#a8742a", s.rng.random()),
            transform=f"translate({x:.0f} {y:.0f}) rotate({turn:.0f})",
            opacity=0.85,
        )
    crystals = "".join(
        path(
            f"M{x:.0f} {y:.0f}l{a:.0f} {-b:.0f}l{a:.0f} {b:.0f}l{-a:.0f} {b:.0f}z",
            "#fff",
            opacity=round(s.rng.uniform(0.1, 0.42), 2),
        )
        for x, y, a, b in (
            (s.rng.uniform(272, 510), s.rng.uniform(596, 780), s.rng.uniform(3, 9), s.rng.uniform(3, 8))
            for _ in range(170)
        )
    )
    inside = group(crystals + petals, clip_path=s.clip("M276 600Q400 640 524 600V770Q400 806 276 770Z"))
    return (
        jar(s, tone, ".12 .12", level=592, rough=1.7)
        + inside
        + _shine(s)
        + jar_rim(s)
        + cork(s, 400, 552, 108, 58)
        + _scatter(s, 600, 860)
    )


def _shine(s: Sketch) -> str:
    return s.soft("M312 612V740", "#fff", 14, 0.7, 3) + s.soft("M498 620V720", "#fff", 5, 0.5, 2)


def _scatter(s: Sketch, x: float, y: float) -> str:
    out = ""
    for _ in range(46):
        dx, dy, r = s.rng.gauss(0, 46), s.rng.gauss(0, 13), s.rng.uniform(4, 10)
        out += ellipse(x + dx + 3, y + dy + 4, r, r * 0.5, INK, opacity=0.35, filter=s.blur(2)) + path(
            f"M{x + dx - r:.0f} {y + dy:.0f}l{r:.0f} {-r:.0f}l{r:.0f} {r * 0.8:.0f}l{-r:.0f} {r * 0.6:.0f}z",
            mix("#ffffff", "#d9cfc0", s.rng.random()),
        )
    return out + "".join(
        ellipse(0, 0, 18, 6, "#d0982c", transform=f"translate({x + dx} {y + dy}) rotate({t})")
        for dx, dy, t in ((-60, 6, 20), (20, 14, -30), (72, -6, 60))
    )


def _salts_in_use(s: Sketch, tones: Sequence[str]) -> str:
    return (
        props.towel(s, 580, 730, "#e9e2d4", 0.94)
        + place(salts(s, tones[0]), 320, 850, 0.86, about=(400, 792))
        + place(candle(s, "#47655a"), 620, 880, 0.5, about=(400, 790))
    )


SCENES = {
    "minyak-atsiri": Scene(
        bottle,
        front=Look(1.4, 400, 610),
        detail=Look(2.1, 400, 600),
        use=_bottles,
        use_look=Look(1.1, 400, 650),
    ),
    "lulur-boreh": Scene(scrub, front=Look(1.42, 430, 680), detail=Look(2.1, 480, 700), use=_scrubs),
    "masker-tanah-liat": Scene(
        mask,
        front=Look(1.36, 420, 630),
        detail=Look(2.0, 400, 590),
        use=_mask_in_use,
        use_look=Look(1.12, 420, 680),
        tones=("#8ea06a",),
    ),
    "minyak-kemiri": Scene(
        oil,
        front=Look(1.32, 440, 620),
        detail=Look(2.0, 420, 620),
        use=_oil_in_use,
        use_look=Look(1.12, 420, 640),
        tones=("#c98a2a",),
    ),
    "garam-mandi": Scene(
        salts,
        front=Look(1.4, 420, 660),
        detail=Look(2.1, 400, 660),
        use=_salts_in_use,
        use_look=Look(1.1, 420, 680),
        tones=("#e9dfd6",),
    ),
}
