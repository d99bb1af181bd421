"""What monitoring keeps: what the database refuses, what the broom takes, and which settings stop the start."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from config.database import violated_constraint
from config.mail.checks import check_mail_settings
from monitoring import selectors
from monitoring.cleaning import clean_up
from monitoring.models import Incident, IncidentState, MonitorRun
from monitoring.monitors import MONITORS

pytestmark = pytest.mark.django_db


def incident(**fields) -> Incident:
    now = timezone.now()
    values = {"monitor": "x", "subject_key": "x:1", "subject": "x", "fingerprint": "f", "severity": "HIGH"}
    return Incident.objects.create(**values | {"first_seen_at": now, "last_seen_at": now} | fields)


def resolved(**fields) -> Incident:
    values = {"state": "RESOLVED", "resolved_at": timezone.now(), "resolved_how": "gone"}
    return incident(**values | fields)


def test_an_incident_lives_once_per_fingerprint_and_may_have_been_before():
    resolved()
    incident()

    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        incident()
    assert violated_constraint(refused.value) == "incident_one_live_per_fingerprint"


@pytest.mark.parametrize(
    ("constraint", "fields"),
    [
        ("incident_resolved_says_when_and_how", {"state": "RESOLVED"}),
        ("incident_resolved_says_when_and_how", {"resolved_how": "gone"}),
        ("incident_acknowledged_says_who", {"state": "ACKNOWLEDGED"}),
        ("incident_state_known", {"state": "LOST"}),
        ("incident_severity_known", {"severity": "LOW"}),
    ],
)
def test_an_incident_cannot_contradict_itself(constraint, fields):
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        incident(**fields)
    assert violated_constraint(refused.value) == constraint


def test_the_broom_takes_old_looks_and_long_resolved_incidents_and_leaves_what_lives():
    long_ago = timezone.now() - timedelta(days=400)
    MonitorRun.objects.create(monitor="x", run_id="a", started_at=long_ago, duration_ms=1)
    MonitorRun.objects.create(monitor="x", run_id="b", started_at=timezone.now(), duration_ms=1)
    resolved(resolved_at=long_ago)
    resolved()
    incident(first_seen_at=long_ago)

    done = clean_up()

    assert (done["monitor_runs"], done["incidents"]) == (1, 1)
    assert Incident.objects.filter(state=IncidentState.OPEN).count() == 1


def test_open_incidents_come_the_critical_ones_first_then_the_oldest():
    now = timezone.now()
    newer = incident(fingerprint="a", first_seen_at=now)
    older = incident(fingerprint="b", first_seen_at=now - timedelta(hours=1), state="ACKNOWLEDGED",
                     acknowledged_at=now, acknowledged_by="Ratna")  # fmt: skip
    worse = incident(fingerprint="c", severity="CRITICAL")
    resolved(fingerprint="d")

    assert list(selectors.open_incidents()) == [worse, older, newer]


def test_the_state_of_every_monitor_takes_one_query(django_assert_num_queries):
    now = timezone.now()
    for error in ("", "boom"):
        MonitorRun.objects.create(monitor="backup_age", run_id=error, started_at=now, duration_ms=1, error=error)

    with django_assert_num_queries(1):
        states = {state.monitor.name: state for state in selectors.monitor_states()}

    assert len(states) == len(MONITORS)
    assert states["backup_age"].last is not None
    assert states["backup_age"].last.error == "boom"
    assert states["backup_age"].good_at == now
    assert states["stock_negative"].last is None


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("ALERT_EMAIL", "owner@infiya.store, gudang", ["config.E004"]),
        ("ALERT_ESCALATION_EMAIL", ["nobody"], ["config.E004"]),
        ("ALERT_SMTP_URL", "http://smtp.example", ["config.E005"]),
        ("ALERT_SMTP_URL", "smtp+tls://a:b%40c@smtp.example:587", []),
    ],
)
def test_settings_that_would_lose_alerts_stop_the_start(settings, name, value, found):
    setattr(settings, name, value)

    assert [message.id for message in check_mail_settings()] == found
