"""Sending: each mail once, the same bytes each time, the right wait after each kind of trouble."""

from __future__ import annotations

import threading
import uuid
from datetime import timedelta

import psycopg
import pytest
from django.db import connection, transaction
from django.db.models.functions import Now
from pytest_django import Settings

from config.database import database_now
from config.models import MailState, OutgoingMail
from config.outbox import SendRun, send_due_mails
from tests.config.conftest import API_KEY, Queue
from tests.support.commands import database_url
from tests.support.fake_resend import FakeResend, Fault

pytestmark = pytest.mark.django_db(transaction=True)

ERROR = Fault(status=500, name="application_error")


def make_due() -> None:
    """Let the time of every waiting mail come, and every lease end."""
    past = Now() - timedelta(seconds=1)
    OutgoingMail.objects.filter(state=MailState.PENDING).update(next_attempt_at=past)
    OutgoingMail.objects.filter(state=MailState.SENDING).update(lease_until=past)


def wait_of(mail: OutgoingMail) -> float:
    """Return the seconds until the mail's next attempt, by the database's clock."""
    mail.refresh_from_db()
    seconds: float = (mail.next_attempt_at - database_now()).total_seconds()
    return seconds


def sending(runs: list[SendRun]) -> threading.Thread:
    """Start a sender in a thread; its run ends up in ``runs``."""

    def send() -> None:
        try:
            runs.append(send_due_mails())
        finally:
            connection.close()

    thread = threading.Thread(target=send)
    thread.start()
    return thread


def test_a_mail_is_sent_whole_with_its_key_and_recorded(queue: Queue, resend: FakeResend):
    mail = queue(reply_to="halo@infiya.store")

    run = send_due_mails()

    mail.refresh_from_db()
    (call,) = resend.calls
    assert run == SendRun(sent=1)
    assert call.key == "order.paid/1"
    assert call.authorization == f"Bearer {API_KEY}"
    assert call.body == {
        "from": "infiya.store <pesan@infiya.store>",
        "to": ["ratna@example.com"],
        "subject": "Pembayaran 1 diterima",
        "text": "Terima kasih, Ratna.",
        "html": "<p>Terima kasih, Ratna.</p>",
        "reply_to": ["halo@infiya.store"],
    }
    assert (mail.state, mail.attempts, mail.last_error, mail.lease) == (MailState.SENT, 1, "", None)
    assert mail.provider_id == resend.mails["order.paid/1"][0]
    assert mail.sent_at is not None


def test_mails_go_out_oldest_first_up_to_the_limit(queue: Queue, resend: FakeResend):
    for _ in range(4):
        queue()

    run = send_due_mails(limit=3)

    assert (run.sent, run.stopped) == (3, "limit")
    assert [call.key for call in resend.calls] == ["order.paid/1", "order.paid/2", "order.paid/3"]


def test_sending_inside_a_transaction_is_refused(queue: Queue):
    queue()

    with transaction.atomic(), pytest.raises(RuntimeError, match="transaction"):
        send_due_mails()


def test_the_waits_grow_until_the_fifth_failure_is_the_last(queue: Queue, resend: FakeResend):
    mail = queue()

    for wait in (30, 120, 600, 1800):
        resend.fail_next(ERROR)
        assert send_due_mails().postponed == 1
        assert send_due_mails().attempted == 0, "before its time"
        assert wait - 5 < wait_of(mail) <= wait
        make_due()
    resend.fail_next(ERROR)
    run = send_due_mails()
    make_due()

    mail.refresh_from_db()
    assert (run.failed, mail.state, mail.attempts) == (1, MailState.FAILED, 5)
    assert "application_error" in mail.last_error
    assert send_due_mails().attempted == 0


