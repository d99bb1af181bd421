"""Registering: a mailed link makes the account, and nobody learns from it who has one."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from config.models import OutgoingMail
from shop import links
from shop.models import Cart, CartItem, User
from shop.selectors import CART_SESSION_KEY
from shop.services import registration
from tests.factories import UserFactory, VariantFactory
from tests.shop.test_credentials import is_in, last_mail, link_in
from tests.support.checkout import main_of, text_of
from tests.support.threads import run_together

pytestmark = pytest.mark.django_db

REGISTER, MAILED = "/daftar/", "/daftar/terkirim/"
NEW = {"name": "Ratna", "email": "ratna@example.com"}
PASSWORD = "teh-manis-hangat"


def ask(client: Client, **changes: str) -> str:
    """Ask for an account and return the link in the mail."""
    assert client.post(REGISTER, NEW | changes)["Location"] == MAILED
    return link_in(last_mail("new_account"))


def test_the_answer_is_the_same_whether_the_address_has_an_account(django_assert_num_queries):
    owner = UserFactory.create(email="lama@example.com", name="Pemilik Lama")
    answers = {}
    for email in (NEW["email"], "lama@example.com"):
        client = Client()
        with django_assert_num_queries(9):  # the user, the mail, the session; and what unit_of_work asks
            answer = client.post(REGISTER, NEW | {"email": email.upper()})
        page = main_of(client.get(answer["Location"])).replace(email, "ALAMAT")
        answers[email] = (answer.status_code, answer["Location"], answer.content, set(answer.cookies), page)

    assert answers[NEW["email"]] == answers["lama@example.com"]
    assert list(OutgoingMail.objects.order_by("pk").values_list("kind", "to")) == [
        ("new_account", NEW["email"]),
        ("has_account", "lama@example.com"),
    ]
    assert list(User.objects.all()) == [owner]


def test_the_owner_of_an_account_is_told_where_to_log_in_and_keeps_it(client):
    owner = UserFactory.create(email=NEW["email"], name="Pemilik Lama")
    before = owner.password

    client.post(REGISTER, NEW)

    assert link_in(last_mail("has_account")) == "/masuk/"
    owner.refresh_from_db()
    assert (owner.name, owner.password, is_in(client)) == ("Pemilik Lama", before, False)


def test_the_mailed_link_makes_the_member_and_logs_him_in(client):
    link = ask(client, email="Ratna@Example.com", next="/checkout/")
    assert not User.objects.exists()

    answer = client.post(link, {"password": PASSWORD})

    user = User.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, "/checkout/")
    assert (user.email, user.name, user.is_guest, user.is_staff) == ("ratna@example.com", "Ratna", False, False)
    assert user.check_password(PASSWORD)
    assert client.session["_auth_user_id"] == str(user.pk)
    assert last_mail("new_account").reference == f"akun-{user.pk}"


def test_opening_a_link_uses_nothing_up_and_its_use_does(client):
    link = ask(client)

    assert client.get(link).status_code == client.get(link).status_code == 200
    assert client.post(link, {"password": "pendek"}).status_code == 400
    assert client.post(link, {"password": PASSWORD}).status_code == 303
    assert Client().get(link).status_code == 404
    assert Client().post(link, {"password": "sandi-orang-lain"}).status_code == 404
    assert User.objects.get().check_password(PASSWORD)


def test_a_link_ends_with_its_time(client, monkeypatch):
    link = ask(client)

    monkeypatch.setattr(links, "NEW_ACCOUNT", links.Purpose(links.NEW_ACCOUNT.salt, timedelta(seconds=-1)))

    assert client.get(link).status_code == 404
    assert "Daftar sekali lagi" in text_of(client.get(link))


def test_the_link_works_where_the_mail_is_read_and_the_cart_comes_along_where_it_was_filled(client):
    variant = VariantFactory.create()
    client.post("/keranjang/tambah/", {"varian": variant.pk, "jumlah": "2"})
    link = ask(client)

    client.post(link, {"password": PASSWORD})

    assert CartItem.objects.get(cart__user__email=NEW["email"]).quantity == 2
    assert client.session[CART_SESSION_KEY] == Cart.objects.get().token
    elsewhere = Client()
    assert elsewhere.post(ask(elsewhere, email="lain@example.com"), {"password": PASSWORD}).status_code == 303
    assert is_in(elsewhere)


def test_where_the_mail_went_is_told_to_the_session_that_asked_alone(client):
    ask(client)

    assert NEW["email"] in text_of(client.get(MAILED))
    assert NEW["email"] not in text_of(Client().get(MAILED))


def test_what_a_stranger_typed_does_not_stand_in_the_mail(client):
    ask(client, name="Hadiah di http://jahat.example")

    mail = last_mail("new_account")
    assert "jahat" not in mail.subject + mail.text + mail.html


@pytest.mark.parametrize(
    ("field", "value"),
    [("email", "bukan e-mail"), ("email", ""), ("name", ""), ("name", "x" * 121), ("name", "a\x00b")],
)
def test_what_is_wrong_is_said_at_its_field(client, read, field, value):
    answer = client.post(REGISTER, NEW | {field: value})
    page = read(answer)

    assert answer.status_code == 400
    assert page.title.startswith("Kesalahan: ")
    assert page.all("a", href=f"#id_{field}")
    assert page.one("input", id=f"id_{field}")["aria-invalid"] == "true"
    assert not OutgoingMail.objects.exists()


@pytest.mark.parametrize("password", ["pendek", "password123", "ratna@example.com"])
def test_a_poor_password_is_refused_at_the_link(client, password):
    answer = client.post(ask(client), {"password": password})

    assert answer.status_code == 400
    assert not User.objects.exists()


def test_nobody_registers_as_staff(client):
    rights = {"is_staff": "on", "is_superuser": "on"}
    client.post(REGISTER, NEW | rights)
    client.post(link_in(last_mail("new_account")), {"password": PASSWORD} | rights)

    user = User.objects.get()
    assert (user.is_staff, user.is_superuser) == (False, False)


def test_asking_too_often_is_429_and_one_mail_for_either_kind(settings):
    settings.THROTTLING = True
    UserFactory.create(email="lama@example.com")

    for number, email in enumerate((NEW["email"], "lama@example.com")):
        guest = Client(REMOTE_ADDR=f"10.0.0.{number}")
        with time_machine.travel(timezone.now(), tick=False):  # a mail's key changes every five minutes
            answers = [guest.post(REGISTER, NEW | {"email": email}) for _ in range(6)]
        assert [answer.status_code for answer in answers] == [303] * 5 + [429]

    assert OutgoingMail.objects.count() == 2


def test_a_long_way_to_go_on_does_not_make_a_link_that_no_mailbox_takes(client):
    answer = client.post(ask(client, next=f"/cari/?q={'x' * 3000}"), {"password": PASSWORD})

    assert answer["Location"] == "/akun/"


@pytest.mark.django_db(transaction=True)
def test_of_two_uses_at_once_one_makes_the_account():
    token = links.make_newcomer_token(links.Newcomer(NEW["email"], NEW["name"], "/akun/"))

    def finish(password):
        return partial(registration.finish_registration, token=token, password=password)

    outcomes = run_together([finish("sandi yang pertama"), finish("sandi yang kedua")])

    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["NotFoundError", "User"]
    assert User.objects.count() == 1
