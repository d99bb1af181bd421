"""How to pay with the method that was chosen: numbers to copy and steps to follow, from the gateway's last answer.

The answer is outside data: only short, plain values of known fields are taken from it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from shop.templatetags.shop import groups_of_four

_WIB = ZoneInfo("Asia/Jakarta")
_NUMBER = re.compile(r"[0-9]{4,32}")
_WORD = re.compile(r"[A-Za-z0-9 ]{2,20}")


@dataclass(frozen=True)
class Number:
    """A number that has to be typed elsewhere."""

    label: str
    value: str

    @property
    def shown(self) -> str:
        """Return a long number in groups of four; a short code stays whole."""
        return groups_of_four(self.value) if len(self.value) > 8 else self.value

    @property
    def slug(self) -> str:
        """Return a word for the page's ids."""
        return self.label.lower().replace(" ", "-")


@dataclass(frozen=True)
class Guide:
    """Numbered steps of one way to pay; ``title`` is what the customer has in hand."""

    title: str
    steps: tuple[str, ...]


@dataclass(frozen=True)
class Method:
    """A chosen way to pay. ``on_page``: it goes on at the gateway's page (QR code, app, card)."""

    mark: str
    name: str
    numbers: tuple[Number, ...] = ()
    guides: tuple[Guide, ...] = ()
    hint: str = ""
    on_page: bool = False
    ends_at: datetime | None = field(default=None)


_BANKS = {
    "bca": "BCA",
    "bni": "BNI",
    "bri": "BRI",
    "cimb": "CIMB",
    "danamon": "Danamon",
    "bsi": "BSI",
    "seabank": "SeaBank",
    "saqu": "Saqu",
    "permata": "Permata",
}
_NAMES = {
    "bank_transfer": "Virtual account",
    "echannel": "Mandiri Bill",
    "cstore": "Gerai",
    "qris": "QRIS",
    "gopay": "GoPay",
    "shopeepay": "ShopeePay",
    "dana": "DANA",
    "ovo": "OVO",
    "credit_card": "Kartu kredit atau debit",
    "kredivo": "Kredivo",
    "akulaku": "Akulaku",
}
_STORES = {"indomaret": "Indomaret", "alfamart": "Alfamart"}


def method_name(raw: Mapping[str, Any], payment_type: str) -> str:
    """Return the method in words: ``BCA virtual account``, ``QRIS``."""
    if payment_type == "bank_transfer" and (bank := _bank(raw)):
        return f"{bank} virtual account"
    if payment_type == "cstore":
        return _STORES.get(str(raw.get("store", "")).lower(), "gerai")
    return _NAMES.get(payment_type, "Midtrans")


def describe(raw: Mapping[str, Any], payment_type: str) -> Method | None:
    """Return how to pay with the chosen method, or None when none was chosen yet."""
    if not payment_type:
        return None
    ends_at = _time(raw.get("expiry_time"))
    if payment_type == "bank_transfer":
        return _virtual_account(raw, ends_at)
    if payment_type == "echannel":
        return _bill(raw, ends_at)
    if payment_type == "cstore":
        return _counter(raw, ends_at)
    return _on_page(payment_type, ends_at)


def _virtual_account(raw: Mapping[str, Any], ends_at: datetime | None) -> Method:
    bank = _bank(raw) or "Bank"
    number = _va_number(raw)
    if not number:
        hint = "Nomornya ada di halaman pembayaran."
        return Method(bank, "Virtual account", hint=hint, on_page=True, ends_at=ends_at)
    guides = (
        Guide(
            f"m-banking {bank} di ponsel",
            (
                f"Buka aplikasi {bank}, masuk ke menu Transfer, lalu Virtual Account.",
                "Tempel nomor virtual account di atas.",
                "Pastikan jumlahnya sama sampai angka terakhir, lalu masukkan PIN.",
                "Selesai. Kamu tidak perlu mengirim bukti.",
            ),
        ),
        Guide(
            f"ATM {bank}",
            (
                "Pilih Transaksi Lain, lalu Transfer, lalu Virtual Account.",
                "Masukkan nomor virtual account, periksa jumlahnya, lalu tekan Benar.",
            ),
        ),
        Guide(
            "Bank lain",
            (
                f"Pilih Transfer ke bank lain, bank tujuan {bank}.",
                "Isi nomor virtual account sebagai rekening tujuan dan jumlah yang persis sama.",
                "Pilih transfer online, bukan kliring, supaya uangnya sampai sebelum batas waktu.",
            ),
        ),
    )
    return Method(bank, "Virtual account", (Number("Nomor virtual account", number),), guides, ends_at=ends_at)


