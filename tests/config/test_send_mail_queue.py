"""The command as cron runs it: real processes, on the real database, against a Resend that really listens."""

from __future__ import annotations

import json
import signal
import stat
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from django.db import connection
from django.db.models.functions import Now

from config.models import MailState, OutgoingMail
from tests.config.conftest import API_KEY, Queue
from tests.support.commands import database_url, run_command, start_command
from tests.support.fake_resend import FakeResend, Fault

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.processes]

WAIT_S = 20.0


def resend_variables(resend: FakeResend) -> dict[str, str]:
    """Return the environment of a shop whose Resend is ``resend``."""
    return {"RESEND_API_KEY": API_KEY, "RESEND_API_URL": resend.url}


@contextmanager
def held_sender(resend: FakeResend) -> Iterator[subprocess.Popen[str]]:
    """Run a sender whose first mail Resend has taken and not answered yet."""
    resend.hold_answers()
    process = start_command("send_mail_queue", **resend_variables(resend))
    try:
        resend.wait_for_call()
        yield process
    finally:
        process.kill()
        process.communicate()


def end_leases() -> None:
    """Let a minute pass for the dead sender's lease."""
    OutgoingMail.objects.filter(state=MailState.SENDING).update(lease_until=Now() - timedelta(seconds=1))


