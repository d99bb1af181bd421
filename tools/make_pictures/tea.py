"""The teapot with its cane handle, and the tea set that is sold out."""

from __future__ import annotations

from collections.abc import Sequence

from tools.make_pictures.colour import CLAY, INK, dark, light, mix
from tools.make_pictures.props import glaze, plant
from tools.make_pictures.scene import Look, Scene
from tools.make_pictures.shapes import bare_foot, drink, ground, mouth, revolve, speckles
from tools.make_pictures.sketch import Sketch
from tools.make_pictures.svg import circle, ellipse, line, path, place

TEA = "#8a4d18"


def teapot(s: Sketch, tone: str) -> str:
    """A round pot standing at (400, 790)."""
    pour = "M548 640C600 640 606 560 650 528L676 546C652 590 650 690 540 720Z"
    spout = (
        path(pour, tone, filter=glaze(s))
        + path(pour, s.lin([(0, INK, 0.5), (0.4, "#fff", 0.12), (1, INK, 0.45)], 0, 0, 0.7, 1))
        + ellipse(663, 537, 17, 8, dark(tone, 0.6), transform="rotate(36 663 537)")
    )
    cane = "M262 560C230 300 570 300 538 560"
    handle = (
        line(cane, "#4d321c", 20)
        + line(cane, "#c79a60", 16, stroke_dasharray="5 2", stroke_linecap="butt")
        + line(
            cane,
            "#f2d6a4",
            4,
            stroke_dasharray="5 2",
            stroke_linecap="butt",
            transform="translate(-3 -4)",
            opacity=0.8,
        )
    )
    spots = speckles(s, (210, 550, 590, 770), 170, dark(tone, 0.6)) + bare_foot(s, 400, 200, 752, 790)
    body = revolve(
        s,
        400,
        [(548, 92), (560, 122), (606, 172), (664, 190), (722, 168), (768, 118), (784, 106)],
        tone,
        k=0.2,
        gloss=0.66,
        texture=glaze(s),
        extra=spots,
    )
    lid = revolve(
        s,
        400,
        [(500, 16), (510, 44), (526, 78), (546, 100), (556, 100)],
        tone,
        k=0.2,
        texture=glaze(s, 9),
        extra=speckles(s, (300, 500, 500, 560), 40, dark(tone, 0.6)),
    )
    lugs = "".join(
        circle(x, 570, 17, dark(tone, 0.3)) + circle(x - 3, 566, 9, light(tone, 0.2), opacity=0.5, filter=s.blur(3))
        for x in (266, 534)
    )
    return (
        ground(s, 400, 790, 134, 1, 1.3)
        + spout
        + body
        + ellipse(400, 556, 104, 20, INK, opacity=0.4, filter=s.blur(5))
        + lid
        + circle(400, 486, 20, s.ball("#b18250", "#e8c99a", "#5c3b20"))
        + lugs
        + handle
    )


def small_cup(s: Sketch, x: float, y: float, tone: str, scale: float = 1) -> str:
    body = revolve(
        s,
        0,
        [(-86, 66), (-52, 62), (-12, 46), (0, 42)],
        tone,
        k=0.24,
        texture=glaze(s),
        extra=speckles(s, (-66, -86, 66, 0), 40, dark(tone, 0.6)),
    )
    return place(
        ground(s, 0, 3, 50, 0.9)
        + body
        + mouth(s, 0, -86, 66, 0.24, mix(CLAY, tone, 0.5), tone, 6)
        + drink(s, 0, -83, 57, 0.2, TEA),
        x,
        y,
        scale,
    )


def _pot_and_cup(s: Sketch, tone: str) -> str:
    return teapot(s, tone) + small_cup(s, 196, 812, tone)


def _pot_in_use(s: Sketch, tones: Sequence[str]) -> str:
    return (
        plant(s, 640, 730, 1.2, "#d9d2c2")
        + place(teapot(s, tones[1]), 370, 810, 0.92, about=(400, 790))
        + small_cup(s, 600, 850, tones[1])
        + small_cup(s, 160, 880, tones[0])
    )


def _board(s: Sketch) -> str:
    """A low mahogany tray in perspective."""
    top = (
        "M150 700C152 690 158 686 170 686H630C642 686 648 690 652 700"
        "L714 850C718 862 710 868 696 868H104C90 868 82 862 86 850Z"
    )
    front = (
        "M86 852C84 866 90 874 104 874H696C710 874 716 866 714 852"
        "L712 884C710 896 704 900 692 900H108C96 900 90 896 88 884Z"
    )
    well = "M178 704H622L672 842H128Z"
    grain = s.texture(".005 .14", 1.8, 4, 1.2)
    return (
        path("M96 890H704L760 930H150Z", INK, opacity=0.5, filter=s.blur(16))
        + path(front, s.across((0, "#4a2413"), (0.3, "#8a4c2c"), (1, "#3a1c0e")), filter=grain)
        + path(top, s.lin([(0, "#a8653e"), (1, "#71391f")], 0, 0, 1, 1), filter=grain)
        + path(well, s.lin([(0, "#6d3820"), (1, "#8f5230")], 0, 0, 1, 1), filter=grain)
        + line("M178 704H622", INK, 6, opacity=0.5, filter=s.blur(3))
        + line("M128 842L178 704", INK, 8, opacity=0.5, filter=s.blur(3))
        + line("M130 844H670", "#e0a070", 2.4, opacity=0.5)
    )


def tea_set(s: Sketch, tone: str) -> str:
    out = _board(s) + small_cup(s, 262, 760, tone, 0.86) + place(teapot(s, tone), 430, 792, 0.72, about=(400, 790))
    for x, y in ((196, 824), (330, 838), (598, 834)):
        out += small_cup(s, x, y, tone, 0.98)
    return out


def _set_in_use(s: Sketch, tones: Sequence[str]) -> str:
    return plant(s, 150, 720, 1.5) + place(tea_set(s, tones[0]), 440, 890, 0.9, about=(400, 890))


SCENES = {
    "teko-gagang-rotan": Scene(_pot_and_cup, front=Look(1.3, 400, 620), detail=Look(1.9, 480, 600), use=_pot_in_use),
    "set-minum-teh-nila": Scene(
        tea_set,
        front=Look(1.16, 400, 700),
        detail=Look(2.1, 330, 740),
        use=_set_in_use,
        use_look=Look(1.04, 400, 640),
        tones=("#21366f",),
    ),
}
