"""Brewing and serving: dripper, glass, grinder, palm sugar."""

from __future__ import annotations

from collections.abc import Sequence

from tools.make_pictures import props
from tools.make_pictures.colour import INK, dark, light
from tools.make_pictures.glassware import carafe, jar, jar_rim, tumbler, wooden_lid
from tools.make_pictures.props import bean_bowl, beans, cup, glaze
from tools.make_pictures.scene import Look, Scene
from tools.make_pictures.shapes import ground, mark, oval, revolve, solid
from tools.make_pictures.sketch import Sketch
from tools.make_pictures.svg import circle, ellipse, group, line, path, place, rect


def dripper(s: Sketch, tone: str) -> str:
    """A ribbed cone on a glass pot."""
    cone = [(330, 150), (346, 150), (400, 118), (452, 84), (478, 66)]
    ribs = "".join(
        line(
            f"M{400 + x} 350Q{400 + x * 0.66:.0f} 410 {400 + x * 0.4:.0f} 474",
            INK,
            6,
            opacity=0.22,
            filter=s.blur(1.5),
        )
        + line(
            f"M{405 + x} 350Q{404 + x * 0.66:.0f} 410 {403 + x * 0.4:.0f} 474",
            "#fff",
            3.4,
            opacity=0.3,
            filter=s.blur(1),
        )
        for x in (-130, -104, -76, -46, -14, 18, 50, 80, 106, 130)
    )
    body = revolve(s, 400, cone, tone, k=0.2, gloss=0.5, texture=glaze(s), extra=ribs)
    ear = "M536 366C612 352 616 430 496 440"
    handle = (
        line(ear, dark(tone, 0.4), 24)
        + line(ear, tone, 19)
        + line(ear, light(tone, 0.6), 5, opacity=0.7, transform="translate(-4 -5)", filter=s.blur(1.6))
    )
    plate = (
        revolve(s, 400, [(476, 112), (484, 114), (494, 108)], tone, k=0.19, gloss=0.4, texture=glaze(s))
        + ellipse(400, 476, 112, 20, light(tone, 0.14))
        + ellipse(406, 478, 76, 13, INK, opacity=0.35, filter=s.blur(5))
    )
    grounds = path(oval(400, 318, 132, 25), s.rad([(0, "#2a140a"), (0.7, "#3a1d0e"), (1, "#5a3418")]))
    foam = ellipse(384, 318, 70, 11, "#8a5a32", opacity=0.6, filter=s.blur(6))
    rim = line("M250 330A150 30 0 0 0 550 330", light(tone, 0.4), 5)
    back = (
        ellipse(400, 330, 150, 30, light(tone, 0.05))
        + path("M268 330L282 292Q400 256 518 292L532 330Z", "#f1eadb")
        + path(
            "M268 330L282 292Q400 256 518 292L532 330Z",
            s.across((0, INK, 0.24), (0.4, "#fff", 0.1), (1, INK, 0.3)),
        )
    )
    return carafe(s, "#3b1c0b", 660) + plate + handle + body + back + grounds + foam + rim


def _dripper_in_use(s: Sketch, tones: Sequence[str]) -> str:
    return (
        place(dripper(s, tones[1]), 400, 800, 0.98, about=(400, 800))
        + beans(s, 600, 880, 9, 100)
        + cup(s, 170, 862, scale=0.9)
    )


def _glass(s: Sketch, tone: str) -> str:
    return tumbler(s, tone)


def _two_glasses(s: Sketch, tones: Sequence[str]) -> str:
    return place(tumbler(s, tones[0], milk=False), 250, 770, 0.86, about=(400, 790)) + place(
        tumbler(s, tones[0]), 530, 860, 0.98, about=(400, 790)
    )


