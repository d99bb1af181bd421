"""Low and flat: coasters, tray, and the sandals with a plaited strap."""

from __future__ import annotations

from collections.abc import Sequence

from tools.make_pictures.colour import INK, dark, light, mix
from tools.make_pictures.glassware import tumbler
from tools.make_pictures.motifs import mendong, wicker
from tools.make_pictures.props import cup
from tools.make_pictures.scene import Look, Scene
from tools.make_pictures.shapes import drop, ground, mark, oval, solid
from tools.make_pictures.sketch import ROUND, Sketch
from tools.make_pictures.svg import circle, ellipse, group, line, path, place, rect
from tools.make_pictures.woven import RATTAN, braid


def _coil(s: Sketch, r: float, tone: str) -> str:
    """A disc of cane wound from the middle."""
    out, step = circle(0, 0, r, dark(tone, 0.5)), 9.0
    count = int(r / step)
    for i in range(count):
        ring = r - step / 2 - i * step
        colour = mix(tone, "#8a5a2c", 0.18 if i % 3 == 1 else 0)
        out += circle(0, 0, ring, "none", stroke=colour, stroke_width=step - 1.4) + circle(
            -0.8, -1.2, ring, "none", stroke=light(colour, 0.4), stroke_width=1.8, opacity=0.7
        )
    stitches = "".join(
        line(
            f"M{r * 0.14:.0f} 0H{r * 0.97:.0f}",
            dark(tone, 0.55),
            2.2,
            stroke_dasharray="5 4",
            stroke_linecap="butt",
            opacity=0.7,
            transform=f"rotate({turn})",
        )
        for turn in range(0, 360, 18)
    )
    return (
        out
        + stitches
        + circle(0, 0, r, s.lin([(0, "#fff", 0.24), (0.5, "#fff", 0), (1, INK, 0.36)], 0, 0, 1, 1))
        + circle(0, 0, r - 1, "none", stroke=dark(tone, 0.3), stroke_width=3)
    )


def coasters(s: Sketch, tone: str) -> str:
    out = ""
    for x, y, r, turn in ((262, 330, 172, 0), (556, 420, 168, 4), (270, 680, 170, 8), (560, 752, 172, 2)):
        shadow = circle(x + 20, y + 22, r, INK, opacity=0.34, filter=s.blur(13)) + circle(
            x + 5, y + 6, r, INK, opacity=0.4, filter=s.blur(4)
        )
        out += shadow + place(_coil(s, r, tone), x, y, turn=turn)
    return out


def coaster_in_use(s: Sketch, tones: Sequence[str]) -> str:
    disc = group(_coil(s, 172, tones[0]), transform="translate(400 796) scale(1 .24)")
    thick = ellipse(400, 806, 172, 42, dark(tones[0], 0.6))
    stack = "".join(
        ellipse(640, 866 - i * 16, 128, 30, dark(tones[0], 0.6))
        + group(_coil(s, 128, tones[0]), transform=f"translate(640 {858 - i * 16}) scale(1 .23)")
        for i in range(3)
    )
    return (
        ground(s, 400, 830, 172)
        + thick
        + disc
        + ground(s, 640, 884, 128)
        + stack
        + place(tumbler(s, "#6b3a1d"), 400, 800, 0.92, about=(400, 790))
    )


def tray(s: Sketch, tone: str, load: str = "") -> str:
    """A round tray with a high wicker wall."""
    wall = "M110 690C114 740 122 772 138 800C230 880 570 880 662 800C678 772 686 740 690 690C600 800 200 800 110 690Z"
    cane = s.down((0, light(tone, 0.35)), (0.5, tone), (1, dark(tone, 0.55)))
    floor = s.lin([(0, "#8a5a34"), (0.5, "#b07c4b"), (1, "#c99a66")], 0, 0, 1, 0.3)
    far = "M110 690C150 590 650 590 690 690C640 640 160 640 110 690Z"
    ears = ""
    for x, side in ((112, -1), (688, 1)):
        ear = f"M{x - side * 18} 656C{x + side * 60} 596 {x + side * 84} 690 {x + side * 6} 724"
        ears += (
            line(ear, INK, 20, opacity=0.3, transform="translate(6 12)", filter=s.blur(6))
            + line(ear, dark(tone, 0.5), 20)
            + line(ear, tone, 16, stroke_dasharray="9 2.5", stroke_linecap="butt")
            + line(ear, light(tone, 0.5), 4, opacity=0.6, transform="translate(-2 -4)", stroke_dasharray="9 2.5")
        )
    inside = path(oval(400, 690, 288, 84), floor, filter=s.texture(".006 .16", 1.8, 5, 1.2))
    shade = group(
        ellipse(250, 668, 170, 50, INK, opacity=0.4, filter=s.blur(24)),
        path(far, wicker(s, dark(tone, 0.25), 44, 24)),
        line("M130 668C220 640 580 640 670 668", INK, 12, opacity=0.4, filter=s.blur(6)),
        clip_path=s.clip(oval(400, 690, 288, 84)),
    )
    return (
        ground(s, 400, 852, 250)
        + ears
        + inside
        + shade
        + load
        + solid(
            s,
            wall,
            wicker(s, tone, 46, 30),
            path(wall, s.down((0, INK, 0.2), (0.5, INK, 0), (1, INK, 0.5))),
            shade=s.lin(ROUND),
        )
        + line("M112 684C160 590 640 590 688 684", cane, 14)
        + braid(s, 400, 690, 288, 84, tone, 17)
    )


