"""Couriers: what a tracking number (resi) looks like, and where a parcel is followed.

The shape catches a slip of the finger before a customer gets it.

No courier publishes a grammar. The shapes are wide on purpose: they catch a phone number, a number that a spreadsheet
has rounded, or another courier's resi, and refuse nothing that the courier prints. A courier without a line of its own
gets the general rule.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from config.errors import InvalidInputError


@dataclass(frozen=True)
class Shape:
    """A pattern for the whole resi, and the same in words."""

    pattern: str
    words: str


GENERAL = Shape(r"[A-Z0-9\-]{6,40}", "6 sampai 40 huruf, angka atau tanda hubung")
SHAPES: dict[str, Shape] = {
    "JNE": Shape(r"[A-Z0-9]{8,20}", "8 sampai 20 huruf atau angka"),
    "J&T": Shape(r"J[A-Z0-9][0-9]{6,14}", "JP, JX, JD atau JT diikuti 6 sampai 14 angka"),
    "SICEPAT": Shape(r"[0-9A-Z]{10,16}", "10 sampai 16 angka"),
    "ANTERAJA": Shape(r"[0-9A-Z]{10,20}", "10 sampai 20 angka"),
    "POS INDONESIA": Shape(r"[A-Z0-9]{9,20}", "9 sampai 20 huruf atau angka"),
    "NINJA XPRESS": Shape(r"[A-Z0-9\-]{9,30}", "9 sampai 30 huruf atau angka"),
}
_ROUNDED = re.compile(r"\d(?:[.,]\d+)?E\+?\d+")
_PHONE = re.compile(r"(?:\+?62|0)8[0-9]{8,11}")


def clean_resi(courier: str, text: str) -> str:
    """Return a resi as it is stored: capitals, no spaces.

    Raises InvalidInputError (``tracking_number``) for what cannot be one of this courier's.
    """
    resi = re.sub(r"\s+", "", text).strip("'\"").upper()
    if _ROUNDED.fullmatch(resi):
        told = f"{resi} sudah dibulatkan oleh spreadsheet. Ubah kolomnya menjadi teks, lalu salin ulang."
        raise InvalidInputError("tracking_number", told)
    shape = shape_of(courier)
    if not re.fullmatch(shape.pattern, resi):
        name = f" {courier.strip()}" if shape is not GENERAL else ""
        raise InvalidInputError("tracking_number", f"Nomor resi{name} harus {shape.words}.")
    if _PHONE.fullmatch(resi) and shape is not GENERAL:
        raise InvalidInputError("tracking_number", f"{resi} seperti nomor telepon, bukan resi.")
    return resi


def shape_of(courier: str) -> Shape:
    """Return what a resi of this courier looks like."""
    return SHAPES.get(courier.strip().upper(), GENERAL)


# The couriers' own pages: the number is pasted there; none promises a deep link.
_PAGES: Final = {
    "jne": "https://www.jne.co.id/tracking-package",
    "j&t": "https://jet.co.id/track",
    "sicepat": "https://www.sicepat.com/",
    "anteraja": "https://anteraja.id/id/tracking",
    "pos": "https://www.posindonesia.co.id/id/tracking",
    "tiki": "https://www.tiki.id/id/track",
    "ninja": "https://www.ninjaxpress.co/id-id/tracking",
    "lion": "https://lionparcel.com/track/stt",
}


def tracking_page(courier: str) -> str:
    """Return the page on which ``courier`` (``JNE``, ``Pos Indonesia``) shows where a parcel is, or nothing."""
    name = courier.strip().lower().replace(" ", "")
    return next((page for start, page in _PAGES.items() if name.startswith(start)), "")
