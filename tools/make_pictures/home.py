"""Wood and cane around the house: cutting board, spoons, mirror."""

from __future__ import annotations

from collections.abc import Sequence

from tools.make_pictures import props
from tools.make_pictures.colour import INK, dark, light, mix
from tools.make_pictures.motifs import lurik
from tools.make_pictures.scene import Look, Scene
from tools.make_pictures.shapes import drop, ground, oval, revolve, solid, speckles
from tools.make_pictures.sketch import Sketch
from tools.make_pictures.svg import circle, ellipse, group, line, path, place, rect

CANE = "#c0935a"


def _plank(s: Sketch, tone: str, *, lies: bool = False) -> str:
    """Board with a handle, bottom edge at y = 0; it throws a shadow where it lies."""
    d = (
        "M-150 -16V-470C-150 -506 -126 -520 -96 -522C-52 -526 -40 -546 -40 -580"
        "V-640C-40 -690 40 -690 40 -640V-580C40 -546 52 -526 96 -522"
        "C126 -520 150 -506 150 -470V-16C150 -4 142 0 130 0H-130C-142 0 -150 -4 -150 -16Z"
    )
    grain = s.texture(".05 .004", 2.6, 9, 1.22)
    rings = "".join(
        line(
            f"M{x} 0C{x + 26} {-140 - i * 6} {x - 30} {-300} {x + (8 if i % 2 else -10)} -520",
            dark(tone, 0.5),
            3.5 + i % 3,
            opacity=0.22,
            filter=s.blur(1.2),
        )
        for i, x in enumerate((-124, -100, -82, -56, -36, -8, 16, 38, 70, 92, 112, 132))
    )
    knot = "".join(
        ellipse(46, -260, 10 + i * 9, 24 + i * 22, "none", stroke=dark(tone, 0.5), stroke_width=3, opacity=0.26)
        for i in range(4)
    ) + ellipse(46, -260, 8, 18, dark(tone, 0.5), opacity=0.6)
    hole = circle(0, -632, 15, dark(tone, 0.75)) + line("M-13 -640A15 15 0 0 1 13 -640", INK, 4, opacity=0.6)
    thick = path(d, dark(tone, 0.55), transform="translate(13 5)")
    face = solid(
        s,
        d,
        tone,
        rings,
        knot,
        texture=grain,
        shade=s.lin([(0, "#fff", 0.22), (0.45, "#fff", 0), (1, INK, 0.34)], 0, 0, 1, 0.7),
    )
    return (
        (drop(s, d, 26, 28) if lies else "")
        + thick
        + face
        + line("M-148 -20V-470C-148 -504 -126 -518 -96 -520", "#fff1d6", 3, opacity=0.6)
        + hole
    )


def board(s: Sketch, tone: str) -> str:
    shape = "M250 300H550V800H250Z"
    shadow = path(shape, INK, transform="translate(60 6) skewX(-3)", opacity=0.3, filter=s.blur(20)) + ellipse(
        420, 802, 176, 13, INK, opacity=0.6, filter=s.blur(5)
    )
    return shadow + place(_plank(s, tone), 400, 800, 0.98, 2.5)


def _slice(s: Sketch, x: float, y: float, r: float, turn: float) -> str:
    peel = circle(0, 0, r, "#e79a1f") + circle(0, 0, r * 0.92, "#fbe9bd")
    parts = "".join(
        path(
            f"M0 0L{r * 0.8} {-r * 0.26}A{r * 0.84} {r * 0.84} 0 0 1 {r * 0.8} {r * 0.26}Z",
            "#f6b53a",
            transform=f"rotate({a})",
            stroke="#fbe9bd",
            stroke_width=4,
        )
        for a in range(0, 360, 40)
    )
    return place(
        circle(8, 10, r, INK, opacity=0.4, filter=s.blur(6))
        + peel
        + parts
        + circle(0, 0, r, s.lin([(0, "#fff", 0.3), (1, INK, 0.2)], 0, 0, 1, 1)),
        x,
        y,
        1,
        turn,
    )


