"""Every monitor: its trouble is one mail, said once, and one more when it is put right."""

from __future__ import annotations

import pytest

from monitoring.models import Incident, IncidentState
from monitoring.monitors import BY_NAME, MONITORS
from tests.monitoring.seeds import SEEDS, Seed
from tests.support.watching import arrived, watch

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("monitoring_files"),
    pytest.mark.breaks_laws,
]


@pytest.mark.parametrize("seed", SEEDS, ids=str)
def test_trouble_is_one_mail_and_one_more_when_it_is_over(seed: Seed, resend):
    icon = {"CRITICAL": "🚨", "HIGH": "⚠️"}[seed.severity]
    runbook = BY_NAME[seed.monitor].runbook

    with seed.sow() as put_right:
        watch(seed.monitor)
        (mail,) = arrived(resend)
        watch(seed.monitor)
        assert len(arrived(resend)) == 1
        put_right()
        watch(seed.monitor)
        assert len(arrived(resend)) == 1
        watch(seed.monitor)

    assert mail["subject"] == f"{icon} [{seed.severity}] {seed.title} - infiya.store"
    for words in (*seed.says, str(runbook), f"Command: {runbook.command}", "⚠️ Action Required:\n"):
        assert words in mail["text"]
    assert arrived(resend)[1]["subject"] == f"✅ [RESOLVED] {seed.title} - infiya.store"
    assert len(arrived(resend)) == 2
    assert Incident.objects.get().state == IncidentState.RESOLVED


def test_every_monitor_but_the_database_s_own_has_its_seed():
    assert {seed.monitor for seed in SEEDS} == set(BY_NAME) - {"database_down"}
    assert len(BY_NAME) == len(MONITORS)
