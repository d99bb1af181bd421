"""Pandan and rattan: bag, hat, basket, tissue box."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tools.make_pictures.colour import INK, STRAW, dark, deep, light, mix
from tools.make_pictures.motifs import plaid, weave, wicker
from tools.make_pictures.props import plant
from tools.make_pictures.scene import Look, Scene, pair
from tools.make_pictures.shapes import ground, mark, oval, solid
from tools.make_pictures.sketch import ROUND, Sketch
from tools.make_pictures.svg import circle, ellipse, group, line, path, place, rect

LEATHER = ((0, "#8a5730"), (0.4, "#6b3f21"), (1, "#3c2112"))
RATTAN = "#c0935a"


def braid(s: Sketch, cx: float, y: float, rx: float, ry: float, tone: str, bead: float = 15) -> str:
    """A plaited rim along the near half of an ellipse."""
    fill = s.down((0, light(tone, 0.3)), (0.5, tone), (1, deep(tone, 0.5)))
    out, count = "", int(rx * 2 / bead)
    for i in range(count + 1):
        a = math.pi - i * math.pi / count
        x, by = cx + math.cos(a) * rx, y + math.sin(a) * ry
        out += ellipse(
            round(x, 1),
            round(by, 1),
            bead,
            bead * 0.6,
            fill,
            transform=f"rotate({28 - i * 8 / count:.0f} {x:.0f} {by:.0f})",
        )
    return out


def bag(s: Sketch, tone: str) -> str:
    """Shopping bag with leather handles."""
    first = tone if tone.lower() == STRAW else mix(STRAW, tone, 0.05)
    fill = weave(s, first, "#c79f5c" if tone.lower() == STRAW else tone, 30)
    body = "M196 452C204 560 214 680 236 792C250 812 550 812 564 792C586 680 596 560 604 452C540 476 260 476 196 452Z"
    back = "M196 452C260 430 540 430 604 452C540 478 260 478 196 452Z"
    shade = s.across(
        (0, INK, 0.5),
        (0.12, INK, 0.12),
        (0.3, "#fff", 0.18),
        (0.55, INK, 0.05),
        (0.85, INK, 0.42),
        (1, INK, 0.6),
    )
    under = s.down((0, INK, 0.28), (0.1, "#fff", 0.05), (0.6, INK, 0.05), (1, INK, 0.5))
    skin = s.across(*LEATHER)

    def handle(dx: float, dy: float, opacity: float) -> str:
        d = f"M{292 + dx} {476 + dy}C{290 + dx} {230 + dy} {510 + dx} {230 + dy} {508 + dx} {476 + dy}"
        return (
            line(d, skin, 20, opacity=opacity)
            + line(d, "#d79a63", 3, opacity=0.55, transform="translate(-4 -4)")
            + line(d, "#f0d9b0", 1.6, stroke_dasharray="6 6", opacity=0.7, transform="translate(3 3)")
        )

    patch = group(
        rect(2, 4, 64, 44, INK, rx=4, opacity=0.4, filter=s.blur(3)),
        rect(0, 0, 64, 44, skin, rx=4),
        rect(
            4,
            4,
            56,
            36,
            "none",
            rx=2,
            stroke="#f0d9b0",
            stroke_width=1.4,
            stroke_dasharray="4 3",
            opacity=0.7,
        ),
        group(mark("#2c170b", 7), transform="translate(32 22)", opacity=0.8),
        transform="translate(368 600)",
    )
    tabs = "".join(rect(x, 452, 30, 52, skin, rx=5) + circle(x + 15, 490, 4, "#e3c38c") for x in (277, 493))
    front = group(
        path(body, fill, filter=s.texture(".08 .5", 1.1)),
        path(body, shade),
        path(body, under),
        clip_path=s.clip(body),
    )
    return (
        ground(s, 400, 800, 176)
        + handle(14, -26, 0.75)
        + path(back, deep(STRAW, 0.7))
        + front
        + braid(s, 400, 455, 202, 15, STRAW)
        + tabs
        + handle(0, 0, 1)
        + patch
    )


def hat(s: Sketch, tone: str) -> str:
    """Wide brim, domed crown, cloth ribbon."""
    fill = weave(s, "#e0c48c", "#d1ae70", 17, "rotate(30) scale(1 .8)")
    brim = (
        "M96 742C150 676 280 652 400 652C520 652 650 676 704 742"
        "C712 770 660 792 560 800C470 808 330 808 240 800C140 792 88 770 96 742Z"
    )
    crown = "M254 716C252 620 268 530 318 500C366 474 438 474 484 500C532 530 548 620 546 716C480 742 320 742 254 716Z"
    ribbon = "M253 716C252 690 253 664 256 640C330 664 470 664 544 640C547 664 548 690 546 716C480 742 320 742 253 716Z"
    straw = s.texture(".1 .4", 1.0, 6)
    rings = "".join(
        line(oval(400, 728, 150 + i * 30, 30 + i * 9), "#7a5a2c", 2, opacity=0.35)
        + line(oval(400, 726, 150 + i * 30, 30 + i * 9), "#fff3d0", 1.4, opacity=0.4)
        for i in range(6)
    )
    top = s.across((0, INK, 0.3), (0.25, "#fff", 0.24), (0.55, "#fff", 0), (1, INK, 0.5))
    flat = s.lin([(0, "#fff", 0.25), (0.5, "#fff", 0), (1, INK, 0.42)], 0, 0, 1, 0.6)
    domed = "".join(
        line(
            f"M{254 + i * 3} {700 - i * 34}C330 {724 - i * 34} 470 {724 - i * 34} {546 - i * 3} {700 - i * 34}",
            "#7a5a2c",
            2,
            opacity=0.3,
        )
        for i in range(6)
    )
    band = solid(
        s,
        ribbon,
        tone,
        line("M256 648C330 672 470 672 544 648", light(tone, 0.4), 2, opacity=0.5),
        line("M254 708C330 734 470 734 546 708", dark(tone, 0.4), 2),
        texture=s.texture(".9 .3", 1.2, 3),
        shade=top,
    )
    bow = group(
        path(
            "M0 0C-60 -34 -82 -20 -84 0C-82 22 -60 34 0 8ZM0 0C50 -36 72 -24 74 -4C74 18 52 32 0 8Z",
            dark(tone, 0.1),
        ),
        path("M-6 4L-44 78L-16 70L2 84L12 8Z", dark(tone, 0.2)),
        path("M0 0C-40 -14 -60 -8 -70 0", stroke=light(tone, 0.35), stroke_width=3, opacity=0.6),
        circle(0, 4, 15, s.ball(tone, light(tone, 0.3), dark(tone, 0.4))),
        transform="translate(506 690) rotate(8)",
    )
    return (
        ellipse(440, 812, 330, 34, INK, opacity=0.35, filter=s.blur(16))
        + ellipse(400, 800, 262, 14, INK, opacity=0.55, filter=s.blur(6))
        + path(brim, dark("#d1ae70", 0.5), transform="translate(0 7)")
        + solid(
            s,
            brim,
            fill,
            rings,
            ellipse(430, 742, 190, 34, INK, opacity=0.5, filter=s.blur(12)),
            texture=straw,
            shade=flat,
        )
        + line("M98 746C110 782 200 800 300 804C370 808 440 808 520 802", "#fff1cc", 3, opacity=0.5)
        + solid(
            s,
            crown,
            fill,
            domed,
            s.soft("M330 520C290 560 282 620 286 660", "#fff", 26, 0.4, 12),
            s.soft("M350 506C390 540 430 536 462 508", "#5a3d1a", 24, 0.4, 12),
            texture=straw,
            shade=top,
        )
        + band
        + bow
    )


def basket(s: Sketch, tone: str, stuffed: str | None = None) -> str:
    """A round wicker basket with two ears."""
    d = "M196 500C196 620 212 730 246 800C300 826 500 826 554 800C588 730 604 620 604 500C520 540 280 540 196 500Z"
    fill = wicker(s, tone, 54, 34)
    cane = s.down((0, light(tone, 0.3)), (0.5, tone), (1, dark(tone, 0.55)))
    ears = ""
    for x, side in ((200, -1), (600, 1)):
        ear = f"M{x} 520C{x + side * 66} 500 {x + side * 76} 596 {x + side * 2} 604"
        ears += (
            line(ear, INK, 22, opacity=0.3, transform="translate(6 10)", filter=s.blur(5))
            + line(ear, dark(tone, 0.5), 22)
            + line(ear, tone, 18, stroke_dasharray="9 2.5", stroke_linecap="butt")
            + line(ear, light(tone, 0.5), 4, opacity=0.6, transform="translate(-3 -4)", stroke_dasharray="9 2.5")
        )
    hole = path(oval(400, 500, 196, 46), s.rad([(0, dark(tone, 0.4)), (1, dark(tone, 0.8))], 0.7, 0.8, 0.8))
    content = ""
    if stuffed:
        heap = (
            "M226 506C228 440 290 404 352 414C400 386 500 392 540 436C574 462 578 500 572 512C500 548 290 548 226 506Z"
        )
        content = solid(
            s,
            heap,
            plaid(s, stuffed, 110, turn=16),
            s.soft("M300 430C350 470 360 500 350 530", INK, 24, 0.4, 10),
            s.soft("M440 410C450 460 500 480 540 520", INK, 26, 0.4, 10),
            s.soft("M270 450C300 430 340 426 380 440", "#fff", 18, 0.35, 8),
            texture=s.texture(".5 .8", 1.3, 5),
        )
    return (
        ground(s, 400, 808, 180)
        + path(oval(400, 496, 204, 50), dark(tone, 0.4))
        + hole
        + content
        + solid(
            s,
            d,
            fill,
            path(d, s.down((0, INK, 0.35), (0.12, INK, 0), (0.7, INK, 0), (1, INK, 0.5))),
            texture=s.texture(".05 .3", 0.8),
            shade=s.lin(ROUND),
        )
        + braid(s, 400, 502, 203, 46, tone, 18)
        + line("M200 496C216 470 300 452 400 452C500 452 584 470 600 496", cane, 15)
        + ears
    )


def tissue_box(s: Sketch, tone: str) -> str:
    """A box seen from a corner, one sheet out."""
    front, side = "M150 604L500 634V800L150 764Z", "M500 634L668 590V744L500 800Z"
    top = "M150 604L330 566L668 590L500 634Z"
    second = "#e6d2a2" if tone.lower() == "#c79f5c" else STRAW
    fabric = s.texture(".08 .4", 1.0, 6)
    faces = (
        (side, weave(s, second, tone, 34, "skewY(-15)"), s.across((0, INK, 0.4), (1, INK, 0.6))),
        (
            front,
            weave(s, second, tone, 34, "skewY(5)"),
            s.across((0, "#fff", 0.2), (0.5, "#fff", 0), (1, INK, 0.24)),
        ),
        (
            top,
            weave(s, second, tone, 34, "matrix(1 .08 -.75 .2 0 0)"),
            s.across((0, "#fff", 0.34), (1, "#fff", 0.05)),
        ),
    )
    out = path("M150 764L500 800L668 744L790 800L560 850Z", INK, opacity=0.34, filter=s.blur(14)) + path(
        "M150 762L500 800L668 744V758L500 816L146 776Z", INK, opacity=0.6, filter=s.blur(4)
    )
    for d, fill, shade in faces:
        out += solid(s, d, fill, texture=fabric, shade=shade)
    edge = "M150 604L500 634L668 590M500 634V800M150 604L330 566L668 590"
    out += line(edge, dark(tone, 0.35), 9) + line(
        edge, light(second, 0.3), 5, stroke_dasharray="9 4", stroke_linecap="butt"
    )
    slot = oval(408, 599, 92, 15)
    paper = (
        "M330 600C322 540 286 520 300 470C306 448 330 470 348 452C366 434 376 404 398 410"
        "C416 414 420 448 442 446C462 444 474 420 486 440C498 466 482 520 486 600C450 612 360 612 330 600Z"
    )
    tissue = solid(
        s,
        paper,
        "#f7f4ec",
        s.soft("M392 424C380 480 400 540 390 606", "#8a93a6", 16, 0.55, 8),
        s.soft("M330 470C346 510 350 550 350 600", "#8a93a6", 14, 0.4, 7),
        s.soft("M450 440C440 500 460 550 452 606", "#8a93a6", 14, 0.45, 7),
        shade=s.across((0, "#fff", 0.3), (1, "#56627a", 0.35)),
    )
    return (
        out
        + path(slot, dark(tone, 0.8))
        + tissue
        + path("M318 600A92 15 0 0 0 500 600A92 9 0 0 1 318 600Z", dark(tone, 0.6))
    )


def _baskets(s: Sketch, tones: Sequence[str]) -> str:
    return place(basket(s, tones[0], "#24584f"), 330, 830, 1.1, about=(400, 810)) + place(
        basket(s, tones[0]), 630, 900, 0.52, about=(400, 810)
    )


def _tissue(s: Sketch, tones: Sequence[str]) -> str:
    return plant(s, 170, 740, 1.35, "#b5654a") + place(tissue_box(s, tones[1]), 430, 830, 0.98, about=(410, 800))


SCENES = {
    "tas-pandan": Scene(bag, front=Look(1.3, 400, 590), detail=Look(2.0, 400, 560), use=pair(bag)),
    "topi-pandan": Scene(
        hat,
        front=Look(1.12, 400, 650),
        detail=Look(1.9, 470, 660),
        use=pair(hat, (-50, 128, 0.7), (180, 206, 0.8)),
    ),
    "keranjang-rotan": Scene(
        basket, front=Look(1.3, 400, 640), detail=Look(2.0, 540, 600), use=_baskets, tones=(RATTAN,)
    ),
    "kotak-tisu-pandan": Scene(tissue_box, front=Look(1.2, 410, 640), detail=Look(2.0, 470, 640), use=_tissue),
}
