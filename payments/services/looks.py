"""Looking again at payments that succeeded: daily for three days, while a lost notification may hide that money went.

``Payment.next_look_at`` is set with the success and has an index of its own, so a run costs what is due and no more.
"""

from __future__ import annotations

from datetime import timedelta

from django.db.models.functions import Now
from django.utils import timezone

from payments.models import Payment
from payments.states import LOOK_EVERY, LOOK_FOR, PaymentStatus

PER_RUN = 200
AGAIN_AFTER_FAILURE = timedelta(hours=1)
_LAST_ONE_MAY_BE_LATE = timedelta(hours=12)


def looks_due(room: int) -> list[Payment]:
    """Return the paid payments to look at now, the longest due first, ``room`` at most: open ones had theirs before."""
    due = Payment.objects.filter(status=PaymentStatus.SUCCESS, next_look_at__lte=Now())
    return list(due.order_by("next_look_at", "pk")[: max(0, min(room, PER_RUN))])


def next_look(payment: Payment) -> None:
    """Set the next look after one that was answered; none any more when three days are over."""
    again = timezone.now() + LOOK_EVERY
    goes_on = payment.success_at is not None and again <= payment.success_at + LOOK_FOR + _LAST_ONE_MAY_BE_LATE
    Payment.objects.filter(pk=payment.pk).update(next_look_at=again if goes_on else None)


def put_look_off(payment: Payment) -> None:
    """Try again in an hour, for one whose look is due: the others go first, and three days are not used up."""
    Payment.objects.filter(pk=payment.pk, next_look_at__lte=Now()).update(next_look_at=Now() + AGAIN_AFTER_FAILURE)
