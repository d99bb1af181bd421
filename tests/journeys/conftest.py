"""One Chromium and one server for the folder, the simulator's webhooks pointed at it, and pages that are watched."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.core.cache import cache
from django.db import connections
from django.test.utils import override_settings
from playwright.sync_api import Browser, Page, sync_playwright
from pytest_django.live_server_helper import LiveServer

from tests.journeys.goods import Shelf, fill_shelf
from tests.journeys.watch import Watch, open_page
from tests.support.requirements import require_or_skip
from tests.support.simulator import Simulator

CHROMIUM = "/usr/bin/chromium"

Visit = Callable[..., tuple[Page, Watch]]


# "package", not "session": while Playwright's loop is there, Django keeps other connections, and asyncio.run() fails.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium as people have it: Playwright would switch the back/forward cache off."""
    require_or_skip("chromium", install="apt-get install chromium", present=Path(CHROMIUM).exists())
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox"],
            ignore_default_args=["--disable-back-forward-cache"],
        )
        yield chromium
        chromium.close()
        connections.close_all()  # those of this loop; nobody would find them afterwards


@pytest.fixture(scope="package")
def live_server(simulator_process: Simulator, django_db_setup: None) -> Iterator[LiveServer]:
    """A server that knows the simulator from its start: its middleware writes that origin into the page policy."""
    with override_settings(MIDTRANS_SNAP_URL=simulator_process.snap_url):
        server = LiveServer("localhost")
    with override_settings(SITE_URL=server.url):
        yield server
    server.stop()


@pytest.fixture
def base(live_server: LiveServer, simulator: Simulator) -> str:
    """The shop's address; what is paid at the simulator is told to it."""
    simulator.set_notification_url(f"{live_server.url}/api/payment/notification")
    cache.clear()
    return live_server.url


@pytest.fixture
def shelf(base: str) -> Shelf:
    """Something to buy."""
    return fill_shelf()


@pytest.fixture
def visit(base: str, browser: Browser, simulator: Simulator) -> Iterator[Visit]:
    """Open a visitor's page with its Watch; at the end of the test nothing may have gone wrong on any page."""
    friends = {urlsplit(base).netloc, urlsplit(simulator.base_url).netloc}
    opened: list[tuple[Page, Watch]] = []

    def new(**options: object) -> tuple[Page, Watch]:
        page = open_page(browser, **options)  # type: ignore[arg-type]
        opened.append((page, Watch(page.context, friends)))
        return opened[-1]

    yield new
    for page, _ in opened:
        page.context.close()
    assert [line for _, watch in opened for line in watch.trouble] == []
