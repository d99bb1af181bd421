"""Turned and glazed: bowls, vases, plates, mugs, cups, pots."""

from __future__ import annotations

from collections.abc import Sequence

from tools.make_pictures.colour import CLAY, INK, dark, light, mix
from tools.make_pictures.props import glaze, wooden_spoon
from tools.make_pictures.scene import Look, Scene, pair, spread
from tools.make_pictures.shapes import (
    bare_foot,
    drink,
    grass,
    ground,
    leaf,
    mouth,
    oval,
    revolve,
    speckles,
    sprig,
)
from tools.make_pictures.sketch import Sketch
from tools.make_pictures.svg import circle, ellipse, group, line, path, place


def bowl(s: Sketch, tone: str) -> str:
    profile = [(520, 232), (580, 222), (660, 176), (718, 112), (742, 92), (766, 92)]
    extra = bare_foot(s, 400, 240, 706, 780) + speckles(s, (170, 520, 630, 730), 170, dark(tone, 0.6))
    body = revolve(s, 400, profile, tone, k=0.2, gloss=0.62, texture=glaze(s), extra=extra)
    spots = group(speckles(s, (180, 484, 620, 560), 90, dark(tone, 0.65)), clip_path=s.clip(oval(400, 522, 220, 42)))
    return (
        ground(s, 400, 772, 118, 1, 1.4) + body + mouth(s, 400, 520, 232, 0.2, mix(CLAY, tone, 0.25), tone, 9) + spots
    )


def round_vase(s: Sketch, tone: str) -> str:
    clay = "#b08a68"
    stems = grass(s, 400, 440)
    profile = [(428, 46), (444, 40), (480, 42), (530, 78), (600, 132), (670, 150), (740, 122), (792, 84)]
    extra = bare_foot(s, 400, 160, 700, 800, clay) + speckles(s, (250, 440, 550, 720), 120, dark(tone, 0.6))
    body = revolve(
        s, 400, profile, tone, k=0.2, gloss=0.42, texture=s.texture(".012 .11", 2.4, 12, 1.2, 56), extra=extra
    )
    lip = ellipse(400, 428, 46, 9.5, mix(clay, tone, 0.4)) + ellipse(400, 429, 38, 7, dark(tone, 0.75))
    cast = group(
        path("M360 470C280 560 260 640 330 660H500C540 600 470 520 440 470Z", INK),
        transform="translate(150 60) skewX(-8)",
        opacity=0.16,
        filter=s.blur(9),
    )
    near = line("M386 434Q392 420 398 400M404 434Q408 416 410 400", "#9b8055", 2.6)
    return cast + ground(s, 400, 796, 100, 1, 1.5) + stems + body + lip + near


def bottle_vase(s: Sketch, tone: str) -> str:
    """Slim neck, throwing rings, one branch."""
    branch = sprig(s, 402, 400, 300, 26)
    profile = [
        (382, 28),
        (396, 24),
        (450, 25),
        (520, 36),
        (580, 74),
        (650, 104),
        (726, 104),
        (780, 82),
        (794, 74),
    ]
    rings = "".join(
        line(f"M280 {y}Q400 {y + 26} 520 {y}", dark(tone, 0.5), 3.4, opacity=0.34)
        + line(f"M280 {y + 5}Q400 {y + 31} 520 {y + 5}", light(tone, 0.5), 2.4, opacity=0.3)
        for y in range(560, 780, 24)
    )
    speck = speckles(s, (290, 400, 510, 790), 110, dark(tone, 0.55))
    body = revolve(
        s,
        400,
        profile,
        tone,
        k=0.2,
        gloss=0.34,
        texture=s.texture(".02 .16", 1.8, 12, 1.2, 56),
        extra=rings + speck,
    )
    lip = ellipse(400, 382, 28, 6.4, light(tone, 0.2)) + ellipse(400, 383, 21, 4.4, dark(tone, 0.75))
    stem = line("M402 384Q403 360 404 330", dark("#58795a", 0.35), 4.5)
    return ground(s, 400, 798, 84, 1, 1.5) + branch + body + lip + stem


