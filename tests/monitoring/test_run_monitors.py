"""The command: as cron runs it, in real processes; and its manners."""

from __future__ import annotations

import json
import signal
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db.models.functions import Now

from config.models import MailState, OutgoingMail
from monitoring.models import Incident, IncidentState, MonitorRun
from monitoring.monitors import BY_NAME, MONITORS
from monitoring.run_lock import file_lock
from payments.models import GatewayTrouble
from tests.config.conftest import API_KEY
from tests.support.commands import run_command, start_command
from tests.support.fake_resend import FakeResend
from tests.support.watching import arrived, subjects

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("monitoring_files")]

WAIT_S = 30.0


@pytest.fixture
def trouble() -> GatewayTrouble:
    return GatewayTrouble.objects.create(kind="server_key_refused", detail="x")


def variables(resend: FakeResend, tmp_path, **extra: str) -> dict[str, str]:
    """Return the environment of a shop whose Resend is ``resend``."""
    return {
        "RESEND_API_KEY": API_KEY,
        "RESEND_API_URL": resend.url,
        "DATA_DIR": str(tmp_path),
        "MONITOR_PROBE_WAIT_SECONDS": "0",
    } | extra


def call(*arguments: str) -> str:
    out = StringIO()
    call_command("run_monitors", *arguments, stdout=out)
    return out.getvalue()


# --- real processes ---------------------------------------------------------------------------------------------------


@pytest.mark.processes
def test_of_two_at_once_one_works_and_one_says_that_it_did_not(trouble, resend, tmp_path):
    resend.hold_answers()
    first = start_command("run_monitors", **variables(resend, tmp_path))
    try:
        resend.wait_for_call()
        first.send_signal(signal.SIGSTOP)  # it works for as long as the other one takes to start
        second = run_command("run_monitors", **variables(resend, tmp_path))
        resend.release_answers()
        first.send_signal(signal.SIGCONT)
        out, err = first.communicate(timeout=WAIT_S)
    finally:
        first.kill()
        first.communicate()

    assert (second.returncode, second.stdout) == (4, "")
    assert "Another run_monitors is running." in second.stderr
    assert first.returncode == 0, err
    assert out.splitlines()[-1].startswith("Monitoring completed successfully. Alerts sent: ")
    assert len(resend.calls) == 1


@pytest.mark.processes
def test_killed_in_the_middle_the_next_run_sends_what_was_not_sent_and_nothing_twice(trouble, resend, tmp_path):
    GatewayTrouble.objects.create(kind="many_unknown", detail="x")
    resend.hold_answers()
    first = start_command("run_monitors", **variables(resend, tmp_path))
    try:
        resend.wait_for_call()
    finally:
        first.kill()
        first.communicate()
        resend.release_answers()
    OutgoingMail.objects.filter(state=MailState.SENDING).update(lease_until=Now() - timedelta(seconds=1))

    second = run_command("run_monitors", **variables(resend, tmp_path))

    assert second.stdout.splitlines()[-1] == "Monitoring completed successfully. Alerts sent: 2"
    assert sorted(subjects(resend)) == sorted(
        ["🚨 [CRITICAL] Payment Gateway Trouble - infiya.store", "⚠️ [HIGH] Payment Gateway Trouble - infiya.store"],
    )
    assert len({call.raw for call in resend.calls}) == 2


