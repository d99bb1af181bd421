"""Small companions of the third pictures: cup, books, towel, spoon, beans. They are not for sale there."""

from __future__ import annotations

from tools.make_pictures.colour import CLAY, INK, WOOD, dark, light, mix
from tools.make_pictures.shapes import drink, ground, mouth, revolve, solid, speckles, sprig
from tools.make_pictures.sketch import Sketch
from tools.make_pictures.svg import ellipse, group, line, path, place, rect


def glaze(s: Sketch, seed: int = 8) -> str:
    return s.texture(".026 .045", 1.45, seed, 1.19, 57)


def wood_grain(s: Sketch, seed: int = 4) -> str:
    return s.texture(".01 .3", 1.8, seed, 1.2)


def cup(s: Sketch, x: float, y: float, tone: str = "#e9e2d2", content: str = "#3a1d0e", scale: float = 1) -> str:
    """A cup with a handle; its foot stands on (x, y)."""
    body = revolve(
        s,
        0,
        [(-90, 76), (-52, 72), (-12, 50), (0, 46)],
        tone,
        k=0.24,
        texture=glaze(s),
        extra=speckles(s, (-80, -90, 80, 0), 50, dark(tone, 0.5)),
    )
    handle = line("M72 -74c46 -8 46 46 -10 46", dark(tone, 0.1), 12) + line(
        "M72 -77c40 -6 42 34 6 44", "#fff", 3, opacity=0.4
    )
    top = ellipse(0, -90, 76, 18, light(tone, 0.2)) + drink(s, 0, -88, 69, 0.22, content)
    return place(ground(s, 0, 3, 54, 0.9) + handle + body + top, x, y, scale)


def bean(s: Sketch, x: float, y: float, r: float, turn: float) -> str:
    shade = s.ball("#4d2c17", "#8a5a36", "#22110a")
    return group(
        ellipse(5, 7, r, r * 0.62, "#0b0603", opacity=0.5, filter=s.blur(4)),
        ellipse(0, 0, r, r * 0.66, shade),
        line(f"M{-r * 0.9} 0Q{-r * 0.3} {-r * 0.3} 0 0T{r * 0.9} 0", "#160a05", r * 0.13),
        transform=f"translate({x} {y}) rotate({turn})",
    )


def beans(s: Sketch, x: float, y: float, count: int = 8, spread: float = 120) -> str:
    spots = sorted((s.rng.uniform(-40, 40), s.rng.uniform(-spread, spread)) for _ in range(count))
    return "".join(bean(s, x + dx, y + dy, 19 + dy / 20, s.rng.uniform(0, 180)) for dy, dx in spots)


def bean_bowl(s: Sketch, x: float, y: float, tone: str = "#e4dccb") -> str:
    body = revolve(s, 0, [(-82, 112), (-52, 104), (-14, 66), (0, 58)], tone, k=0.24, texture=glaze(s))
    top = mouth(s, 0, -82, 112, 0.26, light(tone, 0.2), dark(tone, 0.3))
    heap = sorted((s.rng.uniform(-16, 14), s.rng.uniform(-80, 80)) for _ in range(26))
    inside = "".join(
        bean(s, dx, -88 + dy, 16, s.rng.uniform(0, 180)) for dy, dx in heap if (dx / 92) ** 2 + (dy / 22) ** 2 < 1
    )
    return place(ground(s, 0, 4, 70) + body + top + inside, x, y)


def books(
    s: Sketch,
    x: float,
    y: float,
    tones: tuple[str, ...] = ("#5b6f8f", "#c4a46c", "#7c4a45"),
    scale: float = 1,
) -> str:
    """A low pile of books whose bottom stands on (x, y)."""
    out, top = ground(s, 0, 0, 150, 0.9), 0.0
    for i, tone in enumerate(tones):
        w, h, shift = 292 - i * 26, 40 - i * 3, (-8, 10, -2)[i % 3]
        left = shift - w / 2
        face = f"M{left} {top - h}h{w}q8 {h / 2} 0 {h}h{-w}q-10 {-h / 2} 0 {-h}Z"
        lid = f"M{left} {top - h}l34 -22h{w - 60}l26 22Z"
        out += path(lid, light(tone, 0.16)) + path(face, tone)
        out += rect(left + 14, top - h + 7, w - 10, h - 14, "#ece4d2")
        out += "".join(line(f"M{left + 16} {top - h + 11 + j * 5}H{left + w}", "#b9ae97", 1) for j in range(4))
        out += path(face, s.across((0, INK, 0.35), (0.2, "#fff", 0.12), (1, INK, 0.35)))
        out += rect(left - 5, top - h, 34, h, dark(tone, 0.12), rx=8)
        out += (
            ellipse(shift + 10, top - h - 1, w * 0.4, 6, INK, opacity=0.25, filter=s.blur(5))
            if i < len(tones) - 1
            else ""
        )
        top -= h + 1
    return place(out, x, y, scale)


