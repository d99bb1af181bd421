"""Small functions that write SVG elements as text."""

from __future__ import annotations


def _text(value: str | float) -> str:
    if isinstance(value, float):
        return f"{value:.3f}".rstrip("0").rstrip(".")
    return str(value)


def element(name: str, body: str = "", /, **attributes: str | float | None) -> str:
    """``fill_opacity=.5`` becomes ``fill-opacity="0.5"``; attributes that are None are left out."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_text(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    return f"<{name}{written}>{body}</{name}>" if body else f"<{name}{written}/>"


def path(d: str, fill: str = "none", **attributes: str | float | None) -> str:
    return element("path", d=d, fill=fill, **attributes)


def line(d: str, stroke: str, width: float, **attributes: str | float | None) -> str:
    """An open stroke with round ends."""
    attributes.setdefault("stroke_linecap", "round")
    return element("path", d=d, fill="none", stroke=stroke, stroke_width=width, **attributes)


def ellipse(cx: float, cy: float, rx: float, ry: float, fill: str, **attributes: str | float | None) -> str:
    return element("ellipse", cx=cx, cy=cy, rx=rx, ry=ry, fill=fill, **attributes)


def circle(cx: float, cy: float, r: float, fill: str, **attributes: str | float | None) -> str:
    return element("circle", cx=cx, cy=cy, r=r, fill=fill, **attributes)


def rect(x: float, y: float, w: float, h: float, fill: str, **attributes: str | float | None) -> str:
    return element("rect", x=x, y=y, width=w, height=h, fill=fill, **attributes)


def group(*parts: str, **attributes: str | float | None) -> str:
    return element("g", "".join(parts) or " ", **attributes)


def place(body: str, x: float, y: float, scale: float = 1, turn: float = 0, about: tuple[float, float] = (0, 0)) -> str:
    """Put the point ``about`` of a drawing on (x, y), scaled and turned."""
    ax, ay = about
    moves = f"translate({x} {y}) rotate({turn}) scale({scale}) translate({-ax} {-ay})"
    return group(body, transform=moves)
