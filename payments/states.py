"""The states of a payment, of one transaction under it and of a refund, and which may follow which.

The guard follows the gateway's own state machine: a payment never goes backwards, except when a fresh GET status shows
that the bank took the money back.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from django.db import models


class PaymentStatus(models.TextChoices):
    INITIATED = "INITIATED", "Disiapkan"
    PENDING = "PENDING", "Menunggu"
    CHALLENGE = "CHALLENGE", "Ditinjau"
    SUCCESS = "SUCCESS", "Berhasil"
    FAILED = "FAILED", "Gagal"
    EXPIRED = "EXPIRED", "Kedaluwarsa"
    CANCELLED = "CANCELLED", "Dibatalkan"
    PARTIALLY_REFUNDED = "PARTIALLY_REFUNDED", "Dikembalikan sebagian"
    REFUNDED = "REFUNDED", "Dikembalikan"
    CHARGEBACK = "CHARGEBACK", "Sengketa"


P = PaymentStatus
OPEN = frozenset({P.INITIATED, P.PENDING, P.CHALLENGE})
DEAD = frozenset({P.FAILED, P.EXPIRED, P.CANCELLED})
MONEY_CAME = frozenset({P.SUCCESS, P.PARTIALLY_REFUNDED, P.REFUNDED, P.CHARGEBACK})

_FROM_OPEN = frozenset({P.PENDING, P.CHALLENGE, P.FAILED, P.EXPIRED, P.CANCELLED}) | MONEY_CAME
PAYMENT_ALLOWED: Mapping[PaymentStatus, frozenset[PaymentStatus]] = {
    P.INITIATED: _FROM_OPEN,
    P.PENDING: _FROM_OPEN - {P.PENDING},
    P.CHALLENGE: _FROM_OPEN - {P.PENDING, P.CHALLENGE},
    # Late money, or another attempt on the same page. Never back to an open state: the slot may be taken.
    P.FAILED: MONEY_CAME,
    P.EXPIRED: MONEY_CAME,
    P.CANCELLED: MONEY_CAME,
    # FAILED is a bank's reversal, CANCELLED a card's void, both of the same transaction.
    P.SUCCESS: frozenset({P.PARTIALLY_REFUNDED, P.REFUNDED, P.CHARGEBACK, P.FAILED, P.CANCELLED}),
    P.PARTIALLY_REFUNDED: frozenset({P.REFUNDED, P.CHARGEBACK}),
    P.REFUNDED: frozenset({P.CHARGEBACK}),
    P.CHARGEBACK: frozenset(),
}
# The one way back: GET status shows no more what it had shown as given back, so the money is still with the shop.
PAYMENT_AFTER_DENIAL: Mapping[PaymentStatus, frozenset[PaymentStatus]] = {
    P.PARTIALLY_REFUNDED: frozenset({P.SUCCESS}),
    P.REFUNDED: frozenset({P.SUCCESS, P.PARTIALLY_REFUNDED}),
}


# How long after a success the gateway is asked again whether the money is still there, and how often.
LOOK_EVERY = timedelta(days=1)
LOOK_FOR = timedelta(days=3)
# After a refund it is asked for as long as the gateway itself leaves one open: it honours a refund_key for 7 days.
REFUND_LOOK_FOR = timedelta(days=7)
# GET status can lag behind. Only a refund that two answers so far apart do not show counts as denied.
UNSEEN_FOR = timedelta(minutes=10)
LOOKED_AT = (P.SUCCESS, P.PARTIALLY_REFUNDED, P.REFUNDED)


class TransactionStatus(models.TextChoices):
    PENDING = "PENDING", "Menunggu"
    CHALLENGE = "CHALLENGE", "Ditinjau"
    SUCCESS = "SUCCESS", "Berhasil"
    FAILED = "FAILED", "Gagal"
    EXPIRED = "EXPIRED", "Kedaluwarsa"
    CANCELLED = "CANCELLED", "Dibatalkan"
    PARTIALLY_REFUNDED = "PARTIALLY_REFUNDED", "Dikembalikan sebagian"
    REFUNDED = "REFUNDED", "Dikembalikan"
    CHARGEBACK = "CHARGEBACK", "Sengketa"
    UNKNOWN = "UNKNOWN", "Tidak dikenal"


T = TransactionStatus
MONEY_HERE = frozenset({T.SUCCESS, T.PARTIALLY_REFUNDED})
TRANSACTION_FINAL = frozenset({T.FAILED, T.EXPIRED, T.CANCELLED})
TRANSACTION_PAID = frozenset({T.SUCCESS, T.PARTIALLY_REFUNDED, T.REFUNDED, T.CHARGEBACK})


class RefundState(models.TextChoices):
    REQUESTED = "REQUESTED", "Diminta"
    SENT = "SENT", "Dikirim"
    DONE = "DONE", "Selesai"
    FAILED = "FAILED", "Gagal"


R = RefundState
REFUND_OPEN = frozenset({R.REQUESTED, R.SENT})
REFUND_ALLOWED: Mapping[RefundState, frozenset[RefundState]] = {
    R.REQUESTED: frozenset({R.SENT, R.FAILED}),
    R.SENT: frozenset({R.DONE, R.FAILED}),
    # Only by the gateway's word, and only what went through it: never a bank transfer, which a person made.
    R.DONE: frozenset({R.FAILED}),
    R.FAILED: frozenset(),
}


class RefundChannel(models.TextChoices):
    API = "API", "Lewat Midtrans"
    BANK = "BANK", "Transfer bank"
    DASHBOARD = "DASHBOARD", "Dashboard Midtrans"


class NotificationOutcome(models.TextChoices):
    WAITING = "WAITING", "Menunggu"
    APPLIED = "APPLIED", "Diterapkan"
    UNKNOWN_ORDER = "UNKNOWN_ORDER", "Pesanan tidak dikenal"
    EXHAUSTED = "EXHAUSTED", "Percobaan habis"


class EventType(models.TextChoices):
    """What integrators are told of."""

    PAID = "order.paid", "Pesanan dibayar"
    SHIPPED = "order.shipped", "Pesanan dikirim"
    CANCELLED = "order.cancelled", "Pesanan dibatalkan atau kedaluwarsa"
    REFUNDED = "order.refunded", "Dana dikembalikan"
    PING = "ping", "Uji coba"


class DeliveryState(models.TextChoices):
    """PENDING -> SENDING -> SENT, or back to PENDING to try again, or FAILED after the last try."""

    PENDING = "PENDING", "Menunggu"
    SENDING = "SENDING", "Sedang dikirim"
    SENT = "SENT", "Terkirim"
    FAILED = "FAILED", "Gagal"
