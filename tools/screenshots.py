"""Make the README's pictures from a running demo shop: ``python -m tools.screenshots BASE_URL OUT_DIR``.

Start one with ``make run``; ``make screenshots`` calls this. Buys something as a guest, so that its pages are real.
"""

from __future__ import annotations

import argparse
import io
import re
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

CHROMIUM = "/usr/bin/chromium"
PRODUCT = "kemeja-batik-kawung"
OWNER = ("owner@infiya.store", "demo-owner")
PHONE, DESK = (390, 844), (1280, 860)
SHARPNESS = 2  # device pixels per CSS pixel
MOST_BYTES = 150_000
QUALITIES = (86, 78, 70, 60)


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m tools.screenshots", description="Make the README's pictures.")
    parser.add_argument("base_url", help="a running demo shop, such as http://127.0.0.1:8000")
    parser.add_argument("out_dir", type=Path)
    arguments = parser.parse_args()
    arguments.out_dir.mkdir(parents=True, exist_ok=True)

    def save(page: Page, name: str) -> None:
        path = arguments.out_dir / f"{name}.webp"
        path.write_bytes(small(picture(page)))
        print(f"{path}: {path.stat().st_size // 1000} kB")

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        take(browser, arguments.base_url.rstrip("/"), save)
        browser.close()
    return 0


def take(browser: Browser, base: str, save: Callable[[Page, str], None]) -> None:
    """Walk through the shop and save its pages."""
    desk = open_page(browser, DESK)
    desk.goto(f"{base}/")
    save(desk, "home")
    phone = open_page(browser, PHONE)
    buy(phone, base, save)
    number = phone.locator("main b.num").first.inner_text()
    desk.goto(f"{base}/admin/login/?next={quote(f'/admin/orders/order/?q={number}')}")
    log_in(desk)
    desk.locator("#result_list a", has_text=number).first.click()
    expect(desk.locator("h1, .breadcrumbs, main").first).to_be_visible()
    save(desk, "admin-order")
    desk.goto(f"{base}/admin/pemantauan/")
    save(desk, "admin-dashboard")


def buy(page: Page, base: str, save: Callable[[Page, str], None]) -> None:
    """Buy one thing as a guest by virtual account."""
    page.goto(f"{base}/produk/{PRODUCT}/")
    save(page, "product")
    page.click(".go .btn-main")
    page.wait_for_url("**/keranjang/")
    page.goto(f"{base}/checkout/")
    for name, value in (
        ("email", "sari@contoh.id"),
        ("recipient", "Sari Wulandari"),
        ("phone", "0812-3456-7890"),
        ("area", "Coblong, Kota Bandung, Jawa Barat"),
        ("postal_code", "40132"),
        ("street", "Jl. Dago 12, RT 03/RW 05"),
    ):
        page.fill(f"#id_{name}", value)
    page.click("main .btn-main")
    page.wait_for_url("**/pengiriman/")
    page.click("main .btn-main")
    page.wait_for_url("**/tinjau/")
    save(page, "checkout-review")
    page.click("main .btn-main")
    page.wait_for_url("**/bayar/")
    page.click("main .btn-main")  # to the simulator of Midtrans
    page.locator("form[aria-label='BCA Virtual Account'] button").click()
    hosted = page.url
    page.click("text=Kembali ke toko, bayar nanti")
    page.wait_for_url("**/bayar/")
    save(page, "pay")
    page.goto(hosted)
    page.click("text=Saya sudah bayar")
    page.wait_for_url(re.compile(r"/pesanan/[^/]+/$"))
    expect(page.locator(".badge").first).to_have_text("Dibayar")
    save(page, "order")


def log_in(page: Page) -> None:
    """Log in to the staff admin."""
    page.fill("[name=username]", OWNER[0])
    page.fill("[name=password]", OWNER[1])
    page.click("[type=submit]")


def open_page(browser: Browser, size: tuple[int, int]) -> Page:
    """Return a page of its own visitor, light and without motion."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        device_scale_factor=SHARPNESS,
        color_scheme="light",
        reduced_motion="reduce",
        locale="id-ID",
        timezone_id="Asia/Jakarta",
    )
    return context.new_page()


def picture(page: Page) -> bytes:
    """Return what is in the window, once it has come."""
    page.wait_for_load_state("networkidle")
    page.evaluate("document.fonts.ready.then(() => scrollTo(0, 0))")
    return page.screenshot(animations="disabled")


def small(png: bytes) -> bytes:
    """Return the picture as WebP, as good as the limit allows."""
    image = Image.open(io.BytesIO(png)).convert("RGB")
    packed = b""
    for quality in QUALITIES:
        out = io.BytesIO()
        image.save(out, "WEBP", quality=quality, method=6)
        packed = out.getvalue()
        if len(packed) <= MOST_BYTES:
            break
    return packed


if __name__ == "__main__":
    sys.exit(main())
