"""What of an old mail is kept: that it was sent, not what it said."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from config.mail.checks import check_mail_settings
from config.models import MailState, OutgoingMail
from config.outbox import count_old_texts, forget_old_texts, forgetting
from tests.config.conftest import Queue

pytestmark = pytest.mark.django_db


def sent(mail: OutgoingMail, *, days_ago: float) -> OutgoingMail:
    ago = Now() - timedelta(days=days_ago)
    OutgoingMail.objects.filter(pk=mail.pk).update(state=MailState.SENT, sent_at=ago)
    return mail


def test_the_text_of_an_old_mail_goes_and_the_fact_stays(queue: Queue):
    old = sent(queue(), days_ago=91)

    assert count_old_texts() == 1
    assert forget_old_texts() == 1

    now = OutgoingMail.objects.get(pk=old.pk)
    assert (now.text, now.html) == ("", "")
    assert (now.to, now.subject, now.reference, now.state) == (old.to, old.subject, old.reference, MailState.SENT)


def test_a_younger_one_and_one_that_never_left_keep_their_text(queue: Queue):
    sent(queue(), days_ago=89)
    queue()
    OutgoingMail.objects.filter(pk=queue().pk).update(state=MailState.FAILED, created_at=Now() - timedelta(days=400))

    assert forget_old_texts() == 0

    assert not OutgoingMail.objects.filter(text="").exists()


def test_more_than_a_batch_goes_in_one_night_and_none_is_counted_twice(queue: Queue, monkeypatch):
    monkeypatch.setattr(forgetting, "BATCH", 2)
    for _ in range(5):
        sent(queue(), days_ago=100)

    assert forget_old_texts() == 5
    assert forget_old_texts() == 0


def test_the_merchant_says_how_many_days(queue: Queue, settings):
    settings.MAIL_TEXT_DAYS = 7
    sent(queue(), days_ago=8)

    assert forget_old_texts() == 1


def test_days_that_would_forget_a_mail_at_once_stop_the_start(settings):
    settings.MAIL_TEXT_DAYS = 0

    assert [message.id for message in check_mail_settings()] == ["config.E006"]
