"""Sending one of an order's mails again, to the order's own address: written anew from what is true now.

The stored text of the first one is not used: it is emptied after a while, and what it said may be over. A mail whose
message is no longer true, or whose link is for the person who asked for it alone, is refused with the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.utils import timezone

from config.database import unit_of_work
from config.errors import InvalidInputError, ShopError
from config.models import MailState, OutgoingMail
from orders.emails import queue_order_mail
from orders.locks import lock_order
from orders.models import CancelRequest, CancelRequestState, Order
from orders.models.event import EventKind
from orders.services.cancel_requests import answer_sentence
from orders.states import PAID_OR_LATER, OrderStatus
from orders.transitions import record
from payments.emails import refund_details
from payments.models import Refund
from payments.states import RefundState

S = OrderStatus
FIELD = "mail"
PER_DAY = 3
AGAIN = "/ulang/"
_ARRIVED = [MailState.SENT, MailState.FAILED]  # one that Resend gave up is what a customer misses most


class MailNotResentError(ShopError):
    """The order's mails were sent again meanwhile by somebody else."""

    code = "mail_not_resent"
    message = "E-mail pesanan ini baru saja dikirim ulang. Periksa lagi sebelum mengirim sekali lagi."


@dataclass(frozen=True)
class SentMail:
    """A mail of an order that left once; ``key`` names it, ``part`` is what tells it from others of its kind."""

    key: str
    kind: str
    part: str
    at: datetime

    @property
    def label(self) -> str:
        """Its words for staff."""
        return KINDS[self.kind].label


@dataclass(frozen=True)
class _Kind:
    label: str
    context: Callable[[Order, str], Mapping[str, Any]]
    """What the mail needs beyond the order. Raises InvalidInputError when it must not be sent (any more)."""


def sent_mails(order: Order) -> list[SentMail]:
    """Return the mails of an order that left and are known here, oldest first; those sent again are not listed."""
    rows = OutgoingMail.objects.filter(reference=order.number, kind__in=KINDS, state__in=_ARRIVED)
    rows = rows.exclude(idempotency_key__contains=AGAIN).order_by("pk")
    found = rows.values_list("idempotency_key", "kind", "sent_at", "created_at")
    return [
        SentMail(key, kind, key.removeprefix(f"{kind}/{order.number}").removeprefix("/"), sent_at or created_at)
        for key, kind, sent_at, created_at in found
    ]


def times_sent_again(order: Order) -> int:
    """Return how often any mail of the order was sent again so far."""
    return OutgoingMail.objects.filter(reference=order.number, idempotency_key__contains=AGAIN).count()


def resend_mail(*, order_id: int, key: str, known: int, actor: str) -> SentMail:
    """Queue the mail ``key`` of an order once more, as a row of its own, and note it in the history.

    ``known`` is ``times_sent_again`` as the page showed it, so that two clicks are one mail. At most PER_DAY times a
    day (WIB) and mail. Locks the order. Raises InvalidInputError (``mail``), MailNotResentError.
    """
    return unit_of_work(partial(_resend, order_id, key, known, actor))


def _resend(order_id: int, key: str, known: int, actor: str) -> SentMail:
    order = lock_order(order_id)
    if times_sent_again(order) != known:
        raise MailNotResentError
    if order.user.erased_at is not None:
        raise InvalidInputError(FIELD, "Data pelanggan ini sudah dihapus, jadi tidak ada alamat e-mailnya lagi.")
    mail = next((mail for mail in sent_mails(order) if mail.key == key), None)
    if mail is None:
        raise InvalidInputError(FIELD, "Pilih salah satu e-mail yang pernah terkirim.")
    today = f"{AGAIN}{timezone.localdate():%Y%m%d}/"
    sent_today = OutgoingMail.objects.filter(idempotency_key__startswith=f"{key}{today}").count()
    if sent_today >= PER_DAY:
        raise InvalidInputError(FIELD, f"E-mail ini sudah dikirim ulang {PER_DAY} kali hari ini. Coba lagi besok.")
    context = KINDS[mail.kind].context(order, mail.part)
    queue_order_mail(mail.kind, order, part=f"{mail.part}{today}{sent_today + 1}".removeprefix("/"), **context)
    record(order, EventKind.NOTE, actor=actor, reason=f"e-mail dikirim ulang: {mail.label}", data={"mail": mail.kind})
    return mail


