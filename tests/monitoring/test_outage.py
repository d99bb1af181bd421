"""The database is away: told once, again after half an hour, and once when it is back; none lost, none doubled."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime, timedelta

import pytest

from config.models import OutgoingMail
from monitoring import outage
from monitoring.models import Incident, IncidentState
from tests.support.fake_resend import Fault
from tests.support.smtp import SmtpServer
from tests.support.watching import arrived, subjects, watch

pytestmark = pytest.mark.usefixtures("monitoring_files")

NOON = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
UNAVAILABLE = Fault(status=500)


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def test_it_is_told_at_once_and_again_only_after_half_an_hour(resend):
    assert [outage.alert("refused", now=at(minutes)) for minutes in (0, 5, 25, 30, 35)] == [1, 0, 0, 1, 0]
    first, second = arrived(resend)
    assert first["subject"] == second["subject"] == "🚨 [CRITICAL] Database Connection Failure - infiya.store"
    assert "- Error Message: refused\n- Failed Attempts: 2\n" in first["text"]
    assert "- Failed Attempts: 8\n" in second["text"]
    assert "Time Since First Failure: 30 minutes" in second["text"]


def test_what_resend_did_not_answer_goes_out_later_as_the_same_mail(resend):
    resend.fail_next(UNAVAILABLE, UNAVAILABLE)

    assert outage.alert("refused", now=at(0)) == 0
    assert outage.alert("refused again", now=at(5)) == 1
    assert outage.alert("refused", now=at(10)) == 0
    assert len({call.raw for call in resend.calls}) == len({call.key for call in resend.calls}) == 1
    assert len(resend.mails) == 1


def test_a_mail_that_was_taken_without_an_answer_is_one_mail(resend):
    resend.fail_next(Fault(accept=True, html=True, status=200))

    assert outage.alert("refused", now=at(0)) == 1
    assert len(resend.calls) == 2
    assert len(resend.mails) == 1


def test_refused_by_resend_it_goes_by_smtp(resend, settings):
    resend.fail_next(Fault(status=403, name="invalid_api_key"))
    with SmtpServer() as smtp:
        settings.ALERT_SMTP_URL = smtp.url

        assert outage.alert("refused", now=at(0)) == 1
        assert outage.alert("refused", now=at(5)) == 0

    (mail,) = smtp.mails
    assert mail["To"] == "owner@infiya.store"


def test_refused_by_everybody_it_is_a_critical_log_line_and_a_fact(resend, caplog):
    resend.fail_next(Fault(status=403, name="invalid_api_key"))
    logging.getLogger("monitoring").addHandler(caplog.handler)
    try:
        assert outage.alert("refused", now=at(0)) == 0
    finally:
        logging.getLogger("monitoring").removeHandler(caplog.handler)

    state = outage.load()
    assert state is not None
    assert state.undelivered
    assert [record.levelname for record in caplog.records if record.getMessage() == "alert.undelivered"] == ["CRITICAL"]


def test_a_file_that_was_cut_short_is_no_reason_to_stay_silent(resend, monitoring_files):
    outage.alert("refused", now=at(0))
    outage.path().write_text(json.dumps({"code": "INC-X"})[:9])

    assert outage.alert("refused", now=at(5)) == 1


@pytest.mark.django_db(transaction=True)
def test_when_it_is_back_that_is_told_once_and_kept_as_an_incident(resend):
    outage.alert("refused", now=at(0))
    outage.alert("refused", now=at(30))

    assert outage.recovered(now=at(47)) == 1
    assert outage.recovered(now=at(52)) == 0
    watch("database_down")

    incident = Incident.objects.get()
    assert incident.state == IncidentState.RESOLVED
    assert incident.first_seen_at == at(0)
    assert subjects(resend)[2:] == ["✅ [RESOLVED] Database Connection Failure - infiya.store"]
    assert "Resolved after 47 minutes" in arrived(resend)[2]["text"]


@pytest.mark.django_db(transaction=True)
def test_killed_before_the_file_was_gone_the_recovery_is_still_told_once(monitoring_files):
    outage.save(outage.Outage(code="INC-TEST", since=at(0), probes=2, sequence=1, last_sent_at=at(0)))
    state = outage.path().read_bytes()
    assert outage.recovered(now=at(10)) == 1
    outage.path().write_bytes(state)

    assert outage.recovered(now=at(15)) == 0
    assert Incident.objects.count() == OutgoingMail.objects.count() == 1
