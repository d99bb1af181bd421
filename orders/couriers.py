"""Where a parcel is followed: the couriers' own pages. The number is pasted there; none promises a deep link."""

from __future__ import annotations

from typing import Final

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
