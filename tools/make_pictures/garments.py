"""What hangs on a wall: shirts, outer, scarf, shawl."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

from tools.make_pictures.colour import CREAM, dark, light, mix
from tools.make_pictures.motifs import ikat, kawung, lurik, parang, truntum
from tools.make_pictures.scene import Look, Scene
from tools.make_pictures.shapes import drop
from tools.make_pictures.sketch import Sketch
from tools.make_pictures.svg import circle, group, line, path, place, rect
from tools.make_pictures.woven import bag, hat

NIGHT = "#060a18"
Cloth = Callable[[Sketch, str, float], str]
COLLAR = "M338 232C356 214 444 214 462 232C452 276 348 276 338 232Z"
LAPELS = (
    "M338 232C330 222 336 208 348 206C356 236 376 262 400 284L372 326C348 296 336 262 338 232Z"
    "M462 232C470 222 464 208 452 206C444 236 424 262 400 284L428 326C452 296 464 262 462 232Z"
)
SHORT = (
    "M338 232C300 250 250 262 214 290C170 340 140 420 118 500C150 530 190 540 222 540C228 500 238 470 250 440"
    "C252 560 246 700 236 838C300 858 360 862 400 862C440 862 500 858 564 838C554 700 548 560 550 440"
    "C562 470 572 500 578 540C610 540 650 530 682 500C660 420 630 340 586 290C550 262 500 250 462 232"
    "C440 262 360 262 338 232Z"
)
LONG = (
    "M338 232C300 250 250 262 214 290C168 372 132 540 118 712C140 726 178 728 200 720C212 620 232 530 252 456"
    "C252 570 246 710 236 868C300 888 360 892 400 892C440 892 500 888 564 868C554 710 548 570 548 456"
    "C568 530 588 620 600 720C622 728 660 726 682 712C668 540 632 372 586 290C550 262 500 250 462 232"
    "C440 262 360 262 338 232Z"
)
FOLDS = (
    ("M262 430C300 520 262 650 300 850", 0.3),
    ("M360 560C340 640 372 760 352 860", 0.2),
    ("M540 430C500 540 545 660 500 850", 0.34),
    ("M440 540C470 660 432 760 452 860", 0.2),
    ("M214 300C232 360 236 400 250 446", 0.42),
    ("M586 300C568 360 564 400 550 446", 0.42),
    ("M150 470C180 440 206 400 222 350", 0.24),
    ("M650 470C620 440 594 400 578 350", 0.28),
)
LIGHTS = (
    ("M290 420C320 540 300 680 322 840", 0.2),
    ("M480 420C470 540 490 700 474 840", 0.14),
    ("M168 430C186 390 206 352 226 322", 0.22),
    ("M320 280C300 330 290 380 292 420", 0.2),
)


def peg(s: Sketch, x: float = 401, y: float = 127) -> str:
    return circle(x + 7, y + 7, 17, "#0b1020", opacity=0.3, filter=s.blur(6)) + circle(
        x, y, 15, s.rad([(0, "#d9ad76"), (1, "#7a5230")], 0.35, 0.3, 0.8)
    )


def hanger(s: Sketch) -> str:
    wood = s.down((0, "#8d6238"), (0.5, "#b98a55"), (1, "#6d4827"))
    return line("M400 190C400 168 424 168 424 148C424 126 388 124 384 146", "#3d4048", 6) + line(
        "M300 262C340 236 372 200 400 190C428 200 460 236 500 262", wood, 17
    )


def creases(s: Sketch, folds: Sequence[tuple[str, float]] = FOLDS, lights: Sequence[tuple[str, float]] = LIGHTS) -> str:
    return "".join(s.soft(d, NIGHT, 26, o, 10) for d, o in folds) + "".join(
        s.soft(d, "#fff", 18, o, 9) for d, o in lights
    )


def shirt(cloth: Cloth, size: float, *, long: bool = False) -> Callable[[Sketch, str], str]:
    def draw(s: Sketch, tone: str) -> str:
        body, hem = (LONG, 890) if long else (SHORT, 860)
        fill = cloth(s, tone, size)
        weave = s.texture(".55 .9", 0.9)
        button = mix(CREAM, "#7a5a36", 0.45)
        buttons = "".join(
            circle(401, y + 2, 7.5, NIGHT, opacity=0.5)
            + circle(400, y, 7, button)
            + circle(398, y - 2, 3, "#fff", opacity=0.5)
            for y in range(350, hem - 30, 92)
        )
        seams = f"M414 300V{hem}M458 430h66v70l-33 20l-33-20z"
        if long:
            seams += "M120 676C146 690 178 692 204 684M680 676C654 690 622 692 596 684"
        shade = s.across((0, "#fff", 0.1), (0.3, "#fff", 0.05), (0.6, NIGHT, 0.08), (1, NIGHT, 0.4))
        sides = ""
        if long:
            sides = s.soft("M252 448C232 530 212 620 202 724", NIGHT, 22, 0.5, 7) + s.soft(
                "M548 448C568 530 588 620 598 724", NIGHT, 22, 0.45, 7
            )
        return (
            drop(s, body, 34, 26)
            + peg(s)
            + path(COLLAR, dark(tone, 0.45))
            + rect(376, 250, 48, 16, CREAM, opacity=0.85)
            + hanger(s)
            + group(path(body, fill, filter=weave), creases(s), sides, path(body, shade), clip_path=s.clip(body))
            + s.soft("M338 232C360 280 380 300 400 306C420 300 440 280 462 232", NIGHT, 14, 0.35, 6)
            + path(LAPELS, fill, filter=weave)
            + line(
                "M338 232C336 262 348 296 372 326L400 284L428 326C452 296 464 262 462 232" + seams,
                NIGHT,
                2.5,
                opacity=0.55,
            )
            + line(f"M388 300V{hem - 2}M462 436h58", "#fff", 1.5, opacity=0.25, stroke_dasharray="5 4")
            + buttons
        )

    return draw


def outer(s: Sketch, tone: str) -> str:
    """An open jacket with wide sleeves."""
    left = "M352 214C318 236 270 252 220 272L238 470L246 872C290 884 330 888 372 886L374 560Q368 330 352 214Z"
    right = "M448 214C482 236 530 252 580 272L562 470L554 872C510 884 470 888 428 886L426 560Q432 330 448 214Z"
    sleeve_l = "M226 270C176 296 148 360 96 570C136 604 184 620 226 622L252 452Z"
    sleeve_r = "M574 270C624 296 652 360 704 570C664 604 616 620 574 622L548 452Z"
    inside = "M340 226C370 250 430 250 460 226L470 880H330Z"
    weave = s.texture(".3 .9", 1.0, 4)
    straight, tilt_l, tilt_r = lurik(s, tone, 62), lurik(s, tone, 62, 17), lurik(s, tone, 62, -17)
    shade = s.across((0, "#fff", 0.14), (0.5, NIGHT, 0.02), (1, NIGHT, 0.36))
    out = drop(s, left + right + sleeve_l + sleeve_r, 36, 26) + peg(s) + path(inside, dark(tone, 0.62), filter=weave)
    out += s.soft("M340 240V880", NIGHT, 50, 0.5, 18) + path(COLLAR, dark(tone, 0.5)) + hanger(s)
    for d, fill in ((sleeve_l, tilt_l), (sleeve_r, tilt_r), (left, straight), (right, straight)):
        folds = (
            creases(s)
            + s.soft("M238 300L250 620", NIGHT, 30, 0.4, 12)
            + s.soft("M562 300L552 620", NIGHT, 30, 0.45, 12)
        )
        out += group(path(d, fill, filter=weave), folds, path(d, shade), clip_path=s.clip(d))
        out += line(d, NIGHT, 2, opacity=0.4)
    band = dark(tone, 0.3)
    for d in ("M352 214Q368 330 374 560L372 886", "M448 214Q432 330 426 560L428 886"):
        out += (
            line(d, NIGHT, 26, opacity=0.3, filter=s.blur(6))
            + line(d, band, 20)
            + line(d, light(band, 0.3), 2, transform="translate(-6 0)", stroke_dasharray="6 5", opacity=0.6)
        )
    return out + line("M352 214C372 232 428 232 448 214", band, 18)


def rod(s: Sketch, y: float = 204) -> str:
    wood = s.down((0, "#caa06a"), (0.4, "#a87a48"), (1, "#5f3f22"))
    out = rect(134, y + 26, 560, 20, "#0b1020", rx=10, opacity=0.3, filter=s.blur(9)) + rect(
        120, y, 560, 20, wood, rx=10
    )
    for x in (190, 610):
        out += line(f"M{x} {y - 144}V{y + 2}M{x - 9} {y - 4}q9 34 18 0", "#6b5b46", 5)
    return out


def scarf(s: Sketch, tone: str) -> str:
    """Two ends over a rod."""
    fill, weave = ikat(s, tone), s.texture(".95 .28", 1.5, 5)
    drape = s.across(
        (0, NIGHT, 0.5),
        (0.1, "#fff", 0.14),
        (0.24, NIGHT, 0.3),
        (0.36, "#fff", 0.18),
        (0.52, NIGHT, 0.12),
        (0.66, NIGHT, 0.42),
        (0.76, "#fff", 0.12),
        (0.9, NIGHT, 0.28),
        (1, NIGHT, 0.55),
    )
    out = rod(s)
    for x, bottom, deep in ((286, 700, 0.22), (404, 806, 0.12)):
        d = (
            f"M{x} 214C{x - 6} 380 {x + 10} 560 {x - 4} {bottom}"
            f"Q{x + 60} {bottom + 14} {x + 122} {bottom - 2}"
            f"C{x + 112} 560 {x + 132} 380 {x + 124} 214Z"
        )
        fringe = "".join(
            line(
                f"M{x - 2 + i * 4.7:.0f} {bottom - 2}q{s.rng.uniform(-5, 5):.1f} "
                f"26 {s.rng.uniform(-4, 4):.1f} "
                f"{s.rng.uniform(44, 60):.0f}",
                (tone, tone, "#efe6d3", "#e0ac1c")[i % 4],
                2.6,
            )
            for i in range(27)
        )
        roll = s.down((0, NIGHT, 0.15), (0.02, "#fff", 0.34), (0.06, NIGHT, 0.2), (0.12, NIGHT, 0), (1, NIGHT, deep))
        out += drop(s, d, 38, 18) + fringe
        out += group(path(d, fill, filter=weave), path(d, drape), path(d, roll), clip_path=s.clip(d))
    over = "M286 230C284 196 288 192 300 192H516C526 192 530 198 528 230Z"
    top = s.down((0, "#fff", 0.3), (0.5, NIGHT, 0.05), (1, NIGHT, 0.4))
    return out + path(over, fill, filter=weave) + path(over, top)


def _gathered(s: Sketch, apex: tuple[float, float], hem: Sequence[tuple[float, float]], fill: str, weave: str) -> str:
    """Cloth that falls from one point; ``hem`` lists the corners of its lower edge, left to right."""
    ax, ay = apex
    first, last = hem[0], hem[-1]
    d = f"M{ax - 26} {ay}C{ax - 60} {ay + 90} {first[0] - 4} {(ay + first[1]) / 2:.0f} {first[0]} {first[1]}"
    for (x0, y0), (x1, y1) in pairwise(hem):
        d += f"Q{(x0 + x1) / 2:.0f} {(y0 + y1) / 2 + 26:.0f} {x1} {y1}"
    d += f"C{last[0] + 4} {(ay + last[1]) / 2:.0f} {ax + 60} {ay + 90} {ax + 26} {ay}Q{ax} {ay - 22} {ax - 26} {ay}Z"
    folds = ""
    for i, (x, y) in enumerate(hem):
        bend = (x - ax) * 0.45
        rib = f"M{ax + (x - ax) * 0.08:.0f} {ay + 8}C{ax + bend:.0f} {ay + 150} {x} {(ay + y) / 2:.0f} {x} {y}"
        folds += s.soft(rib, "#fff", 16, 0.26, 8)
        if i:
            mid = (x + hem[i - 1][0]) / 2
            rib = (
                f"M{ax + (mid - ax) * 0.1:.0f} {ay + 8}"
                f"C{ax + (mid - ax) * 0.5:.0f} {ay + 150} {mid} {(ay + y) / 2:.0f} {mid} {y + 30}"
            )
            folds += s.soft(rib, NIGHT, 26, 0.46, 9)
    shade = s.across((0, "#fff", 0.1), (0.4, NIGHT, 0), (1, NIGHT, 0.42))
    knot = s.soft(f"M{ax - 30} {ay + 16}h60", NIGHT, 20, 0.4, 8)
    return drop(s, d, 36, 22) + group(path(d, fill, filter=weave), folds, path(d, shade), knot, clip_path=s.clip(d))


def shawl(s: Sketch, tone: str) -> str:
    """A long thin shawl over two pegs: a swag between two tails."""
    fill, weave = truntum(s, tone, 40), s.texture(".7 .5", 0.8, 5)
    left = _gathered(s, (222, 196), [(116, 730), (168, 766), (226, 782), (282, 760)], fill, weave)
    right = _gathered(s, (578, 196), [(516, 836), (572, 866), (634, 872), (690, 846)], fill, weave)
    swag = (
        "M196 186C214 420 300 610 400 612C500 610 586 420 604 186C590 166 560 168 548 190"
        "C526 290 470 356 400 358C330 356 274 290 252 190C240 168 210 166 196 186Z"
    )
    folds = ""
    for i, (dip, spread) in enumerate(((392, 150), (436, 160), (484, 168), (532, 178), (580, 190))):
        rib = f"M{400 - spread} 192C{410 - spread} {dip - 110} {320 - i * 3} {dip} 400 {dip}"
        rib += f"C{480 + i * 3} {dip} {390 + spread} {dip - 110} {400 + spread} 192"
        folds += s.soft(rib, "#fff" if i % 2 else NIGHT, 18 if i % 2 else 26, 0.3 if i % 2 else 0.42, 8)
    shade = s.across((0, "#fff", 0.1), (0.4, NIGHT, 0), (1, NIGHT, 0.36))
    middle = drop(s, swag, 28, 24) + group(
        path(swag, fill, filter=weave), folds, path(swag, shade), clip_path=s.clip(swag)
    )
    return left + right + middle + peg(s, 224, 178) + peg(s, 576, 178)


def _shirts(draw: Callable[[Sketch, str], str]) -> Callable[[Sketch, Sequence[str]], str]:
    def use(s: Sketch, tones: Sequence[str]) -> str:
        return place(draw(s, tones[1]), -96, 60, 0.8) + place(draw(s, tones[2]), 216, 96, 0.86)

    return use


def _long_and_bag(s: Sketch, tones: Sequence[str]) -> str:
    return place(shirt(parang, 46, long=True)(s, tones[1]), -40, -30, 0.92) + place(
        bag(s, "#d9b778"), 560, 930, 0.72, about=(400, 800)
    )


def _outer_and_hat(s: Sketch, tones: Sequence[str]) -> str:
    worn = place(hat(s, "#1e3168"), 590, 900, 0.5, about=(400, 800))
    return place(outer(s, tones[1]), -40, -40, 0.92) + worn


def _shawls(s: Sketch, tones: Sequence[str]) -> str:
    return place(shawl(s, tones[0]), 250, -40, 0.66) + place(shawl(s, tones[1]), -20, 250, 0.84)


def _scarves(s: Sketch, tones: Sequence[str]) -> str:
    return place(scarf(s, tones[2]), -96, 60, 0.8) + place(scarf(s, tones[1]), 216, 96, 0.86)


_short, _long = shirt(kawung, 52), shirt(parang, 46, long=True)
SCENES = {
    "kemeja-batik-kawung": Scene(
        _short,
        "wall",
        Look(1.12, 400, 500),
        Look(2.1, 430, 340),
        _shirts(_short),
        use_look=Look(1.04, 400, 500),
    ),
    "kemeja-parang-lengan-panjang": Scene(
        _long, "wall", Look(1.08, 400, 510), Look(2.0, 420, 380), _long_and_bag, "table", Look(1.02, 400, 500)
    ),
    "outer-lurik": Scene(
        outer, "wall", Look(1.1, 400, 510), Look(1.9, 330, 460), _outer_and_hat, "table", Look(1.02, 400, 500)
    ),
    "syal-tenun-ikat": Scene(
        scarf, "wall", Look(1.2, 400, 470), Look(1.9, 420, 640), _scarves, use_look=Look(1.05, 400, 500)
    ),
    "selendang-truntum": Scene(
        shawl, "wall", Look(1.14, 400, 520), Look(1.9, 350, 560), _shawls, use_look=Look(1.04, 400, 500)
    ),
}
