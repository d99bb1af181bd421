"""How values look on staff pages. A badge is words and an icon and a colour; none of them alone."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, Literal

from django.contrib.staticfiles.storage import staticfiles_storage
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

Tone = Literal["menunggu", "dibayar", "dikemas", "dikirim", "selesai", "batal"]

NOTHING = "–"
SHORT = 24  # as long as an order's number
_DAYS = ("Sen", "Sel", "Rab", "Kam", "Jum", "Sab", "Min")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "Mei", "Jun", "Jul", "Agu", "Sep", "Okt", "Nov", "Des")
_JSON = '<pre class="st-json" tabindex="0" role="group" aria-label="JSON">{}</pre>'
_SECRETS = frozenset({"signature_key", "token", "saved_token_id", "redirect_url"})


def icon(name: str) -> SafeString:
    """Return an icon of the shop's own sprite; the words beside it say what it means."""
    url = staticfiles_storage.url("icons/sprite.svg")
    return format_html('<svg class="st-i" aria-hidden="true"><use href="{}#{}"></use></svg>', url, name)


def badge(text: str, tone: Tone, icon_name: str) -> SafeString:
    """Return a coloured word."""
    return format_html('<span class="st-badge st-{}">{}{}</span>', tone, icon(icon_name), text)


def money(amount: int | None) -> SafeString:
    """Return ``Rp1.250.000`` for a column of money."""
    if amount is None:
        return SafeString(NOTHING)
    sign, digits = ("-" if amount < 0 else ""), f"{abs(amount):,}".replace(",", ".")
    return format_html('<span class="st-money">{}Rp{}</span>', sign, digits)


def number(value: int) -> SafeString:
    """Return a whole number for a column."""
    return format_html('<span class="st-money">{}</span>', f"{value:,}".replace(",", "."))


def when(moment: datetime | None) -> SafeString:
    """Return a time in WIB: ``24 Nov 2026, 14.05 WIB``."""
    if moment is None:
        return SafeString(NOTHING)
    local = timezone.localtime(moment)
    return format_html(
        '<time datetime="{}" title="{}"><span class="st-nowrap">{}</span> <span class="st-nowrap">{} WIB</span></time>',
        local.isoformat(timespec="seconds"),
        _DAYS[local.weekday()],
        f"{local.day} {_MONTHS[local.month - 1]} {local.year},",
        f"{local:%H.%M}",
    )


def short_time(moment: datetime) -> SafeString:
    """Return a time for a narrow column: ``24 Nov, 14.05``; the whole of it in the title."""
    local = timezone.localtime(moment)
    whole = f"{_DAYS[local.weekday()]} {local.day} {_MONTHS[local.month - 1]} {local.year}, {local:%H.%M} WIB"
    text = f"{local.day} {_MONTHS[local.month - 1]}, {local:%H.%M}"
    return format_html('<time datetime="{}" title="{}">{}</time>', local.isoformat(timespec="seconds"), whole, text)


def age(moment: datetime, now: datetime | None = None) -> str:
    """Return how long ago something was, in one unit: ``3 jam``."""
    seconds = max(0, int(((now or timezone.now()) - moment).total_seconds()))
    for size, unit in ((86_400, "hari"), (3_600, "jam"), (60, "menit")):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return "baru saja"


def link(text: object, url_name: str, *arguments: object) -> SafeString:
    """Return a link to another admin page; a short text stays on one line."""
    css = "st-link st-nowrap" if len(str(text)) <= SHORT else "st-link"
    return format_html('<a class="{}" href="{}">{}</a>', css, reverse(f"admin:{url_name}", args=arguments), text)


def who(actor: str) -> str:
    """Return in words who acted, as the books name it: ``staff:<id> <email>``, ``customer:<id>``, ``midtrans``."""
    kind, _, rest = actor.partition(":")
    if kind == "staff":
        return rest.partition(" ")[2] or f"staf {rest}"
    return {"customer": "Pelanggan", "midtrans": "Midtrans", "system": "Sistem"}.get(kind, actor)


def in_one_piece(text: object) -> SafeString:
    """Return a text that is never broken over two lines: a number, an SKU."""
    return format_html('<span class="st-nowrap">{}</span>', text)


def as_json(data: Any) -> SafeString:
    """Return JSON to read, without what could be used (signatures, tokens of payment pages)."""
    if isinstance(data, str):
        try:
            data = json.loads(data)
        except ValueError:
            return format_html(_JSON, data)
    if isinstance(data, dict):
        data = {key: "…" if key in _SECRETS else value for key, value in data.items()}
    text = json.dumps(data, indent=2, ensure_ascii=False, sort_keys=True)
    return format_html(_JSON, text)
