"""Bodies, shadows and plants that several products share."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tools.make_pictures.colour import CLAY, INK, PAPER, dark, light, mix
from tools.make_pictures.sketch import FLAT, ROUND, UNDER, Sketch
from tools.make_pictures.svg import circle, ellipse, group, line, path

Point = tuple[float, float]
Profile = Sequence[Point]  # (y, radius) from the top to the foot


def spline(points: Sequence[Point]) -> str:
    """Catmull-Rom through the points, as cubic segments (the first point is where the pen stands)."""
    out = ""
    for i in range(len(points) - 1):
        p0, p1 = points[max(i - 1, 0)], points[i]
        p2, p3 = points[i + 1], points[min(i + 2, len(points) - 1)]
        c1 = p1[0] + (p2[0] - p0[0]) / 6, p1[1] + (p2[1] - p0[1]) / 6
        c2 = p2[0] - (p3[0] - p1[0]) / 6, p2[1] - (p3[1] - p1[1]) / 6
        out += f"C{c1[0]:.1f} {c1[1]:.1f} {c2[0]:.1f} {c2[1]:.1f} {p2[0]:.1f} {p2[1]:.1f}"
    return out


def oval(cx: float, cy: float, rx: float, ry: float) -> str:
    """An ellipse as a path, for clipping."""
    return f"M{cx - rx} {cy}a{rx} {ry} 0 1 0 {2 * rx} 0a{rx} {ry} 0 1 0 {-2 * rx} 0Z"


def ground(s: Sketch, cx: float, y: float, rx: float, strength: float = 1.0, cast: float = 1.0) -> str:
    """Contact shadow (tight, dark) and cast shadow (long, to the right)."""
    return (
        ellipse(
            cx + rx * 0.55 * cast,
            y + 6,
            rx * 1.35,
            rx * 0.17,
            INK,
            opacity=0.24 * strength,
            filter=s.blur(20),
        )
        + ellipse(cx + rx * 0.1, y, rx * 1.02, rx * 0.11, INK, opacity=0.42 * strength, filter=s.blur(8))
        + ellipse(cx, y - 2, rx * 0.93, rx * 0.07, INK, opacity=0.6 * strength, filter=s.blur(3))
    )


def drop(s: Sketch, d: str, dx: float = 30, dy: float = 22, strength: float = 1.0) -> str:
    """The shadow of something flat that lies or hangs."""
    return path(d, INK, transform=f"translate({dx} {dy})", opacity=0.32 * strength, filter=s.blur(16)) + path(
        d, INK, transform=f"translate({dx / 4} {dy / 4})", opacity=0.32 * strength, filter=s.blur(5)
    )


def solid(s: Sketch, d: str, fill: str, *layers: str, texture: str | None = None, shade: str | None = None) -> str:
    """A shape with its surface, whatever lies on it, and light over both."""
    body = path(d, fill, filter=texture)
    return group(body, *layers, path(d, shade or s.lin(FLAT)), clip_path=s.clip(d))


def outline(cx: float, profile: Profile, k: float) -> str:
    """The silhouette of a turned body; ``k`` is how far we look down on it."""
    points = [(cx - r, y) for y, r in profile]
    left = spline(points)
    right = spline([(2 * cx - x, y) for x, y in reversed(points)])
    (top, rt), (foot, rb) = profile[0], profile[-1]
    return (
        f"M{points[0][0]:.1f} {top:.1f}{left}A{rb} {rb * k * 0.9:.1f} 0 0 0 {cx + rb} {foot}"
        f"{right}A{rt} {rt * k:.1f} 0 0 1 {cx - rt} {top}Z"
    )


def revolve(
    s: Sketch,
    cx: float,
    profile: Profile,
    base: str,
    k: float = 0.16,
    gloss: float = 0.5,
    texture: str | None = None,
    extra: str = "",
) -> str:
    """A turned body: pot, bottle, cup, lid."""
    d = outline(cx, profile, k)
    widest = max(r for _, r in profile)
    top, height = profile[0][0], profile[-1][0] - profile[0][0]
    glare = s.soft(
        f"M{cx - widest * 0.52} {top + height * 0.08}q{-widest * 0.1} {height * 0.3} {widest * 0.06} {height * 0.56}",
        "#fff",
        widest * 0.1,
        gloss,
        max(3, widest * 0.05),
    )
    surface = group(path(d, base), extra, filter=texture)
    return group(surface, path(d, s.lin(ROUND)), path(d, s.down(*UNDER)), glare, clip_path=s.clip(d))


def glass(s: Sketch, cx: float, profile: Profile, k: float = 0.2, tint: str = "#ffffff", body: float = 0.045) -> str:
    """A clear body: bright edges, a streak of window, almost nothing between."""
    d = outline(cx, profile, k)
    sides = s.across(
        (0, PAPER, 0.7),
        (0.035, INK, 0.14),
        (0.08, PAPER, 0.28),
        (0.17, PAPER, body),
        (0.55, PAPER, body * 0.4),
        (0.86, INK, 0.12),
        (0.94, PAPER, 0.42),
        (0.975, INK, 0.2),
        (1, PAPER, 0.6),
    )
    widest = max(r for _, r in profile)
    top, height = profile[0][0], profile[-1][0] - profile[0][0]
    streak = s.soft(
        f"M{cx - widest * 0.66} {top + height * 0.1}q{-widest * 0.03} {height * 0.3} 0 {height * 0.62}",
        "#fff",
        widest * 0.12,
        0.75,
        2.5,
    )
    thin = s.soft(f"M{cx + widest * 0.72} {top + height * 0.16}v{height * 0.5}", "#fff", widest * 0.04, 0.5, 1.5)
    return group(path(d, tint, opacity=body), path(d, sides), streak, thin, clip_path=s.clip(d)) + path(
        d, "none", stroke="#fff", stroke_opacity=0.35, stroke_width=1.6
    )


def mouth(s: Sketch, cx: float, y: float, rx: float, k: float, rim: str, inside: str, lip: float = 8) -> str:
    """The opening of a pot: rim, the dark near side, the lit far side."""
    ry = rx * k
    hole = s.rad([(0, light(inside, 0.12)), (0.5, inside), (1, dark(inside, 0.5))], 0.66, 0.8, 0.72)
    inner = oval(cx, y + 2, rx - lip, ry - lip * 0.55)
    return (
        ellipse(cx, y, rx, ry, rim)
        + path(inner, hole)
        + group(
            ellipse(cx - rx * 0.42, y, rx * 0.5, ry * 0.86, INK, opacity=0.3, filter=s.blur(rx * 0.09)),
            ellipse(
                cx + rx * 0.52,
                y + ry * 0.2,
                rx * 0.28,
                ry * 0.42,
                "#fff",
                opacity=0.3,
                filter=s.blur(rx * 0.04),
            ),
            clip_path=s.clip(inner),
        )
        + line(
            f"M{cx - rx + 2} {y - 3}A{rx} {ry} 0 0 1 {cx + rx * 0.1} {y - ry}",
            "#fff",
            2.6,
            opacity=0.65,
            filter=s.blur(1.1),
        )
    )


def drink(s: Sketch, cx: float, y: float, rx: float, k: float, colour: str) -> str:
    """The surface of tea or coffee."""
    ry = rx * k
    return ellipse(cx, y, rx, ry, s.rad([(0, light(colour, 0.16)), (0.6, colour), (1, dark(colour, 0.45))])) + s.soft(
        f"M{cx - rx * 0.7} {y + ry * 0.1}A{rx * 0.8} {ry * 0.8} 0 0 1 {cx + rx * 0.3} {y - ry * 0.6}",
        light(colour, 0.6),
        max(2, rx * 0.05),
        0.7,
        1.6,
    )


def speckles(s: Sketch, box: tuple[float, float, float, float], count: int, colour: str) -> str:
    x0, y0, x1, y1 = box
    return "".join(
        circle(
            round(s.rng.uniform(x0, x1)),
            round(s.rng.uniform(y0, y1)),
            round(abs(s.rng.gauss(0, 1.5)) + 0.5, 1),
            colour,
            opacity=round(s.rng.uniform(0.25, 0.7), 2),
        )
        for _ in range(count)
    )


def bare_foot(s: Sketch, cx: float, half: float, y: float, foot: float, clay: str = CLAY) -> str:
    """Raw clay below a wandering glaze line."""
    d, x = f"M{cx - half} {y}", cx - half
    while x < cx + half:
        d += f"q12 {s.rng.uniform(-7, 16):.0f} 24 {s.rng.uniform(-3, 3):.0f}"
        x += 24
    return line(d, INK, 5, opacity=0.2) + path(f"{d}V{foot + 60}H{cx - half}Z", clay)


def leaf(s: Sketch, x: float, y: float, length: float, turn: float, green: str = "#4f7350") -> str:
    """One pointed leaf with a bright half and a vein."""
    w = length * 0.26
    d = (
        f"M0 0C{length * 0.25} {-w} {length * 0.7} {-w} {length} 0"
        f"C{length * 0.7} {w * 0.8} {length * 0.25} {w * 0.8} 0 0Z"
    )
    return group(
        path(
            d,
            s.down((0, light(green, 0.28)), (0.5, green), (0.52, dark(green, 0.22)), (1, dark(green, 0.42))),
        ),
        line(f"M2 0H{length * 0.94}", mix(green, "#e8edc9", 0.5), 1.8, opacity=0.8),
        transform=f"translate({x} {y}) rotate({turn})",
    )


def sprig(
    s: Sketch, x: float, y: float, height: float, lean: float = 20, green: str = "#58795a", size: float = 78
) -> str:
    """A branch with leaves on both sides, from its foot at (x, y)."""
    tip_x, tip_y = x + lean * 2.2, y - height
    out = line(f"M{x} {y}Q{x + lean * 0.2} {y - height * 0.6} {tip_x} {tip_y}", dark(green, 0.35), 4.5)
    for i in range(9):
        t = 0.3 + i * 0.085
        bx = (1 - t) ** 2 * x + 2 * (1 - t) * t * (x + lean * 0.2) + t * t * tip_x
        by = (1 - t) ** 2 * y + 2 * (1 - t) * t * (y - height * 0.6) + t * t * tip_y
        side = -1 if i % 2 else 1
        turn = -90 + lean * t * 0.8 + side * (62 - 26 * t) + s.rng.uniform(-7, 7)
        shade = mix(green, "#2f5a44" if i % 3 else "#9db07a", 0.35)
        out += leaf(s, bx, by, size * (1.1 - t * 0.5), turn, shade)
    return out + leaf(s, tip_x, tip_y, size * 0.6, -90 + lean, green)


def grass(s: Sketch, x: float, y: float) -> str:
    """Dried plumes that fan out of a narrow neck."""
    out = ""
    for i in range(9):
        a = -0.62 + i * 0.155 + s.rng.uniform(-0.04, 0.04)
        ln = s.rng.uniform(250, 350)
        ex, ey = x + math.sin(a) * ln, y - 20 - math.cos(a) * ln
        mx, my = x + math.sin(a) * ln * 0.3, y - 20 - ln * 0.6
        colour = mix("#c8a877", "#8d7650", s.rng.random())
        out += line(f"M{x} {y}Q{mx:.0f} {my:.0f} {ex:.0f} {ey:.0f}", dark(colour, 0.25), 2.6)
        for j in range(46):
            t = 0.62 + j / 46 * 0.38
            bx = (1 - t) ** 2 * x + 2 * (1 - t) * t * mx + t * t * ex
            by = (1 - t) ** 2 * y + 2 * (1 - t) * t * my + t * t * ey
            r = 17 * math.sin((t - 0.6) / 0.42 * math.pi) + 4
            side = -1 if j % 2 else 1
            lean = math.sin(a)
            d = (
                f"M{bx:.0f} {by:.0f}q{side * r * 0.5 + lean * 8:.1f} {-r * 0.8:.1f} "
                f"{side * r + lean * 10:.1f} {-r * 1.3:.1f}"
            )
            out += line(d, mix(colour, "#fff3d6", s.rng.random() * 0.65), 2, opacity=0.85)
    return out


def mark(colour: str, r: float = 14, accent: str | None = None) -> str:
    """The house mark, four kawung petals around one point."""
    petals = "".join(
        ellipse(r * 1.2, 0, r, r * 0.6, accent if accent and turn == 315 else colour, transform=f"rotate({turn})")
        for turn in (45, 135, 225, 315)
    )
    return group(petals)
