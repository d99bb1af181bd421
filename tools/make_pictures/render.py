"""SVG to WebP: one browser, one page, then Pillow."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

CHROMIUM = "/usr/bin/chromium"
WIDTHS = {320: 12_000, 640: 38_000}  # the most bytes a picture of this width may take
BEST, WORST = 74, 34


@contextmanager
def browser_page(width: int, height: int, scale: float = 1) -> Iterator[Page]:
    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        try:
            yield browser.new_page(viewport={"width": width, "height": height}, device_scale_factor=scale)
        finally:
            browser.close()


def shot(page: Page, markup: str, *, transparent: bool = False) -> Image.Image:
    page.set_content(f'<body style="margin:0;background:transparent">{markup}</body>')
    return Image.open(io.BytesIO(page.screenshot(omit_background=transparent)))


def webp(image: Image.Image, limit: int) -> bytes:
    """The best quality that stays below the limit."""
    data = b""
    for quality in range(BEST, WORST - 1, -8):
        out = io.BytesIO()
        image.save(out, "WEBP", quality=quality, method=6)
        data = out.getvalue()
        if len(data) <= limit:
            break
    return data


def save_widths(image: Image.Image, folder: Path, stem: str) -> None:
    plain = image.convert("RGB")
    for width, limit in WIDTHS.items():
        sized = plain.resize((width, width * 5 // 4), Image.Resampling.LANCZOS)
        (folder / f"{stem}-{width}.webp").write_bytes(webp(sized, limit))
