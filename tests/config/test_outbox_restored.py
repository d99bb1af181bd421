"""Mails that a restored backup says are unsent: none comes twice unasked, none is lost."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from config.models import MailState, OutgoingMail
from config.outbox import queue_mail, send_again, send_due_mails
from config.outbox.restored import PARKED, park_unsent
from tests.support.fake_resend import FakeResend

pytestmark = pytest.mark.django_db(transaction=True)

MAIL = {"kind": "order_paid", "to": "a@example.com", "subject": "s", "text": "t", "html": "<p>t</p>"}


def queue(*keys: str) -> None:
    with transaction.atomic():
        for key in keys:
            queue_mail(**MAIL, key=key)


def test_mails_of_a_young_backup_go_out_under_their_old_keys_and_stay_one_mail(resend: FakeResend) -> None:
    queue("order_paid/1")
    send_due_mails()
    OutgoingMail.objects.update(state=MailState.PENDING, sent_at=None, attempts=0, first_attempt_at=None)

    said = park_unsent(using="default", since=timezone.now() - timedelta(hours=3))
    send_due_mails()

    assert said == ""
    assert OutgoingMail.objects.get().state == MailState.SENT
    assert len(resend.mails) == 1


def test_mails_of_an_older_backup_are_parked_for_staff_and_sent_only_when_asked(resend: FakeResend) -> None:
    queue("order_paid/1", "order_paid/2", "order_paid/3")
    first, second, third = OutgoingMail.objects.order_by("pk")
    OutgoingMail.objects.filter(pk=second.pk).update(
        state=MailState.SENDING, lease="12345678123456781234567812345678", lease_until=timezone.now()
    )
    OutgoingMail.objects.filter(pk=third.pk).update(state=MailState.SENT, sent_at=timezone.now())

    said = park_unsent(using="default", since=timezone.now() - timedelta(hours=30))
    send_due_mails()

    assert said.startswith("2 mails waited in the backup")
    assert resend.mails == {}
    states = dict(OutgoingMail.objects.values_list("pk", "state"))
    assert states == {first.pk: MailState.FAILED, second.pk: MailState.FAILED, third.pk: MailState.SENT}
    assert OutgoingMail.objects.get(pk=first.pk).last_error == PARKED

    assert send_again([first.pk], actor="staff:1") == 1
    send_due_mails()
    assert len(resend.mails) == 1


def test_a_mail_that_cannot_be_sent_before_its_key_is_forgotten_is_given_up_by_the_sender(resend: FakeResend) -> None:
    """The restore was in time, the sender's next try is not."""
    queue("order_paid/1")
    park_unsent(using="default", since=timezone.now() - timedelta(hours=22))
    OutgoingMail.objects.update(first_attempt_at=timezone.now() - timedelta(hours=24))

    assert send_due_mails().given_up == 1
    assert resend.mails == {}
