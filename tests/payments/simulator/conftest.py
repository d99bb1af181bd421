"""One simulator process and one listening shop for all these tests; each test starts from nothing."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from tests.payments.simulator.browser import PHONE, Customer
from tests.payments.simulator.receiver import Receiver
from tests.support.simulator import Simulator

Post = Callable[..., requests.Response]


@pytest.fixture(scope="session")
def listening_shop() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture(scope="session")
def running_simulator(listening_shop: Receiver) -> Iterator[Simulator]:
    origin = listening_shop.origin
    with Simulator.start(
        listening_shop.url,
        finish_url=f"{origin}/selesai",
        unfinish_url=f"{origin}/kembali",
        error_url=f"{origin}/gagal",
    ) as simulator:
        yield simulator


@pytest.fixture
def sim(running_simulator: Simulator, listening_shop: Receiver) -> Iterator[Simulator]:
    running_simulator.reset()
    listening_shop.clear()
    running_simulator.settings(notification_url=listening_shop.url, webhook_timeout=5, reuse_order_id=False)
    yield running_simulator
    listening_shop.clear()  # lets a slow answer go, so that the next reset need not wait for it


@pytest.fixture
def shop(sim: Simulator, listening_shop: Receiver) -> Receiver:
    return listening_shop


@pytest.fixture(scope="session")
def http() -> Iterator[requests.Session]:
    """Connections that are used again, and that no proxy of the caller's sees."""
    with requests.Session() as session:
        session.trust_env = False
        yield session


@pytest.fixture
def post(sim: Simulator, http: requests.Session) -> Post:
    """Call Snap or Core with the server key: ``post("/v2/x/cancel", {...})``."""

    def call(path: str, body: object = None, *, method: str = "POST", **keywords: Any) -> requests.Response:
        keywords.setdefault("auth", (sim.server_key, ""))
        timeout = keywords.pop("timeout", 10)
        if body is not None:
            keywords["json"] = body
        return http.request(method, sim.base_url + path, allow_redirects=False, timeout=timeout, **keywords)

    return call


@pytest.fixture
def status(post: Post) -> Callable[[str], dict[str, Any]]:
    """GET status of an order id or transaction id: the body."""

    def call(target: str) -> dict[str, Any]:
        body: dict[str, Any] = post(f"/v2/{target}/status", method="GET").json()
        return body

    return call


@pytest.fixture
def create(post: Post) -> Callable[..., dict[str, Any]]:
    """Make a Snap token; the answer with the order id added."""
    numbers = itertools.count(1)

    def call(order_id: str = "", amount: int = 150_000, **more: Any) -> dict[str, Any]:
        order_id = order_id or f"ORDER-{next(numbers)}"
        headers = more.pop("headers", {})
        request = {"transaction_details": {"order_id": order_id, "gross_amount": amount}, **more}
        answer = post("/snap/v1/transactions", request, headers=headers)
        assert answer.status_code == 201, answer.text
        return {**answer.json(), "order_id": order_id}

    return call


@pytest.fixture
def visit(create: Callable[..., dict[str, Any]]) -> Callable[..., Customer]:
    """A customer on the pay page of ORDER-1."""

    def call(agent: str = PHONE, **request: Any) -> Customer:
        return Customer(create("ORDER-1", **request)["redirect_url"], agent)

    return call
