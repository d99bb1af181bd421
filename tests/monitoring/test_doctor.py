"""The doctor notices what is missing and says what to try; he changes nothing."""

from __future__ import annotations

import json
import os
import stat
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.conf import settings as shop_settings
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db.migrations.recorder import MigrationRecorder

from config.models import OutgoingMail
from monitoring.doctor.outside import job_hash
from monitoring.models import JobRun
from payments.groups import GROUPS, set_up_groups
from payments.models import GatewayNotification
from tests.support.commands import run_command
from tests.support.requirements import require_or_skip
from tests.support.watching import sql
from tests.support.world import make_variant

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monitoring_files")]
NOBODY = 65534


def ask(group: str, *arguments: str) -> dict[str, dict[str, str]]:
    """Return what the doctor says about one group, by name."""
    out = StringIO()
    call_command("doctor", "--only", group, "--offline", "--format", "json", *arguments, stdout=out)
    return {answer["name"]: answer for answer in json.loads(out.getvalue())["answers"]}


@pytest.fixture
def cron(tmp_path, monkeypatch):
    """A ``crontab`` that prints what the test writes."""
    program = tmp_path / "bin" / "crontab"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\ncat {tmp_path}/table 2>/dev/null\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")

    def install(*entries) -> None:
        manage = shop_settings.CRONTAB_DJANGO_MANAGE_PATH
        lines = [f"{entry[0]} python {manage} crontab run {job_hash(entry)} # django-cronjobs" for entry in entries]
        (tmp_path / "table").write_text("\n".join([*lines, ""]))

    install()
    return install


def test_a_machine_without_a_crontab_is_a_warning_while_the_jobs_run_elsewhere(cron):
    now = datetime.now(tz=UTC)
    slot = now.replace(second=0, microsecond=0)
    ended = {"finished_at": now, "ok": True, "exit_code": 0, "duration_ms": 1}
    JobRun.objects.create(job="run_monitors", slot=slot, node="other", started_at=now, **ended)
    assert ask("scheduler", "--deploy")["crontab"]["level"] == "warning"

    JobRun.objects.update(started_at=now - timedelta(minutes=12))
    assert ask("scheduler", "--deploy")["crontab"]["level"] == "error"


def test_a_missing_crontab_is_noticed_and_a_whole_one_is_fine(cron):
    assert "not installed: expire_orders" in ask("scheduler", "--deploy")["crontab"]["says"]
    assert ask("scheduler", "--deploy")["crontab"]["level"] == "error"
    assert "crontab add -v 0" in ask("scheduler")["crontab"]["try"]

    cron(*shop_settings.CRONJOBS)
    assert ask("scheduler", "--deploy")["crontab"]["level"] == "ok"

    cron(*shop_settings.CRONJOBS, ("1 1 * * *", "monitoring.jobs.run_job", ["old"]))
    assert "older schedule" in ask("scheduler", "--deploy")["crontab"]["says"]


def test_a_stale_heartbeat_is_noticed(cron):
    slot = datetime.now(tz=UTC).replace(second=0, microsecond=0)
    for job, ago in (("expire_orders", 60), ("send_mail_queue", 1)):
        begun = slot - timedelta(minutes=ago)
        JobRun.objects.create(
            job=job, slot=begun, node="a", started_at=begun, finished_at=begun, ok=True, exit_code=0, duration_ms=1,
        )  # fmt: skip

    found = ask("scheduler")

    assert found["expire_orders"]["level"] == "error"
    assert found["expire_orders"]["says"].startswith("stale: last ran 1 hour")
    assert found["send_mail_queue"]["level"] == "ok"
    assert found["process_notifications"] | {"try": ""} == {
        "group": "scheduler", "name": "process_notifications", "level": "warning", "says": "never ran", "try": "",
    }  # fmt: skip


def test_missing_keys_are_noticed(settings):
    settings.RESEND_API_KEY = ""
    settings.MIDTRANS_SERVER_KEY = "SB-Mid-server-x"
    settings.MIDTRANS_IS_PRODUCTION = True

    assert ask("email", "--deploy")["key"]["level"] == "error"
    assert "sandbox key" in ask("midtrans")["keys"]["says"]


def test_placeholders_are_noticed(settings):
    settings.ALERT_EMAIL = "owner@change-me.example"

    assert "ALERT_EMAIL" in ask("settings")["values"]["says"]


def test_pending_migrations_are_noticed():
    assert ask("migrations")["applied"]["level"] == "ok"
    MigrationRecorder.Migration.objects.filter(app="monitoring").latest("id").delete()

    assert ask("migrations")["applied"]["level"] == "error"
    assert ask("migrations")["applied"]["try"] == "manage.py migrate"


def test_a_webhook_never_seen_is_noticed():
    assert ask("midtrans")["webhook"]["says"] == "no notification ever came"
    assert "/api/payment/notification" in ask("midtrans")["webhook"]["try"]

    GatewayNotification.objects.create(
        digest="a", body="{}", gateway_id="a", transaction_id="a", claimed_status="pending",
    )  # fmt: skip
    assert ask("midtrans")["webhook"]["level"] == "ok"


