"""The way into the staff admin, in Indonesian; and the words of the theme."""

from __future__ import annotations

import ast
import gettext
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from tests.support.staff import make_staff
from tests.support.world import make_customer

pytestmark = pytest.mark.django_db(transaction=True)

LOCALE = Path(settings.BASE_DIR) / "locale" / "id" / "LC_MESSAGES"


def try_login(client: Client, email: str, password: str) -> str:
    answer = client.post(reverse("admin:login"), {"username": email, "password": password, "next": "/admin/"})
    return "" if answer.status_code == 302 else answer.content.decode()


def test_staff_come_in_with_their_e_mail_in_any_spelling() -> None:
    staff = make_staff("kasir")
    client = Client()

    assert try_login(client, str(staff.email).upper(), "kata-sandi-panjang") == ""
    assert client.get(reverse("admin:index")).status_code == 200


@pytest.mark.parametrize("who", ["customer", "wrong", "unknown", "former"])
def test_everybody_else_reads_the_same_sentence(who: str) -> None:
    staff, customer = make_staff("kasir"), make_customer()
    if who == "former":
        staff.is_active = False
        staff.save(update_fields=["is_active"])
    email = {"customer": customer.email, "unknown": "siapa@example.com"}.get(who, staff.email)
    password = "salah-sekali" if who == "wrong" else "kata-sandi-panjang"

    page = try_login(Client(), str(email), password)

    assert "E-mail atau kata sandi salah, atau akun ini bukan akun staf." in page


def test_the_page_is_in_indonesian_and_asks_nobody_outside() -> None:
    page = Client().get(reverse("admin:login")).content.decode()

    assert '<html lang="id"' in page
    for word in ("E-mail", "Kata sandi", "Masuk", "Kembali ke toko"):
        assert word in page
    for word in ("Log in", "Password", "Welcome", "Return to site", "https://"):
        assert word not in page


def test_the_compiled_words_are_those_of_the_source() -> None:
    with (LOCALE / "django.mo").open("rb") as compiled:
        words = gettext.GNUTranslations(compiled)
    source = (LOCALE / "django.po").read_text(encoding="utf-8")
    entries = [block.strip().split("\n") for block in source.split("\n\n") if block.startswith("msgid ")]

    wrong = []
    for lines in entries:
        key, value = ast.literal_eval(lines[0].removeprefix("msgid ")), ast.literal_eval(lines[-1].split(" ", 1)[1])
        if lines[1].startswith("msgid_plural"):
            plural = ast.literal_eval(lines[1].removeprefix("msgid_plural "))
            found = words.ngettext(key, plural, 2)
        else:
            found = words.gettext(key)
        if found != value:
            wrong.append(key)
    assert len(entries) > 50
    assert wrong == []
