"""For the bathroom shelf: soap, comb, loofah."""

from __future__ import annotations

from collections.abc import Sequence

from tools.make_pictures import props
from tools.make_pictures.colour import INK, dark, light, mix
from tools.make_pictures.scene import Look, Scene
from tools.make_pictures.shapes import drop, ground, leaf, mark, solid
from tools.make_pictures.sketch import Sketch
from tools.make_pictures.svg import circle, ellipse, group, line, path, place, rect


def soap(s: Sketch, x: float, y: float, w: float, h: float, tone: str, seed: int, turn: float = 0) -> str:
    """A bar, front and top face; the lower left corner of the front at (x, y + h)."""
    top = f"M{x} {y}L{x + 46} {y - 44}H{x + w - 34}L{x + w} {y}Z"
    marble = s.texture(".006 .022", 8, seed, 1.22, 54)
    front = {"x": x, "y": y, "w": w, "h": h, "rx": 12}
    shade = s.lin([(0, "#fff", 0.22), (0.3, "#fff", 0.04), (1, INK, 0.34)], 0, 0, 1, 0.5)
    stamp = group(
        group(mark("#fff", 20), opacity=0.45, transform="translate(1.6 2)"),
        mark(dark(tone, 0.34), 20),
        transform=f"translate({x + w / 2} {y + h / 2})",
    )
    return group(
        path(
            top,
            light(tone, 0.35),
            stroke=light(tone, 0.35),
            stroke_width=10,
            stroke_linejoin="round",
            filter=marble,
        ),
        rect(fill=tone, filter=marble, **front),
        rect(fill=shade, **front),
        line(f"M{x + 10} {y + 3}H{x + w - 12}", "#fff", 4, opacity=0.55, filter=s.blur(1.5)),
        stamp,
        transform=f"rotate({turn} {x + w / 2} {y + h})",
    )


def leaves(s: Sketch, x: float, y: float, green: str = "#4f7350") -> str:
    return "".join(
        leaf(s, x + dx, y + dy, 118, turn, green)
        for dx, dy, turn in ((-12, -4, -62), (20, 26, -30), (-24, 22, -96), (34, 60, -4))
    )


def soaps(s: Sketch, tone: str) -> str:
    """Three bars on a wooden dish, the chosen scent at the bottom."""
    second, third = "#e3d6bc", "#c98f74"
    return (
        props.wooden_plate(s, 400, 810)
        + ellipse(410, 812, 190, 14, "#0b0603", opacity=0.5, filter=s.blur(7))
        + soap(s, 214, 694, 330, 112, tone, 4)
        + ellipse(380, 690, 130, 10, "#0b0603", opacity=0.4, filter=s.blur(6))
        + soap(s, 250, 572, 300, 104, second, 17, -2)
        + ellipse(410, 566, 110, 9, "#0b0603", opacity=0.4, filter=s.blur(6))
        + soap(s, 272, 462, 262, 92, third, 31, 3)
        + leaves(s, 622, 704)
    )


def _soaps_in_use(s: Sketch, tones: Sequence[str]) -> str:
    suds = "".join(
        circle(
            x,
            y,
            r,
            s.rad([(0, "#fff", 0.1), (0.75, "#fff", 0.25), (1, "#fff", 0.85)], 0.5, 0.5, 0.5, 0.4, 0.35),
        )
        + circle(x - r * 0.35, y - r * 0.4, r * 0.18, "#fff", opacity=0.9)
        for x, y, r in ((590, 770, 30), (628, 786, 20), (562, 798, 16), (606, 806, 13), (648, 760, 11))
    )
    return (
        props.towel(s, 560, 720, "#f3ede0", 0.92)
        + props.wooden_plate(s, 340, 826, 236)
        + ellipse(350, 830, 190, 14, "#0b0603", opacity=0.5, filter=s.blur(7))
        + soap(s, 170, 716, 330, 108, tones[1], 12)
        + ellipse(330, 712, 130, 10, "#0b0603", opacity=0.4, filter=s.blur(6))
        + soap(s, 196, 598, 290, 100, tones[2], 22, -3)
        + suds
    )


def comb_piece(s: Sketch, tone: str) -> str:
    """A comb around (0, 0), teeth down."""
    teeth = ""
    for i in range(27):
        x = -236 + i * 18
        length = 150 - (abs(i - 13) / 13) ** 2 * 22
        teeth += f"M{x} 0V{length:.0f}Q{x + 5} {length + 12:.0f} {x + 10} {length:.0f}V0Z"
    back = (
        "M-262 20C-268 -60 -200 -128 0 -128C200 -128 268 -60 262 20"
        "L246 148Q240 160 234 148V30H-234V148Q-240 160 -246 148Z"
    )
    d = back + teeth
    grain = s.texture(".006 .16", 2.2, 7, 1.22)
    stamp = "".join(
        group(mark("#fff0d6", 13), opacity=0.3, transform=f"translate({x + 1.5} {y + 2})")
        + group(mark(dark(tone, 0.6), 13), transform=f"translate({x} {y})")
        for x, y in ((-96, -46), (0, -60), (96, -46))
    )
    rims = line("M-246 4C-246 -58 -186 -112 0 -112C186 -112 246 -58 246 4", dark(tone, 0.5), 2.4, opacity=0.7)
    return (
        drop(s, d, 16, 22)
        + path(d, dark(tone, 0.5), transform="translate(3 5)")
        + solid(
            s,
            d,
            tone,
            stamp,
            rims,
            texture=grain,
            shade=s.lin([(0, "#fff", 0.3), (0.5, "#fff", 0), (1, INK, 0.4)], 0, 0, 0.6, 1),
        )
        + line(
            "M-256 0C-254 -64 -190 -122 0 -122C120 -122 200 -98 236 -54",
            "#fff1d6",
            3,
            opacity=0.6,
            filter=s.blur(1),
        )
    )


