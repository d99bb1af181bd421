"""The nudge: soon after the commit, never before it, and never in the way."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from django.db import transaction

from config.mail import nudge as nudging
from config.models import MailState, OutgoingMail
from config.outbox import queue_mail, send_due_mails
from tests.config.conftest import API_KEY
from tests.config.test_outbox import MAIL
from tests.support.commands import ROOT, command_environment
from tests.support.fake_resend import FakeResend

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sender(monkeypatch: pytest.MonkeyPatch) -> Iterator[nudging.BackgroundSender]:
    """Return the sender of a process that has one, as the web server's does."""
    sender = nudging.BackgroundSender(lambda stopping: send_due_mails(should_stop=stopping))
    monkeypatch.setattr(nudging, "_sender", sender)
    yield sender
    sender.close()


def test_a_mail_leaves_right_after_the_commit_and_not_before(sender: nudging.BackgroundSender, resend: FakeResend):
    with transaction.atomic():
        queue_mail(**MAIL, key="k/1")
        time.sleep(0.3)  # a sender woken too early would look now, find nothing, and not look again
        assert resend.calls == []

    resend.wait_for_call()
    sender.close()

    assert OutgoingMail.objects.get().state == MailState.SENT


def test_closing_waits_for_the_mail_in_hand(sender: nudging.BackgroundSender, resend: FakeResend):
    resend.hold_answers()
    with transaction.atomic():
        queue_mail(**MAIL, key="k/1")
        queue_mail(**MAIL, key="k/2")
    resend.wait_for_call()

    threading.Timer(0.3, resend.release_answers).start()
    sender.close()

    assert OutgoingMail.objects.get(idempotency_key="k/1").state == MailState.SENT
    assert OutgoingMail.objects.get(idempotency_key="k/2").state == MailState.PENDING


def test_a_sender_that_stumbles_is_there_for_the_next_nudge():
    woken = threading.Semaphore(0)

    def stumble(_stopping: Callable[[], bool]) -> None:
        woken.release()
        raise OSError("no route to anywhere")

    sender = nudging.BackgroundSender(stumble)
    try:
        sender.wake()
        assert woken.acquire(timeout=5)
        sender.wake()
        assert woken.acquire(timeout=5)
    finally:
        sender.close()


@pytest.mark.processes
@pytest.mark.parametrize("pool", ["on", "off"])
def test_a_web_process_sends_what_it_queued_before_it_ends(resend: FakeResend, pool: str):
    script = (
        "import config.wsgi\n"
        "from django.db import transaction\n"
        "from config.outbox import queue_mail\n"
        "with transaction.atomic():\n"
        "    queue_mail(kind='k', to='a@example.com', subject='s', text='t', html='', key='k/1')\n"
        "import time\n"
        "from config.models import OutgoingMail\n"
        "until = time.monotonic() + 20\n"
        "while OutgoingMail.objects.filter(state='PENDING').exists() and time.monotonic() < until: time.sleep(0.02)\n"
    )
    environment = command_environment(
        SHOP_PROCESS="web", DATABASE_POOL=pool, RESEND_API_KEY=API_KEY, RESEND_API_URL=resend.url
    )

    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, cwd=ROOT, capture_output=True, timeout=30, check=False
    )

    assert done.returncode == 0, done.stderr
    assert OutgoingMail.objects.get().state == MailState.SENT, done.stderr
    assert len(resend.calls) == 1


def test_without_a_sender_nothing_happens(resend: FakeResend):
    with transaction.atomic():
        queue_mail(**MAIL, key="k/1")

    assert resend.calls == []
    assert OutgoingMail.objects.get().state == MailState.PENDING
