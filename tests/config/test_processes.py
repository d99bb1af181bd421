"""Supervised children: started, watched, ended, and never left behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from config.processes import Supervisor, free_port, port_is_free
from tests.support.embedded import eventually

pytestmark = pytest.mark.processes
ROOT = Path(__file__).resolve().parents[2]
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(60)"


@pytest.fixture
def supervisor():
    supervisor = Supervisor(grace_s=1.0)
    yield supervisor
    supervisor.stop_all()


def sleeper(supervisor, name="sleeper"):
    return supervisor.start(name, ["sleep", "60"], env=os.environ)


def test_a_child_that_ends_by_itself_is_found(supervisor):
    sleeper(supervisor)
    assert supervisor.first_dead() is None

    short = supervisor.start("short", [sys.executable, "-c", "raise SystemExit(3)"], env=os.environ)

    assert eventually(lambda: supervisor.first_dead() is short)
    assert short.process.returncode == 3


def test_stopping_ends_all_and_names_those_that_had_to_be_killed(supervisor, tmp_path):
    sleeper(supervisor)
    ready = tmp_path / "ready"
    code = STUBBORN.replace("print(1, flush=True)", f"open({str(ready)!r}, 'w').close()")
    stubborn = supervisor.start("stubborn", [sys.executable, "-c", code], env=os.environ)
    assert eventually(ready.exists)

    assert supervisor.stop_all() == ["stubborn"]

    assert stubborn.process.returncode == -signal.SIGKILL
    assert supervisor.children == []


def test_what_a_child_started_itself_goes_with_it(supervisor, tmp_path):
    note = tmp_path / "pid"
    supervisor.start("parent", ["sh", "-c", f"sleep 60 & echo $! > {note}; wait"], env=os.environ)
    assert eventually(lambda: note.exists() and note.read_text().strip())

    supervisor.stop_all()

    assert eventually(lambda: not _lives(int(note.read_text())))


def test_a_step_returns_its_exit_code_and_is_not_watched_afterwards(supervisor):
    code = supervisor.run("step", [sys.executable, "-c", "raise SystemExit(4)"], env=os.environ)

    assert code == 4
    assert supervisor.children == []


def test_a_step_is_cut_short_when_a_stop_is_asked_for(supervisor):
    supervisor.stop_asked = True
    started = time.monotonic()

    assert supervisor.run("step", ["sleep", "60"], env=os.environ) is None

    assert time.monotonic() - started < 10


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children that their parent died")
def test_a_child_dies_with_a_parent_that_was_killed():
    code = (
        "import os, time; from config.processes import Supervisor\n"
        "child = Supervisor().start('child', ['sleep', '60'], env=os.environ)\n"
        "print(child.process.pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())

    parent.kill()
    parent.communicate()

    assert eventually(lambda: not _lives(child))


def test_a_port_is_free_until_somebody_listens():
    port = free_port()
    assert port_is_free("127.0.0.1", port)

    with socket.create_server(("127.0.0.1", port)):
        assert not port_is_free("127.0.0.1", port)


def _lives(pid: int) -> bool:
    """Return whether the process runs; a zombie that nobody has collected yet does not."""
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
