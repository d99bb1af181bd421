"""What operators copy from deploy/ and compose.yaml: valid, pinned, unprivileged, and timed after the code."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings

from config import web_server
from payments.groups import GROUPS, held_permissions
from tests.support.commands import command_environment
from tests.support.requirements import require_or_skip
from tools.configuration import document

ROOT = Path(__file__).resolve().parents[2]
UNITS = sorted((ROOT / "deploy/systemd").glob("*.service"))
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = [name for name, service in SERVICES.items() if service["image"].startswith("infiya-store")]


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_accepts_the_unit(unit, tmp_path):
    require_or_skip("systemd-analyze", install="apt-get install systemd")
    installed = tmp_path / unit.name
    # The programs are where an operator puts them; here only the unit itself is judged.
    installed.write_text(re.sub(r"(?m)^(Exec\w+=)/srv/\S+", r"\1/bin/true", unit.read_text()))

    done = subprocess.run(["systemd-analyze", "verify", installed], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_runs_as_its_own_user_with_nothing_it_does_not_need(unit):
    lines = unit.read_text().splitlines()

    assert {"User=infiya", "NoNewPrivileges=yes", "ProtectSystem=strict", "CapabilityBoundingSet="} <= set(lines)


def test_every_image_names_its_version():
    for name, service in SERVICES.items():
        assert re.search(r":[\w.$@{}:-]+\d", service["image"]), name
        assert not service["image"].endswith(":latest"), name


@pytest.mark.parametrize("name", OURS)
def test_our_containers_are_nobody_on_a_read_only_disk(name):
    service = SERVICES[name]

    assert service["user"] == "10001:10001"
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]


def test_what_stays_up_has_a_health_check():
    for name, service in SERVICES.items():
        assert service.get("restart") == "no" or "healthcheck" in service or name == "proxy", name


def test_compose_starts_things_in_the_order_they_need_each_other():
    assert SERVICES["migrate"]["depends_on"]["db"]["condition"] == "service_healthy"
    for name in ("web", "scheduler"):
        assert SERVICES[name]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
def test_compose_makes_the_staff_groups_before_anything_serves():
    environment = command_environment(PATH=f"{Path(sys.executable).parent}:{os.environ['PATH']}")

    done = subprocess.run(SERVICES["migrate"]["command"], cwd=ROOT, env=environment, capture_output=True, check=False)

    assert done.returncode == 0, done.stderr
    assert held_permissions() == {name: set(given) for name, given in GROUPS.items()}


def test_whoever_stands_outside_waits_longer():
    """The request's deadline < gunicorn < nginx; and what stops a server waits until requests are finished."""
    nginx = (ROOT / "deploy/nginx/infiya.conf").read_text()
    proxy_s = int(re.search(r"proxy_read_timeout\s+(\d+)s", nginx)[1])  # type: ignore[index]
    systemd = (ROOT / "deploy/systemd/infiya-web.service").read_text()
    stop_s = int(re.search(r"TimeoutStopSec=(\d+)", systemd)[1])  # type: ignore[index]

    assert settings.REQUEST_DEADLINE_S < web_server.timeout < proxy_s
    assert web_server.graceful_timeout < stop_s
    assert web_server.graceful_timeout < int(SERVICES["web"]["stop_grace_period"].removesuffix("s"))


def test_nginx_never_repeats_a_request():
    assert "proxy_next_upstream off;" in (ROOT / "deploy/nginx/infiya.conf").read_text()


@pytest.mark.parametrize("name", ["compose.yaml", "deploy/Dockerfile", "deploy/nginx/infiya.conf", "deploy/Caddyfile"])
def test_no_secret_is_written_down(name):
    text = (ROOT / name).read_text()

    assert not re.search(r"(?i)(password|secret|server_key|api_key)\s*[:=]\s*['\"]?(?!\$|build-only)[\w-]{6,}", text)


def test_the_table_of_settings_is_that_of_the_example():
    assert (ROOT / "docs/configuration.md").read_text() == document((ROOT / ".env.example").read_text())
