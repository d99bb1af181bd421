"""The order mails: every fact in both parts, nothing of a customer's taken for markup, nothing left unfilled."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

import pytest
from django.template import Engine

from config.rendering import RenderedMail, render_mail

NAMES = ["order_received", "order_paid", "order_shipped", "order_cancelled", "order_expired", "order_refunded"]
URL = "https://infiya.store/pesanan/ORD-20261124-AB12CD/?k=abc&v=1"
PAY = "https://infiya.store/pesanan/ORD-20261124-AB12CD/bayar/?k=abc&v=1"

# What the text must say, mail by mail; the HTML says it as well.
FACTS = {
    "order_received": ["Rp701.000", "Rab 25 Nov 2026, 14.05 WIB", PAY, URL, "Mangkuk", "Rp290.000", "55281"],
    "order_paid": ["Rp701.000", URL, "0812-3456-7890", "Kemeja Batik", "Nila, L", "Rp22.000", "Sleman"],
    "order_shipped": ["JNE", "JX0012345678", URL, "Mangkuk", "Sleman"],
    "order_cancelled": ["ORD-20261124-AB12CD", URL, "Mangkuk"],
    "order_expired": ["Rab 25 Nov 2026, 14.05 WIB", URL, "Mangkuk"],
    "order_refunded": ["Rp150.000", "transfer bank", URL],
}


def context(**order: Any) -> dict[str, Any]:
    return {
        "order": {
            "number": "ORD-20261124-AB12CD",
            "items": [
                {
                    "name": "Kemeja Batik Kawung",
                    "variant_name": "Nila, L",
                    "quantity": 1,
                    "unit_price": 389_000,
                    "line_total": 389_000,
                },
                {
                    "name": "Mangkuk Keramik & Tatakan",
                    "variant_name": "",
                    "quantity": 2,
                    "unit_price": 145_000,
                    "line_total": 290_000,
                },
            ],
            "subtotal": 679_000,
            "shipping_cost": 22_000,
            "discount": 0,
            "total": 701_000,
            "courier": "JNE REG",
            "expires_at": datetime(2026, 11, 25, 7, 5, tzinfo=UTC),
            "recipient": "Ratna O'Hara",
            "phone": "+6281234567890",
            "street": "Jl. Kaliurang Km 5,6\nNo. 18",
            "district": "Depok",
            "city": "Sleman",
            "province": "DI Yogyakarta",
            "postal_code": "55281",
        }
        | order,
        "order_url": URL,
        "pay_url": PAY,
        "shipment": {"courier": "JNE", "resi": "JX0012345678"},
        "refund": {"amount": 150_000, "channel": "transfer bank"},
    }


class Reader(HTMLParser):
    """Collects the words and links of a page, and checks that what was opened is closed."""

    VOID = frozenset({"meta", "br", "img", "hr"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.links: list[str] = []
        self.open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self.VOID:
            self.open.append(tag)
        self.links += [value or "" for name, value in attrs if name == "href"]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    value: str = request.param
    return value


def flat(mail: RenderedMail) -> str:
    return " ".join(mail.text.split())


def test_both_parts_say_every_fact(name: str):
    mail = render_mail(name, context())
    page = Reader(mail.html)

    for fact in FACTS[name]:
        assert fact in flat(mail)
        # The received mail's page offers one thing to do: to pay.
        assert fact in page.text or fact in page.links or (name, fact) == ("order_received", URL)
    assert page.open == []


def test_nothing_is_left_unfilled(name: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Engine.get_default(), "string_if_invalid", "MISSING[%s]")

    mail = render_mail(name, context() | {"paid": False})

    assert not re.search(r"MISSING|\{[{%]|None", "".join(mail)), mail


def test_the_subject_is_one_line_of_plain_text(name: str):
    mail = render_mail(name, context(recipient="A\r\nBcc: x@example.com", number="ORD-1\r\nBcc: <x>&"))

    assert "\n" not in mail.subject
    assert "&lt;" not in mail.subject
    assert 10 < len(mail.subject) <= 200


def test_a_name_is_never_markup_on_the_page_and_never_escaped_in_the_text(name: str):
    hostile = "<img src=x onerror=alert(1)>&\"'"
    items = [{"name": hostile, "variant_name": hostile, "quantity": 2, "unit_price": 1, "line_total": 2}]

    mail = render_mail(name, context(recipient=hostile, street=hostile, items=items))

    assert "<img" not in mail.html
    assert "&lt;img" in mail.html
    assert hostile in mail.text
    assert "&lt;" not in mail.text
    assert "&amp;" not in mail.text


def test_the_page_needs_nothing_from_outside_and_no_style_sheet(name: str):
    mail = render_mail(name, context())

    assert not re.search(r"<(script|img|link|iframe|form)\b|@import|url\(", mail.html)
    assert len(mail.html) < 30_000, "Gmail cuts mails above 102 KB; ours stay far below"
    without_sheet = re.sub(r"<style>.*?</style>", "", mail.html, flags=re.DOTALL)
    assert 'width="600"' in without_sheet
    assert all("style=" in tag for tag in re.findall(r"<(?:p|h1|h2|a)\b[^>]*>", without_sheet))


def test_the_text_is_tidy(name: str):
    text = render_mail(name, context()).text

    assert "\n\n\n" not in text
    assert text == text.strip() + "\n"
    assert not re.search(r"[ \t]+\n", text)


def test_a_discount_is_shown_only_where_there_is_one():
    without = render_mail("order_paid", context())
    with_one = render_mail("order_paid", context(discount=50_000, total=651_000))

    assert "Potongan" not in without.text + without.html
    assert "Potongan: -Rp50.000" in with_one.text
    assert "-Rp50.000" in with_one.html


def test_a_cancelled_order_says_what_becomes_of_the_money():
    unpaid = render_mail("order_cancelled", context() | {"paid": False})
    paid = render_mail("order_cancelled", context() | {"paid": True})

    assert "Tidak ada yang perlu kamu bayar" in unpaid.text
    assert "uangmu kami kembalikan" in paid.text.lower()
    assert "Tidak ada yang perlu kamu bayar" not in paid.text + paid.html


def test_a_refund_of_everything_needs_no_amount():
    mail = render_mail("order_refunded", {name: value for name, value in context().items() if name != "refund"})

    assert mail.subject == "Uang untuk pesanan ORD-20261124-AB12CD kami kembalikan"
    assert "uangmu sudah kami kembalikan" in mail.text
    assert "uangmu sudah kami kembalikan" in mail.html


def test_an_attribute_works_like_a_key():
    class Shipment:
        courier = "SiCepat"
        tracking_number = "000123"

    mail = render_mail("order_shipped", context() | {"shipment": Shipment()})

    assert mail.subject == "Pesanan ORD-20261124-AB12CD dikirim: SiCepat 000123"
