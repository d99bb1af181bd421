"""The runbook is what the alerts quote: one source, two places."""

from __future__ import annotations

import re

import pytest
from django.core.management import get_commands

from monitoring.monitors import MONITORS
from tools.runbook import RUNBOOK, text


def test_the_page_is_what_the_monitors_say():
    assert RUNBOOK.read_text() == text(), "run: python -m tools.runbook"


@pytest.mark.parametrize("monitor", MONITORS, ids=lambda monitor: monitor.name)
def test_every_monitor_says_what_it_means_what_to_do_and_which_command_helps(monitor):
    assert len(monitor.runbook.means) > 40
    assert len(monitor.runbook.do) > 40
    assert re.match(r"manage\.py [a-z_]+", monitor.runbook.command)
    assert monitor.grace
    assert monitor.action.endswith(".")


def test_every_command_in_the_runbook_is_there_or_comes_with_the_backups():
    named = {monitor.runbook.command.split()[1] for monitor in MONITORS}

    assert named - set(get_commands()) <= {"backup_db"}