def _bill(raw: Mapping[str, Any], ends_at: datetime | None) -> Method:
    biller, key = _number(raw.get("biller_code")), _number(raw.get("bill_key"))
    if not (biller and key):
        hint = "Kode bayarnya ada di halaman pembayaran."
        return Method("Mandiri", "Mandiri Bill", hint=hint, on_page=True, ends_at=ends_at)
    guides = (
        Guide(
            "Livin’ di ponsel",
            (
                "Buka Livin’, pilih Bayar, lalu cari kode perusahaan.",
                f"Pilih Midtrans dengan kode {biller}, lalu tempel kode bayar di atas.",
                "Periksa jumlahnya, lalu masukkan PIN.",
            ),
        ),
        Guide(
            "ATM Mandiri",
            (
                "Pilih Bayar/Beli, Lainnya, lalu Multipayment.",
                f"Masukkan kode perusahaan {biller}, lalu kode bayar.",
                "Tekan 1 untuk memilih tagihan, lalu Ya.",
            ),
        ),
    )
    numbers = (Number("Kode perusahaan", biller), Number("Kode bayar", key))
    return Method("Mandiri", "Mandiri Bill", numbers, guides, ends_at=ends_at)


def _counter(raw: Mapping[str, Any], ends_at: datetime | None) -> Method:
    store = _STORES.get(str(raw.get("store", "")).lower(), "Gerai")
    code = _number(raw.get("payment_code"))
    if not code:
        return Method(store, store, hint="Kode bayarnya ada di halaman pembayaran.", on_page=True, ends_at=ends_at)
    steps = (
        f"Datang ke kasir {store} mana pun, katakan mau bayar lewat Midtrans.",
        "Tunjukkan kode bayar di atas, lalu bayar jumlah yang disebut kasir.",
        "Simpan struknya. Status di sini berganti sendiri.",
    )
    return Method(store, "Bayar di kasir", (Number("Kode bayar", code),), (Guide(store, steps),), ends_at=ends_at)


def _on_page(payment_type: str, ends_at: datetime | None) -> Method:
    name = _NAMES.get(payment_type, "Midtrans")
    if payment_type == "qris":
        steps = (
            "Buka halaman pembayaran, lalu pindai kode QR dengan aplikasi bank atau dompet digital apa pun.",
            "Di ponsel yang sama: simpan gambar QR, lalu pilih “dari galeri” di menu pindai aplikasimu.",
            "Periksa jumlahnya, lalu masukkan PIN.",
        )
        guide, hint = Guide("Bayar dengan QRIS", steps), "Kode QR ada di halaman pembayaran."
        return Method("QRIS", "QRIS", guides=(guide,), hint=hint, on_page=True, ends_at=ends_at)
    if payment_type == "credit_card":
        hint = "Lanjutkan di halaman pembayaran. Nomor kartu tidak pernah lewat server kami."
    else:
        hint = f"Lanjutkan di halaman pembayaran, lalu setujui di aplikasi {name}."
    mark = "Kartu" if payment_type == "credit_card" else name
    return Method(mark, name, hint=hint, on_page=True, ends_at=ends_at)


def _bank(raw: Mapping[str, Any]) -> str:
    if "permata_va_number" in raw:
        return _BANKS["permata"]
    word = str(_first_va(raw).get("bank", ""))
    return _BANKS.get(word.lower(), word.upper() if _WORD.fullmatch(word) else "")


def _va_number(raw: Mapping[str, Any]) -> str:
    return _number(raw.get("permata_va_number")) or _number(_first_va(raw).get("va_number"))


def _first_va(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    numbers = raw.get("va_numbers")
    first = numbers[0] if isinstance(numbers, list) and numbers else {}
    return first if isinstance(first, dict) else {}


def _number(value: Any) -> str:
    text = str(value) if isinstance(value, str | int) else ""
    return text if _NUMBER.fullmatch(text) else ""


def _time(value: Any) -> datetime | None:
    """Return ``2026-11-24 14:05:00`` (the gateway writes WIB without a zone) as a moment."""
    try:
        return datetime.strptime(str(value), "%Y-%m-%d %H:%M:%S").replace(tzinfo=_WIB)
    except ValueError:
        return None
