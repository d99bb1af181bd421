"""Puts a scene into its room and frames the three views."""

from __future__ import annotations

from tools.make_pictures import (
    bath,
    brewing,
    care,
    ceramics,
    cloth,
    coffee,
    garments,
    home,
    lights,
    linen,
    plaited,
    tea,
    woven,
)
from tools.make_pictures.catalogue import Product
from tools.make_pictures.colour import INK
from tools.make_pictures.rooms import H, W, room, tinted
from tools.make_pictures.scene import Look, Scene
from tools.make_pictures.sketch import Sketch
from tools.make_pictures.svg import element, group, rect

FAMILIES = (
    garments,
    cloth,
    linen,
    ceramics,
    tea,
    woven,
    plaited,
    coffee,
    brewing,
    home,
    lights,
    bath,
    care,
)
SCENES: dict[str, Scene] = {slug: scene for family in FAMILIES for slug, scene in family.SCENES.items()}


def _seed(slug: str) -> int:
    return sum(i * ord(letter) for i, letter in enumerate(slug, 1)) % 9973


def _framed(body: str, look: Look) -> str:
    """Zoom towards a point, never showing what lies beyond the scene."""
    left = min(0.0, max(W - W * look.zoom, W / 2 - look.x * look.zoom))
    top = min(0.0, max(H - H * look.zoom, H * 0.53 - look.y * look.zoom))
    return group(body, transform=f"translate({left:.1f} {top:.1f}) scale({look.zoom})")


def _finish(s: Sketch, body: str, seed: int) -> str:
    """Vignette and fine grain over everything."""
    grain = (
        '<filter id="grain" x="0" y="0" width="100%" height="100%">'
        f'<feTurbulence type="fractalNoise" baseFrequency=".85" numOctaves="2" seed="{seed % 50}"/>'
        '<feColorMatrix values="0 0 0 0 .5 0 0 0 0 .5 0 0 0 0 .5 .9 0 0 0 -.38"/></filter>'
    )
    vignette = s.rad([(0, INK, 0), (0.7, INK, 0), (1, INK, 0.26)], 0.45, 0.45, 0.78)
    return element(
        "svg",
        element("defs", "".join(s.defs) + grain)
        + body
        + rect(0, 0, W, H, vignette)
        + rect(0, 0, W, H, "#000", filter="url(#grain)", opacity=0.08, style="mix-blend-mode:overlay"),
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {W} {H}",
        width=W,
        height=H,
    )


def picture(product: Product, view: int) -> str:
    """View 1 is the front, 2 the same scene from close by, 3 other colours or the thing in use."""
    scene = SCENES[product.slug]
    seed = _seed(product.slug)
    s = Sketch(seed + (1 if view == 3 else 0))
    tones = product.tones or scene.tones or ("#888888",)
    in_use = view == 3 and scene.use is not None
    wall, table = tinted(product.category, second=in_use and not scene.mood)
    stage = (scene.use_stage or scene.stage) if in_use else scene.stage
    backdrop = room(s, wall, table, stage, seed % 17 + view, scene.mood)
    if in_use and scene.use:
        body, look = scene.use(s, tones), scene.use_look
        return _finish(s, _framed(backdrop + body, look), seed)
    body = scene.draw(s, tones[0])
    if view == 2:
        far = group(backdrop, filter=s.blur(3)) if stage != "flat" else backdrop
        return _finish(s, _framed(far + body, scene.detail), seed)
    return _finish(s, _framed(backdrop + body, scene.front), seed)