def grinder(s: Sketch, tone: str) -> str:
    """Wooden body, steel dome, crank with a knob."""
    steel = s.across(
        (0, "#565b64"), (0.2, "#e6e8ea"), (0.4, "#9aa0a8"), (0.7, "#5b606a"), (0.9, "#aeb3b9"), (1, "#3d4048")
    )
    grain = s.texture(".09 .006", 2.0, 4, 1.22)
    drawer = "M330 660H470V744H330Z"
    body = revolve(
        s,
        400,
        [(520, 118), (540, 122), (580, 116), (740, 132), (770, 146), (792, 146)],
        tone,
        k=0.2,
        gloss=0.35,
        texture=grain,
    )
    front = (
        solid(s, drawer, light(tone, 0.1), texture=grain, shade=s.across((0, "#fff", 0.16), (1, INK, 0.3)))
        + line(drawer, INK, 3, opacity=0.6)
        + circle(400, 704, 13, s.ball("#c9cdd2", "#fff", "#4a4e56"))
    )
    collar = revolve(s, 400, [(498, 124), (510, 126), (524, 122)], steel, k=0.2, gloss=0.3)
    dome = revolve(s, 400, [(420, 20), (428, 62), (456, 100), (490, 116), (504, 120)], steel, k=0.2, gloss=0.8)
    window = path("M420 440C470 450 494 474 500 496L430 500C410 476 408 456 420 440Z", dark("#565b64", 0.5)) + "".join(
        props.bean(s, x, y, 13, t) for x, y, t in ((440, 488, 20), (464, 480, 80), (480, 492, -20), (446, 468, 130))
    )
    arm = "M400 400C470 392 560 402 612 410"
    crank = (
        rect(389, 382, 22, 46, steel, rx=5)
        + line(arm, "#30343b", 15)
        + line(arm, "#c9cdd2", 10)
        + line(arm, "#fff", 3, opacity=0.8, transform="translate(0 -3)")
    )
    knob = rect(604, 352, 16, 60, "#5b606a", rx=4) + revolve(
        s,
        612,
        [(296, 10), (304, 24), (332, 29), (356, 18), (366, 17)],
        light(tone, 0.1),
        k=0.24,
        gloss=0.5,
        texture=grain,
    )
    return (
        ground(s, 400, 798, 140, 1, 1.2)
        + body
        + front
        + collar
        + dome
        + window
        + circle(400, 398, 14, s.ball("#9aa0a8", "#fff", "#3d4048"))
        + crank
        + knob
    )


def _grinder_in_use(s: Sketch, tones: Sequence[str]) -> str:
    return (
        place(grinder(s, tones[0]), 300, 780, 0.88, about=(400, 790))
        + bean_bowl(s, 590, 880)
        + beans(s, 300, 930, 5, 100)
    )


def sugar(s: Sketch, tone: str) -> str:
    return jar(s, tone, ".28 .28", level=590) + jar_rim(s) + wooden_lid(s, 400, 546, 124) + _tag(s)


def _tag(s: Sketch) -> str:
    """A paper tag on a string."""
    d = "M0 -14L70 -14Q78 -14 78 -6V70Q78 78 70 78H-4Q-12 78 -12 70V0Z"
    string = (
        line("M286 572Q400 612 514 572", "#e9dcc0", 5)
        + line("M286 576Q400 616 514 576", INK, 3, opacity=0.3)
        + line("M430 594Q446 616 452 640", "#e9dcc0", 3)
    )
    card = group(
        path(d, INK, opacity=0.4, transform="translate(5 7)", filter=s.blur(5)),
        path(d, "#efe3c8", filter=s.texture(".6 .6", 0.8)),
        circle(14, 4, 5, "#6b4a2a"),
        group(mark("#6b4526", 10), transform="translate(34 40)"),
        transform="translate(440 636) rotate(12)",
    )
    return string + card


def _sugar_in_use(s: Sketch, tones: Sequence[str]) -> str:
    open_jar = place(jar(s, tones[0], ".28 .28", level=590) + jar_rim(s) + _tag(s), 290, 790, 0.94, about=(400, 792))
    lid = place(wooden_lid(s, 0, 0, 116), 560, 760, 0.8)
    return (
        ground(s, 560, 764, 90, 0.9)
        + lid
        + open_jar
        + cup(s, 600, 880)
        + props.wooden_spoon(s, 230, 910, -8, 270, load=tones[0])
    )


SCENES = {
    "dripper-keramik": Scene(
        dripper,
        front=Look(1.16, 410, 560),
        detail=Look(1.9, 430, 460),
        use=_dripper_in_use,
        use_look=Look(1.08, 400, 560),
    ),
    "gelas-kopi-susu": Scene(
        _glass,
        front=Look(1.5, 400, 650),
        detail=Look(2.1, 400, 640),
        use=_two_glasses,
        use_look=Look(1.15, 400, 640),
        tones=("#5f2d0e",),
    ),
    "penggiling-kopi-kayu": Scene(
        grinder,
        front=Look(1.24, 440, 570),
        detail=Look(1.9, 470, 470),
        use=_grinder_in_use,
        use_look=Look(1.1, 420, 640),
        tones=("#6b3f24",),
    ),
    "gula-aren-semut": Scene(
        sugar,
        front=Look(1.45, 400, 650),
        detail=Look(2.1, 380, 660),
        use=_sugar_in_use,
        use_look=Look(1.12, 400, 640),
        tones=("#9a6530",),
    ),
}
