"""Running the monitors in a test, and reading what arrived at the fake Resend."""

from __future__ import annotations

import json
from typing import Any

from django.db import connection

from monitoring.monitors import BY_NAME, MONITORS
from monitoring.runner import Options, Run, run_monitors
from tests.support.fake_resend import FakeResend


def watch(*names: str, **options: Any) -> Run:
    """Run these monitors, or all, and check that none of them failed."""
    monitors = tuple(BY_NAME[name] for name in names) or MONITORS
    run = run_monitors(Options(monitors=monitors, everything=not names, **options))
    assert [(result.monitor.name, result.error) for result in run.results if result.error] == []
    return run


def arrived(resend: FakeResend) -> list[dict[str, Any]]:
    """Return the mails that a person would have received, oldest first."""
    return [json.loads(raw) for _, raw in resend.mails.values()]


def subjects(resend: FakeResend) -> list[str]:
    """Return the subjects of the mails that a person would have received, oldest first."""
    return [mail["subject"] for mail in arrived(resend)]


def sql(statement: str, *params: Any) -> None:
    """Run one statement, as somebody at psql would."""
    with connection.cursor() as cursor:
        cursor.execute(statement, params or None)
