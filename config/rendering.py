"""Mails from templates: ``templates/mail/<name>.subject.txt``, ``.txt`` and ``.html``.

Rendered once, when the mail is queued; a retry sends what was rendered. The HTML has its styles inline,
because many mail programs drop a style sheet; ``STYLE`` names them, so that the templates stay readable:
``style="{% style p %}"``. A mail is read by people on the road: text and HTML say the same, times are WIB,
and every link is written out in the text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from django.conf import settings
from django.template import Context
from django.template.loader import get_template

from config.mail import one_line

# Unquoted on purpose: valid CSS, and nothing that would have to be escaped inside an attribute.
_FONT: Final = "font-family:Plus Jakarta Sans,Segoe UI,Roboto,Helvetica,Arial,sans-serif;"
_INK: Final = f"{_FONT}color:#14213d;"
_BREAK: Final = "word-break:break-word;"
_MUTED: Final = f"{_FONT}color:#52607a;"
_ROW: Final = f"{_INK}padding:4px 0;font-size:16px;line-height:24px;"
_LINE: Final = f"{_INK}padding:12px 0;border-top:1px solid #d5dde3;font-size:16px;line-height:24px;"
_SUM: Final = f"{_INK}padding:12px 0 0;font-size:18px;line-height:24px;font-weight:800;"
_CHIP: Final = (
    f"{_FONT}display:inline-block;border-radius:99px;padding:3px 12px;font-size:14px;line-height:20px;font-weight:700;"
)

STYLE: Final[Mapping[str, str]] = {
    "body": "margin:0;padding:0;background:#f6f8f7;",
    "head": f"{_FONT}background:#14245a;border-radius:10px 10px 0 0;padding:20px 40px;font-size:22px;line-height:28px;"
    "font-weight:800;letter-spacing:-0.5px;color:#eef2ff;",
    "card": "background:#ffffff;padding:36px 40px 8px;",
    "foot": "background:#ffffff;border-top:1px solid #d5dde3;border-radius:0 0 10px 10px;padding:20px 40px 28px;",
    "below": f"{_MUTED}padding:20px 0;font-size:14px;line-height:20px;",
    "chip_ok": f"{_CHIP}background:#ddf5e6;color:#14532d;",
    "chip_wait": f"{_CHIP}background:#fff1c2;color:#6b4e00;",
    "chip_off": f"{_CHIP}background:#e6ebf1;color:#33415c;",
    "h1": f"{_INK}{_BREAK}margin:0 0 12px;font-size:28px;line-height:34px;font-weight:800;letter-spacing:-0.6px;",
    "h2": f"{_INK}margin:0 0 12px;font-size:18px;line-height:24px;font-weight:800;",
    "p": f"{_INK}{_BREAK}margin:0 0 24px;font-size:16px;line-height:26px;",
    "last_p": f"{_INK}{_BREAK}margin:0 0 32px;font-size:16px;line-height:26px;",
    "small": f"{_MUTED}margin:12px 0 32px;font-size:14px;line-height:22px;",
    "note": f"{_MUTED}{_BREAK}margin:0;font-size:14px;line-height:22px;",
    "detail": f"{_MUTED}font-size:14px;line-height:22px;",
    "button_cell": "background:#f2b705;border-radius:8px;",
    "button": f"{_FONT}display:inline-block;padding:14px 26px;font-size:16px;line-height:20px;font-weight:700;"
    "color:#14213d;text-decoration:none;",
    "link": "color:#1f3a8a;",
    "line": f"{_LINE}{_BREAK}",
    "line_money": f"{_LINE}padding-left:12px;white-space:nowrap;",
    "row": f"{_ROW}{_BREAK}",
    "row_money": f"{_ROW}padding-left:12px;white-space:nowrap;",
    "sum": _SUM,
    "sum_money": f"{_SUM}padding-left:12px;white-space:nowrap;",
    "totals": "border-top:1px solid #d5dde3;margin-bottom:32px;",
}


class RenderedMail(NamedTuple):
    """What ``queue_mail`` takes: ``queue_mail(kind=..., key=..., to=..., **rendered._asdict())``."""

    subject: str
    text: str
    html: str


def render_mail(name: str, context: Mapping[str, Any]) -> RenderedMail:
    """Render the mail ``name``. The order mails want (see ``templates/mail``):

    ``order`` with number, total, subtotal, shipping_cost, discount, courier, expires_at, recipient, phone (E.164),
    street, district, city, province, postal_code and ``items``, a *list* of name, variant_name, quantity, unit_price
    and line_total (rupiah, integers); ``order_url``; for order_received ``pay_url``; for order_shipped ``shipment``
    with courier and resi (or tracking_number); for order_refunded ``refund`` with amount and channel, or nothing when
    all of it went back; for order_cancelled ``paid``: money was paid and goes back. Attributes and dictionary keys
    both work.
    """
    full = {
        "site_name": settings.SITE_NAME,
        "site_url": settings.SITE_URL,
        "contact_email": settings.CONTACT_EMAIL,
        "whatsapp_number": settings.WHATSAPP_NUMBER,
    } | dict(context)
    subject = one_line(_plain(f"mail/{name}.subject.txt", full))
    text = re.sub(r"\n{3,}", "\n\n", _plain(f"mail/{name}.txt", full)).strip() + "\n"
    html = get_template(f"mail/{name}.html").render(full | {"subject": subject})
    return RenderedMail(subject, text, html)


def _plain(template: str, context: Mapping[str, Any]) -> str:
    """Render a text template: nothing is escaped, since ``&amp;`` in a plain text is a mistake, not a safeguard."""
    # Django has one switch for a whole engine; the template beneath takes it per rendering.
    inner: Any = get_template(template)
    rendered: str = inner.template.render(Context(dict(context), autoescape=False))
    return rendered