def _board_in_use(s: Sketch, tones: Sequence[str]) -> str:
    loaf = "M-190 -60C-196 -120 -90 -146 0 -146C90 -146 196 -120 190 -60C196 10 150 66 0 66C-150 66 -196 10 -190 -60Z"
    crust = s.rad([(0, "#e0a75e"), (0.6, "#b97430"), (1, "#7a431a")], 0.4, 0.35, 0.75)
    cuts = "".join(
        line(f"M{x} -96C{x + 22} -60 {x + 22} -20 {x + 6} 22", "#f3dcb0", 15, opacity=0.9)
        + line(f"M{x + 10} -94C{x + 32} -58 {x + 32} -18 {x + 16} 22", "#7a431a", 4, opacity=0.6)
        for x in (-120, -60, 0, 60, 116)
    )
    bread = path(loaf, INK, transform="translate(18 26)", opacity=0.45, filter=s.blur(12)) + solid(
        s,
        loaf,
        crust,
        cuts,
        texture=s.texture(".09 .09", 2.6, 4, 1.26, 55),
        shade=s.rad([(0, "#fff", 0.2), (0.6, "#fff", 0), (1, "#2a1206", 0.5)], 0.38, 0.3, 0.8),
    )
    crumbs = speckles(s, (280, 480, 560, 700), 26, "#e9c892")
    cloth = "M-40 640L300 560L420 1040H-40Z"
    napkin = drop(s, cloth, 14, 10, 0.8) + solid(
        s,
        cloth,
        lurik(s, "#24584f", 58, -14),
        s.soft("M60 640C90 760 70 880 110 1000", INK, 26, 0.34, 11),
        s.soft("M250 580C280 700 270 800 330 1000", "#fff", 20, 0.2, 9),
        texture=s.texture(".5 .8", 1.2, 5),
    )
    return (
        place(_plank(s, tones[0], lies=True), 400, 880, 1.2, 4)
        + napkin
        + place(bread, 410, 500, 0.86, -24)
        + crumbs
        + _slice(s, 330, 700, 66, 12)
        + _slice(s, 446, 760, 62, 40)
    )


def spoons(s: Sketch, tone: str) -> str:
    """Soup spoon, ladle spoon and spatula side by side, seen from above."""
    first = props.wooden_spoon(s, 236, 330, 96, 430, mix(tone, "#e0b98a", 0.35))
    second = place(props.wooden_spoon(s, 0, 0, 0, 400, tone), 400, 280, 1.32, 90)
    d = (
        "M-74 -6C-70 -96 -44 -150 0 -150C52 -150 78 -96 74 -6C72 34 40 50 18 64"
        "L14 420Q12 446 0 446Q-12 446 -14 420L-18 64C-40 50 -72 34 -74 -6Z"
    )
    wood = mix(tone, "#5a3418", 0.3)
    slots = "".join(
        rect(x, -96, 13, 96, dark(wood, 0.72), rx=6.5) + line(f"M{x + 12} -90v84", "#fff", 1.6, opacity=0.3)
        for x in (-38, -6, 26)
    )
    spatula = (
        drop(s, d, 14, 18, 1)
        + solid(
            s,
            d,
            wood,
            texture=s.texture(".2 .01", 1.6, 7, 1.2),
            shade=s.across((0, "#fff", 0.3), (0.5, "#fff", 0), (1, INK, 0.45)),
        )
        + slots
    )
    return first + second + place(spatula, 570, 370, 1.06, -5)


def _spoons_in_use(s: Sketch, tones: Sequence[str]) -> str:
    """The same three in a stoneware pot."""
    tools = place(props.wooden_spoon(s, 0, 0, 0, 380, tones[0]), 330, 290, 1.15, 82) + place(
        props.wooden_spoon(s, 0, 0, 0, 380, mix(tones[0], "#e0b98a", 0.35)), 500, 320, 1.05, 108
    )
    d = "M-64 -6C-60 -86 -40 -130 0 -130C44 -130 66 -86 64 -6C62 34 40 46 16 60L12 420H-12L-16 60C-40 46 -62 34 -64 -6Z"
    wood = mix(tones[0], "#5a3418", 0.3)
    spatula = solid(
        s,
        d,
        wood,
        texture=s.texture(".2 .01", 1.6, 7, 1.2),
        shade=s.across((0, "#fff", 0.3), (0.5, "#fff", 0), (1, INK, 0.45)),
    )
    tone = "#dcd3c0"
    pot = revolve(
        s,
        400,
        [(570, 128), (600, 132), (700, 136), (770, 124), (792, 112)],
        tone,
        k=0.2,
        gloss=0.5,
        texture=props.glaze(s),
        extra=speckles(s, (260, 570, 540, 790), 130, dark(tone, 0.55)) + rect(250, 740, 300, 90, "#a98467"),
    )
    back = ellipse(400, 570, 128, 26, mix(tone, "#a98467", 0.5)) + ellipse(400, 573, 118, 21, dark(tone, 0.7))
    front = "M200 573H282A118 21 0 0 0 518 573H600V900H200Z"
    return (
        ground(s, 400, 798, 112, 1, 1.2)
        + back
        + group(
            tools + place(spatula, 412, 330, 1.02, 3),
            clip_path=s.clip("M0 0H800V573H518A118 21 0 0 1 282 573H0Z"),
        )
        + group(pot, clip_path=s.clip(front))
        + line("M274 574A126 26 0 0 0 526 574", light(tone, 0.5), 4, opacity=0.8)
    )