def blocked_backends() -> list[int]:
    """Return the server processes of this database that wait for a row lock."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return [pid for (pid,) in cursor.fetchall()]


def wait_until_blocked() -> list[int]:
    deadline = time.monotonic() + WAIT_S
    while not (pids := blocked_backends()):
        assert time.monotonic() < deadline, "the sender never came to record its mail"
        time.sleep(0.01)
    return pids


# --- a sender that dies -----------------------------------------------------------------------------------------


def test_killed_between_the_answer_and_the_record_it_is_still_one_mail(queue: Queue, resend: FakeResend):
    mail = queue()
    with held_sender(resend) as sender, psycopg.connect(database_url()) as rival:
        # The row is held, so that the sender gets its answer and cannot write it down.
        rival.execute("SELECT 1 FROM config_outgoingmail FOR UPDATE")
        resend.release_answers()
        pids = wait_until_blocked()
        sender.kill()
        sender.wait()
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pid, 5000) FROM unnest(%s) AS pid", [pids])
    mail.refresh_from_db()
    assert (mail.state, mail.attempts) == (MailState.SENDING, 1)

    early = run_command("send_mail_queue", **resend_variables(resend))
    end_leases()
    later = run_command("send_mail_queue", **resend_variables(resend))

    mail.refresh_from_db()
    first, second = resend.bodies(mail.idempotency_key)
    assert early.stdout.startswith("0 sent, 0 postponed, 0 failed, 1 waiting"), "the lease is respected"
    assert later.stdout.startswith("1 sent")
    assert first == second
    assert len(resend.mails) == 1
    assert (mail.state, mail.attempts) == (MailState.SENT, 2)
    assert mail.provider_id == resend.mails[mail.idempotency_key][0]


def test_killed_before_the_answer_it_is_still_one_mail(queue: Queue, resend: FakeResend):
    mail = queue()
    with held_sender(resend) as sender:
        sender.kill()
        sender.wait()
    resend.release_answers()
    end_leases()

    later = run_command("send_mail_queue", **resend_variables(resend))

    first, second = resend.bodies(mail.idempotency_key)
    assert later.stdout.startswith("1 sent")
    assert first == second
    assert len(resend.mails) == 1


def test_two_senders_at_once_send_each_mail_once(queue: Queue, resend: FakeResend):
    for _ in range(20):
        queue()

    both = [start_command("send_mail_queue", "--format", "json", **resend_variables(resend)) for _ in range(2)]
    answers = [json.loads(process.communicate(timeout=60)[0]) for process in both]

    assert [process.returncode for process in both] == [0, 0]
    assert sum(answer["sent"] for answer in answers) == 20
    assert len(resend.calls) == len(resend.mails) == 20


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_asked_to_stop_it_finishes_the_mail_in_hand(queue: Queue, resend: FakeResend, number: signal.Signals):
    first, second = queue(), queue()
    with held_sender(resend) as sender:
        sender.send_signal(number)
        resend.release_answers()
        out, err = sender.communicate(timeout=WAIT_S)

    first.refresh_from_db()
    second.refresh_from_db()
    assert sender.returncode == 130
    assert out.startswith("1 sent, 0 postponed, 0 failed, 1 waiting, stopped: asked")
    assert "Interrupted" in err
    assert (first.state, second.state) == (MailState.SENT, MailState.PENDING)


# --- manners ----------------------------------------------------------------------------------------------------


def test_nothing_to_do_is_one_line_and_success(resend: FakeResend):
    done = run_command("send_mail_queue", **resend_variables(resend))

    assert done.returncode == 0
    assert done.stdout.startswith("0 sent, 0 postponed, 0 failed, 0 waiting (")
    assert done.stdout.count("\n") == 1


def test_json_is_one_object_with_the_counts(queue: Queue, resend: FakeResend):
    queue()
    queue()
    queue()
    resend.fail_next(Fault(status=422, name="validation_error"), Fault(status=500))

    done = run_command("send_mail_queue", "--apply", "--format", "json", **resend_variables(resend))

    answer = json.loads(done.stdout)
    assert done.returncode == 0
    assert answer | {"run_id": "", "duration_ms": 0} == {
        "schema": 1,
        "run_id": "",
        "dry_run": False,
        "sent": 1,
        "postponed": 1,
        "failed": 1,
        "lost": 0,
        "waiting": 1,
        "stopped": None,
        "duration_ms": 0,
    }


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_dry_run_says_what_it_would_send_and_changes_nothing(queue: Queue, resend: FakeResend, form: str):
    queue()
    before = list(OutgoingMail.objects.values())

    done = run_command("send_mail_queue", "--dry-run", "--format", form, **resend_variables(resend))

    assert done.returncode == 0
    assert "ORD-20261124-000001" in done.stdout
    assert "@" not in done.stdout, "addresses stay out of logs"
    assert resend.calls == []
    assert list(OutgoingMail.objects.values()) == before
    if form == "json":
        due = [{"kind": "order.paid", "reference": "ORD-20261124-000001", "attempt": 1}]
        assert json.loads(done.stdout)["due"] == due
    else:
        assert "1 due (not run)" in done.stdout


def test_the_limit_leaves_the_rest_for_the_next_minute(queue: Queue, resend: FakeResend):
    for _ in range(3):
        queue()

    done = run_command("send_mail_queue", "--limit", "2", **resend_variables(resend))

    assert done.stdout.startswith("2 sent, 0 postponed, 0 failed, 1 waiting, stopped: limit")


@pytest.mark.parametrize(
    "arguments", [["--limit", "0"], ["--limit", "1e3"], ["--format", "xml"], ["--dry-run", "--apply"], ["extra"]]
)
def test_wrong_use_is_exit_code_2(resend: FakeResend, arguments: list[str]):
    done = run_command("send_mail_queue", *arguments, **resend_variables(resend))

    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr


def test_a_setting_that_is_wrong_is_named_and_nothing_leaves(queue: Queue, resend: FakeResend):
    queue()

    done = run_command("send_mail_queue", MAIL_TEXT_DAYS="0", **resend_variables(resend))

    assert done.returncode == 1
    assert "(config.E006) MAIL_TEXT_DAYS is a number of days from 1 up." in done.stderr
    assert resend.calls == []


def test_help_begins_with_examples_and_names_the_exit_codes():
    done = run_command("send_mail_queue", "--help")

    assert done.returncode == 0
    assert "manage.py send_mail_queue --dry-run" in done.stdout
    assert "exit codes: 0 done" in done.stdout


def test_without_the_database_it_fails_with_code_1_and_a_sentence(resend: FakeResend):
    away = "postgres://nobody@127.0.0.1:1/nothing"

    done = run_command("send_mail_queue", DATABASE_URL=away, DATABASE_DIRECT_URL=away, **resend_variables(resend))

    assert done.returncode == 1
    assert "The database is away" in done.stderr
    assert "Traceback" not in done.stderr


def test_without_a_key_a_mail_is_a_file(queue: Queue, tmp_path: Path):
    mail = queue()

    done = run_command("send_mail_queue", DATA_DIR=str(tmp_path), RESEND_API_KEY="")

    mail.refresh_from_db()
    files = list((tmp_path / "mail").iterdir())
    assert done.stdout.startswith("1 sent")
    assert mail.provider_id == f"file:{files[0].stem}"
    assert {path.suffix for path in files} == {".html", ".txt"}
    assert stat.S_IMODE(files[0].stat().st_mode) == 0o600


def test_no_secret_is_printed(queue: Queue, resend: FakeResend):
    queue()
    resend.fail_next(Fault(status=403, name="invalid_api_key", message=f"{API_KEY} is invalid"))

    done = run_command("send_mail_queue", LOG_LEVEL="DEBUG", **resend_variables(resend))

    assert done.stdout.startswith("0 sent, 0 postponed, 1 failed")
    assert "mail.rejected" in done.stderr
    assert API_KEY not in done.stdout + done.stderr
