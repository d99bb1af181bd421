"""Passwords and e-mail addresses: forgotten, changed, proven by a mailbox; and nobody learns who has an account."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine
from django.core import signing
from django.test import Client
from django.utils import timezone

from config.models import OutgoingMail
from shop import links
from shop.models import ApiToken, User
from shop.services.account import issue_token
from tests.support.checkout import text_of
from tests.support.world import make_customer, make_variant

pytestmark = pytest.mark.django_db

FORGOTTEN, MAILED, LOGIN = "/lupa-kata-sandi/", "/lupa-kata-sandi/terkirim/", "/masuk/"
OLD, NEW = "kata-sandi-panjang", "sebuah kalimat yang baru"


@pytest.fixture
def member() -> User:
    return make_customer(name="Sari")


def link_in(mail: OutgoingMail) -> str:
    """Return the path of the mail's button."""
    found = re.search(r"^[^\n:]+: http://[^/]+(/\S+)$", mail.text, re.MULTILINE)
    assert found, mail.text
    return found[1]


def last_mail(kind: str) -> OutgoingMail:
    return OutgoingMail.objects.filter(kind=kind).latest("pk")


def reset_link(member: User) -> str:
    Client().post(FORGOTTEN, {"email": member.email})
    return link_in(last_mail("password_reset"))


def log_in(user: User, password: str) -> Client:
    client = Client()
    client.post(LOGIN, {"email": user.email, "password": password})
    return client


def is_in(client: Client) -> bool:
    return client.get("/akun/").status_code == 200


def test_the_answer_is_the_same_whether_the_address_has_an_account(client, member, django_assert_num_queries):
    with django_assert_num_queries(7):  # the user; savepoints, mail; and what unit_of_work asks
        known = client.post(FORGOTTEN, {"email": member.email.upper()})
    with django_assert_num_queries(8):  # the same, and it is taken back
        unknown = client.post(FORGOTTEN, {"email": "siapa@contoh.id"})

    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"]) == (303, MAILED)
    assert list(OutgoingMail.objects.values_list("kind", "to")) == [("password_reset", member.email)]


def test_a_new_password_ends_every_session_token_and_link(client, member):
    elsewhere = log_in(member, OLD)
    issue_token(user=member)
    link = reset_link(member)

    answer = client.post(link, {"password": NEW})

    assert answer["Location"] == LOGIN
    assert not is_in(elsewhere)
    assert not ApiToken.objects.filter(user=member).exists()
    assert client.get(link).status_code == 404
    assert client.post(link, {"password": OLD}).status_code == 404
    assert not is_in(log_in(member, OLD))
    assert is_in(log_in(member, NEW))
    assert last_mail("password_changed").to == member.email


def test_a_visitor_who_forgot_his_password_keeps_his_cart_and_comes_to_where_he_was_going(client, member):
    variant = make_variant()
    client.post("/keranjang/tambah/", {"varian": variant.pk, "jumlah": 2})
    forgotten = client.post(FORGOTTEN, {"email": member.email, "next": "/checkout/"})
    assert forgotten["Location"] == f"{MAILED}?next=%2Fcheckout%2F"

    answer = client.post(link_in(last_mail("password_reset")), {"password": NEW})

    assert answer["Location"] == f"{LOGIN}?next=%2Fcheckout%2F"
    assert client.get("/keranjang/").context["cart_units"] == 2
    goal = re.search(r'name="next" value="([^"]*)"', text_of(client.get(answer["Location"])))
    assert goal
    came = client.post(LOGIN, {"email": member.email, "password": NEW, "next": goal[1]})
    assert came["Location"] == "/checkout/"
    assert client.get("/keranjang/").context["cart_units"] == 2


def test_a_members_own_session_ends_with_the_reset(member):
    client = log_in(member, OLD)

    client.post(reset_link(member), {"password": NEW})

    assert not is_in(client)
    assert "_auth_user_id" not in client.session


def test_a_session_of_somebody_else_ends_with_the_reset(member):
    client = log_in(make_customer(), OLD)

    client.post(reset_link(member), {"password": NEW})

    assert not is_in(client)


@pytest.mark.parametrize("goal", ["https://jahat.example/", "//jahat.example/", "/cari/?q=" + "x" * 3000])
def test_a_reset_leads_neither_to_another_site_nor_by_a_link_too_long_to_mail(client, member, goal):
    assert client.post(FORGOTTEN, {"email": member.email, "next": goal})["Location"] == MAILED

    answer = client.post(link_in(last_mail("password_reset")), {"password": NEW})

    assert answer["Location"] == LOGIN


def test_opening_a_link_uses_nothing_up(client, member):
    link = reset_link(member)

    assert client.get(link).status_code == client.get(link).status_code == 200
    assert client.post(link, {"password": "pendek"}).status_code == 400
    assert client.post(link, {"password": NEW}).status_code == 303


