"""Facts about what jobs put right by themselves. ``monitoring`` reads them, shows them and tells the owner."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models.functions import Now

from payments.models import GatewayNotification, Payment, Repair, RepairKind
from payments.states import TRANSACTION_PAID, NotificationOutcome, TransactionStatus

logger = logging.getLogger(__name__)

IN_FLIGHT = timedelta(minutes=2)
"""A notification that came so lately may be about to be applied by its own request: nothing was lost."""


def note_repair(kind: RepairKind, payment: Payment, *, before: str, after: str, actor: str) -> Repair:
    """Write down one repair, in the caller's transaction."""
    logger.warning(
        "payment.repaired",
        extra={"payment": payment.gateway_id, "kind": kind.value, "before": before, "after": after, "actor": actor},
    )
    return Repair.objects.create(kind=kind, payment=payment, before=before, after=after, actor=actor)


def note_found(payment: Payment, *, before: TransactionStatus, after: TransactionStatus, actor: str) -> None:
    """Note that a job learned by asking that money came or went, if no notification is telling it at this moment."""
    if after == before or not TRANSACTION_PAID & {before, after}:
        return
    being_told = GatewayNotification.objects.filter(
        gateway_id=payment.gateway_id, outcome=NotificationOutcome.WAITING, received_at__gt=Now() - IN_FLIGHT
    )
    if not being_told.exists():
        note_repair(RepairKind.FOUND, payment, before=before, after=after, actor=actor)


def mark_told(repairs: Iterable[Repair], *, now: datetime) -> None:
    """Note that the owner's mail about these was written, in the transaction that writes it."""
    Repair.objects.filter(pk__in=[repair.pk for repair in repairs]).update(told_at=now)
