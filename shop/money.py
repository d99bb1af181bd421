"""Rupiah: whole numbers, written the Indonesian way."""

from __future__ import annotations


def rupiah(amount: int) -> str:
    """Return ``amount`` (whole rupiah) as ``Rp1.250.000``; a negative one as ``-Rp50.000``."""
    text = f"{abs(amount):,}".replace(",", ".")
    return f"-Rp{text}" if amount < 0 else f"Rp{text}"