def test_every_attempt_sends_the_same_bytes_even_under_new_settings(
    queue: Queue, resend: FakeResend, settings: Settings
):
    queue(subject="Résumé × 2")
    resend.fail_next(ERROR, Fault(status=503, html=True), Fault(close=True))

    for sender in ("a@infiya.store", "b@infiya.store", "c@infiya.store", "d@infiya.store"):
        settings.DEFAULT_FROM_EMAIL = sender
        send_due_mails()
        make_due()

    bodies = resend.bodies("order.paid/1")
    assert len(bodies) == 4
    assert len(set(bodies)) == 1
    assert len(resend.mails) == 1


@pytest.mark.parametrize(
    ("status", "name"),
    [
        (400, "validation_error"),
        (401, "missing_api_key"),
        (403, "invalid_api_key"),
        (403, "validation_error"),
        (404, "not_found"),
        (409, "invalid_idempotent_request"),
        (422, "validation_error"),
        (429, "daily_quota_exceeded"),
        (429, "monthly_quota_exceeded"),
    ],
)
def test_a_refusal_fails_at_once(queue: Queue, resend: FakeResend, status: int, name: str):
    mail = queue()
    resend.fail_next(Fault(status=status, name=name))

    run = send_due_mails()

    mail.refresh_from_db()
    assert (run.failed, mail.state, mail.attempts) == (1, MailState.FAILED, 1)
    assert name in mail.last_error


@pytest.mark.parametrize(
    "fault",
    [
        Fault(status=500),
        Fault(status=503, html=True),
        Fault(status=502, html=True),
        Fault(status=409, name="concurrent_idempotent_requests"),
        Fault(close=True),
        Fault(status=200, html=True, accept=True),
        Fault(close=True, accept=True),
    ],
    ids=lambda fault: f"{fault.status}-{fault.name}-{'close' if fault.close else 'html' if fault.html else 'json'}",
)
def test_trouble_or_an_unknown_outcome_is_tried_again_as_the_same_mail(queue: Queue, resend: FakeResend, fault: Fault):
    mail = queue()
    resend.fail_next(fault)

    first = send_due_mails()
    make_due()
    second = send_due_mails()

    mail.refresh_from_db()
    assert (first.postponed, second.sent) == (1, 1)
    assert (mail.state, mail.attempts) == (MailState.SENT, 2)
    assert len(set(resend.bodies("order.paid/1"))) == 1
    assert len(resend.mails) == 1


def test_a_short_rate_limit_is_waited_for_and_costs_no_attempt(queue: Queue, resend: FakeResend):
    first, second = queue(), queue()
    resend.fail_next(Fault(status=429, name="rate_limit_exceeded", headers={"Retry-After": "1"}))

    run = send_due_mails()

    first.refresh_from_db()
    second.refresh_from_db()
    assert (run.sent, run.postponed) == (2, 1)
    assert (first.state, first.attempts, second.attempts) == (MailState.SENT, 1, 1)


def test_a_long_rate_limit_ends_the_run_and_is_obeyed(queue: Queue, resend: FakeResend):
    first, second = queue(), queue()
    resend.fail_next(Fault(status=429, name="rate_limit_exceeded", headers={"retry-after": "300"}))

    run = send_due_mails()

    second.refresh_from_db()
    assert (run.postponed, run.stopped) == (1, "rate_limited")
    assert 290 < wait_of(first) <= 300
    assert (first.attempts, second.attempts) == (0, 0)


def test_an_outage_ends_the_run_before_it_costs_every_mail_an_attempt(
    queue: Queue, resend: FakeResend, settings: Settings
):
    for _ in range(5):
        queue()
    settings.RESEND_API_URL = "http://127.0.0.1:1"

    run = send_due_mails()

    assert (run.postponed, run.stopped) == (3, "unreachable")
    assert OutgoingMail.objects.filter(attempts=0).count() == 2
    assert not OutgoingMail.objects.filter(last_error__contains=API_KEY).exists()


