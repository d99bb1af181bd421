"""How sums, numbers and times are written for an Indonesian reader."""

from __future__ import annotations

from datetime import datetime

from payments.simulator.clock import WIB

DAYS = ("Sen", "Sel", "Rab", "Kam", "Jum", "Sab", "Min")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "Mei", "Jun", "Jul", "Agu", "Sep", "Okt", "Nov", "Des")


def rupiah(amount: int) -> str:
    """``Rp1.250.000``; a discount is ``-Rp10.000``."""
    sign = "-" if amount < 0 else ""
    return f"{sign}Rp{abs(amount):,}".replace(",", ".")


def grouped(number: str) -> str:
    """A payment number in groups of four."""
    return " ".join(number[start : start + 4] for start in range(0, len(number), 4))


def deadline(moment: float) -> str:
    """``Sel, 24 Nov 2026, 14.05 WIB``."""
    when = datetime.fromtimestamp(moment, WIB)
    return (
        f"{DAYS[when.weekday()]}, {when.day} {MONTHS[when.month - 1]} {when.year}, {when.hour:02}.{when.minute:02} WIB"
    )
