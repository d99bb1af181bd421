"""The scheduler of `make run`: due jobs as processes, none twice at once, none left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from config.processes import Supervisor
from monitoring.scheduler import Scheduler
from tests.support import job_settings
from tests.support.embedded import eventually

pytestmark = pytest.mark.processes
ROOT = Path(__file__).resolve().parents[2]
JOB = job_settings.JOB
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture
def environment(monkeypatch, tmp_path):
    """Children with the test's jobs, no database, and a data folder of their own."""
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "tests.support.job_settings")
    monkeypatch.setenv("DATABASE_URL", "postgres://nobody@127.0.0.1:1/none")
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    return tmp_path


@pytest.fixture
def scheduler(settings, environment):
    settings.CRONJOBS = job_settings.CRONJOBS
    supervisor = Supervisor(grace_s=20)
    yield Scheduler(supervisor)
    supervisor.stop_all()


def test_a_tick_starts_what_is_due_and_never_a_job_that_still_runs(scheduler, environment):
    first = scheduler.tick(NOON)
    assert eventually((environment / "heartbeats" / f"{JOB}_works.json").exists)
    assert eventually(lambda: [child.name for child in scheduler.reap()] == [f"{JOB} works"])

    second = scheduler.tick(NOON)

    assert first == [f"{JOB} works", f"{JOB} waits"]
    assert second == [f"{JOB} works"]


def test_stopping_ends_the_jobs_and_their_records_say_so(scheduler, environment):
    heartbeat = environment / "heartbeats" / f"{JOB}_waits.json"
    scheduler.tick(NOON)
    assert eventually(heartbeat.exists)

    assert scheduler.supervisor.stop_all() == []

    assert json.loads(heartbeat.read_text())["exit_code"] == 128 + signal.SIGTERM


def test_a_schedule_that_matches_nothing_starts_nothing(scheduler):
    scheduler.jobs = [job for job in scheduler.jobs if "crashes" in job.label]

    assert scheduler.tick(NOON) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_stops_at_once_when_told(environment, number):
    process = subprocess.Popen([sys.executable, "manage.py", "run_scheduler"], cwd=ROOT, env={**os.environ})
    assert eventually(lambda: _catches(process.pid, number), within_s=60)

    process.send_signal(number)

    assert process.wait(timeout=20) == 0


def _catches(pid: int, number: signal.Signals) -> bool:
    """Return whether the process has a handler for the signal: then it is in its loop, not still importing."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    caught = int(next(line for line in lines if line.startswith("SigCgt")).split()[1], 16)
    # Python itself handles SIGINT from the start; SIGTERM only the command does.
    return bool(caught >> (signal.SIGTERM - 1) & 1)