def test_a_mail_that_cannot_be_sent_delays_nobody(queue: Queue, resend: FakeResend):
    poisoned, other = queue(), queue()
    resend.fail_next(ERROR)

    run = send_due_mails()

    poisoned.refresh_from_db()
    other.refresh_from_db()
    assert (run.sent, run.postponed) == (1, 1)
    assert (poisoned.state, other.state) == (MailState.PENDING, MailState.SENT)


def test_a_row_that_somebody_holds_delays_nobody(queue: Queue, resend: FakeResend):
    held, free = queue(), queue()
    with psycopg.connect(database_url()) as rival:
        rival.execute("SELECT 1 FROM config_outgoingmail WHERE id = %s FOR UPDATE", [held.pk])
        run = send_due_mails(limit=1)

    free.refresh_from_db()
    assert (run.sent, free.state) == (1, MailState.SENT)


def test_no_mail_is_begun_that_could_not_end_in_time(queue: Queue, resend: FakeResend):
    queue()

    run = send_due_mails(deadline_s=5)

    assert (run.attempted, run.stopped, resend.calls) == (0, "deadline", [])


def test_four_senders_at_once_send_each_mail_once(queue: Queue, resend: FakeResend):
    for _ in range(24):
        queue()
    runs: list[SendRun] = []

    for thread in [sending(runs) for _ in range(4)]:
        thread.join()

    assert sum(run.sent for run in runs) == 24
    assert len(resend.calls) == len(resend.mails) == 24
    assert OutgoingMail.objects.filter(state=MailState.SENT).count() == 24


def test_an_outcome_is_not_recorded_once_the_lease_is_somebody_elses(queue: Queue, resend: FakeResend):
    mail, owner = queue(), uuid.uuid4()
    runs: list[SendRun] = []
    resend.hold_answers()
    thread = sending(runs)
    resend.wait_for_call()
    OutgoingMail.objects.update(lease=owner, lease_until=Now() + timedelta(minutes=1))
    resend.release_answers()
    thread.join()

    mail.refresh_from_db()
    assert runs == [SendRun(lost=1)]
    assert (mail.state, mail.lease) == (MailState.SENDING, owner)


def test_a_mail_taken_over_while_it_was_under_way_is_still_one_mail(queue: Queue, resend: FakeResend):
    mail = queue()
    runs: list[SendRun] = []
    resend.hold_answers()
    first = sending(runs)
    resend.wait_for_call()
    make_due()
    second = sending(runs)
    resend.wait_for_call()
    resend.release_answers()
    first.join()
    second.join()
    make_due()
    third = send_due_mails()

    mail.refresh_from_db()
    # The second was told "in progress" and tries later; the success of the first came too late to be written.
    assert sorted((run.lost, run.postponed) for run in runs) == [(0, 1), (1, 0)]
    assert (third.sent, mail.state) == (1, MailState.SENT)
    assert len(set(resend.bodies(mail.idempotency_key))) == 1
    assert len(resend.mails) == 1


def test_a_mail_at_which_five_senders_died_is_given_up(queue: Queue, resend: FakeResend):
    mail = queue()
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE config_outgoingmail SET state = 'SENDING', attempts = 5, lease = gen_random_uuid(),"
            " lease_until = now() - interval '1 s', first_attempt_at = now()"
        )

    run = send_due_mails()

    mail.refresh_from_db()
    assert (run.given_up, run.attempted, mail.state) == (1, 0, MailState.FAILED)
    assert resend.calls == []


def test_a_mail_whose_key_resend_has_forgotten_is_left_to_a_person(queue: Queue, resend: FakeResend):
    mail = queue()
    resend.fail_next(ERROR)
    send_due_mails()
    OutgoingMail.objects.update(first_attempt_at=Now() - timedelta(hours=23, minutes=5))
    make_due()

    run = send_due_mails()

    mail.refresh_from_db()
    assert (run.given_up, mail.state) == (1, MailState.FAILED)
    assert len(resend.calls) == 1
