"""Cloth that lies, stands or is rolled: sarung, fabric, mat, pouch, notebook."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tools.make_pictures.colour import CREAM, INK, dark, light, mix
from tools.make_pictures.motifs import ikat, mega_mendung, mendong, parang, plaid
from tools.make_pictures.scene import Look, Scene, pair
from tools.make_pictures.shapes import drop, ground, mark, solid
from tools.make_pictures.sketch import Sketch
from tools.make_pictures.svg import circle, ellipse, group, line, path, place, rect

NIGHT = "#060a18"


def folded(s: Sketch, tone: str) -> str:
    """A folded sarung: three rolls of cloth at the front, a wide top."""
    weave = s.texture(".6 .6", 1.2, 11, 1.2)
    front_fill = plaid(s, tone, 118)
    top_fill = plaid(s, tone, 124)
    out = ground(s, 400, 806, 250, 1, 0.8)
    shade = s.down((0, "#fff", 0.22), (0.35, "#fff", 0), (0.7, NIGHT, 0.2), (1, NIGHT, 0.62))
    for i, (top, grow) in enumerate(((752, 0), (704, -3), (656, -8))):
        left, right = 158 - grow, 642 + grow - i * 4
        d = (
            f"M{left + 24} {top}H{right - 16}Q{right + 10} {top + 26} {right - 16} {top + 52}"
            f"H{left + 24}Q{left - 22} {top + 26} {left + 24} {top}Z"
        )
        out += solid(
            s,
            d,
            front_fill,
            s.soft(f"M{left} {top + 50}H{right}", NIGHT, 12, 0.5, 4),
            texture=weave,
            shade=shade,
        )
    lid = "M172 660C180 640 226 520 250 500C270 486 540 486 560 500C590 524 622 630 636 660C560 672 250 672 172 660Z"
    folds = (
        s.soft("M250 506C240 560 210 620 196 656", "#fff", 20, 0.35, 9)
        + s.soft("M330 494C326 540 318 600 312 664", NIGHT, 14, 0.2, 8)
        + s.soft("M560 504C584 560 608 620 620 656", NIGHT, 24, 0.35, 10)
    )
    corner = "M560 500C500 520 452 560 436 610C500 596 570 606 620 640C610 590 586 530 560 500Z"
    turned = path(corner, NIGHT, opacity=0.4, transform="translate(-8 12)", filter=s.blur(8)) + solid(
        s,
        corner,
        plaid(s, mix(tone, CREAM, 0.3), 90, turn=38),
        texture=weave,
        shade=s.lin([(0, "#fff", 0.34), (1, NIGHT, 0.2)], 0, 0, 1, 1),
    )
    flat = s.lin([(0, "#fff", 0.3), (0.5, "#fff", 0.02), (1, NIGHT, 0.22)], 0, 0, 0.7, 1)
    return out + solid(s, lid, top_fill, folds, texture=weave, shade=flat) + turned


def _stacked(s: Sketch, tones: Sequence[str]) -> str:
    return place(folded(s, tones[1]), 400, 830, 1, about=(400, 810)) + place(
        folded(s, tones[0]), 404, 694, 0.88, about=(400, 810)
    )


def _roll(s: Sketch, fill: str, edge: str, weave: str, inner: str) -> str:
    """A cylinder that lies across, its end towards us at the right."""
    d = (
        "M150 562H590C616 562 640 606 640 672C640 738 616 784 590 784"
        "H150C128 784 108 738 108 672C108 606 128 562 150 562Z"
    )
    shade = s.down(
        (0, NIGHT, 0.1),
        (0.14, "#fff", 0.32),
        (0.36, "#fff", 0.04),
        (0.7, NIGHT, 0.2),
        (0.94, NIGHT, 0.56),
        (1, NIGHT, 0.4),
    )
    body = solid(s, d, fill, s.soft("M120 640H600", NIGHT, 10, 0.12, 6), texture=weave, shade=shade)
    spiral, turns = "", 6
    points = []
    for i in range(turns * 16):
        a, t = i / 16 * 2 * math.pi, 1 - i / (turns * 16)
        points.append(f"{592 + math.cos(a) * 47 * t:.1f} {673 + math.sin(a) * 108 * t:.1f}")
    spiral = line("M" + "L".join(points), dark(edge, 0.55), 3.4, opacity=0.85)
    face = ellipse(592, 673, 48, 111, s.lin([(0, light(edge, 0.25)), (0.6, edge), (1, dark(edge, 0.35))], 0, 0, 1, 1))
    return body + face + spiral + ellipse(592, 673, 9, 22, dark(inner, 0.6))


def fabric(s: Sketch, tone: str) -> str:
    """A bolt of mega mendung with its end spread over the table."""
    fill, weave = mega_mendung(s, tone, 200), s.texture(".7 .7", 0.8, 5)
    flap = "M112 730C130 770 150 800 150 850C180 900 250 884 330 898C430 912 520 890 596 904C612 860 606 800 598 760Z"
    shade = s.down((0, NIGHT, 0.75), (0.3, NIGHT, 0.1), (0.55, "#fff", 0.2), (1, NIGHT, 0.16))
    folds = (
        s.soft("M250 770C246 820 262 850 256 890", NIGHT, 22, 0.3, 9)
        + s.soft("M300 780C300 820 316 850 312 890", "#fff", 16, 0.22, 8)
        + s.soft("M470 780C480 830 470 860 478 900", NIGHT, 22, 0.3, 9)
    )
    spread = drop(s, flap, 16, 12, 0.9) + solid(s, flap, fill, folds, texture=weave, shade=shade)
    return ground(s, 390, 792, 270, 0.9, 0.9) + spread + _roll(s, fill, mix(tone, CREAM, 0.72), weave, tone)


def mat(s: Sketch, tone: str) -> str:
    """Rush mat, rolled and tied twice."""
    fill, weave = mendong(s, tone), s.texture(".1 .6", 1.0, 5)
    flap = "M130 760C150 800 160 820 158 842C300 858 470 858 606 846C612 820 606 790 596 766Z"
    spread = drop(s, flap, 16, 12, 0.8) + solid(
        s, flap, fill, texture=weave, shade=s.down((0, NIGHT, 0.7), (0.5, NIGHT, 0.08), (1, NIGHT, 0.12))
    )
    hem = line("M158 842C300 858 470 858 606 846", dark(tone, 0.2), 11) + line(
        "M158 841C300 857 470 857 606 845", light(tone, 0.4), 1.6, stroke_dasharray="7 5"
    )
    cords = ""
    for x in (226, 486):
        cord = f"M{x} 562C{x - 14} 620 {x - 14} 720 {x} 784"
        cords += (
            line(cord, NIGHT, 13, opacity=0.4, transform="translate(6 2)", filter=s.blur(3))
            + line(cord, "#efe4c8", 11)
            + line(cord, "#a8946a", 11, stroke_dasharray="3 7", opacity=0.6, stroke_linecap="butt")
        )
        cords += circle(x - 8, 626, 13, s.ball("#e2d4b0", "#fff6de", "#8a764e")) + line(
            f"M{x - 8} 634q-22 34 -30 62M{x - 4} 634q6 36 2 70", "#e2d4b0", 6
        )
    return ground(s, 390, 792, 270, 0.9, 0.9) + spread + hem + _roll(s, fill, "#cdb988", weave, "#5a4a2a") + cords


def pouch(s: Sketch, tone: str) -> str:
    """A soft zip pouch that stands by itself."""
    d = (
        "M162 520C240 508 560 508 638 520C654 600 660 690 650 766C640 796 610 806 560 808"
        "C450 814 350 814 240 808C190 806 160 796 150 766C140 690 146 600 162 520Z"
    )
    fill = ikat(s, tone)
    brass = s.down((0, "#f2d98c"), (0.5, "#b98a2e"), (1, "#6b4c12"))
    volume = s.rad([(0, "#fff", 0.24), (0.45, "#fff", 0.02), (0.8, NIGHT, 0.2), (1, NIGHT, 0.56)], 0.38, 0.42, 0.72)
    folds = (
        s.soft("M176 530C200 560 206 600 196 640", NIGHT, 22, 0.32, 9)
        + s.soft("M622 530C600 566 596 610 606 650", NIGHT, 24, 0.4, 10)
        + s.soft("M190 800C240 770 280 766 320 780", NIGHT, 22, 0.3, 10)
        + s.soft("M290 540C330 556 460 556 510 540", "#fff", 14, 0.22, 8)
    )
    tape = "M160 500C240 488 560 488 640 500L638 532C560 520 240 520 162 532Z"
    teeth = line("M170 513C250 502 550 502 630 513", "#8a6a24", 9) + line(
        "M170 512C250 501 550 501 630 512", "#f2d98c", 7, stroke_dasharray="4 3", stroke_linecap="butt"
    )
    pull = group(
        rect(-13, -9, 32, 20, brass, rx=5),
        path("M14 -4L58 8Q70 12 66 22L60 30L12 8Z", brass),
        circle(56, 18, 6, "#5a4110"),
        line("M56 22q22 24 14 60M56 22q8 28 -4 56", "#7a4a26", 8),
        transform="translate(548 506)",
    )
    side = path("M638 520l34 6q6 22 -4 30l-30 -8Z", dark(tone, 0.3)) + line(
        "M642 526l26 4", CREAM, 1.6, stroke_dasharray="4 4"
    )
    return (
        ground(s, 400, 806, 240, 1, 0.8)
        + side
        + solid(s, d, fill, folds, texture=s.texture(".9 .4", 1.5, 5), shade=volume)
        + path(tape, dark(tone, 0.45), filter=s.texture(".9 .4", 1.5, 5))
        + teeth
        + line("M164 537C240 525 560 525 636 537", CREAM, 1.8, stroke_dasharray="7 6", opacity=0.7)
        + pull
    )


def notebook(s: Sketch, tone: str) -> str:
    fill = parang(s, tone, 52)
    pages = rect(-196, -268, 412, 556, "#e9e1cf", rx=10) + "".join(
        path(f"M-190 {284 - i * 3}H{212 - i}M{212 - i * 3} -262V{284 - i}", stroke="#b9ae97", stroke_width=1)
        for i in range(5)
    )
    spine = s.across(
        (0, NIGHT, 0.45),
        (0.07, NIGHT, 0.1),
        (0.085, NIGHT, 0.5),
        (0.1, "#fff", 0.2),
        (0.4, "#fff", 0.06),
        (1, NIGHT, 0.34),
    )
    label = (
        rect(-63, -185, 168, 96, NIGHT, rx=3, opacity=0.4, filter=s.blur(4))
        + rect(-66, -190, 168, 96, "#f4eedf", rx=3, filter=s.texture(".7 .7", 0.8))
        + rect(-58, -182, 152, 80, "none", stroke=tone, stroke_width=1.6)
        + group(mark(tone, 10), transform="translate(18 -152)")
        + line("M-34 -116H70", tone, 1.6)
    )
    book = (
        rect(-174, -236, 424, 568, "#0b0603", rx=12, opacity=0.42, filter=s.blur(18))
        + rect(-202, -272, 424, 566, dark(tone, 0.55), rx=12)
        + pages
        + rect(-206, -280, 412, 556, fill, rx=12, filter=s.texture(".6 .85", 1))
        + rect(-206, -280, 412, 556, spine, rx=12)
        + line("M-206 -268V264", "#fff", 3, opacity=0.2)
        + label
        + rect(150, -282, 15, 564, s.across((0, "#0d1222"), (0.4, "#4b3320"), (1, "#0d0a08")))
        + path("M-96 276l-6 66l10 -12l12 10l-2 -64z", "#f2b705")
    )
    pencil = group(
        rect(-190, 8, 372, 20, "#0b0603", opacity=0.4, filter=s.blur(7)),
        rect(-180, -10, 330, 20, s.down((0, "#f7cf4a"), (0.45, "#e0a500"), (1, "#8f6600"))),
        path("M150 -10L196 0L150 10Z", "#e9cfa2"),
        path("M180 -3.4L196 0L180 3.4Z", "#22201e"),
        rect(-196, -10, 18, 20, "#a3341f", rx=3),
        transform="translate(664 690) rotate(72)",
    )
    return place(book, 380, 520, turn=-9) + pencil


def _cup_from_above(s: Sketch, x: float, y: float) -> str:
    saucer = (
        circle(16, 20, 140, INK, opacity=0.36, filter=s.blur(14))
        + circle(0, 0, 138, s.lin([(0, "#fbf7ee"), (1, "#c3bba9")], 0, 0, 1, 1))
        + circle(0, 0, 96, "none", stroke="#9a917f", stroke_width=3, opacity=0.4)
    )
    ear = line("M70 -50C150 -110 170 -20 92 -12", "#d9d1bf", 18) + line(
        "M72 -54C148 -110 166 -24 94 -16", "#fff", 4, opacity=0.6
    )
    body = (
        circle(8, 10, 92, INK, opacity=0.4, filter=s.blur(8))
        + circle(0, 0, 92, "#ece5d6")
        + circle(0, 0, 82, s.rad([(0, "#5a2f16"), (0.8, "#3a1d0e"), (1, "#231007")]))
    )
    shine = s.soft("M-62 -10A62 62 0 0 1 0 -62", "#d9a066", 6, 0.8, 2) + line(
        "M-84 -20A86 86 0 0 1 -10 -86", "#fff", 5, opacity=0.8, filter=s.blur(1.4)
    )
    return place(saucer + ear + body + shine, x, y)


def _notebook_and_coffee(s: Sketch, tones: Sequence[str]) -> str:
    return place(notebook(s, tones[1]), 330, 560, 0.88, 15, about=(380, 520)) + _cup_from_above(s, 630, 190)


SCENES = {
    "sarung-tenun-goyor": Scene(
        folded,
        front=Look(1.28, 400, 660),
        detail=Look(2.1, 480, 620),
        use=_stacked,
        use_look=Look(1.15, 400, 620),
    ),
    "kain-mega-mendung": Scene(
        fabric,
        front=Look(1.24, 380, 720),
        detail=Look(1.9, 330, 740),
        use=pair(fabric, (-30, 62, 0.72), (170, 166, 0.82)),
    ),
    "tikar-mendong": Scene(
        mat,
        front=Look(1.24, 380, 700),
        detail=Look(2.0, 530, 690),
        use=pair(mat, (-30, 92, 0.72), (170, 190, 0.82)),
    ),
    "pouch-tenun": Scene(
        pouch,
        front=Look(1.26, 400, 650),
        detail=Look(2.0, 530, 600),
        use=pair(pouch, (-40, 92, 0.76), (170, 200, 0.8)),
    ),
    "buku-catatan-parang": Scene(
        notebook,
        "flat",
        Look(1.16, 410, 520),
        Look(1.9, 330, 420),
        _notebook_and_coffee,
        use_look=Look(1.04, 400, 500),
    ),
}
