"""Looking again at payments that succeeded: daily, while a lost notification may hide that money went.

For three days after the success, and for seven after a refund that the gateway showed, since a bank may still deny it
and nobody tells (ADR 8, ADR 13). ``Payment.next_look_at`` is set with the cause and has an index of its own, so a run
costs what is due and no more.
"""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Max, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from payments.models import Payment, Refund
from payments.states import LOOK_EVERY, LOOK_FOR, LOOKED_AT, REFUND_LOOK_FOR, UNSEEN_FOR, RefundChannel, RefundState

PER_RUN = 200
AGAIN_AFTER_FAILURE = timedelta(hours=1)
_LAST_ONE_MAY_BE_LATE = timedelta(hours=12)
_STATUSES = [status.value for status in LOOKED_AT]


def looks_due(room: int) -> list[Payment]:
    """Return the paid payments to look at now, the longest due first, ``room`` at most: open ones had theirs before."""
    due = Payment.objects.filter(status__in=_STATUSES, next_look_at__lte=Now())
    return list(due.order_by("next_look_at", "pk")[: max(0, min(room, PER_RUN))])


def next_look(payment: Payment) -> None:
    """Set the next look after one that was answered; none any more when the days are over."""
    shown = _shown_refunds(payment)
    if shown.filter(unseen_since__isnull=False).exists():
        again, goes_on = timezone.now() + UNSEEN_FOR, True
    else:
        again = timezone.now() + LOOK_EVERY
        ends = [payment.success_at + LOOK_FOR] if payment.success_at else []
        if last := shown.aggregate(last=Max("done_at"))["last"]:
            ends.append(last + REFUND_LOOK_FOR)
        goes_on = any(again <= end + _LAST_ONE_MAY_BE_LATE for end in ends)
    Payment.objects.filter(pk=payment.pk).update(next_look_at=again if goes_on else None)


def look_sooner(payment: Payment) -> None:
    """See to it that a payment is looked at within a day of a refund, and soon when GET status shows one no more."""
    unseen = _shown_refunds(payment).filter(unseen_since__isnull=False).exists()
    at = timezone.now() + (UNSEEN_FOR if unseen else LOOK_EVERY)
    later = Q(next_look_at__isnull=True) | Q(next_look_at__gt=at)
    Payment.objects.filter(later, pk=payment.pk).update(next_look_at=at)


def put_look_off(payment: Payment) -> None:
    """Try again in an hour, for one whose look is due: the others go first, and three days are not used up."""
    Payment.objects.filter(pk=payment.pk, next_look_at__lte=Now()).update(next_look_at=Now() + AGAIN_AFTER_FAILURE)


def _shown_refunds(payment: Payment) -> QuerySet[Refund]:
    done = Refund.objects.filter(transaction__payment=payment, state=RefundState.DONE)
    return done.exclude(channel=RefundChannel.BANK)
