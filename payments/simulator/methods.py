"""The ways to pay: how long each stays open, what it may do afterwards, which fields it adds to a body."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from payments.simulator.records import Transaction
from payments.simulator.web import JSON

MINUTE = 60.0
HOUR = 60 * MINUTE
DAY = 24 * HOUR


@dataclass(frozen=True)
class Method:
    """One entry of Snap's list of payment methods."""

    key: str
    label: str
    group: str
    payment_type: str
    kind: str  # va, permata, bill, wallet, qris, counter, card, credit
    lifetime: float
    bank: str = ""
    refundable: bool = False
    full_refund_only: bool = False
    has_fraud_status: bool = True
    # GET status knows it by transaction_id only and shows that id as order_id (DANA, BI-SNAP accounts).
    swaps_order_id: bool = False


def _va(key: str, label: str, bank: str, *, swaps: bool = False) -> Method:
    return Method(key, label, "Transfer bank (virtual account)", "bank_transfer", "va", DAY, bank, swaps_order_id=swaps)


def _wallet(key: str, label: str, lifetime: float, *, full_only: bool = False, swaps: bool = False) -> Method:
    return Method(
        key, label, "Dompet digital", key, "wallet", lifetime,
        refundable=True, full_refund_only=full_only, swaps_order_id=swaps,
    )  # fmt: skip


def _counter(key: str, label: str) -> Method:
    return Method(key, label, "Bayar di gerai", "cstore", "counter", DAY, has_fraud_status=False)


_ALL = (
    Method("qris", "QRIS", "QRIS", "qris", "qris", 15 * MINUTE, refundable=True),
    _va("bca_va", "BCA Virtual Account", "bca"),
    _va("bni_va", "BNI Virtual Account", "bni"),
    _va("bri_va", "BRI Virtual Account", "bri"),
    _va("cimb_va", "CIMB Niaga Virtual Account", "cimb"),
    _va("danamon_va", "Danamon Virtual Account", "danamon", swaps=True),
    _va("bsi_va", "BSI Virtual Account", "bsi", swaps=True),
    _va("seabank_va", "SeaBank Virtual Account", "seabank", swaps=True),
    _va("saqu_va", "Bank Saqu Virtual Account", "saqu", swaps=True),
    Method(
        "permata_va", "Permata Virtual Account", "Transfer bank (virtual account)",
        "bank_transfer", "permata", DAY, "permata",
    ),
    Method("echannel", "Mandiri Bill Payment", "Transfer bank (virtual account)", "echannel", "bill", DAY),
    _wallet("gopay", "GoPay", 15 * MINUTE),
    _wallet("shopeepay", "ShopeePay", 15 * MINUTE, full_only=True),
    _wallet("dana", "DANA", 15 * MINUTE, swaps=True),
    _wallet("ovo", "OVO", 15 * MINUTE, full_only=True),
    Method("credit_card", "Kartu kredit/debit", "Kartu", "credit_card", "card", 15 * MINUTE, refundable=True),
    _counter("indomaret", "Indomaret"),
    _counter("alfamart", "Alfamart"),
    Method("kredivo", "Kredivo", "Bayar nanti", "kredivo", "credit", DAY, refundable=True),
    Method("akulaku", "Akulaku PayLater", "Bayar nanti", "akulaku", "credit", DAY, refundable=True),
)  # fmt: skip

METHODS: Mapping[str, Method] = {method.key: method for method in _ALL}

_ALIASES: Mapping[str, tuple[str, ...]] = {
    "bank_transfer": tuple(method.key for method in _ALL if method.payment_type == "bank_transfer"),
    "other_va": ("bni_va",),
    "other_qris": ("qris",),
    "mandiri_bill": ("echannel",),
    "cstore": ("indomaret", "alfamart"),
    "store": ("indomaret", "alfamart"),
}


def find_method(name: str) -> Method | None:
    """The method called ``name``, also by one of Snap's aliases for it."""
    return METHODS.get(_ALIASES.get(name, (name,))[0])


def offered(enabled: object) -> list[Method]:
    """The methods of a page: all of them, or what ``enabled_payments`` names."""
    if not isinstance(enabled, list) or not enabled:
        return list(METHODS.values())
    wanted = {key for name in enabled for key in _ALIASES.get(str(name), (str(name),))}
    return [method for method in METHODS.values() if method.key in wanted]


def method_of(transaction: Transaction) -> Method:
    return METHODS[transaction.method]


def _digits(rng: Random, count: int) -> str:
    return "".join(rng.choice("0123456789") for _ in range(count))


def chosen_details(method: Method, rng: Random) -> JSON:
    """The fields that the body has from the moment the method is chosen."""
    if method.kind == "va":
        number = {"bca": "12608", "bni": "8578", "bri": "10443"}.get(method.bank, "9") + _digits(rng, 11)
        return {"va_numbers": [{"bank": method.bank, "va_number": number}], "payment_amounts": []}
    if method.kind == "permata":
        return {"permata_va_number": "8562" + _digits(rng, 12)}
    if method.kind == "bill":
        return {"biller_code": "70012", "bill_key": _digits(rng, 12)}
    if method.kind == "counter":
        return {"store": method.key, "payment_code": _digits(rng, 12 if method.key == "indomaret" else 16)}
    if method.kind == "qris":
        return {"acquirer": "gopay"}
    if method.key == "shopeepay":
        return {"shopeepay_reference_number": _digits(rng, 18)}
    if method.key == "ovo":
        return {"payer_phone_number": "08" + _digits(rng, 10)}
    return {}


def paid_details(method: Method, transaction: Transaction, rng: Random, paid_at: str) -> JSON:
    """The fields that appear once the money is there."""
    if method.bank == "bni":
        return {"payment_amounts": [{"paid_at": paid_at, "amount": f"{transaction.gross_amount}.00"}]}
    if method.kind == "qris":
        return {
            "transaction_type": "on-us",
            "issuer": transaction.details.get("issuer", "gopay"),
            "merchant_cross_reference_id": "A1" + _digits(rng, 12),
        }
    if method.key == "gopay":
        return {"payment_option_type": "GOPAY_WALLET"}
    if method.key == "shopeepay":
        return {"reference_id": _digits(rng, 20)}
    if method.key == "indomaret":
        return {"approval_code": _digits(rng, 12)}
    return {}


def card_details(number: str, rng: Random, *, three_ds: bool) -> JSON:
    """The card fields of a body; only the first eight and last four digits are kept."""
    return {
        "masked_card": f"{number[:8]}-{number[-4:]}",
        "bank": "bni",
        "card_type": "credit",
        "eci": "05" if three_ds else "07",
        "three_ds_version": "2",
        "challenge_completion": three_ds,
        "on_us": False,
        "approval_code": _digits(rng, 13),
        "channel_response_code": "00",
        "channel_response_message": "Approved",
    }


# Sandbox test cards: number -> what becomes of it.
TEST_CARDS: Mapping[str, str] = {
    "4811111111111114": "accept",
    "4911111111111113": "bank_deny",
    "4511111111111117": "challenge",
    "4611111111111116": "fds_deny",
}
OTP = "112233"
