"""Favicons from the house mark, and the 1200 x 630 picture for shared links."""

from __future__ import annotations

from PIL import Image

from tools.make_pictures.catalogue import ROOT, products
from tools.make_pictures.compose import picture
from tools.make_pictures.render import browser_page, shot

FOLDER = ROOT / "static" / "img"
NILA, NILA_DEEP, KUNYIT, PAPER = "#1f3a8a", "#14245a", "#f2b705", "#f6f8f7"
PETAL = "M16 14.4C10.6 10.4 10.6 4.6 16 0C21.4 4.6 21.4 10.4 16 14.4Z"
SHARED = ("kemeja-batik-kawung", "mangkuk-seladon", "tas-pandan", "kopi-gayo")


def flower(petal: str, first: str = KUNYIT) -> str:
    """The mark on a 32 x 32 sheet."""
    return "".join(
        f'<path fill="{first if turn == 45 else petal}" transform="rotate({turn} 16 16)" d="{PETAL}"/>'
        for turn in (45, 135, 225, 315)
    )


def favicon() -> str:
    """The mark alone; its blue petals follow the theme of the browser."""
    style = "<style>.a{fill:#1f3a8a}@media(prefers-color-scheme:dark){.a{fill:#9db7ff}}</style>"
    petals = flower("BLUE").replace('fill="BLUE"', 'class="a"')
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">{style}{petals}</svg>\n'


def _tile(size: int, inset: float, ground: str) -> str:
    scale = (1 - 2 * inset) * size / 32
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{size}" height="{size}" style="display:block">'
        f'<rect width="{size}" height="{size}" fill="{ground}"/>'
        f'<g transform="translate({size * inset} {size * inset}) scale({scale})">{flower(NILA)}</g></svg>'
    )


def _share_card() -> str:
    """Four products in petals on deep indigo, the mark beside them, no words."""
    known = {product.slug: product for product in products()}
    tiles = ""
    for i, slug in enumerate(SHARED):
        drawing = picture(known[slug], 1)
        for number in range(400, -1, -1):  # ids of four drawings share one page
            drawing = drawing.replace(f'"d{number}"', f'"p{i}d{number}"').replace(f"(#d{number})", f"(#p{i}d{number})")
        drawing = drawing.replace('"grain"', f'"grain{i}"').replace("#grain", f"#grain{i}")
        drawing = drawing.replace('width="800" height="1000"', 'width="346" height="432"', 1)
        corner = "150px 0" if i in (0, 3) else "0 150px"
        radius = f"{corner} {corner}"
        left, top = 560 + (i % 2) * 316, 16 + (i // 2) * 304
        tiles += (
            f'<div style="position:absolute;left:{left}px;top:{top}px;width:300px;height:294px;'
            f'overflow:hidden;border-radius:{radius}">'
            f'<div style="margin:-60px 0 0 -22px">{drawing}</div></div>'
        )
    ground = "".join(
        f'<g transform="translate({x} {y}) scale(3)" opacity=".05">{flower("#ffffff", "#ffffff")}</g>'
        for x in range(-20, 560, 100)
        for y in range(-30, 660, 100)
    )
    mark = f'<g transform="translate(136 171) scale(9)">{flower("#9db7ff")}</g>'
    return (
        f'<div style="position:relative;width:1200px;height:630px;overflow:hidden;background:{NILA_DEEP}">'
        f'<svg width="1200" height="630" style="position:absolute;left:0;top:0">{ground}{mark}'
        f"</svg>{tiles}</div>"
    )


def write_icons() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "favicon.svg").write_text(favicon(), encoding="utf-8")
    with browser_page(180, 180) as page:
        shot(page, _tile(180, 0.03, PAPER)).convert("RGB").save(FOLDER / "apple-touch-icon.png", optimize=True)
        page.set_viewport_size({"width": 256, "height": 256})
        mark = f'<svg width="256" height="256" viewBox="0 0 32 32" style="display:block">{flower(NILA)}</svg>'
        shot(page, mark, transparent=True).save(FOLDER / "favicon.ico", sizes=[(16, 16), (32, 32), (48, 48)])
        page.set_viewport_size({"width": 1200, "height": 630})
        card: Image.Image = shot(page, _share_card()).convert("RGB")
        card.save(FOLDER / "og.jpg", quality=80, optimize=True, progressive=True)
