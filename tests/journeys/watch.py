"""Pages that remember what went wrong while they were open: messages, failures, calls to strangers."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Response

PICTURES = Path(__file__).resolve().parents[2] / "test-artifacts" / "journeys"
SHEET = os.environ.get("CONTACT_SHEET", "")
"""The folder for `make contact-sheet`: then every page is pictured on a phone and on a desk."""
AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
PHONE, DESK = (390, 844), (1280, 900)
TALLEST = 6000
WAIT_MS = 20_000
_NOT_CONTENT = {"data", "blob", "about"}


class Watch:
    """What the pages of a browser context said and asked for. ``trouble`` is empty when all was well."""

    def __init__(self, context: BrowserContext, friends: Collection[str]) -> None:
        self.friends = friends
        self.trouble: list[str] = []
        self.posts: list[str] = []
        self.expected: set[int] = set()
        self._refused: set[str] = set()
        context.on("console", self._said)
        context.on("weberror", lambda error: self.trouble.append(f"error: {error.error}"))
        context.on("request", self._asked)
        context.on("requestfailed", self._failed)
        context.on("response", self._answered)

    def expect(self, *statuses: int) -> None:
        """Let pages answer with these statuses from now on; a browser reports each to the console as an error."""
        self.expected.update(statuses)

    def posted(self, path: str) -> int:
        """Return how often a form was sent to ``path``."""
        return sum(urlsplit(url).path == path for url in self.posts)

    def _asked(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in _NOT_CONTENT and parts.netloc not in self.friends:
            self.trouble.append(f"stranger asked: {request.url}")
        if request.method == "POST":
            self.posts.append(request.url)

    def _failed(self, request: Request) -> None:
        reason = request.failure or ""
        if "ERR_ABORTED" not in reason:  # aborted: the page went on before the answer came
            self.trouble.append(f"failed: {request.method} {request.url}: {reason}")

    def _answered(self, response: Response) -> None:
        if response.status < 400:
            return
        asked = response.request
        if response.status in self.expected and (asked.is_navigation_request() or "hx-request" in asked.headers):
            self._refused.add(response.url)
        else:
            self.trouble.append(f"{response.status}: {response.url}")

    def _said(self, message: ConsoleMessage) -> None:
        if message.type not in {"error", "warning"}:
            return
        address = str(message.location.get("url", ""))
        if "Failed to load resource" in message.text:
            return  # counted by its status
        self.trouble.append(f"console {message.type}: {message.text} ({address})")


def open_page(
    browser: Browser,
    *,
    size: tuple[int, int] = PHONE,
    dark: bool = False,
    script: bool = True,
    user_agent: str | None = None,
) -> Page:
    """Return a page of a visitor of its own."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if dark else "light",
        java_script_enabled=script,
        reduced_motion="reduce",
        locale="id-ID",
        timezone_id="Asia/Jakarta",
        user_agent=user_agent,
    )
    context.set_default_timeout(WAIT_MS)
    return context.new_page()


def show_theme(page: Page, *, dark: bool) -> None:
    """Put the admin into a theme, once the page is all there: a click waits for the answer's first byte alone."""
    page.wait_for_load_state()
    page.evaluate("dark => document.documentElement.classList.toggle('dark', dark)", dark)


def violations(page: Page) -> list[str]:
    """Return what axe has against the page as it is, once it is all there."""
    page.wait_for_load_state()
    options = {"runOnly": {"type": "tag", "values": AXE_TAGS}, "resultTypes": ["violations"]}
    found = Axe().run(page, options=options).response["violations"]
    return [f"{rule['id']}: {node['html'][:160]}" for rule in found for node in rule["nodes"]]


def too_wide(page: Page) -> list[str]:
    """Return what makes the page scroll sideways."""
    extra = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return [f"scrolls {extra} px sideways"] if extra > 0 else []


def take_picture(page: Page, name: str) -> None:
    """Save what the page looks like, for people."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"{name}.png", full_page=True, animations="disabled")


def photograph(page: Page, group: str, name: str, *, dark: bool) -> None:
    """Picture a page as it stands, for whoever looks at a run; for a contact sheet on a phone and on a desk."""
    theme = "dark" if dark else "light"
    if not SHEET:
        take_picture(page, f"{group}-{name}-{theme}")
        return
    before = page.viewport_size
    for device, size in (("phone", PHONE), ("desk", DESK)):
        page.set_viewport_size({"width": size[0], "height": size[1]})
        # A window as high as the page: bars at its lower edge then cover nothing.
        height = min(max(size[1], int(page.evaluate(_WHOLE))), TALLEST)
        page.set_viewport_size({"width": size[0], "height": height})
        path = Path(SHEET) / group / f"{name}--{device}-{theme}.png"
        page.screenshot(path=path, animations="disabled")
    if before:
        page.set_viewport_size(before)


# Pictures further down are loaded only when somebody scrolls there.
_WHOLE = """() => {
  const pictures = [...document.querySelectorAll("img")].filter((image) => image.getClientRects().length);
  pictures.forEach((image) => { image.loading = "eager"; });
  const there = Promise.all(pictures.map((image) => image.decode().catch(() => null)));
  return there.then(() => document.documentElement.scrollHeight);
}"""