@pytest.mark.processes
def test_with_the_database_away_it_says_so_once_and_again_when_it_is_back(resend, tmp_path):
    away = {"DATABASE_URL": "postgres://shop@127.0.0.1:1/shop", "DATABASE_DIRECT_URL": ""}

    first = run_command("run_monitors", **variables(resend, tmp_path, **away))
    second = run_command("run_monitors", "--fail-on", "critical", **variables(resend, tmp_path, **away))
    third = run_command("run_monitors", **variables(resend, tmp_path))

    assert [run.stdout.splitlines()[-1] for run in (first, second, third)] == [
        "Monitoring completed successfully. Alerts sent: 1",
        "Monitoring completed successfully. Alerts sent: 0",
        "Monitoring completed successfully. Alerts sent: 1",
    ]
    assert (first.returncode, second.returncode, third.returncode) == (0, 3, 0)
    assert "Traceback" not in first.stderr
    assert subjects(resend) == [
        "🚨 [CRITICAL] Database Connection Failure - infiya.store",
        "✅ [RESOLVED] Database Connection Failure - infiya.store",
    ]
    assert Incident.objects.get(monitor="database_down").state == IncidentState.RESOLVED
    assert API_KEY not in first.stdout + first.stderr


# --- manners ----------------------------------------------------------------------------------------------------------


def test_the_list_names_every_monitor_with_its_grace():
    lines = call("--list").splitlines()

    assert [line.split()[0] for line in lines] == [monitor.name for monitor in MONITORS]
    assert "2 minutes after the payment succeeded" in lines[1]
    assert [row["monitor"] for row in json.loads(call("--list", "--format", "json"))["monitors"]] == list(BY_NAME)


def test_json_is_one_object_with_every_result(trouble, resend):
    answer = json.loads(call("--only", "gateway_trouble", "--only", "backup_age", "--format", "json"))

    assert (answer["schema"], answer["dry_run"], answer["status"]) == (1, False, "ok")
    assert [(row["monitor"], row["severity"], row["findings"]) for row in answer["results"]] == [
        ("gateway_trouble", "CRITICAL", 1),
        ("backup_age", "ok", 0),
    ]
    assert answer["results"][0]["refs"] == ["trouble:server_key_refused"]
    assert answer["alerts"] | {"held_back": 0} == {
        "opened": 1, "open": 1, "resolved": 0, "queued": 1, "sent": 1, "waiting": 0, "held_back": 0, "undelivered": 0,
        "muted": 0,
    }  # fmt: skip


def test_prometheus_is_text_with_a_line_for_each_monitor(trouble, resend):
    text = call("--only", "gateway_trouble", "--dry-run", "--format", "prometheus")

    assert 'shop_monitor_findings{monitor="gateway_trouble"} 1.0' in text
    assert "shop_database_up 1.0" in text


@pytest.mark.parametrize(
    ("fail_on", "kind", "code"),
    [
        ("never", "server_key_refused", 0),
        ("critical", "many_unknown", 0),
        ("critical", "server_key_refused", 3),
        ("high", "many_unknown", 3),
    ],
)
def test_findings_are_an_exit_code_only_when_that_is_asked_for(fail_on, kind, code):
    GatewayTrouble.objects.create(kind=kind)
    arguments = ["--only", "gateway_trouble", "--dry-run", "--fail-on", fail_on]

    if code:
        with pytest.raises(CommandError) as refused:
            call(*arguments)
        assert refused.value.returncode == code
    else:
        assert call(*arguments).splitlines()[-1] == "Monitoring completed successfully. Alerts sent: 0"


def test_excluded_is_not_run(resend):
    call("--exclude", "invariants", "--exclude", "backup_age")

    seen = set(MonitorRun.objects.values_list("monitor", flat=True))
    assert seen == set(BY_NAME) - {"invariants", "backup_age"}


def test_while_another_process_has_the_file_a_dry_run_still_looks(trouble):
    with file_lock() as held:
        assert held
        with pytest.raises(CommandError) as refused:
            call("--only", "gateway_trouble")
        assert refused.value.returncode == 4
        assert "gateway_trouble" in call("--only", "gateway_trouble", "--dry-run")


def test_an_alert_left_by_an_earlier_run_counts_when_it_leaves(trouble, resend):
    call("--only", "gateway_trouble", "--no-notify")
    assert arrived(resend) == []

    assert call("--only", "gateway_trouble").splitlines()[-1].endswith("Alerts sent: 1")