def test_groups_that_are_not_those_of_this_release_are_noticed():
    assert {name: (one["level"], one["says"], one["try"]) for name, one in ask("staff", "--deploy").items()} == {
        f"group {name}": ("error", "does not exist", "manage.py setup_groups") for name in GROUPS
    }

    set_up_groups()
    assert {one["level"] for one in ask("staff", "--deploy").values()} == {"ok"}

    owner = Group.objects.get(name="owner")
    owner.permissions.remove(Permission.objects.get(codename="change_outgoingmail"))
    owner.permissions.add(Permission.objects.get(codename="delete_order"))
    found = ask("staff", "--deploy")
    assert found["group owner"]["says"] == "lacks change_outgoingmail, has delete_order too much"
    assert found["group kasir"]["level"] == "ok"


@pytest.mark.breaks_laws
def test_a_broken_law_is_noticed_and_the_exit_code_says_so_when_asked():
    assert ask("data")["laws"]["level"] == "ok"
    sql("UPDATE shop_variant SET on_hand = on_hand + 1 WHERE id = %s", make_variant().pk)

    assert "law I2" in ask("data")
    with pytest.raises(CommandError) as failed:
        ask("data", "--fail-on", "error")
    assert failed.value.returncode == 3


def test_the_gateway_is_asked_whether_it_knows_our_key(simulator):
    out = StringIO()
    call_command("doctor", "--only", "midtrans", "--format", "json", stdout=out)
    answers = {answer["name"]: answer for answer in json.loads(out.getvalue())["answers"]}

    assert answers["answers"]["level"] == "ok"


def test_every_complaint_has_a_step_and_nothing_secret_is_printed(settings, cron):
    settings.MIDTRANS_SERVER_KEY = "SB-Mid-server-very-secret"
    out = StringIO()

    call_command("doctor", "--offline", stdout=out)

    text = out.getvalue()
    assert text.count(" ... warning: ") + text.count(" ... error: ") == text.count("    Coba: ") > 0
    assert "very-secret" not in text
    assert not OutgoingMail.objects.exists()


@pytest.mark.parametrize("mode", [0o640, 0o644])
def test_settings_that_root_keeps_may_be_read_by_the_shops_group_alone(settings, tmp_path, monkeypatch, mode):
    """As docs/install.md makes them: root:infiya 0640, and .env leads there. chmod go-rwx would stop every cron job."""
    require_or_skip("root", install="run the tests as root", present=os.geteuid() == 0)
    kept = tmp_path / "env"
    kept.write_text("DEBUG=off\n")
    kept.chmod(mode)
    (tmp_path / ".env").symlink_to(kept)
    monkeypatch.setattr("monitoring.doctor.settings.BASE_DIR", tmp_path)
    settings.DATA_DIR = tmp_path / "data"
    settings.DATA_DIR.mkdir()
    os.chown(settings.DATA_DIR, NOBODY, NOBODY)

    found = ask("security")["mode of .env"]

    if mode == 0o640:
        assert found["level"] == "ok"
    else:
        assert (found["level"], found["try"]) == ("warning", f"chmod o-rwx {tmp_path / '.env'}")


def test_a_file_of_the_shops_own_is_closed_to_its_group_as_well(settings, tmp_path):
    settings.EMAIL_FILE_PATH = tmp_path / "mail"
    settings.EMAIL_FILE_PATH.mkdir()
    settings.EMAIL_FILE_PATH.chmod(0o750)

    assert ask("security")["mode of mail"]["try"] == f"chmod go-rwx {tmp_path / 'mail'}"


def test_pictures_that_the_proxy_cannot_reach_are_noticed(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"
    assert "pictures" not in ask("settings", "--deploy")
    (settings.MEDIA_ROOT / "products").mkdir(parents=True)
    for folder in (tmp_path, settings.MEDIA_ROOT):
        folder.chmod(0o711)

    (settings.MEDIA_ROOT / "products").chmod(0o750)
    closed = ask("settings", "--deploy")["pictures"]
    (settings.MEDIA_ROOT / "products").chmod(0o755)

    assert closed["level"] == "warning"
    assert closed["says"].endswith(f"cannot pass {settings.MEDIA_ROOT / 'products'}")
    assert f"chmod -R o+rX {settings.MEDIA_ROOT}" in closed["try"]
    assert ask("settings", "--deploy")["pictures"]["level"] == "ok"


@pytest.mark.processes
def test_without_the_database_it_says_so_and_goes_on(tmp_path):
    away = {"DATABASE_URL": "postgres://shop@127.0.0.1:1/shop", "DATABASE_DIRECT_URL": "", "DATA_DIR": str(tmp_path)}

    done = run_command("doctor", "--offline", "--fail-on", "error", **away)

    assert done.returncode == 3
    assert "database: answers ... error: no, after" in done.stdout
    assert "backups: newest ... warning: no backups yet" in done.stdout
    assert "Traceback" not in done.stderr