def _plate_top(s: Sketch, tone: str, r: float) -> str:
    """A flat plate seen from above, around (0, 0)."""
    rim, well = mix(CLAY, tone, 0.12), r * 0.72
    surface = s.rad(
        [
            (0, light(tone, 0.18)),
            (0.66, tone),
            (0.72, dark(tone, 0.16)),
            (0.78, light(tone, 0.22)),
            (1, dark(tone, 0.12)),
        ],
        0.5,
        0.5,
        0.5,
    )
    spots = "".join(
        circle(
            round(x),
            round(y),
            round(abs(s.rng.gauss(0, 1.7)) + 0.6, 1),
            dark(tone, 0.6),
            opacity=round(s.rng.uniform(0.3, 0.75), 2),
        )
        for x, y in ((s.rng.uniform(-r, r), s.rng.uniform(-r, r)) for _ in range(260))
        if x * x + y * y < (r * 0.93) ** 2
    )
    return (
        circle(26, 30, r, INK, opacity=0.34, filter=s.blur(20))
        + circle(8, 10, r, INK, opacity=0.42, filter=s.blur(6))
        + circle(0, 0, r, rim, filter=s.texture(".2 .2", 1.4, 4, 1.2))
        + circle(0, 0, r * 0.965, surface, filter=s.texture(".02 .02", 1.4, 8, 1.19, 57))
        + spots
        + circle(0, 0, well, "none", stroke=INK, stroke_opacity=0.22, stroke_width=9, filter=s.blur(5))
        + circle(3, 4, well, "none", stroke="#fff", stroke_opacity=0.4, stroke_width=5, filter=s.blur(3))
        + line(
            f"M{-r * 0.93} {-r * 0.12}A{r * 0.94} {r * 0.94} 0 0 1 {-r * 0.1} {-r * 0.935}",
            "#fff",
            7,
            opacity=0.7,
            filter=s.blur(2.5),
        )
        + line(
            f"M{r * 0.93} {r * 0.2}A{r * 0.95} {r * 0.95} 0 0 1 {r * 0.1} {r * 0.94}",
            INK,
            10,
            opacity=0.25,
            filter=s.blur(5),
        )
        + ellipse(
            -r * 0.28,
            -r * 0.3,
            r * 0.3,
            r * 0.2,
            "#fff",
            opacity=0.3,
            filter=s.blur(26),
            transform="rotate(-40)",
        )
    )


def plate(s: Sketch, tone: str) -> str:
    return place(_plate_top(s, tone, 330), 400, 520)


def _plates_in_use(s: Sketch, tones: Sequence[str]) -> str:
    stack = place(_plate_top(s, tones[0], 330), 360, 520) + place(_plate_top(s, tones[1], 238), 350, 506)
    leaves = "".join(
        leaf(s, 350 + dx, 506 + dy, 96, turn, "#5d8056")
        for dx, dy, turn in ((-36, 30, -150), (-20, 40, -110), (10, 46, -70), (-40, 54, 170))
    )
    return stack + leaves + wooden_spoon(s, 560, 340, 64, 430)


def mug(s: Sketch, tone: str, content: str = "") -> str:
    """Straight mug with a wide ear; unglazed foot."""
    ear = "M534 590C650 570 650 740 528 726"
    handle = (
        line(ear, INK, 34, opacity=0.3, transform="translate(10 14)", filter=s.blur(8))
        + line(ear, dark(tone, 0.42), 36)
        + line(ear, tone, 30)
        + line(ear, light(tone, 0.55), 7, opacity=0.7, transform="translate(-6 -7)", filter=s.blur(2))
        + line(ear, INK, 8, opacity=0.3, transform="translate(6 8)", filter=s.blur(3))
    )
    profile = [(540, 142), (600, 143), (700, 143), (756, 138), (790, 122)]
    extra = bare_foot(s, 400, 150, 730, 800) + speckles(s, (250, 540, 550, 740), 130, dark(tone, 0.6))
    body = revolve(s, 400, profile, tone, k=0.2, gloss=0.55, texture=glaze(s), extra=extra)
    top = mouth(s, 400, 540, 142, 0.2, mix(CLAY, tone, 0.55), light(tone, 0.05), 8)
    fill = drink(s, 400, 548, 128, 0.17, content) if content else ""
    return ground(s, 400, 796, 122, 1, 1.3) + handle + body + top + fill


def _mugs_in_use(s: Sketch, tones: Sequence[str]) -> str:
    return place(mug(s, tones[2]), 240, 770, 0.8, about=(400, 790)) + place(
        mug(s, tones[1], "#3a1d0e"), 500, 870, 0.92, about=(400, 790)
    )


