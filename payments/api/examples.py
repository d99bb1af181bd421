"""What the operations look like, for the schema's readers."""

from __future__ import annotations

from typing import Any

ORDER_INPUT: dict[str, Any] = {
    "items": [{"productId": "12", "variantId": "31", "quantity": 2}],
    "addressId": "4",
    "idempotencyKey": "7f1c9a52-checkout",
    "note": "Tolong dibungkus kado",
}
ORDER: dict[str, Any] = {
    "id": "501",
    "orderNumber": "ORD-20260131-7KQ2MX",
    "status": "PENDING_PAYMENT",
    "isClosing": False,
    "items": [
        {
            "productId": "12",
            "variantId": "31",
            "sku": "KMJ-KWG-M",
            "name": "Kemeja Batik Kawung",
            "variantName": "M",
            "unitPrice": 325_000,
            "quantity": 2,
            "lineTotal": 650_000,
        },
    ],
    "subtotal": 650_000,
    "shippingCost": 12_000,
    "discount": 0,
    "voucherCode": None,
    "total": 662_000,
    "currency": "IDR",
    "shippingMethod": "jne-reg",
    "courier": "JNE REG",
    "shippingAddress": {
        "recipient": "Sari Wulandari",
        "phone": "+6281234567890",
        "province": "DKI Jakarta",
        "city": "Jakarta Selatan",
        "district": "Kebayoran Baru",
        "postalCode": "12110",
        "street": "Jl. Melati No. 5, RT 01/RW 02",
    },
    "note": "Tolong dibungkus kado",
    "createdAt": "2026-01-31T09:30:00+07:00",
    "expiresAt": "2026-02-01T09:30:00+07:00",
    "paidAt": None,
    "payment": None,
    "shipments": [],
}
SHORT: dict[str, Any] = {
    "code": "insufficient_stock",
    "stockIssue": True,
    "availableStock": 5,
    "requestedQuantity": 10,
    "items": [
        {
            "variantId": "31",
            "sku": "KMJ-KWG-M",
            "name": "Kemeja Batik Kawung",
            "availableStock": 5,
            "requestedQuantity": 10,
        },
    ],
}
SHORT_TEXT = "Stok tidak mencukupi. Tersedia: 5, diminta: 10"
STARTED: dict[str, Any] = {
    "token": "66e4fa55-fdac-4ef9-91b5-733b97d1b862",
    "redirectUrl": "https://app.sandbox.midtrans.com/snap/v4/redirection/66e4fa55-fdac-4ef9-91b5-733b97d1b862",
    "duplicate": False,
}
STARTED_AGAIN: dict[str, Any] = {"message": "Pembayaran sudah diproses"} | STARTED | {"duplicate": True}
