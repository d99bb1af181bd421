"""Asking the gateway about a payment, and recording its answers. No transaction is open while it is asked."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from django.db.models import F
from django.utils import timezone

from config.database import database_now
from payments.errors import GatewayError, GatewayKeyError, GatewayUnavailableError, TransactionMissingError
from payments.gateway import StatusAnswer, gateway
from payments.models import GatewayTrouble, Payment, PaymentTransaction
from payments.services.record import belongs_to, note_missing, record_answer
from payments.states import TRANSACTION_FINAL

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Asked:
    """What the gateway said about a payment: whether it knows anything, and how many known ones it denied."""

    found: bool
    lost: int = 0


def ask_about(payment: Payment, *, final_too: bool = False, found_by: str = "") -> Asked:
    """GET status by the payment's id and by every transaction that is not final, and record each answer.

    ``final_too``: also by those that had ended. Late money can come to them, and for some channels the gateway answers
    by transaction id only. ``found_by`` is that of ``record_answer``. Raises GatewayUnavailableError, GatewayKeyError
    (also noted as a trouble). A 404 is noted, never taken as an end.
    """
    rows = dict(PaymentTransaction.objects.filter(payment=payment).values_list("transaction_id", "status"))
    ever_seen = bool(rows)
    known = [id_ for id_, status in rows.items() if final_too or status not in TRANSACTION_FINAL]
    found, lost, seen = False, 0, set()
    for asked_for in [payment.gateway_id, *known]:
        if asked_for in seen:
            continue
        try:
            seen.add(ask_one(payment, asked_for, found_by=found_by).transaction_id)
        except TransactionMissingError:
            # Some channels answer by transaction id only, so a 404 for the order id means little once one is known.
            lost += int(ever_seen and asked_for != payment.gateway_id)
            continue
        found = True
    if not found:
        note_missing(payment_id=payment.pk)
    return Asked(found=found, lost=lost)


def ask_one(payment: Payment, asked_for: str, *, found_by: str = "") -> StatusAnswer:
    """GET status for one id and record the answer. Raises TransactionMissingError, GatewayUnavailableError."""
    asked_at = database_now()
    try:
        answer = gateway().status(asked_for)
    except GatewayKeyError:
        note_trouble("server_key_refused", "Midtrans menolak server key")
        raise
    if not belongs_to(payment, answer, asked_for):
        logger.error("payment.answer_of_another", extra={"payment": payment.gateway_id, "asked": asked_for})
        raise GatewayUnavailableError("the answer is about another payment", sent=True, answered=True)
    record_answer(payment_id=payment.pk, answer=answer, asked_at=asked_at, found_by=found_by)
    return answer


def note_trouble(kind: str, detail: str) -> None:
    """Record a fact that stopped a job; monitors make an incident of it."""
    row, created = GatewayTrouble.objects.get_or_create(kind=kind, ended_at=None, defaults={"detail": detail[:300]})
    if not created:
        GatewayTrouble.objects.filter(pk=row.pk).update(count=F("count") + 1, last_at=timezone.now())


def end_trouble(kind: str) -> None:
    """Note that a trouble is over."""
    GatewayTrouble.objects.filter(kind=kind, ended_at=None).update(ended_at=timezone.now())


class ManyUnknown:
    """Counts, within one run, what the gateway should know and does not: so many at once stop the run with a fact.

    A wrong account or a gateway that lost its memory answers 404 for everything, and a 404 must not free stock.
    """

    KIND = "many_unknown"
    LIMIT = 5

    def __init__(self) -> None:
        self.count = 0

    def add(self, more: int) -> bool:
        """Count ``more``; True, with the fact recorded, when the run has to stop."""
        self.count += more
        if self.count < self.LIMIT:
            return False
        note_trouble(self.KIND, "Midtrans tidak mengenal banyak transaksi yang seharusnya ada")
        return True

    def run_is_over(self, known: int) -> None:
        """Note that the trouble is past, if the gateway knew all of the ``known`` things that were asked about."""
        if known and not self.count:
            end_trouble(self.KIND)


class Reach:
    """Remembers, within one run of a job, whether the gateway answered at all: a run without any answer is a fact.

    Set ``answered`` for every answer, a refusal included. Monitors mute what follows from a gateway that is away.
    """

    KIND = "unreachable"

    def __init__(self) -> None:
        self.answered = False
        self.silent = 0

    def missed(self, error: GatewayError) -> None:
        """Count a question that got no answer; one whose answer was of no use says that somebody is there."""
        if isinstance(error, GatewayUnavailableError) and not error.answered:
            self.silent += 1
        else:
            self.answered = True

    def run_is_over(self) -> None:
        """Note or end the fact. A run that asked nothing says nothing."""
        if self.answered:
            end_trouble(self.KIND)
        elif self.silent:
            note_trouble(self.KIND, "Midtrans tidak menjawab")
