"""Every mail of the shop with made-up data, to look at: nothing of it ever happened, so any staff member may."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from django.conf import settings

from config.rendering import RenderedMail, render_mail

_ORDER: Final[dict[str, Any]] = {
    "number": "ORD-20261124-7K3Q9A",
    "items": [
        {
            "name": "Kemeja Batik Kawung Nila Lengan Panjang Edisi Perajin Giriloyo",
            "variant_name": "Nila, L",
            "quantity": 1,
            "unit_price": 389_000,
            "line_total": 389_000,
        },
        {
            "name": "Mangkuk Keramik Seladon 16 cm",
            "variant_name": "Seladon",
            "quantity": 2,
            "unit_price": 145_000,
            "line_total": 290_000,
        },
    ],
    "subtotal": 679_000,
    "shipping_cost": 22_000,
    "discount": 50_000,
    "total": 651_000,
    "courier": "JNE Reguler",
    "expires_at": datetime(2026, 11, 25, 7, 5, tzinfo=UTC),
    "recipient": "Ratna Wulandari",
    "phone": "+6281234567890",
    "street": "Jl. Kaliurang Km 5,6 No. 18, RT 03/RW 05",
    "district": "Depok",
    "city": "KABUPATEN SLEMAN",
    "province": "DAERAH ISTIMEWA YOGYAKARTA",
    "postal_code": "55281",
}
_SHIPMENT: Final = {"courier": "JNE", "tracking_number": "JP2611240981"}

# name: its words in the list, and what it needs beyond the order
EXAMPLES: Final[Mapping[str, tuple[str, Mapping[str, Any]]]] = {
    "order_received": ("Pesanan dibuat", {}),
    "order_reminder": ("Pengingat bayar", {}),
    "order_paid": ("Pembayaran diterima", {}),
    "order_shipped": ("Dikirim", {"shipment": _SHIPMENT}),
    "order_expired": ("Kedaluwarsa", {}),
    "order_cancelled": ("Dibatalkan sebelum dibayar", {"paid": False}),
    "order_cancelled-paid": ("Dibatalkan setelah dibayar", {"paid": True}),
    "order_refunded": ("Uang dikembalikan", {"refund": {"amount": 651_000, "channel": "transfer bank"}}),
    "cancel_answer-yes": ("Permintaan batal disetujui", {"accepted": True, "answer": ""}),
    "cancel_answer-no": ("Permintaan batal ditolak", {"accepted": False, "answer": "Paketnya sudah disegel kurir."}),
    "order_link": ("Tautan pesanan", {}),
    "guest_account": ("Tamu membuat akun", {"hours": 72}),
    "guest_has_account": ("Tamu sudah punya akun", {}),
    "new_account": ("Mendaftar", {"hours": 24}),
    "has_account": ("Mendaftar, sudah punya akun", {}),
    "password_reset": ("Lupa kata sandi", {"hours": 2}),
    "password_changed": ("Kata sandi diganti", {}),
    "email_change": ("E-mail baru", {"hours": 24}),
    "email_changed": ("E-mail diganti", {}),
    "account_deleted": ("Akun dihapus", {}),
}


def example_mail(key: str) -> RenderedMail:
    """Render the example ``key``: a mail's name, with what sets it apart after a hyphen. Raises KeyError."""
    context = EXAMPLES[key][1]
    order_url = f"{settings.SITE_URL}/pesanan/contoh/"
    links = {"order_url": order_url, "pay_url": f"{order_url}bayar/", "url": f"{settings.SITE_URL}/contoh/"}
    return render_mail(key.partition("-")[0], {"order": _ORDER, "name": "Ratna Wulandari"} | links | dict(context))
