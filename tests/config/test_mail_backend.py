"""The backends: what goes over the wire, how long it may take, what an answer means, and files for development."""

from __future__ import annotations

import logging
import stat
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests
from django.core.mail import EmailMessage, get_connection
from pytest_django import Settings
from resend.exceptions import ResendError

from config.mail import MailRejectedError, MailUnavailableError, ShopMail, send_now
from config.mail.checks import check_mail_settings
from config.mail.deadline_client import MAX_ANSWER_BYTES, DeadlineClient
from config.mail.resend_backend import classify
from tests.config.conftest import API_KEY
from tests.support.fake_resend import FakeResend, Fault

WRITTEN_AT = datetime(2026, 11, 24, 7, 5, 9, tzinfo=UTC)


def mail(**changes: str) -> ShopMail:
    fields = {
        "key": "order.paid/1",
        "kind": "order.paid",
        "to": "ratna@example.com",
        "subject": "Halo",
        "text": "Halo, Ratna.",
        "html": "<p>Halo, Ratna.</p>",
    } | changes
    return ShopMail(**fields, written_at=WRITTEN_AT)


# --- Resend -----------------------------------------------------------------------------------------------------


def test_a_mail_sent_now_answers_with_resends_id(resend: FakeResend):
    assert send_now(mail()) == resend.mails["order.paid/1"][0]


def test_any_django_mail_can_carry_its_key_in_a_header(resend: FakeResend):
    message = EmailMessage("s", "t", to=["a@example.com"], headers={"Idempotency-Key": "reset/7", "X-Kind": "reset"})

    assert message.send() == 1

    (call,) = resend.calls
    assert call.key == "reset/7"
    assert call.body["headers"] == {"X-Kind": "reset"}
    assert "html" not in call.body


def test_a_mail_without_a_key_is_sent_without_the_header(resend: FakeResend):
    EmailMessage("s", "t", to=["a@example.com"]).send()

    assert [call.key for call in resend.calls] == [""]


@pytest.mark.parametrize(
    "message",
    [
        EmailMessage("s\r\nBcc: x@example.com", "t", to=["a@example.com"]),
        EmailMessage("s", "t", to=["a@example.com\nx@example.com"]),
        EmailMessage("s", "t", from_email="a@example.com\r", to=["a@example.com"]),
        EmailMessage("s", "t", to=["a@example.com"], reply_to=["a@example.com\nX: y"]),
        EmailMessage("s", "t", to=["a@example.com"], headers={"X-Kind": "a\r\nb"}),
        EmailMessage("s", "t", to=["a@example.com"], attachments=[("a.txt", "a", "text/plain")]),
    ],
    ids=["subject", "to", "from", "reply-to", "header", "attachment"],
)
def test_what_the_shop_never_sends_is_refused_before_the_wire(resend: FakeResend, message: EmailMessage):
    with pytest.raises(MailRejectedError):
        message.send()

    assert resend.calls == []


def test_a_mail_to_nobody_is_refused(resend: FakeResend):
    nobody = mail()
    nobody.to = []

    with pytest.raises(MailRejectedError):
        send_now(nobody)

    assert resend.calls == []


def test_fail_silently_goes_on_with_the_next_mail(resend: FakeResend):
    resend.fail_next(Fault(status=422, name="validation_error"))

    sent = get_connection(fail_silently=True).send_messages([mail(), mail(key="order.paid/2")])

    assert sent == 1


def test_a_rate_limit_says_how_long_to_wait(resend: FakeResend):
    resend.fail_next(Fault(status=429, name="rate_limit_exceeded", headers={"RETRY-AFTER": "2"}))

    with pytest.raises(MailUnavailableError) as caught:
        send_now(mail())

    assert (caught.value.rate_limited, caught.value.retry_after) == (True, 2.0)


@pytest.mark.parametrize("told", ["Wed, 25 Nov 2026 07:28:00 GMT", "-5", "soon", ""])
def test_an_odd_retry_after_counts_as_none(resend: FakeResend, told: str):
    resend.fail_next(Fault(status=429, name="rate_limit_exceeded", headers={"Retry-After": told}))

    with pytest.raises(MailUnavailableError) as caught:
        send_now(mail())

    assert caught.value.retry_after is None


@pytest.mark.parametrize(
    ("code", "name", "again"),
    [
        (500, "application_error", True),
        ("500", "internal_server_error", True),
        (503, "service_unavailable", True),
        (500, "HttpClientError", True),
        (429, "rate_limit_exceeded", True),
        (429, "application_error", True),
        (408, "application_error", True),
        (409, "concurrent_idempotent_requests", True),
        ("no number", "whatever", True),
        (429, "daily_quota_exceeded", False),
        (429, "monthly_quota_exceeded", False),
        (409, "invalid_idempotent_request", False),
        (400, "validation_error", False),
        (401, "missing_api_key", False),
        (403, "invalid_api_key", False),
        (405, "method_not_allowed", False),
        (422, "missing_required_field", False),
    ],
)
def test_code_and_type_decide_whether_to_try_again(code: int | str, name: str, again: bool):
    error = ResendError(code=code, error_type=name, message="m", suggested_action="")

    assert isinstance(classify(error), MailUnavailableError if again else MailRejectedError)


@pytest.mark.parametrize(
    "answer", [b"{}", b"null", b"[]", b'"ok"', b"{"], ids=["empty", "null", "list", "text", "broken"]
)
def test_an_answer_that_says_nothing_leaves_the_outcome_open(resend: FakeResend, answer: bytes):
    resend.fail_next(Fault(status=200, accept=True, answer=answer))

    with pytest.raises(MailUnavailableError):
        send_now(mail())


