"""The examples of every mail: complete, filled in, and open to staff anywhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.contrib.auth import get_user_model
from django.template import Engine
from django.test import Client

from config.mail_examples import EXAMPLES, example_mail
from tests.config.test_mail_templates import Reader

FOLDER = Path(__file__).resolve().parents[2] / "templates" / "mail"
NOT_FOR_CUSTOMERS = {"alert", "alert_capped", "alert_digest", "alert_healed"}


def test_every_mail_to_a_customer_has_an_example():
    written = {path.name.removesuffix(".subject.txt") for path in FOLDER.glob("*.subject.txt")}

    assert {key.partition("-")[0] for key in EXAMPLES} == written - NOT_FOR_CUSTOMERS


@pytest.mark.parametrize("key", EXAMPLES)
def test_both_parts_are_whole(key, monkeypatch):
    monkeypatch.setattr(Engine.get_default(), "string_if_invalid", "MISSING[%s]")

    mail = example_mail(key)
    page = Reader(mail.html)

    assert not re.search(r"MISSING|\{[{%]|None", "".join(mail)), mail
    assert 10 < len(mail.subject) <= 80
    assert page.open == []
    assert not re.search(r"<(script|img|link|iframe|form)\b|@import|url\(", mail.html)
    heading = mail.text.partition("\n")[0]
    assert heading in page.text
    # Whatever the page's button opens, the text writes out.
    assert any(link in mail.text for link in page.links if link.startswith("http"))
    assert "\n\n\n" not in mail.text
    assert not re.search(r"[ \t]+\n", mail.text)


@pytest.mark.django_db
def test_staff_see_them_and_nobody_else(settings):
    settings.DEBUG = False
    client = Client()
    assert client.get("/staf/mail/contoh/")["Location"].startswith("/admin/login/")
    client.force_login(get_user_model().objects.create_user("gudang@infiya.store", is_staff=True))

    page = client.get("/staf/mail/contoh/order_paid/")
    raw = client.get("/staf/mail/contoh/order_paid/html/")

    assert "Pembayaran diterima" in page.content.decode()
    assert raw["Content-Security-Policy"].startswith("sandbox")
    assert client.get("/staf/mail/contoh/").status_code == 200
    assert client.get("/staf/mail/contoh/alert/").status_code == 404
    assert client.get("/staf/mail/").status_code == 404