def cup(s: Sketch, tone: str) -> str:
    """A cup without a handle, swelling towards the middle, filled with tea."""
    profile = [(580, 116), (630, 126), (690, 122), (750, 92), (776, 70), (790, 68)]
    extra = bare_foot(s, 400, 130, 752, 800) + speckles(s, (270, 580, 530, 760), 110, dark(tone, 0.6))
    body = revolve(s, 400, profile, tone, k=0.21, gloss=0.5, texture=s.texture(".02 .09", 2.2, 5, 1.2, 56), extra=extra)
    return (
        ground(s, 400, 795, 84, 1, 1.3)
        + body
        + mouth(s, 400, 580, 116, 0.21, mix(CLAY, tone, 0.4), tone, 7)
        + drink(s, 400, 588, 103, 0.175, "#9a5a1c")
    )


def cups(s: Sketch, tone: str) -> str:
    return place(cup(s, tone), 270, 740, 0.92, about=(400, 790)) + place(cup(s, tone), 520, 830, 1.04, about=(400, 790))


def pot(s: Sketch, tone: str) -> str:
    """Fluted flowerpot with saucer and a broad-leaved plant."""
    plant = ""
    for x, y, length, turn in (
        (400, 560, 300, -128),
        (400, 560, 290, -52),
        (396, 556, 330, -104),
        (404, 556, 320, -78),
        (390, 566, 230, -158),
        (410, 566, 230, -24),
        (400, 560, 250, -92),
        (396, 566, 190, -140),
        (406, 566, 190, -40),
    ):
        green = mix("#3f6b4c", "#87a36a", s.rng.random() * 0.6)
        plant += leaf(s, x, y, length, turn + s.rng.uniform(-4, 4), green)
    saucer = (
        revolve(s, 400, [(782, 176), (800, 168), (816, 150)], tone, k=0.18, gloss=0.4)
        + ellipse(400, 782, 176, 31, dark(tone, 0.2))
        + ellipse(400, 784, 162, 25, dark(tone, 0.45))
    )
    profile = [(570, 156), (606, 158), (612, 148), (700, 136), (790, 112)]
    flutes = "".join(
        line(f"M{400 + x * 1.22:.0f} 614L{400 + x} 806", INK, 7, opacity=0.3, filter=s.blur(2))
        + line(f"M{406 + x * 1.22:.0f} 614L{406 + x} 806", "#fff", 4, opacity=0.26, filter=s.blur(1.4))
        for x in (-118, -108, -94, -76, -54, -30, -4, 22, 48, 72, 92, 106, 116)
    )
    body = revolve(
        s, 400, profile, tone, k=0.2, gloss=0.26, texture=s.texture(".06 .09", 1.8, 9, 1.2, 56), extra=flutes
    )
    soil = ellipse(400, 570, 156, 31, light(tone, 0.18)) + ellipse(
        400, 573, 143, 25, "#2b1d15", filter=s.texture(".3 .3", 3, 3, 1.3)
    )
    return (
        ground(s, 400, 820, 152, 1, 1.2)
        + saucer
        + body
        + soil
        + ellipse(410, 572, 70, 14, INK, opacity=0.5, filter=s.blur(6))
        + plant
    )


SCENES = {
    "mangkuk-seladon": Scene(bowl, front=Look(1.42, 400, 640), detail=Look(1.9, 330, 600), use=pair(bowl)),
    "vas-celup-nila": Scene(round_vase, front=Look(1.16, 400, 520), detail=Look(1.9, 400, 620), use=pair(round_vase)),
    "vas-botol-putar": Scene(
        bottle_vase,
        front=Look(1.14, 400, 510),
        detail=Look(2.0, 410, 600),
        use=spread(
            (bottle_vase, 1, 210, 770, 0.74),
            (bottle_vase, 2, 600, 790, 0.7),
            (bottle_vase, 0, 400, 880, 0.86),
        ),
    ),
    "piring-saji-bintik": Scene(
        plate,
        "flat",
        Look(1.04, 400, 520),
        Look(2.0, 230, 330),
        _plates_in_use,
        use_look=Look(1.06, 400, 520),
    ),
    "mug-telinga": Scene(mug, front=Look(1.45, 430, 650), detail=Look(2.1, 490, 660), use=_mugs_in_use),
    "cangkir-genggam": Scene(
        cups,
        front=Look(1.3, 400, 690),
        detail=Look(2.0, 480, 690),
        use=spread(
            (cup, 1, 190, 742, 0.72),
            (cup, 1, 400, 762, 0.78),
            (cup, 0, 300, 868, 0.92),
            (cup, 0, 560, 890, 0.98),
        ),
    ),
    "pot-tanaman-alur": Scene(
        pot,
        front=Look(1.12, 400, 560),
        detail=Look(1.9, 400, 650),
        use=pair(pot, (-70, 60, 0.78), (190, 150, 0.84)),
    ),
}
