"""The wrapper of every cron job: once per minute, a heartbeat always, the honest result."""

from __future__ import annotations

import json
import logging
import os
import signal
import stat
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import IntegrityError, OperationalError, connection, transaction

from config.database import violated_constraint
from monitoring import heartbeats
from monitoring.jobs import UnknownJobError, run_job
from monitoring.models import JobRun
from tests.support import job_settings

ROOT = Path(__file__).resolve().parents[2]
JOB = job_settings.JOB
MINUTE = datetime(2026, 11, 23, 3, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def jobs(settings, tmp_path, time_machine):
    """The test's own jobs and data folder, at a known moment that moves on."""
    settings.CRONJOBS = job_settings.CRONJOBS
    settings.DATA_DIR = tmp_path
    time_machine.move_to(MINUTE + timedelta(seconds=12))


@pytest.fixture
def away(tmp_path):
    """The environment of a process whose database does not answer."""
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.support.job_settings",
        "DATABASE_URL": "postgres://nobody@127.0.0.1:1/none",
        "DATA_DIR": str(tmp_path),
        "SHOP_PROCESS": "command",
    }


def job_process(environment, *arguments):
    return subprocess.Popen(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.django_db
def test_a_job_that_works_leaves_a_finished_heartbeat_with_its_last_line(capsys):
    result = run_job(JOB, "works")

    run = JobRun.objects.get()
    assert (result.ran, result.ok, result.exit_code) == (True, True, 0)
    assert (run.job, run.slot, run.ok, run.exit_code) == (f"{JOB} works", MINUTE, True, 0)
    assert run.message == result.message == "All done: 3 things."
    assert run.finished_at is not None
    assert run.finished_at >= run.started_at >= MINUTE
    assert run.duration_ms is not None
    assert "first line" in capsys.readouterr().out


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("arguments", "code", "ok", "message"),
    [
        (["fails", "--code", "5"], 5, False, "It went wrong with Mid-server-[redacted]"),
        (["fails", "--code", "4"], 4, True, "It went wrong with Mid-server-[redacted]"),
        (["exits", "--code", "3"], 3, False, "first line"),
        (["crashes"], 1, False, "ShopError: Toko rusak."),
    ],
)
def test_a_job_that_ends_otherwise_is_recorded_as_it_ended(arguments, code, ok, message):
    result = run_job(JOB, *arguments)

    run = JobRun.objects.get()
    assert (run.ok, run.exit_code, run.message) == (ok, code, message)
    assert (result.ok, result.exit_code) == (ok, code)


@pytest.mark.django_db
def test_a_crash_is_logged_with_its_traceback_and_one_line_tells_the_result(caplog):
    logging.getLogger("monitoring").addHandler(caplog.handler)
    try:
        run_job(JOB, "crashes")
    finally:
        logging.getLogger("monitoring").removeHandler(caplog.handler)

    crashed, finished = (record for record in caplog.records if record.name == "monitoring.jobs")
    assert crashed.exc_info is not None
    assert (finished.getMessage(), finished.levelname) == ("job.finished", "ERROR")
    assert (finished.job, finished.ok, finished.exit_code) == (f"{JOB} crashes", False, 1)


@pytest.mark.django_db
@pytest.mark.parametrize("job", [["migrate"], [JOB], [JOB, "works", "again"]])
def test_what_is_not_in_the_schedule_is_refused_and_leaves_nothing(job):
    with pytest.raises(UnknownJobError):
        run_job(*job)

    assert not JobRun.objects.exists()


@pytest.mark.django_db
def test_a_second_run_in_the_same_minute_is_a_quiet_success_that_does_nothing(capsys):
    run_job(JOB, "works")
    capsys.readouterr()

    result = run_job(JOB, "works")

    assert (result.ran, result.ok, result.exit_code) == (False, True, 0)
    assert capsys.readouterr().out == ""
    assert JobRun.objects.count() == 1