def comb(s: Sketch, tone: str) -> str:
    return place(comb_piece(s, tone), 400, 500, 1.12, -28)


def _comb_in_use(s: Sketch, tones: Sequence[str]) -> str:
    cloth = "M70 150L640 90C670 320 690 620 710 880L120 930C90 700 80 420 70 150Z"
    terry = s.texture(".16 .16", 1.1, 9, 1.2)
    stripes = "".join(
        path(f"M{84 + i} {y}L{700 + i} {y - 52}V{y - 22}L{84 + i} {y + 30}Z", "#6f8f78", opacity=0.7)
        for i, y in ((16, 760), (18, 816))
    )
    fold = s.soft("M90 520C280 500 500 500 700 470", INK, 22, 0.2, 12) + s.soft(
        "M90 500C280 480 500 480 700 450", "#fff", 20, 0.3, 12
    )
    towel = drop(s, cloth, 22, 22) + solid(s, cloth, "#efe8da", stripes, fold, texture=terry)
    return (
        towel
        + place(comb_piece(s, tones[0]), 390, 470, 0.92, 18)
        + leaf(s, 560, 730, 170, -60)
        + leaf(s, 556, 734, 150, -20, "#6b8f5a")
    )


def _sponge(s: Sketch, tone: str, seed: int) -> str:
    """One loofah that lies across, about 460 wide, around (0, 0)."""
    d = (
        "M-226 -20C-232 -84 -190 -112 -120 -104C-40 -92 40 -118 130 -110C200 -104 232 -70 228 -6"
        "C224 70 190 104 120 96C40 86 -40 110 -120 102C-190 96 -222 60 -226 -20Z"
    )
    fibres = ""
    for _ in range(150):
        x, y = s.rng.uniform(-220, 200), s.rng.uniform(-104, 100)
        bend, run = s.rng.uniform(-26, 26), s.rng.uniform(20, 60)
        fibres += line(
            f"M{x:.0f} {y:.0f}q{run / 2:.0f} {bend:.0f} {run:.0f} {bend * 0.2:.0f}",
            light(tone, 0.5) if s.rng.random() > 0.45 else dark(tone, 0.45),
            2.4,
            opacity=0.6,
        )
    ribs = "".join(
        s.soft(f"M-220 {y}C-100 {y + 16} 100 {y - 18} 220 {y - 4}", INK, 9, 0.3, 5) for y in (-64, -18, 30, 70)
    )
    volume = s.down((0, "#fff", 0.3), (0.3, "#fff", 0.08), (0.65, INK, 0.16), (1, INK, 0.62))
    holes = "".join(
        ellipse(198 + dx, dy, 9, 15, dark(tone, 0.7), opacity=0.85) for dx, dy in ((0, -40), (8, 6), (-4, 50))
    )
    body = solid(s, d, tone, fibres, ribs, holes, texture=s.texture(".06 .1", 2.2, seed, 1.22, 56), shade=volume)
    cord = (
        line("M-196 0C-290 -20 -300 90 -230 60", "#efe4c8", 8)
        + line("M-200 -60C-186 -20 -186 20 -200 70", "#efe4c8", 12)
        + line(
            "M-200 -60C-186 -20 -186 20 -200 70",
            "#9a8a62",
            12,
            stroke_dasharray="3 7",
            stroke_linecap="butt",
            opacity=0.6,
        )
    )
    return body + cord


def loofah(s: Sketch, tone: str) -> str:
    lower = ground(s, 400, 800, 220, 1, 0.7) + place(_sponge(s, tone, 4), 400, 716, 1.06)
    return (
        lower
        + ellipse(410, 626, 180, 16, INK, opacity=0.45, filter=s.blur(8))
        + place(_sponge(s, mix(tone, "#b98f52", 0.2), 12), 416, 540, 0.92, -5)
        + leaf(s, 640, 800, 120, -36)
    )


def _loofah_in_use(s: Sketch, tones: Sequence[str]) -> str:
    return (
        ground(s, 300, 760, 200, 1, 0.7)
        + place(_sponge(s, tones[0], 4), 300, 690, 0.86, -4)
        + props.wooden_plate(s, 520, 850, 190)
        + ellipse(530, 852, 150, 12, "#0b0603", opacity=0.5, filter=s.blur(7))
        + soap(s, 390, 752, 260, 94, "#9cb58c", 4)
        + leaves(s, 180, 830)
    )


SCENES = {
    "sabun-batang": Scene(
        soaps,
        front=Look(1.32, 420, 660),
        detail=Look(1.9, 400, 620),
        use=_soaps_in_use,
        use_look=Look(1.12, 400, 640),
    ),
    "sisir-kayu": Scene(
        comb,
        "flat",
        Look(1.06, 400, 510),
        Look(2.0, 330, 470),
        _comb_in_use,
        use_look=Look(1.04, 400, 510),
        tones=("#8a5530",),
    ),
    "gambas-mandi": Scene(
        loofah,
        front=Look(1.3, 410, 660),
        detail=Look(2.0, 420, 640),
        use=_loofah_in_use,
        use_look=Look(1.14, 400, 700),
        tones=("#d8bd85",),
    ),
}
