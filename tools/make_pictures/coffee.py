"""Coffee by the bag and by the drip sachet."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tools.make_pictures import props
from tools.make_pictures.brewing import dripper
from tools.make_pictures.colour import INK, dark, light
from tools.make_pictures.glassware import tumbler
from tools.make_pictures.props import beans, cup
from tools.make_pictures.scene import Look, Scene
from tools.make_pictures.shapes import ground, mark, solid
from tools.make_pictures.sketch import Sketch
from tools.make_pictures.svg import circle, ellipse, group, line, path, place, rect

PAPER = "#f4eedf"
BAG = (
    "M262 292H538C540 316 544 330 552 352C566 470 570 640 566 780"
    "C520 800 280 800 234 780C230 640 234 470 248 352C256 330 260 316 262 292Z"
)


def _label(s: Sketch, tone: str, kind: str) -> str:
    """Paper on the bag; each origin has its own shape."""
    sheet = {
        "square": "M304 446H496Q500 446 500 450V682Q500 686 496 686H304Q300 686 300 682V450Q300 446 304 446Z",
        "arch": "M300 686V536C300 400 500 400 500 536V686Z",
        "band": "M240 500Q400 520 561 500L567 668Q400 690 234 668Z",
    }[kind]
    shade = s.across((0, INK, 0.14), (0.4, "#fff", 0.1), (1, INK, 0.26))
    accent = {"square": "#d9a100", "arch": "#c0562f", "band": "#7fa35a"}[kind]
    lines = "M330 636h140M352 656h96"
    art = {
        "square": path("M300 610L352 566L384 592L430 548L500 606V640H300Z", accent, opacity=0.9)
        + path("M300 622L370 590L420 612L500 586V640H300Z", tone),
        "arch": "".join(
            circle(400, 612, r, "none", stroke=c, stroke_width=9) for r, c in ((80, tone), (58, accent), (36, tone))
        )
        + rect(300, 612, 200, 80, PAPER),
        "band": "".join(
            path(f"M{234 + i * 42} 600q21 -44 42 0t42 0v26h-84z", c, opacity=0.9)
            for i, c in enumerate((tone, accent) * 4)
        )
        + rect(230, 622, 340, 60, PAPER),
    }[kind]
    return group(
        path(sheet, PAPER, filter=s.texture(".7 .7", 0.7)),
        art,
        line(lines, tone, 2.4, opacity=0.75),
        group(mark(tone, 13, accent), transform=f"translate(400 {506 if kind != 'band' else 546})"),
        path(sheet, shade),
        clip_path=s.clip(sheet),
    )


def bag(s: Sketch, tone: str, kind: str = "square") -> str:
    """A stand-up bag with a valve; foot at (400, 788)."""
    shade = s.across(
        (0, INK, 0.5),
        (0.08, "#fff", 0.2),
        (0.16, INK, 0.1),
        (0.4, "#fff", 0.14),
        (0.6, INK, 0.04),
        (0.84, INK, 0.4),
        (0.92, "#fff", 0.12),
        (1, INK, 0.6),
    )
    folds = "".join(
        s.soft(d, colour, width, opacity, blur)
        for d, colour, width, opacity, blur in (
            ("M256 356C330 392 470 392 544 356", INK, 14, 0.4, 7),
            ("M262 376C330 408 470 408 538 376", "#fff", 8, 0.25, 6),
            ("M250 700C330 756 470 756 552 700", INK, 14, 0.35, 9),
            ("M262 730C330 776 470 776 540 730", "#fff", 8, 0.18, 6),
        )
    )
    seal = path("M262 292H538L541 326H259Z", dark(tone, 0.25)) + "".join(
        line(f"M262 {y}H538", "#fff", 2, opacity=0.14) for y in range(298, 326, 6)
    )
    valve = circle(400, 412, 10, dark(tone, 0.4)) + circle(398, 410, 4, "#fff", opacity=0.25)
    if kind == "arch":
        valve = ""
    return (
        ground(s, 400, 788, 178)
        + solid(s, BAG, tone, seal, folds, texture=s.texture(".018 .03", 4, 21, 1.22, 56), shade=shade)
        + _label(s, tone, kind)
        + valve
    )


def _bag_with_cup(kind: str) -> Callable[[Sketch, str], str]:
    def draw(s: Sketch, tone: str) -> str:
        return bag(s, tone, kind) + cup(s, 640, 812) + beans(s, 230, 888, 7, 110)

    return draw


def _gayo_in_use(s: Sketch, tones: Sequence[str]) -> str:
    return (
        place(dripper(s, "#e4dccb"), 566, 770, 0.74, about=(400, 800))
        + place(bag(s, tones[0]), 262, 850, 0.84, about=(400, 788))
        + beans(s, 560, 900, 7, 110)
    )


def _toraja_in_use(s: Sketch, tones: Sequence[str]) -> str:
    return (
        place(bag(s, tones[0], "arch"), 420, 790, 0.96, about=(400, 788))
        + beans(s, 250, 900, 12, 120)
        + props.wooden_spoon(s, 330, 890, 12, 300, load="#4d2c17")
    )


def _kintamani_in_use(s: Sketch, tones: Sequence[str]) -> str:
    return (
        place(bag(s, tones[0], "band"), 500, 780, 0.92, about=(400, 788))
        + place(tumbler(s, "#5a2f16", milk=False), 220, 860, 0.86, about=(400, 790))
        + beans(s, 560, 910, 5, 90)
    )


def drip_box(s: Sketch, tone: str) -> str:
    """A box of drip bags, one sachet leaning on it."""
    front, side, top = (
        "M190 430L470 452V806L190 778Z",
        "M470 452L610 420V756L470 806Z",
        "M190 430L334 402L610 420L470 452Z",
    )
    out = path("M190 776L470 806L610 752L740 800L540 860Z", INK, opacity=0.36, filter=s.blur(14)) + path(
        "M188 774L470 806L612 754V764L470 820L186 786Z", INK, opacity=0.6, filter=s.blur(4)
    )
    card = s.texture(".5 .5", 0.6, 3)
    strip = path("M190 620L470 646V736L190 708Z", PAPER)
    hills = path("M190 700L250 640L292 676L352 622L410 684L470 650V736L190 708Z", dark(tone, 0.1)) + path(
        "M190 706L280 668L350 706L470 690V736L190 708Z", "#d98a3a"
    )
    crest = group(mark(PAPER, 20, "#e0ac1c"), transform="translate(330 536) skewY(5)")
    out += solid(
        s,
        front,
        tone,
        strip,
        hills,
        crest,
        line("M206 446L454 466V786L206 762Z", PAPER, 2, opacity=0.5),
        texture=card,
        shade=s.across((0, "#fff", 0.2), (0.5, "#fff", 0.02), (1, INK, 0.16)),
    )
    out += solid(
        s,
        side,
        dark(tone, 0.2),
        path("M470 646L610 604V690L470 736Z", dark(PAPER, 0.1)),
        texture=card,
        shade=s.across((0, INK, 0.22), (1, INK, 0.5)),
    )
    out += solid(s, top, light(tone, 0.16), texture=card, shade=s.across((0, "#fff", 0.3), (1, "#fff", 0))) + line(
        "M190 430L470 452L610 420M470 452V806", light(tone, 0.35), 2, opacity=0.7
    )
    return out + place(sachet(s, tone), 610, 850, 0.94, 9)


def sachet(s: Sketch, tone: str) -> str:
    """A flat packet that stands on (0, 0)."""
    d = "M-92 -262H92L96 0H-96Z"
    crimp = "".join(
        line(f"M{-90 + i * 9} -262v22", INK, 1.6, opacity=0.3) + line(f"M{-92 + i * 9} -22v22", INK, 1.6, opacity=0.3)
        for i in range(21)
    )
    art = (
        rect(-100, -110, 200, 50, tone)
        + group(mark(tone, 13, "#d98a3a"), transform="translate(0 -166)")
        + line("M-44 -40H44", tone, 2.4, opacity=0.7)
    )
    folds = s.soft("M-60 -230C-40 -150 -70 -80 -50 -30", "#fff", 18, 0.6, 8) + s.soft(
        "M60 -230C40 -150 66 -80 50 -30", INK, 20, 0.26, 9
    )
    return drop_shadow(s, d) + solid(
        s,
        d,
        "#efe8d8",
        art,
        folds,
        crimp,
        texture=s.texture(".03 .05", 2, 6, 1.2, 57),
        shade=s.across((0, INK, 0.1), (0.3, "#fff", 0.2), (1, INK, 0.3)),
    )


def drop_shadow(s: Sketch, d: str) -> str:
    return path(d, INK, transform="translate(20 8)", opacity=0.34, filter=s.blur(12)) + ellipse(
        8, 2, 100, 9, INK, opacity=0.55, filter=s.blur(4)
    )


def _drip_in_use(s: Sketch, tones: Sequence[str]) -> str:
    """The bag hooked over a cup."""
    pouch = "M-74 -196L74 -196L58 -40H-58Z"
    ears = path("M-74 -190L-126 -150L-134 -66L-112 -60L-64 -120Z", dark(PAPER, 0.12)) + path(
        "M74 -190L126 -150L134 -66L112 -60L64 -120Z", dark(PAPER, 0.24)
    )
    hanging = solid(
        s,
        pouch,
        "#f6f1e4",
        path("M-68 -150H68L58 -40H-58Z", "#5a3418", opacity=0.75),
        group(mark("#6b1f2b", 9), transform="translate(0 -172)"),
        texture=s.texture(".4 .4", 1, 3),
        shade=s.across((0, INK, 0.16), (0.3, "#fff", 0.16), (1, INK, 0.34)),
    )
    hole = s.clip("M-400 -600H400V-88H69A69 15 0 0 1 -69 -88H-400Z")
    bag_in = group(place(hanging, 0, -52, 0.62), clip_path=hole) + place(ears, 0, -52, 0.62)
    mug = place(cup(s, 0, 0) + bag_in, 300, 860, 1.75)
    return place(drip_box(s, tones[0]), 560, 770, 0.74, about=(400, 800)) + mug


def _origin(kind: str, tone: str, use: Callable[[Sketch, Sequence[str]], str]) -> Scene:
    return Scene(
        _bag_with_cup(kind),
        front=Look(1.24, 420, 590),
        detail=Look(1.8, 400, 590),
        use=use,
        use_look=Look(1.1, 400, 620),
        tones=(tone,),
    )


SCENES = {
    "kopi-gayo": _origin("square", "#1a274f", _gayo_in_use),
    "kopi-toraja": _origin("arch", "#7a3b28", _toraja_in_use),
    "kopi-kintamani": _origin("band", "#2e4b3f", _kintamani_in_use),
    "kopi-drip-bajawa": Scene(
        drip_box,
        front=Look(1.3, 420, 630),
        detail=Look(1.9, 420, 640),
        use=_drip_in_use,
        use_look=Look(1.08, 400, 620),
        tones=("#6b1f2b",),
    ),
}