def test_an_answer_that_goes_on_and_on_is_not_read_to_its_end(resend: FakeResend):
    resend.fail_next(Fault(status=200, accept=True, answer=b'{"id": "x"}' + b" " * 2 * MAX_ANSWER_BYTES))

    with pytest.raises(MailUnavailableError):
        send_now(mail())


def test_a_redirect_is_not_followed(resend: FakeResend):
    resend.fail_next(Fault(status=307, html=True, headers={"Location": f"{resend.url}/emails"}))

    with pytest.raises(MailUnavailableError):
        send_now(mail())

    assert len(resend.calls) == 1


@pytest.mark.parametrize("key", [API_KEY, "a-key-of-another-form"])
def test_the_key_is_in_no_error_and_no_log(
    resend: FakeResend, settings: Settings, caplog: pytest.LogCaptureFixture, key: str
):
    settings.RESEND_API_KEY = key
    resend.fail_next(Fault(status=403, name="invalid_api_key", message=f"The key {key} is invalid."))

    with caplog.at_level(logging.DEBUG), pytest.raises(MailRejectedError) as caught:
        send_now(mail())

    assert key not in str(caught.value)
    assert "invalid_api_key" in str(caught.value)
    assert caught.value.__cause__ is None
    assert key not in caplog.text


def test_a_key_that_is_no_header_value_is_not_quoted_either(resend: FakeResend, settings: Settings):
    settings.RESEND_API_KEY = "re_secret\nX-Other: 1"

    with pytest.raises(MailUnavailableError) as caught:
        send_now(mail())

    assert "re_secret" not in str(caught.value)


def test_an_answer_that_drips_in_ends_at_the_deadline(resend: FakeResend):
    resend.fail_next(Fault(status=200, accept=True, drip_s=8.0))
    started = time.monotonic()

    with pytest.raises(TimeoutError):
        DeadlineClient(0.5).request("post", f"{resend.url}/emails", {"Idempotency-Key": "k"}, json={"to": "a"})

    assert 0.4 < time.monotonic() - started < 5


def test_a_server_that_never_answers_ends_at_the_deadline(resend: FakeResend):
    resend.hold_answers()
    started = time.monotonic()

    with pytest.raises((TimeoutError, requests.exceptions.Timeout)):  # whoever looks at the clock first
        DeadlineClient(0.5).request("post", f"{resend.url}/emails", {}, json={"to": "a"})

    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"RESEND_API_KEY": ""}, ["config.E001"]),
        ({"RESEND_API_KEY": "re_key\n"}, ["config.E001"]),
        ({"RESEND_FROM_EMAIL": "infiya.store"}, ["config.E002"]),
        ({"RESEND_API_URL": "http://api.resend.com"}, ["config.E003"]),
        ({"RESEND_API_URL": "http://127.0.0.1:9"}, []),
        ({"EMAIL_BACKEND": "config.mail.FileBackend", "RESEND_API_KEY": ""}, []),
    ],
)
def test_settings_that_cannot_work_are_found_at_the_start(
    settings: Settings, changes: dict[str, str], expected: list[str]
):
    working = {
        "EMAIL_BACKEND": "config.mail.resend_backend.ResendBackend",
        "RESEND_API_KEY": "re_key",
        "RESEND_API_URL": "https://api.resend.com",
        "RESEND_FROM_EMAIL": "infiya.store <pesan@infiya.store>",
    }
    for name, value in (working | changes).items():
        setattr(settings, name, value)

    assert [error.id for error in check_mail_settings(app_configs=None)] == expected


# --- files ------------------------------------------------------------------------------------------------------


@pytest.fixture
def folder(settings: Settings, tmp_path: Path) -> Path:
    settings.EMAIL_BACKEND = "config.mail.FileBackend"
    settings.EMAIL_FILE_PATH = tmp_path / "data" / "mail"
    return tmp_path / "data" / "mail"


def test_a_mail_becomes_a_page_and_a_text_named_after_it(folder: Path):
    sent = mail()

    provider_id = send_now(sent)

    text, page = sorted(folder.iterdir(), key=lambda path: path.suffix, reverse=True)
    assert text.stem == page.stem
    assert provider_id == f"file:{text.stem}"
    assert text.stem.startswith("20261124-140509-order.paid-ratna@example.com-")
    assert page.read_text() == "<p>Halo, Ratna.</p>"
    assert "Kepada: ratna@example.com\nPerihal: Halo\nKunci: order.paid/1\n\nHalo, Ratna." in text.read_text()


def test_the_same_key_is_the_same_file(folder: Path):
    send_now(mail())
    send_now(mail())
    send_now(mail(key="order.paid/2"))

    assert len(list(folder.glob("*.txt"))) == 2
    assert len(list(folder.iterdir())) == 4


def test_mails_are_for_the_owner_only(folder: Path):
    send_now(mail())

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_an_address_cannot_choose_where_its_file_goes(folder: Path):
    send_now(mail(to="../../x/../y@example.com", kind="../etc"))

    names = [path.name for path in folder.iterdir()]
    assert len(names) == 2
    assert all("/" not in name and ".." not in name.split("-")[2] for name in names)
    assert sorted(path.name for path in folder.parent.iterdir()) == ["mail"]


def test_a_mail_without_html_or_key_is_one_file_each_time(folder: Path):
    message = EmailMessage("s", "t", to=["a@example.com"])

    assert message.send() == message.send() == 1

    assert len(list(folder.glob("*.txt"))) == len(list(folder.iterdir())) == 2
