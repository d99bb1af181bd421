"""A QRIS picture: real EMV format and a real QR code, addressed to nobody who could be paid."""

from __future__ import annotations

import io

import segno

from payments.simulator.records import Transaction

QUIET_ZONE = 4


def qris_payload(transaction: Transaction, merchant: str) -> str:
    """The QR's text: EMV fields with a checksum. Its merchant account belongs to no acquirer."""
    account = _field("00", "ID.SIMULATOR.WWW") + _field("01", transaction.transaction_id.replace("-", "")[:19])
    text = "".join(
        (
            _field("00", "01"),
            _field("01", "12"),
            _field("26", account),
            _field("52", "5999"),
            _field("53", "360"),
            _field("54", str(transaction.gross_amount)),
            _field("58", "ID"),
            _field("59", f"SIMULATOR {merchant}".encode("ascii", "ignore").decode()[:25]),
            _field("60", "JAKARTA"),
            "6304",
        )
    )
    return f"{text}{_crc16(text.encode()):04X}"


def qris_picture(transaction: Transaction, merchant: str) -> bytes:
    """The QR code as an SVG document."""
    picture = io.BytesIO()
    code = segno.make(qris_payload(transaction, merchant), error="m", micro=False)
    code.save(picture, kind="svg", border=QUIET_ZONE, scale=8, dark="#14213d", light="#ffffff")
    return picture.getvalue()


def _field(tag: str, value: str) -> str:
    return f"{tag}{len(value):02}{value}"


def _crc16(data: bytes) -> int:
    """CRC-16/CCITT-FALSE, as EMV asks."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1) ^ 0x1021 if crc & 0x8000 else crc << 1
            crc &= 0xFFFF
    return crc