def mirror(s: Sketch, tone: str) -> str:
    """A round glass with cane rays."""
    rays = ""
    for i in range(72):
        long = i % 2 == 0
        d = f"M0 -190V{-352 if long else -306}"
        rays += group(
            line(d, dark(tone, 0.5), 10)
            + line(d, tone, 7.5)
            + line(d, light(tone, 0.45), 2.4, transform="translate(-1.6 0)", opacity=0.8),
            transform=f"rotate({i * 5})",
        )
    shadow = circle(430, 530, 300, INK, opacity=0.3, filter=s.blur(24)) + circle(
        410, 506, 210, INK, opacity=0.3, filter=s.blur(8)
    )
    rim = circle(0, 0, 196, "none", stroke=dark(tone, 0.5), stroke_width=34) + "".join(
        circle(0, 0, r, "none", stroke=c, stroke_width=9)
        for r, c in ((206, tone), (195, light(tone, 0.15)), (184, dark(tone, 0.12)))
    )
    wraps = "".join(line("M0 -212V-178", dark(tone, 0.35), 7, transform=f"rotate({a})") for a in range(0, 360, 15))
    hoop = circle(0, 0, 270, "none", stroke=dark(tone, 0.45), stroke_width=11) + circle(
        0, 0, 270, "none", stroke=light(tone, 0.1), stroke_width=7
    )
    pane = circle(0, 0, 178, s.lin([(0, "#f2f4f3"), (0.35, "#c5ccd0"), (0.55, "#e6e9e8"), (1, "#8d969d")], 0, 0, 1, 1))
    scene = group(
        path("M-200 40H200V200H-200Z", "#9d8681", opacity=0.55),
        path("M-40 -200L40 -200L-60 200H-150Z", "#fff", opacity=0.4),
        path("M70 -200L96 -200L0 200H-28Z", "#fff", opacity=0.3),
        group(props.plant(s, 0, 0, 0.9), transform="translate(84 110)", opacity=0.6, filter=s.blur(3)),
        circle(0, 0, 178, "none", stroke=INK, stroke_width=16, opacity=0.4, filter=s.blur(6)),
        clip_path=s.clip(oval(0, 0, 178, 178)),
    )
    light_over = circle(
        0, 0, 352, s.lin([(0, "#fff", 0.14), (0.5, "#fff", 0), (1, INK, 0.28)], 0, 0, 1, 1), opacity=0.6
    )
    return shadow + place(rays + hoop + pane + scene + rim + wraps + light_over, 400, 490)


def _mirror_in_use(s: Sketch, tones: Sequence[str]) -> str:
    return (
        place(mirror(s, tones[0]), 400, 350, 0.78, about=(400, 490))
        + props.plant(s, 230, 800, 1.6, "#1f3470")
        + props.books(s, 560, 830, scale=0.95)
    )


SCENES = {
    "talenan-jati": Scene(
        board,
        front=Look(1.16, 400, 520),
        detail=Look(1.9, 430, 520),
        use=_board_in_use,
        use_stage="flat",
        use_look=Look(1.04, 400, 520),
        tones=("#b9834c",),
    ),
    "sendok-kayu": Scene(
        spoons,
        "flat",
        Look(1.22, 400, 480),
        Look(2.0, 380, 330),
        _spoons_in_use,
        "table",
        Look(1.14, 400, 560),
        ("#a06a3a",),
    ),
    "cermin-rotan": Scene(
        mirror,
        "wall",
        Look(1.04, 400, 490),
        Look(1.9, 540, 380),
        _mirror_in_use,
        "table",
        Look(1.02, 400, 520),
        (CANE,),
    ),
}
