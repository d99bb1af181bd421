"""What the operations look like, for the schema's readers."""

from __future__ import annotations

from typing import Any

CREDENTIALS = {"email": "pelanggan@infiya.store", "password": "demo-pelanggan"}
TOKEN = {"token": "inf_3vJ0…", "expiresAt": "2026-02-01T09:30:00+07:00"}
VARIANT: dict[str, Any] = {
    "id": "31",
    "sku": "KMJ-KWG-M",
    "name": "M",
    "options": {"Ukuran": "M"},
    "price": 325_000,
    "stock": 7,
    "weight": 300,
}
PRODUCT: dict[str, Any] = {
    "id": "12",
    "name": "Kemeja Batik Kawung",
    "slug": "kemeja-batik-kawung",
    "tagline": "Katun primisima, cap tangan",
    "description": "Kemeja lengan pendek dengan motif kawung.",
    "details": [{"label": "Bahan", "text": "Katun primisima"}],
    "category": {"slug": "pakaian", "name": "Pakaian"},
    "price": 325_000,
    "currency": "IDR",
    "inStock": True,
    "url": "https://infiya.store/produk/kemeja-batik-kawung/",
    "images": [
        {
            "large": "https://infiya.store/media/products/kawung-640.webp",
            "small": "https://infiya.store/media/products/kawung-320.webp",
            "alt": "Kemeja batik kawung, tampak depan",
        },
    ],
    "variants": [VARIANT],
}
ADDRESS_INPUT: dict[str, Any] = {
    "recipient": "Sari Wulandari",
    "phone": "0812-3456-7890",
    "province": "DKI Jakarta",
    "city": "Jakarta Selatan",
    "district": "Kebayoran Baru",
    "postalCode": "12110",
    "street": "Jl. Melati No. 5, RT 01/RW 02",
    "isDefault": True,
}
ADDRESS: dict[str, Any] = {"id": "4", **ADDRESS_INPUT, "phone": "+6281234567890"}