def tray_in_use(s: Sketch, tones: Sequence[str]) -> str:
    cups = cup(s, 300, 740, "#9db2a4", "#7a4a1c", 1.05) + cup(s, 490, 752, "#e4dccb", "#7a4a1c", 1.05)
    return tray(s, tones[0], cups)


def sandals(s: Sketch, tone: str) -> str:
    skin = "#b98654" if tone.lower() != "#7c2e2a" else "#c79a6a"
    sole = (
        "M0 -290C62 -290 96 -240 92 -150C88 -70 66 -20 66 60C66 130 84 170 78 226C72 280 40 300 0 300"
        "C-44 300 -72 278 -74 226C-78 160 -92 100 -98 20"
        "C-106 -80 -110 -180 -76 -246C-58 -280 -30 -290 0 -290Z"
    )
    plait = s.pattern(
        26,
        26,
        rect(0, 0, 26, 26, dark(tone, 0.5))
        + rect(1, 1, 12, 12, light(tone, 0.12), rx=2)
        + rect(14, 14, 12, 12, tone, rx=2)
        + rect(14, 1, 11, 12, mix(tone, "#e9d7b0", 0.8), rx=2)
        + rect(1, 14, 12, 11, mix(tone, "#e9d7b0", 0.65), rx=2),
        "rotate(45)",
    )
    strap = "M-116 -96C-70 -160 60 -170 104 -112L86 -8C40 -56 -50 -50 -112 10Z"
    rims = "M-116 -96C-70 -160 60 -170 104 -112M86 -8C40 -56 -50 -50 -112 10"
    one = (
        path(sole, "#0b0603", transform="translate(26 30)", opacity=0.4, filter=s.blur(14))
        + path(sole, dark(skin, 0.62), transform="translate(7 9)")
        + path(sole, skin, filter=s.texture(".5 .5", 1.1, 6, 1.2))
        + path(sole, s.across((0, "#fff", 0.16), (0.5, "#fff", 0), (1, "#0b0603", 0.36)))
        + line(sole, "#f3ddb4", 2.4, stroke_dasharray="8 6", opacity=0.8, transform="scale(.91 .945)")
        + ellipse(-2, 200, 46, 62, "#0b0603", opacity=0.18, filter=s.blur(14))
        + ellipse(-6, -200, 56, 52, "#0b0603", opacity=0.16, filter=s.blur(14))
        + path(strap, "#0b0603", transform="translate(8 20)", opacity=0.5, filter=s.blur(9))
        + path(strap, plait)
        + path(strap, s.across((0, "#0b0603", 0.4), (0.3, "#fff", 0.26), (0.6, "#fff", 0), (1, "#0b0603", 0.5)))
        + line(rims, dark(skin, 0.35), 9)
        + line("M-114 -98C-70 -162 60 -172 102 -114", "#f0d9b0", 1.8, stroke_dasharray="6 5")
        + group(mark(dark(skin, 0.5), 9), transform="translate(-2 214)")
    )
    return place(one, 272, 540, turn=-5) + group(one, transform="translate(530 520) rotate(7) scale(-1 1)")


def _sandals_on_mat(s: Sketch, tones: Sequence[str]) -> str:
    mat = "M-40 120L840 -10V1010H-40Z"
    return (
        drop(s, mat, 0, -16)
        + path(mat, mendong(s, "#1e3168", 82), opacity=0.94)
        + place(sandals(s, tones[1]), 400, 530, 0.92, 20, about=(400, 520))
    )


SCENES = {
    "tatakan-gelas-rotan": Scene(
        coasters,
        "flat",
        Look(1.04, 410, 540),
        Look(2.0, 300, 420),
        coaster_in_use,
        "table",
        Look(1.15, 420, 640),
        (RATTAN,),
    ),
    "nampan-rotan": Scene(
        tray,
        front=Look(1.05, 400, 640),
        detail=Look(2.0, 590, 720),
        use=tray_in_use,
        use_look=Look(1.08, 400, 680),
        tones=(RATTAN,),
    ),
    "sandal-tali-anyam": Scene(
        sandals,
        "flat",
        Look(1.2, 400, 520),
        Look(1.9, 330, 470),
        _sandals_on_mat,
        use_look=Look(1.1, 400, 520),
    ),
}
