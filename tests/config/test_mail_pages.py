"""What staff see of the outbox: the admin anywhere, the mails themselves only where nothing is really sent."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from config.models import MailState, OutgoingMail
from tests.config.conftest import Queue

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.config.mail_urlconf")]

LIST = "/admin/config/outgoingmail/"
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture(autouse=True)
def _debug(settings: Settings):
    settings.DEBUG = True


def login(client: Client, *permissions: str, is_staff: bool = True) -> Client:
    user = get_user_model().objects.create_user("gudang@infiya.store", is_staff=is_staff)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client.force_login(user)
    return client


# --- the pages --------------------------------------------------------------------------------------------------


def test_staff_see_the_newest_mail_and_can_choose_another(client: Client, queue: Queue):
    first, second = queue(subject="Mail satu"), queue(subject="Mail dua")
    login(client)

    newest = client.get("/staf/mail/")
    chosen = client.get(f"/staf/mail/{first.pk}/")

    assert f'src="/staf/mail/{second.pk}/html/"' in newest.content.decode()
    assert "<h1>Mail satu</h1>" in chosen.content.decode()
    assert "Mail dua" in chosen.content.decode(), "in the list"


def test_a_shop_without_mails_says_so(client: Client):
    assert "Belum ada mail" in login(client).get("/staf/mail/").content.decode()


def test_the_list_needs_a_fixed_number_of_queries(
    client: Client, queue: Queue, django_assert_num_queries: DjangoAssertNumQueries
):
    for _ in range(5):
        queue()
    login(client)

    with django_assert_num_queries(5):  # session, user, his phone, list, chosen
        client.get("/staf/mail/")


@pytest.mark.parametrize("page", ["", "{pk}/", "{pk}/html/"])
def test_the_pages_are_for_staff_in_development(client: Client, queue: Queue, settings: Settings, page: str):
    path = f"/staf/mail/{page.format(pk=queue().pk)}"

    assert client.get(path)["Location"].startswith("/admin/login/")
    login(client, is_staff=False)
    assert client.get(path)["Location"].startswith("/admin/login/")
    get_user_model().objects.update(is_staff=True)
    assert client.get(path).status_code == 200
    assert client.post(path).status_code == 405
    settings.DEBUG = False
    assert client.get(path).status_code == 404


def test_a_mail_that_is_gone_is_not_found(client: Client):
    login(client)

    assert client.get("/staf/mail/999/").status_code == 404
    assert client.get("/staf/mail/999/html/").status_code == 404


def test_a_mail_is_shown_as_sent_but_in_a_sandbox(client: Client, queue: Queue):
    mail = queue(html=f"<p>{HOSTILE}</p>", text=HOSTILE, subject=HOSTILE)
    login(client)

    page = client.get(f"/staf/mail/{mail.pk}/")
    raw = client.get(f"/staf/mail/{mail.pk}/html/")

    assert raw.content.decode() == f"<p>{HOSTILE}</p>"
    assert raw["Content-Security-Policy"].startswith("sandbox allow-popups")
    assert "script" not in raw["Content-Security-Policy"]
    assert raw["X-Frame-Options"] == "SAMEORIGIN"
    assert HOSTILE not in page.content.decode()
    assert "script-src" not in page["Content-Security-Policy"]
    assert page["Content-Security-Policy"].startswith("default-src 'none'")
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in page.content.decode()


# --- the admin --------------------------------------------------------------------------------------------------


def test_the_admin_finds_a_mail_by_what_people_quote(client: Client, queue: Queue):
    queue(to="budi@example.com")
    queue()
    login(client, "view_outgoingmail")

    for quoted in ("budi@example.com", "ORD-20261124-000001", "order.paid/1"):
        page = client.get(LIST, {"q": quoted}).content.decode()
        assert "budi@example.com" in page
        assert "ratna@example.com" not in page


def test_the_admin_shows_a_mail_but_changes_and_deletes_none(client: Client, queue: Queue):
    mail = queue()
    login(client, "view_outgoingmail", "change_outgoingmail", "delete_outgoingmail", "add_outgoingmail")

    page = client.get(f"{LIST}{mail.pk}/change/")
    changed = client.post(f"{LIST}{mail.pk}/change/", {"to": "x@example.com", "subject": "x"})

    assert page.status_code == 200
    assert 'name="_save"' not in page.content.decode()
    assert changed.status_code == 403
    assert client.get(f"{LIST}add/").status_code == 403
    assert client.get(f"{LIST}{mail.pk}/delete/").status_code == 403
    mail.refresh_from_db()
    assert mail.to == "ratna@example.com"


def test_outside_development_the_admin_shows_no_body(client: Client, queue: Queue, settings: Settings):
    settings.DEBUG = False
    mail = queue(text="https://infiya.store/rahasia", html="<a href='https://infiya.store/rahasia'>x</a>")
    login(client, "view_outgoingmail")

    page = client.get(f"{LIST}{mail.pk}/change/").content.decode()

    assert "rahasia" not in page
    assert "/staf/mail/" not in page


def test_a_hidden_body_cannot_be_guessed_at_through_a_filter(client: Client, queue: Queue):
    queue(text="https://infiya.store/rahasia")
    login(client, "view_outgoingmail")

    answer = client.get(LIST, {"text__contains": "rahasia"})

    assert answer.status_code in {302, 400}


def test_kirim_ulang_puts_failed_mails_back_with_their_keys(client: Client, queue: Queue):
    failed, waiting = queue(), queue()
    OutgoingMail.objects.filter(pk=failed.pk).update(state=MailState.FAILED, attempts=5, last_error="500")
    login(client, "view_outgoingmail", "change_outgoingmail")

    page = client.post(LIST, {"action": "resend", "_selected_action": [failed.pk, waiting.pk]}, follow=True)

    failed.refresh_from_db()
    assert (failed.state, failed.attempts, failed.idempotency_key) == (MailState.PENDING, 0, "order.paid/1")
    assert "1 mail masuk antrean lagi." in page.content.decode()
    assert "1 mail dilewati" in page.content.decode()


def test_kirim_ulang_needs_the_permission_to_change(client: Client, queue: Queue):
    failed = queue()
    OutgoingMail.objects.update(state=MailState.FAILED)
    login(client, "view_outgoingmail")

    client.post(LIST, {"action": "resend", "_selected_action": [failed.pk]})

    failed.refresh_from_db()
    assert failed.state == MailState.FAILED
