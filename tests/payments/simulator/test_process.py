"""The simulator as a program: how it starts, refuses to start, remembers and stops."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time

import pytest
import requests

from payments.simulator.settings import SettingsError, read_settings
from tests.payments.simulator.browser import Customer
from tests.support.simulator import ROOT, Simulator

KEYS = {"SIMULATOR_SERVER_KEY": "SB-Mid-server-x"}


def run(*arguments, **environment):
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("SIMULATOR_", "MIDTRANS_"))}
    return subprocess.run(
        [sys.executable, "-m", "payments.simulator", *arguments],
        cwd=ROOT, env=clean | environment, capture_output=True, text=True, timeout=15, check=False,
    )  # fmt: skip


def test_it_refuses_to_stand_in_for_production():
    result = run("--port", "0", **KEYS, MIDTRANS_IS_PRODUCTION="True")

    assert result.returncode == 2
    assert "MIDTRANS_IS_PRODUCTION" in result.stderr
    assert result.stdout == ""


def test_it_says_when_its_port_is_taken():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = run("--port", str(taken.getsockname()[1]), **KEYS)

    assert result.returncode == 1
    assert "cannot listen" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("arguments", "environment"),
    [
        ([], {}),
        (["--host", "0.0.0.0"], KEYS),
        (["--host", "shop.example"], KEYS),
        (["--time-scale", "0"], KEYS),
        (["--port", "70000"], KEYS),
        (["--finish-url", "javascript:alert(1)"], KEYS),
    ],
)
def test_wrong_settings_are_named(arguments, environment):
    with pytest.raises(SettingsError):
        read_settings(arguments, environment)


def test_settings_come_from_the_command_line_before_the_environment():
    environment = KEYS | {
        "SIMULATOR_PORT": "8005",
        "SIMULATOR_FINISH_URL": "http://a.example/",
        "SIMULATOR_TIME_SCALE": "9",
    }

    settings = read_settings(["--port", "8006"], environment)

    assert (settings.port, settings.finish_url, settings.time_scale) == (8006, "http://a.example/", 9.0)
    assert (settings.unfinish_url, settings.error_url) == ("http://a.example/", "http://a.example/")


def test_several_server_keys_are_let_in_and_the_first_signs():
    settings = read_settings([], {"SIMULATOR_SERVER_KEY": "new, old"})

    assert (settings.server_keys, settings.server_key) == (("new", "old"), "new")


def test_it_stops_quickly_while_calls_hang():
    simulator = Simulator.start()
    simulator.fault("hang", seconds=60)
    with pytest.raises(requests.ReadTimeout):
        requests.get(f"{simulator.core_url}/v2/x/status", timeout=0.2)
    started = time.monotonic()

    code = simulator.stop()

    assert code == 0
    assert time.monotonic() - started < 20  # the call would hang for a minute


def test_pay_pages_outlive_a_restart(tmp_path):
    state = tmp_path / "deep" / "state.json"
    with Simulator.start(state_file=state) as first:
        for order_id in ("ORDER-1", "ORDER-2", "ORDER-3"):
            request = {"transaction_details": {"order_id": order_id, "gross_amount": 10_000}}
            requests.post(f"{first.snap_url}/transactions", json=request, auth=(first.server_key, ""), timeout=5)
        first.choose("ORDER-2")
        first.event("ORDER-3", "settle", method="qris")
        first.event("ORDER-3", "refund", amount=4_000)
        before = first.control("GET", "transactions")
        port = first.base_url.rsplit(":", 1)[1]

    with Simulator.start(state_file=state, port=int(port)) as second:
        after = second.control("GET", "transactions")
        customer = Customer(after["orders"][0]["page"]["redirect_url"])
        paid = second.event("ORDER-2", "settle")["transaction_status"]

    assert after == before
    assert customer.status == 200
    assert paid == "settlement"
    assert state.stat().st_mode & 0o777 == 0o600


def test_a_killed_simulator_has_written_its_state(tmp_path):
    state = tmp_path / "state.json"
    simulator = Simulator.start(state_file=state)
    request = {"transaction_details": {"order_id": "ORDER-1", "gross_amount": 10_000}}
    requests.post(f"{simulator.snap_url}/transactions", json=request, auth=(simulator.server_key, ""), timeout=5)
    deadline = time.monotonic() + 5
    while not (state.exists() and b"ORDER-1" in state.read_bytes()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    simulator._process.kill()
    simulator.stop()

    with Simulator.start(state_file=state) as again:
        assert again.order("ORDER-1")["page"]["state"] == "open"


def test_a_damaged_state_file_is_kept_aside(tmp_path):
    state = tmp_path / "state.json"
    state.write_text('{"pages": [')

    with Simulator.start(state_file=state) as simulator:
        assert simulator.transactions() == []

    assert (tmp_path / "state.damaged").read_text() == '{"pages": ['


def test_a_seed_makes_numbers_repeatable():
    numbers = set()
    for _ in range(2):
        with Simulator.start(seed=7) as simulator:
            request = {"transaction_details": {"order_id": "ORDER-1", "gross_amount": 10_000}}
            requests.post(
                f"{simulator.snap_url}/transactions", json=request, auth=(simulator.server_key, ""), timeout=5
            )
            numbers.add(simulator.choose("ORDER-1")["va_numbers"][0]["va_number"])

    assert len(numbers) == 1


def test_it_imports_neither_django_nor_the_shop():
    code = (
        "import sys, payments.simulator.__main__\n"
        "loaded = {name.split('.')[0] for name in sys.modules}\n"
        "print(sorted(loaded & {'django', 'rest_framework', 'config', 'shop', 'orders', 'midtransclient'}))\n"
        "print(sorted(name for name in sys.modules if name.startswith('payments.') and 'simulator' not in name))\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=15, check=True
    )

    assert result.stdout.split() == ["[]", "[]"]