def towel(s: Sketch, x: float, y: float, tone: str = "#efe8da", scale: float = 1) -> str:
    """Two folds of terry cloth."""
    terry = s.texture(".5 .5", 1.6, 9, 1.22)
    out = ground(s, 0, 0, 170, 0.9)
    for i, (w, top) in enumerate(((340, -58), (324, -112))):
        left = -w / 2 + i * 4
        face = (
            f"M{left + 20} {top}H{left + w - 12}Q{left + w} {top + 28} {left + w - 12} {top + 56}"
            f"H{left + 20}Q{left - 16} {top + 28} {left + 20} {top}Z"
        )
        shade = s.down((0, "#fff", 0.25), (0.4, "#fff", 0), (1, INK, 0.36))
        out += solid(
            s,
            face,
            tone,
            line(f"M{left + 34} {top + 28}H{left + w - 14}", dark(tone, 0.4), 3, opacity=0.6),
            rect(left + w - 92, top, 16, 60, mix(tone, "#6f8f78", 0.6)),
            texture=terry,
            shade=shade,
        )
    lid = "M-142 -112L-96 -154H132L150 -112Z"
    out += solid(
        s,
        lid,
        light(tone, 0.3),
        path("M84 -112L76 -154H92L102 -112Z", mix(tone, "#6f8f78", 0.5)),
        texture=terry,
        shade=s.across((0, "#fff", 0.2), (1, INK, 0.14)),
    )
    return place(out, x, y, scale)


def wooden_spoon(
    s: Sketch, x: float, y: float, turn: float, length: float = 300, tone: str = WOOD, load: str | None = None
) -> str:
    """A spoon that lies on something; its bowl is at (x, y), the handle points along ``turn``."""
    d = (
        f"M-58 0C-58 -34 -20 -40 8 -36C34 -32 46 -12 70 -9L{length - 30} -12Q{length} -12 {length} 0"
        f"Q{length} 12 {length - 30} 12L70 9C46 12 34 32 8 36C-20 40 -58 34 -58 0Z"
    )
    hollow = ellipse(-10, 0, 40, 25, s.rad([(0, dark(tone, 0.15)), (1, dark(tone, 0.5))], 0.6, 0.7, 0.7))
    heap = (
        ellipse(
            -10,
            -3,
            38,
            22,
            s.ball(load, light(load, 0.35), dark(load, 0.5)),
            filter=s.texture(".4 .4", 3, 5, 1.3),
        )
        if load
        else ""
    )
    body = solid(
        s,
        d,
        tone,
        texture=s.texture(".012 .2", 1.5, 7, 1.2),
        shade=s.down((0, "#fff", 0.3), (0.5, "#fff", 0), (1, INK, 0.45)),
    )
    shadow = path(d, INK, transform="translate(8 12)", opacity=0.4, filter=s.blur(6))
    return group(shadow, body, hollow, heap, transform=f"translate({x} {y}) rotate({turn})")


def wooden_plate(s: Sketch, x: float, y: float, rx: float = 250) -> str:
    """A shallow turned dish; (x, y) is the middle of its top."""
    k = rx / 250
    foot = (
        f"M{x - rx} {y}Q{x} {y + 42 * k} {x + rx} {y}L{x + rx * 0.89} {y + 34 * k}"
        f"Q{x} {y + 66 * k} {x - rx * 0.89} {y + 34 * k}Z"
    )
    grain = wood_grain(s)
    return (
        ground(s, x, y + 52 * k, rx * 0.96, 0.8)
        + path(foot, s.across((0, "#6e4a2c"), (0.3, "#b88957"), (1, "#5f3f24")), filter=grain)
        + ellipse(x, y - 2, rx, 28 * k, s.across((0, "#c59a69"), (1, "#8d623a")), filter=grain)
        + ellipse(x, y, rx * 0.9, 21 * k, s.across((0, "#8d623a"), (0.5, "#b98b58"), (1, "#c59a69")), filter=grain)
    )


def plant(s: Sketch, x: float, y: float, scale: float = 1, tone: str = "#e4dccb") -> str:
    """A small vase with one branch, for an empty corner."""
    branch = sprig(s, 0, -120, 190, 14, size=58)
    body = revolve(
        s,
        0,
        [(-140, 17), (-124, 18), (-96, 38), (-50, 54), (-10, 42), (0, 34)],
        tone,
        k=0.2,
        gloss=0.4,
        texture=glaze(s),
        extra=speckles(s, (-60, -140, 60, 0), 40, dark(tone, 0.5)),
    )
    lip = ellipse(0, -140, 17, 4, dark(CLAY, 0.5))
    return place(ground(s, 0, 2, 40, 0.9) + branch + body + lip, x, y, scale)
