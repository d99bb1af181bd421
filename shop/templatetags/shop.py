"""Filters and tags that every template has (a template builtin)."""

from __future__ import annotations

import json
from datetime import datetime
from functools import cache
from typing import Any

from django import template
from django.contrib.staticfiles.storage import staticfiles_storage
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from shop import linked_data as linked
from shop import money
from shop.phone import local_phone
from shop.places import short_name

register = template.Library()

_DAYS = ("Sen", "Sel", "Rab", "Kam", "Jum", "Sab", "Min")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "Mei", "Jun", "Jul", "Agu", "Sep", "Okt", "Nov", "Des")


@register.filter
def rupiah(amount: int | None) -> str:
    """``1250000`` -> ``Rp1.250.000``; nothing for None."""
    return "" if amount is None else money.rupiah(int(amount))


@register.filter
def angka(number: int) -> str:
    """``10051`` -> ``10.051``."""
    return f"{number:,}".replace(",", ".")


@register.filter
def wib(moment: datetime | None) -> str:
    """A time in WIB: ``Sel 24 Nov 2026, 14.05 WIB``."""
    if moment is None:
        return ""
    local = timezone.localtime(moment)
    day, month = _DAYS[local.weekday()], _MONTHS[local.month - 1]
    return f"{day} {local.day} {month} {local.year}, {local:%H.%M} WIB"


@register.filter
def telepon(e164: str) -> str:
    """``+6281234567890`` -> ``0812-3456-7890``."""
    return local_phone(e164)


@register.filter
def daerah(name: str) -> str:
    """A region as people write it on a parcel: ``KABUPATEN SLEMAN`` -> ``Kab. Sleman``."""
    return short_name(name)


@register.filter
def nama_depan(name: str) -> str:
    """The first word of a name, to greet with; a long name does not become a headline of four lines."""
    return name.split(maxsplit=1)[0] if name.split() else name


@register.filter
def groups_of_four(digits: str) -> str:
    """``88012345678`` -> ``8801 2345 678``, the way people read a number aloud."""
    return " ".join(digits[i : i + 4] for i in range(0, len(digits), 4))


_IN_SCRIPT = {ord("<"): "\\u003C", ord(">"): "\\u003E", ord("&"): "\\u0026", 0x2028: "\\u2028", 0x2029: "\\u2029"}


@register.filter
def linked_data(data: dict[str, Any] | None) -> SafeString:
    """A JSON-LD block, or nothing; nothing in it can end the block."""
    if not data:
        return SafeString()
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).translate(_IN_SCRIPT)
    return format_html('<script type="application/ld+json">{}</script>', SafeString(text))


@register.filter
def absolute(path: str) -> str:
    """An address of this site with its host, as feeds and previews want it."""
    return linked.absolute(path)


@cache
def _sprite_url() -> str:
    return staticfiles_storage.url("icons/sprite.svg")


@register.simple_tag
def icon(name: str, css: str = "i") -> SafeString:
    """An icon of the sprite, hidden from screen readers: the words beside it say what it means."""
    return format_html('<svg class="{}" aria-hidden="true"><use href="{}#{}"></use></svg>', css, _sprite_url(), name)
