"""Telephone numbers: forgiving on the way in, E.164 inside."""

from __future__ import annotations

import re

_NOISE = re.compile(r"[\s().\-]+")
_E164 = re.compile(r"\+[1-9][0-9]{7,14}")
_INDONESIAN = re.compile(r"\+62[1-9][0-9]{7,11}")


def normalise_phone(text: str) -> str:
    """Return ``text`` (``0812 3456-789``, ``62812…``, ``+62812…``) as E.164. Raises ValueError if it is no number."""
    compact = _NOISE.sub("", text)
    if not compact.isascii():
        raise ValueError("not a telephone number")
    if compact.startswith("00"):
        compact = "+" + compact[2:]
    elif compact.startswith("0"):
        compact = "+62" + compact[1:]
    elif compact.startswith("62"):
        compact = "+" + compact
    elif compact.startswith("8"):
        compact = "+62" + compact
    pattern = _INDONESIAN if compact.startswith("+62") else _E164
    if not pattern.fullmatch(compact):
        raise ValueError("not a telephone number")
    return compact


def local_phone(e164: str) -> str:
    """Return an E.164 number the way people write it: ``0812-3456-7890``; foreign ones stay as they are."""
    if not e164.startswith("+62"):
        return e164
    digits = "0" + e164[3:]
    return "-".join(part for part in (digits[:4], digits[4:8], digits[8:]) if part)