@pytest.mark.django_db
def test_the_next_minute_and_another_job_have_slots_of_their_own(time_machine):
    run_job(JOB, "works")
    run_job(JOB, "crashes")
    time_machine.move_to(MINUTE + timedelta(minutes=1))
    run_job(JOB, "works")

    assert JobRun.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_of_many_nodes_in_the_same_minute_one_runs_the_job():
    barrier, results = threading.Barrier(6), []

    def node() -> None:
        try:
            barrier.wait()
            results.append(run_job(JOB, "works"))
        finally:
            connection.close()

    threads = [threading.Thread(target=node) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(result.ran for result in results) == [False] * 5 + [True]
    assert JobRun.objects.get().ok is True


@pytest.mark.django_db(transaction=True)
def test_a_job_that_loses_its_connection_is_recorded_all_the_same():
    result = run_job(JOB, "loses-connection")

    assert result.ok is True
    assert JobRun.objects.get().ok is True


@pytest.mark.processes
def test_while_the_database_is_away_the_heartbeat_is_a_file(away, tmp_path):
    process = job_process(away, "run_job", JOB, "fails", "--code", "5")
    _, problem = process.communicate(timeout=60)

    assert process.returncode == 5
    assert "Mid-server-[redacted]" in problem
    stored = json.loads((tmp_path / "heartbeats" / f"{JOB}_fails_--code_5.json").read_text())
    assert (stored["ok"], stored["exit_code"], stored["job"]) == (False, 5, f"{JOB} fails --code 5")
    assert stored["finished_at"] >= stored["started_at"]
    assert len([*(tmp_path / "heartbeats").iterdir()]) == 1


@pytest.mark.processes
def test_a_job_that_is_told_to_stop_says_so_in_its_record(away, tmp_path):
    process = job_process(away, "run_job", JOB, "waits")
    assert process.stdout is not None
    while process.stdout.readline().strip() != "waiting":
        pass

    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=20)

    stored = json.loads((tmp_path / "heartbeats" / f"{JOB}_waits.json").read_text())
    assert process.returncode == stored["exit_code"] == 128 + signal.SIGTERM
    assert stored["ok"] is False


@pytest.mark.processes
def test_cron_reaches_the_wrapper_through_django_crontab(away, tmp_path):
    find = (
        "import django; django.setup(); from django.conf import settings as s; from django_crontab.crontab import *;"
        "print(Crontab()._Crontab__hash_job(s.CRONJOBS[0]))"
    )
    hashed = subprocess.run(
        [sys.executable, "-c", find], cwd=ROOT, env=away, capture_output=True, text=True, check=True
    )

    process = job_process(away, "crontab", "run", hashed.stdout.strip())
    _, problem = process.communicate(timeout=60)

    assert process.returncode == 0, problem
    assert json.loads((tmp_path / "heartbeats" / f"{JOB}_works.json").read_text())["ok"] is True
    assert stat.S_IMODE((tmp_path / "heartbeats").stat().st_mode) == 0o700


@pytest.mark.processes
def test_the_command_lists_the_jobs_and_refuses_others(away):
    listing, refused = job_process(away, "run_job"), job_process(away, "run_job", "migrate")
    said, _ = listing.communicate(timeout=60)
    _, problem = refused.communicate(timeout=60)

    assert f"{JOB} fails --code 5" in said.splitlines()
    assert refused.returncode == 2
    assert "not in CRONJOBS" in problem


@pytest.mark.django_db
def test_the_file_goes_when_the_database_is_back():
    job = f"{JOB} works"
    path = heartbeats.heartbeat_file(job)
    path.parent.mkdir()
    path.write_text("{}")

    run_job(JOB, "works")

    assert not path.exists()


@pytest.mark.django_db
def test_the_newest_heartbeat_of_each_job_is_found_in_rows_and_files(time_machine):
    run_job(JOB, "works")
    run_job(JOB, "crashes")
    time_machine.move_to(MINUTE + timedelta(minutes=1))
    run_job(JOB, "works")
    later = heartbeats.Heartbeat(job=f"{JOB} crashes", slot=MINUTE, node="a", started_at=MINUTE + timedelta(hours=1))
    heartbeats._to_file(later, OperationalError())
    (heartbeats.heartbeat_file("x").parent / "broken.json").write_text("{")

    found = heartbeats.last_heartbeats()

    assert found[f"{JOB} works"].slot == MINUTE + timedelta(minutes=1)
    assert found[f"{JOB} crashes"] == later
    assert set(found) == {f"{JOB} works", f"{JOB} crashes"}


@pytest.mark.django_db
def test_a_month_of_heartbeats_is_kept(time_machine):
    for days in (31, 29, 0):
        time_machine.move_to(MINUTE - timedelta(days=days))
        run_job(JOB, "works")

    assert heartbeats.forget_old() == 1
    assert JobRun.objects.count() == 2


ENDED = {"finished_at": MINUTE, "ok": True, "exit_code": 0, "duration_ms": 1}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"finished_at": MINUTE}, "job_run_finished_says_how"),
        ({"ok": True}, "job_run_finished_says_how"),
        (ENDED | {"started_at": MINUTE + timedelta(seconds=1)}, "job_run_finishes_after_start"),
        (ENDED | {"duration_ms": -1}, "monitoring_jobrun_duration_ms_check"),
        ({"job": "there already"}, "job_run_once_per_slot"),
    ],
    ids=lambda value: value if isinstance(value, str) else "+".join(value),
)
def test_the_database_refuses_a_heartbeat_that_tells_half_or_comes_twice(changes, constraint):
    row = {"job": "x", "slot": MINUTE, "node": "a", "started_at": MINUTE}
    JobRun.objects.create(**row | ENDED)
    JobRun.objects.create(**row | {"job": "there already"})

    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        JobRun.objects.create(**row | {"job": "another"} | changes)

    assert violated_constraint(refused.value) == constraint
