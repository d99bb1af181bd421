"""The customer's wish to have a paid order cancelled, and its answer. Neither moves the order nor its money."""

from __future__ import annotations

from functools import partial

from django.utils import timezone

from config.database import unit_of_work
from config.errors import InvalidInputError
from orders.emails import queue_order_mail
from orders.errors import CancelRequestRefusedError
from orders.locks import lock_order
from orders.models import CancelRequest, CancelRequestState, Order
from orders.models.event import EventKind
from orders.states import PAID_UNSENT
from orders.transitions import record

MAY_ASK = PAID_UNSENT
MOST_PER_ORDER = 3
SHIPPED_FIRST = "Paketnya sudah berangkat."
_STATE = CancelRequestState


def request_cancellation(*, order_id: int, reason: str, actor: str) -> CancelRequest:
    """Note that the customer wants a paid order cancelled; a request that is open already is the same one.

    Raises InvalidInputError (no reason), CancelRequestRefusedError (too late, or asked too often).
    """
    words = " ".join(reason.split())
    if not words:
        raise InvalidInputError("reason", "Tulis alasannya, supaya kami bisa membantu.")
    return unit_of_work(partial(_request, order_id, words[:200], actor))


def _request(order_id: int, reason: str, actor: str) -> CancelRequest:
    order = lock_order(order_id)
    if order.status not in MAY_ASK:
        raise CancelRequestRefusedError(order=order.number, status=order.status)
    if (earlier := open_request(order)) is not None:
        return earlier
    if order.cancel_requests.count() >= MOST_PER_ORDER:
        raise CancelRequestRefusedError("Permintaan batal sudah kami jawab. Hubungi kami lewat WhatsApp.")
    made = CancelRequest.objects.create(order=order, reason=reason)
    _note(order, made, actor, "pelanggan minta batal")  # his words stay in the row: history cannot be erased
    return made


def withdraw_request(*, order_id: int, actor: str) -> bool:
    """Take an open request back; False when there is none (any more)."""

    def body() -> bool:
        return end_request(lock_order(order_id), _STATE.WITHDRAWN, actor=actor) is not None

    return unit_of_work(body)


def decline_cancellation(*, order_id: int, answer: str, actor: str) -> None:
    """Say no, with a reason that the customer reads. Raises InvalidInputError, CancelRequestRefusedError (answered)."""
    words = " ".join(answer.split())
    if not words:
        raise InvalidInputError("reason", "Tulis alasannya; pelanggan membacanya.")

    def body() -> None:
        order = lock_order(order_id)
        request = end_request(order, _STATE.DECLINED, actor=actor, answer=words)
        if request is None:
            raise CancelRequestRefusedError("Permintaan ini sudah dijawab atau ditarik.")
        queue_order_mail(
            "cancel_answer", order, part=str(request.pk), accepted=False, answer=answer_sentence(request.answer)
        )

    unit_of_work(body)


def accept_cancellation(*, order_id: int, actor: str, answer: str = "") -> None:
    """Say yes, once the money is on its way back. Does nothing when the order, and so the request, ended meanwhile."""

    def body() -> None:
        order = lock_order(order_id)
        request = end_request(order, _STATE.ACCEPTED, actor=actor, answer=" ".join(answer.split()))
        if request is not None:
            queue_order_mail("cancel_answer", order, part=str(request.pk), accepted=True, answer="")

    unit_of_work(body)


def open_request(order: Order) -> CancelRequest | None:
    """Return the request that waits for an answer, if there is one."""
    return order.cancel_requests.filter(state=_STATE.OPEN).first()


def end_request(
    order: Order,
    to: CancelRequestState,
    *,
    actor: str,
    answer: str = "",
) -> CancelRequest | None:
    """End the open request of a locked order, in the caller's transaction; None when there is none."""
    request = open_request(order)
    if request is None:
        return None
    request.state, request.answer = to, answer[:200]
    request.answered_at, request.answered_by = timezone.now(), actor[:80]
    request.save()
    _note(order, request, actor, f"permintaan batal {to.label.lower()}{f': {answer}' if answer else ''}")
    return request


def _note(order: Order, request: CancelRequest, actor: str, reason: str) -> None:
    """Write it into the order's history; the data is what the customer's timeline goes by."""
    record(order, EventKind.NOTE, actor=actor, reason=reason, data={"cancelRequest": request.state})


def answer_sentence(text: str) -> str:
    """Return an answer as the mail quotes it: ending like a sentence."""
    return text if text.endswith((".", "!", "?")) else f"{text}."
