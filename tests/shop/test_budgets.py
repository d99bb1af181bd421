"""What a first visit costs: bytes, requests, and nothing that jumps. (Times are Lighthouse's: ``make lighthouse``.)"""

from __future__ import annotations

import gzip
import json
import secrets
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.core.files import File
from playwright.sync_api import Browser, Page, Response, ViewportSize, sync_playwright

from shop.models import ProductImage
from tests.factories import CategoryFactory, ProductFactory, VariantFactory
from tests.support.requirements import require_or_skip
from tools.lighthouse.budget import ALL_BYTES, CLS, CODE, CODE_BYTES, KB, REQUESTS, Measured, measured, middle, too_much

CHROMIUM = "/usr/bin/chromium"
PICTURES = Path(__file__).resolve().parents[2] / "shop" / "demo" / "pictures"
PHONE = ViewportSize(width=412, height=823)
KINDS = {"document": "Document", "stylesheet": "Stylesheet", "script": "Script", "font": "Font", "image": "Image"}
PACKED = ("text/", "application/javascript", "image/svg+xml", "application/json")
SHIFTS = """() => new Promise((resolve) => {
  let sum = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) sum += entry.value;
  }).observe({ type: "layout-shift", buffered: true });
  setTimeout(() => resolve(sum), 300);
})"""
BAD = """<!doctype html><html lang="id"><head><title>x</title><meta name="viewport" content="width=device-width"></head>
<body><p id="a">atas</p><p>bawah</p><script>setTimeout(() => {
  document.querySelector("#a").style.paddingBottom = "300px";
  for (let n = 0; n < 30; n++) fetch("/robots.txt?" + n);
  fetch("/big.js");
}, 100)</script></body></html>"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    require_or_skip("chromium", install="apt-get install chromium", present=Path(CHROMIUM).exists())
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def shop(settings, tmp_path) -> None:
    """A full page of a list, with real pictures."""
    settings.MEDIA_ROOT = tmp_path
    shelf = CategoryFactory.create(name="Batik", slug="batik")
    names = sorted({path.name[: -len("-1-640.webp")] for path in PICTURES.glob("*-1-640.webp")})[:24]
    for name in names:
        product = ProductFactory.create(category=shelf, name=name.replace("-", " ").title(), slug=name)
        VariantFactory.create(product=product)
        for angle in (1, 2, 3) if name == names[0] else (1,):
            image = ProductImage(product=product, alt=f"{name}, gambar {angle}", position=angle)
            for field, width in ((image.large, 640), (image.small, 320)):
                path = PICTURES / f"{name}-{angle}-{width}.webp"
                with path.open("rb") as picture:
                    field.save(path.name, File(picture), save=False)
            image.save()


def first_visit(browser: Browser, url: str, *, before: tuple[str, ...] = ()) -> tuple[Page, Measured]:
    """Open a page as a new visitor on a phone, and say what came over the line (text as production packs it)."""
    context = browser.new_context(viewport=PHONE, device_scale_factor=1.75, is_mobile=True, has_touch=True)
    page = context.new_page()
    page.route("**/big.js", lambda route: route.fulfill(body=random_text(400 * KB), content_type="text/javascript"))
    page.route("**/bad/", lambda route: route.fulfill(body=BAD, content_type="text/html"))
    for step in before:
        page.goto(step)
        page.click(".go .btn-main")
        page.wait_for_url("**/keranjang/")
    seen: list[Response] = []
    page.on("response", seen.append)
    page.goto(url, wait_until="networkidle")
    shift = float(page.evaluate(SHIFTS))
    sizes = [(KINDS.get(answer.request.resource_type, "Other"), size(answer)) for answer in seen]
    return page, Measured(
        performance=100, accessibility=100, seo=100, lcp=0, tbt=0,
        cls=shift,
        code_bytes=sum(bytes_ for kind, bytes_ in sizes if kind in CODE or kind == "Other"),
        all_bytes=sum(bytes_ for _, bytes_ in sizes),
        requests=len(sizes),
    )  # fmt: skip


def random_text(length: int) -> bytes:
    return secrets.token_hex(length // 2).encode()


def size(answer: Response) -> int:
    body = answer.body() if answer.status == 200 else b""
    packed = answer.headers.get("content-type", "").startswith(PACKED)
    return len(gzip.compress(body) if packed else body) + 300  # about what the headers take


@pytest.mark.sweep
@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_a_first_visit_stays_within_the_budget(live_server, browser, shop):
    base, one = live_server.url, "/produk/buku-catatan-parang/"
    found = {}
    for path, before in (
        ("/", ()), ("/kategori/batik/", ()), ("/produk/", ()), (one, ()), ("/cari/?q=batik", ()),
        ("/keranjang/", (base + one,)), ("/checkout/", (base + one,)),
    ):  # fmt: skip
        page, visit = first_visit(browser, base + path, before=before)
        assert urlsplit(page.url).path == urlsplit(path).path
        page.context.close()
        found[path] = too_much(visit, indexed=True)

    assert found == {path: [] for path in found}


@pytest.mark.sweep
@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_a_heavy_restless_page_does_not_pass(live_server, browser):
    page, visit = first_visit(browser, f"{live_server.url}/bad/")
    page.context.close()

    assert visit.cls > CLS
    assert visit.requests > REQUESTS
    assert visit.code_bytes > CODE_BYTES
    assert {line.partition(" ")[0] for line in too_much(visit, indexed=True)} >= {"CLS", "requests", "bytes"}


def report(**changes: float) -> dict[str, object]:
    """Return what of Lighthouse's report counts."""
    numbers = {"performance": 1.0, "accessibility": 1.0, "seo": 1.0, "lcp": 1500.0, "cls": 0.0, "bytes": 100_000}
    numbers |= changes
    return {
        "categories": {name: {"score": numbers[name]} for name in ("performance", "accessibility", "seo")},
        "audits": {
            "largest-contentful-paint": {"numericValue": numbers["lcp"]},
            "cumulative-layout-shift": {"numericValue": numbers["cls"]},
            "total-blocking-time": {"numericValue": 0},
            "network-requests": {
                "details": {
                    "items": [
                        {"url": "http://x/", "resourceType": "Document", "transferSize": numbers["bytes"]},
                        {"url": "http://x/a.webp", "resourceType": "Image", "transferSize": 50_000},
                        {"url": "data:,", "resourceType": "Image", "transferSize": 0},
                    ],
                },
            },
        },
    }


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"performance": 0.94}, "performance 94"),
        ({"accessibility": 0.99}, "accessibility 99"),
        ({"seo": 0.99}, "SEO 99"),
        ({"lcp": 2001.0}, "LCP"),
        ({"cls": 0.051}, "CLS"),
        ({"bytes": CODE_BYTES + 1}, "bytes of HTML"),
        ({"bytes": ALL_BYTES}, "bytes in all"),
    ],
)
def test_every_number_of_a_report_is_compared(changes, words):
    assert too_much(measured(report()), indexed=True) == []
    assert any(line.startswith(words) for line in too_much(measured(report(**changes)), indexed=True))


def test_pages_that_are_not_indexed_need_no_score_for_it():
    assert too_much(measured(report(seo=0.5)), indexed=False) == []


def test_the_middle_of_three_visits_counts():
    visits = [measured(report(lcp=lcp)) for lcp in (9000.0, 1000.0, 1500.0)]

    assert middle(visits).lcp == 1500.0
    assert middle(visits).requests == 2


def test_a_page_that_was_not_measured_is_no_result():
    with pytest.raises(ValueError, match="could not measure"):
        measured(json.loads('{"runtimeError": {"message": "NO_FCP"}}'))
