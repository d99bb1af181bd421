"""Writing mails into the outbox: with their cause, once per key, harmless whatever a customer typed."""

from __future__ import annotations

import threading

import pytest
from django.db import DataError, IntegrityError, connection, transaction

from config.models import MailState, OutgoingMail
from config.outbox import queue_mail, queue_state, send_again, send_due_mails
from tests.config.conftest import Queue
from tests.support.fake_resend import FakeResend, Fault

MAIL = {"kind": "k", "to": "a@example.com", "subject": "s", "text": "t", "html": "<p>t</p>"}


@pytest.mark.django_db(transaction=True)
def test_a_mail_needs_the_transaction_of_its_cause():
    with pytest.raises(RuntimeError, match="transaction"):
        queue_mail(**MAIL, key="k/1")

    assert not OutgoingMail.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_mail_vanishes_with_a_cause_that_is_rolled_back(resend: FakeResend):
    def cause() -> None:
        with transaction.atomic():
            queue_mail(**MAIL, key="k/1")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        cause()

    assert send_due_mails().attempted == 0
    assert resend.calls == []


@pytest.mark.django_db
def test_the_same_key_is_the_same_mail_whatever_its_text():
    assert queue_mail(**MAIL, key="k/1") is True
    assert queue_mail(**MAIL | {"text": "another"}, key="k/1") is False

    assert OutgoingMail.objects.get().text == "t"


@pytest.mark.django_db(transaction=True)
def test_two_writers_of_one_key_at_once_make_one_mail():
    together = threading.Barrier(2)
    new: list[bool] = []

    def write() -> None:
        try:
            with transaction.atomic():
                together.wait(10)
                new.append(queue_mail(**MAIL, key="k/1"))
        finally:
            connection.close()

    threads = [threading.Thread(target=write) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(new) == [False, True]
    assert OutgoingMail.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Halo\r\nBcc: x@example.com", "Halo Bcc: x@example.com"),
        ("a\n\nb\tc\x00d", "a b c d"),
        ("gelap \u202egnp.exe", "gelap gnp.exe"),
        ("x" * 300, "x" * 200),
    ],
)
def test_a_subject_is_one_plain_line(typed: str, kept: str):
    queue_mail(**MAIL | {"subject": typed}, key="k/1")

    assert OutgoingMail.objects.get().subject == kept


@pytest.mark.django_db(transaction=True)
def test_an_impossible_address_does_not_cost_the_order_but_fails_as_a_mail(queue: Queue, resend: FakeResend):
    mail = queue(to="not an address\r\nBcc: x@example.com")
    resend.fail_next(Fault(status=422, name="validation_error", message="Invalid `to` field."))

    run = send_due_mails()

    mail.refresh_from_db()
    assert (run.failed, mail.state) == (1, MailState.FAILED)
    assert "\n" not in mail.to
    assert "validation_error" in mail.last_error


@pytest.mark.django_db
@pytest.mark.parametrize("key", ["", "with space", "kunci/é", "k\r\nX: y", "k" * 257])
def test_a_key_that_is_no_header_value_is_a_mistake(key: str):
    with pytest.raises(ValueError, match="key"):
        queue_mail(**MAIL, key=key)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("change", "promise"),
    [
        ("subject = E'a\\nb'", "config_mail_subject_one_line"),
        ("\"to\" = E'a\\rb'", "config_mail_to_one_line"),
        ("state = 'LOST'", "config_mail_state_known"),
        ("state = 'SENT'", "config_mail_sent_has_sent_at"),
        ("sent_at = now()", "config_mail_sent_has_sent_at"),
        ("state = 'SENDING'", "config_mail_sending_has_lease"),
        ("idempotency_key = ''", "config_mail_key_given"),
    ],
)
def test_the_database_keeps_the_promise_itself(queue: Queue, change: str, promise: str):
    queue()

    with pytest.raises((IntegrityError, DataError), match=promise), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE config_outgoingmail SET {change}")  # noqa: S608 - the examples above


@pytest.mark.django_db(transaction=True)
def test_monitors_see_what_waits_how_long_and_what_failed(queue: Queue, resend: FakeResend):
    queue()
    queue()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE config_outgoingmail SET created_at = now() - interval '20 minutes'")

    before = queue_state()
    resend.fail_next(Fault(status=422, name="validation_error"))
    send_due_mails()
    after = queue_state()

    assert (before.waiting, before.failed) == (2, 0)
    assert 1200 <= before.oldest_waiting_s < 1260
    assert (after.waiting, after.oldest_waiting_s, after.failed) == (0, 0.0, 1)


@pytest.mark.django_db(transaction=True)
def test_staff_can_send_a_failed_mail_again_under_its_old_key(queue: Queue, resend: FakeResend):
    failed, sent = queue(), queue()
    resend.fail_next(Fault(status=403, name="invalid_api_key", message="API key is invalid"))
    send_due_mails()

    moved = send_again([failed.pk, sent.pk], actor="gudang")
    run = send_due_mails()

    failed.refresh_from_db()
    assert (moved, run.sent) == (1, 1)
    assert (failed.state, failed.attempts) == (MailState.SENT, 1)
    first, second = resend.bodies(failed.idempotency_key)
    assert first == second
    assert len(resend.bodies(sent.idempotency_key)) == 1
