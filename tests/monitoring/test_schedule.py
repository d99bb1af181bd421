"""Cron expressions mean here what they mean to cron."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime

import pytest
from django.conf import settings as shop_settings
from django.core.exceptions import ImproperlyConfigured

from monitoring.schedule import parse, scheduled_jobs, system_now

MONDAY = "2026-11-23"
SUNDAY = "2026-11-22"


@pytest.mark.parametrize(
    ("text", "due", "not_due"),
    [
        ("* * * * *", [f"{MONDAY} 00:00", f"{MONDAY} 23:59"], []),
        ("*/5 * * * *", [f"{MONDAY} 10:00", f"{MONDAY} 10:55"], [f"{MONDAY} 10:01", f"{MONDAY} 10:59"]),
        ("0 2 * * *", [f"{MONDAY} 02:00"], [f"{MONDAY} 02:01", f"{MONDAY} 14:00"]),
        ("17 3 * * *", [f"{MONDAY} 03:17"], [f"{MONDAY} 03:16"]),
        ("0,30 8-17 * * *", [f"{MONDAY} 08:00", f"{MONDAY} 17:30"], [f"{MONDAY} 18:00", f"{MONDAY} 08:15"]),
        ("10-50/20 * * * *", [f"{MONDAY} 01:10", f"{MONDAY} 01:30", f"{MONDAY} 01:50"], [f"{MONDAY} 01:20"]),
        ("0 0 1 1 *", ["2027-01-01 00:00"], ["2027-01-02 00:00", "2027-02-01 00:00"]),
        ("0 5 * * 0", [f"{SUNDAY} 05:00"], [f"{MONDAY} 05:00"]),
        ("0 5 * * 7", [f"{SUNDAY} 05:00"], [f"{MONDAY} 05:00"]),
        ("0 5 * * 5-7", [f"{SUNDAY} 05:00", "2026-11-27 05:00"], [f"{MONDAY} 05:00"]),
        ("0 5 * * MON", [f"{MONDAY} 05:00"], [f"{SUNDAY} 05:00"]),
        ("0 5 * Nov-Dec *", [f"{MONDAY} 05:00"], ["2026-10-23 05:00"]),
        # Both day fields restricted: either is enough. One that starts with * restricts nothing by itself.
        ("0 5 13 * 1", [f"{MONDAY} 05:00", "2026-11-13 05:00"], ["2026-11-14 05:00"]),
        ("0 5 */2 * 1", [f"{MONDAY} 05:00"], ["2026-11-30 05:00", "2026-11-25 05:00"]),
    ],
)
def test_a_schedule_is_due_when_cron_would_run_it(text, due, not_due):
    schedule = parse(text)

    assert [moment for moment in due if not schedule.is_due(datetime.fromisoformat(moment))] == []
    assert [moment for moment in not_due if schedule.is_due(datetime.fromisoformat(moment))] == []


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("@daily", "five fields"),
        ("* * * *", "five fields"),
        ("60 * * * *", "minute '60' is outside 0-59"),
        ("* 24 * * *", "hour"),
        ("* * 0 * *", "day of the month"),
        ("* * * 13 *", "month"),
        ("* * * * 8", "day of the week"),
        ("5/15 * * * *", "a step needs"),
        ("*/0 * * * *", "outside"),
        ("30-10 * * * *", "outside"),
        ("a * * * *", "not understood"),
        ("1, * * * *", "not understood"),
        ("-1 * * * *", "not understood"),
        ("٣ * * * *", "not understood"),
        ("1-2-3 * * * *", "not understood"),
    ],
)
def test_what_cron_would_not_understand_is_refused_with_its_field(text, complaint):
    with pytest.raises(ValueError, match=complaint):
        parse(text)


def test_the_shops_own_schedule_is_readable_and_every_job_goes_through_the_wrapper():
    labels = [job.label for job in scheduled_jobs()]

    assert len(labels) == len(set(labels)) == len(shop_settings.CRONJOBS)


@pytest.mark.parametrize(
    "line",
    [
        ("* * * * *", "payments.jobs.run", ["x"]),
        ("* * * *", "monitoring.jobs.run_job", ["x"]),
        ("* * * * *", "monitoring.jobs.run_job"),
        ("* * * * *", "monitoring.jobs.run_job", []),
        ("* * * * *", "monitoring.jobs.run_job", ["x"], {}, ">> log"),
    ],
)
def test_a_line_that_would_not_work_stops_with_a_message(settings, line):
    settings.CRONJOBS = [line]

    with pytest.raises(ImproperlyConfigured, match="CRONJOBS"):
        scheduled_jobs()


def test_schedules_follow_the_machines_clock_and_not_djangos_time_zone():
    before = system_now()
    local = subprocess.run(
        ["date", "+%H:%M"], env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=True
    )

    assert local.stdout.strip() in {f"{before:%H:%M}", f"{system_now():%H:%M}"}
    assert abs((system_now() - datetime.now(tz=UTC)).total_seconds()) < 5