def test_a_link_ends_with_its_time_and_with_any_change(client, member, monkeypatch):
    link = reset_link(member)
    assert client.get(link).status_code == 200

    monkeypatch.setattr(links, "PASSWORD_RESET", links.Purpose(links.PASSWORD_RESET.salt, timedelta(seconds=-1)))
    assert client.get(link).status_code == 404
    monkeypatch.undo()
    User.objects.filter(pk=member.pk).update(email="lain@contoh.id")
    assert client.get(link).status_code == 404


def test_a_forged_link_is_not_found(client, member):
    for token in ("x", "%00", "a" * 3000, "🙂", signing.dumps([1, "a"]), signing.dumps("a"), signing.dumps([1, 2, 3])):
        for path in (FORGOTTEN, "/akun/email/", "/akun/buat/", "/daftar/"):
            assert client.get(f"{path}{token}/").status_code == 404, (path, token)


def test_a_link_for_one_purpose_is_worth_nothing_for_another(client, member):
    token = links.make_token(links.EMAIL_CHANGE, member, "lain@contoh.id")

    assert client.get(f"{FORGOTTEN}{token}/").status_code == 404


def test_guests_and_closed_accounts_get_no_mail(client, member):
    User.objects.filter(pk=member.pk).update(is_active=False)

    assert client.post(FORGOTTEN, {"email": member.email})["Location"] == MAILED
    assert not OutgoingMail.objects.exists()


def test_asking_too_often_is_429_and_one_mail(client, member, settings):
    settings.THROTTLING = True

    with time_machine.travel(timezone.now(), tick=False):  # a mail's key changes every five minutes
        answers = [client.post(FORGOTTEN, {"email": member.email}) for _ in range(6)]

    assert [answer.status_code for answer in answers] == [303] * 5 + [429]
    assert int(answers[-1]["Retry-After"]) > 0
    assert "Pelan-pelan" in text_of(answers[-1])
    assert OutgoingMail.objects.count() == 1


def test_changing_ones_password_needs_the_old_one_and_keeps_this_session(member):
    here, elsewhere = log_in(member, OLD), log_in(member, OLD)

    wrong = here.post("/akun/kata-sandi/", {"current": "salah", "password": NEW})
    right = here.post("/akun/kata-sandi/", {"current": OLD, "password": NEW})

    assert wrong.status_code == 400
    assert "Kata sandi ini salah." in text_of(wrong)
    assert right.status_code == 303
    assert is_in(here)
    assert not is_in(elsewhere)


def test_the_old_password_cannot_be_guessed_on_the_form(member, settings):
    settings.THROTTLING = settings.AXES_ENABLED = True
    client = Client()
    client.force_login(member)

    for n in range(settings.AXES_FAILURE_LIMIT):
        client.post("/akun/kata-sandi/", {"current": f"salah {n}", "password": NEW})

    right = client.post("/akun/kata-sandi/", {"current": OLD, "password": NEW})
    assert right.status_code == 429
    member.refresh_from_db()
    assert member.check_password(OLD)


def test_a_new_address_counts_once_its_mailbox_was_opened(member):
    client, before = log_in(member, OLD), member.email

    client.post("/akun/email/", {"email": "Baru@contoh.id", "current": OLD})
    member.refresh_from_db()
    assert member.email == before
    mail = last_mail("email_change")
    link = link_in(mail)
    assert mail.to == "baru@contoh.id"
    assert client.get(link).status_code == 200
    member.refresh_from_db()
    assert member.email == before

    client.post(link)

    member.refresh_from_db()
    assert member.email == "baru@contoh.id"
    assert last_mail("email_changed").to == before
    assert client.post(link).status_code == 404


def test_an_address_that_somebody_has_is_neither_taken_nor_told(member):
    other, client = make_customer(), log_in(member, OLD)

    answer = client.post("/akun/email/", {"email": other.email, "current": OLD})

    assert answer.status_code == 303
    assert not OutgoingMail.objects.filter(kind="email_change").exists()


def test_an_address_taken_between_mail_and_click_is_refused_kindly(member):
    client = log_in(member, OLD)
    client.post("/akun/email/", {"email": "rebutan@contoh.id", "current": OLD})
    link = link_in(last_mail("email_change"))
    User.objects.create_user("rebutan@contoh.id", OLD)

    page = client.post(link, follow=True)

    assert "tidak dapat dipakai" in text_of(page)


def test_name_and_phone(member):
    client = log_in(member, OLD)

    bad = client.post("/akun/profil/", {"name": "Sari", "phone": "abc"})
    client.post("/akun/profil/", {"name": " Sari Wulandari ", "phone": "0812 3456-7890"})

    member.refresh_from_db()
    assert bad.status_code == 400
    assert (member.name, member.phone) == ("Sari Wulandari", "+6281234567890")
    assert 'value="0812-3456-7890"' in text_of(client.get("/akun/profil/"))
