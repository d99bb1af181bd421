"""Fixtures of the whole suite. The laws are checked after every test that used the database."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest
from pytest_django import Settings

from config.database import breaker
from tests.support.laws import broken_laws
from tests.support.simulator import Simulator


def pytest_collection_finish() -> None:
    """Keep thousands of tests and their modules out of each collection of garbage, which took 0.4 s amid a test."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def laws_hold(request: pytest.FixtureRequest) -> Iterator[None]:
    """Check every law after a test with a database; mark a test ``breaks_laws`` when breaking them is its point."""
    marker = request.node.get_closest_marker("django_db")
    names = set(request.fixturenames) & {"db", "transactional_db", "live_server"}
    if marker is None and not names:
        yield
        return
    transactional = bool(names & {"transactional_db", "live_server"}) or bool(
        marker and marker.kwargs.get("transaction"),
    )
    # Asking for it here puts the check before the database is emptied again.
    request.getfixturevalue("transactional_db" if transactional else "db")
    yield
    if request.node.get_closest_marker("breaks_laws") is None:
        assert broken_laws() == []


@pytest.fixture(autouse=True)
def breaker_is_closed() -> None:
    """No test inherits the failures that another one made."""
    breaker.reset()


@pytest.fixture(scope="session")
def simulator_process() -> Iterator[Simulator]:
    """One Midtrans simulator for the session."""
    with Simulator.start() as simulator:
        yield simulator


@pytest.fixture
def simulator(simulator_process: Simulator, settings: Settings) -> Iterator[Simulator]:
    """The simulator, empty and without faults, with the shop pointed at it.

    By the test's own ``settings``: a second way to change them would be undone in the wrong order, and stay.
    """
    simulator_process.reset()
    simulator_process.set_notification_url("")
    settings.MIDTRANS_SNAP_URL = simulator_process.snap_url
    settings.MIDTRANS_CORE_URL = simulator_process.core_url
    settings.MIDTRANS_SERVER_KEY = simulator_process.server_key
    settings.MIDTRANS_CLIENT_KEY = simulator_process.client_key
    yield simulator_process
    simulator_process.reset()
