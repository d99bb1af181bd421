"""`make run`: everything starts, everything stops, nothing is left behind."""

from __future__ import annotations

import os
import signal
import socket
import time

import pytest

from config.processes import port_is_free
from tests.support.embedded import eventually, pid_of
from tests.support.shop_process import ShopProcess, shop, shop_folder

pytestmark = [pytest.mark.processes, pytest.mark.slow]


@pytest.fixture(scope="module")
def data_dir():
    """One folder for the module: only the first run has to migrate and seed."""
    with shop_folder() as folder:
        yield folder


@pytest.mark.chaos
def test_the_shop_opens_refuses_a_second_one_and_stops_with_everything(data_dir):
    with shop(data_dir) as running:
        running.wait_until_open()
        assert running.get("/healthz") == 200
        assert running.get("/", simulator=True) == 200
        assert f"http://127.0.0.1:{running.port}/" in running.output
        assert "pelanggan@infiya.store" in running.output
        for part in ("gunicorn", "payments.simulator", "run_scheduler"):
            assert running.child(part)
        keys = " ".join(running.children().values())
        assert "Mid-server" not in keys  # a command line is for everybody to read

        same_folder = ShopProcess(data_dir, port=1, simulator_port=2)
        assert same_folder.wait() == 1
        assert "running already" in same_folder.output
        assert "DATA_DIR" in same_folder.output

        started = time.monotonic()
        code = running.stop()

    assert code == 0
    assert time.monotonic() - started < 15
    assert running.children() == {}
    assert pid_of(data_dir) is None
    assert port_is_free("127.0.0.1", running.port)
    assert port_is_free("127.0.0.1", running.simulator_port)


@pytest.mark.chaos
def test_a_shop_that_is_killed_leaves_no_process_and_the_next_one_takes_over(data_dir):
    with shop(data_dir, SCHEDULER="off") as running:
        running.wait_until_open()
        assert "run_scheduler" not in " ".join(running.children().values())

        running.process.kill()
        running.wait()

        assert eventually(lambda: running.children() == {}), running.children()

    with shop(data_dir) as again:
        again.wait_until_open()
        assert again.stop(signal.SIGINT) == 0

    assert pid_of(data_dir) is None


@pytest.mark.chaos
@pytest.mark.parametrize(("part", "name"), [("gunicorn", "web server"), ("payments.simulator", "payment simulator")])
def test_a_part_that_dies_stops_the_rest_and_is_named(data_dir, part, name):
    with shop(data_dir) as running:
        running.wait_until_open()

        os.kill(running.child(part), signal.SIGKILL)

        assert running.wait() == 1

    assert f"The {name} ended by itself" in running.output
    assert running.children() == {}
    assert pid_of(data_dir) is None


@pytest.mark.parametrize("name", ["PORT", "SIMULATOR_PORT"])
def test_a_port_that_is_taken_is_named_before_anything_starts(tmp_path, name):
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]

        with shop(tmp_path / "data", **{name: str(taken)}) as running:
            assert running.wait() == 1

    assert f"127.0.0.1:{taken} is taken" in running.output
    assert f"Set {name} " in running.output
    assert "Database" not in running.output
    assert not (tmp_path / "data" / "postgres").exists()


def test_a_database_that_is_not_there_is_named_and_nothing_is_served(tmp_path):
    with shop(tmp_path / "data", DATABASE_URL="postgres://nobody@127.0.0.1:1/none") as running:
        assert running.wait() == 1

    assert "manage.py migrate failed" in running.output
    assert running.children() == {}


@pytest.mark.parametrize("after_s", [0.6, 1.5])
def test_a_stop_while_starting_is_a_stop(data_dir, after_s):
    with shop(data_dir) as running:
        eventually(lambda: running.output or running.process.poll() is not None)
        time.sleep(after_s)

        assert running.stop() == 0

    assert running.children() == {}
    assert pid_of(data_dir) is None