def _unpaid(order: Order, _part: str) -> Mapping[str, Any]:
    waits = order.status == S.PENDING_PAYMENT and not order.is_closing and not order.payment_hold
    if not waits or order.expires_at <= timezone.now():
        raise InvalidInputError(
            FIELD, "Pesanan ini tidak lagi menunggu pembayaran, jadi ajakan bayarnya tidak berlaku."
        )
    return {}


def _paid(order: Order, _part: str) -> Mapping[str, Any]:
    if order.status not in PAID_OR_LATER:
        raise InvalidInputError(
            FIELD, f"Status pesanan ini {S(order.status).label}: kabar lunasnya tidak berlaku lagi."
        )
    return {}


def _shipped(order: Order, _part: str) -> Mapping[str, Any]:
    parcel = order.shipments.order_by("-pk").first()
    if order.status not in {S.SHIPPED, S.COMPLETED} or parcel is None:
        raise InvalidInputError(
            FIELD, f"Status pesanan ini {S(order.status).label}: kabar kirimnya tidak berlaku lagi."
        )
    return {"shipment": parcel}


def _ended_as(status: OrderStatus) -> Callable[[Order, str], Mapping[str, Any]]:
    def context(order: Order, _part: str) -> Mapping[str, Any]:
        if order.status != status:
            raise InvalidInputError(FIELD, f"Status pesanan ini sekarang {S(order.status).label}: kabarnya lain lagi.")
        return {}

    return context


def _refunded(order: Order, part: str) -> Mapping[str, Any]:
    refunds = Refund.objects.filter(transaction__payment__order=order, state=RefundState.DONE)
    refund = refunds.filter(refund_key=part).first()
    if refund is None:
        raise InvalidInputError(FIELD, "Pengembalian dana ini tidak jadi, jadi kabarnya tidak boleh dikirim lagi.")
    return {"refund": refund_details(refund)}


def _answered(order: Order, part: str) -> Mapping[str, Any]:
    request = CancelRequest.objects.filter(order=order, pk=int(part) if part.isdecimal() else 0).first()
    if request is None or request.state not in {CancelRequestState.ACCEPTED, CancelRequestState.DECLINED}:
        raise InvalidInputError(FIELD, "Permintaan batal ini tidak ada jawabannya.")
    accepted = request.state == CancelRequestState.ACCEPTED
    return {"accepted": accepted, "answer": "" if accepted else answer_sentence(request.answer)}


def _only_for_who_asked(_order: Order, _part: str) -> Mapping[str, Any]:
    raise InvalidInputError(FIELD, "Tautan ini hanya untuk yang memintanya; ia dapat memintanya lagi sendiri.")


def _link(_order: Order, _part: str) -> Mapping[str, Any]:
    return {"items": ()}


KINDS: Mapping[str, _Kind] = {
    "order_received": _Kind("Pesanan dibuat", _unpaid),
    "order_reminder": _Kind("Pengingat bayar", _unpaid),
    "order_paid": _Kind("Pembayaran diterima", _paid),
    "order_shipped": _Kind("Dikirim", _shipped),
    "order_expired": _Kind("Kedaluwarsa", _ended_as(S.EXPIRED)),
    "order_cancelled": _Kind("Dibatalkan", _ended_as(S.CANCELLED)),
    "order_refunded": _Kind("Uang dikembalikan", _refunded),
    "cancel_answer": _Kind("Jawaban permintaan batal", _answered),
    "order_link": _Kind("Tautan pesanan", _link),
    "guest_account": _Kind("Tamu membuat akun", _only_for_who_asked),
    "guest_has_account": _Kind("Tamu sudah punya akun", _only_for_who_asked),
}
