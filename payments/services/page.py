"""Closing a payment's page at Snap, so that nobody can choose a method on it any more."""

from __future__ import annotations

import enum
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from payments import leases
from payments.errors import GatewayKeyError, GatewayRejectedError, TransactionMissingError
from payments.gateway import TokenCancel, gateway
from payments.models import Payment
from payments.services.ask import end_trouble
from payments.services.create import MIN_PAGE_MINUTES, create_page
from payments.states import MONEY_CAME

logger = logging.getLogger(__name__)


class PageEnd(enum.Enum):
    """What is known about a page after trying to close it."""

    CLOSED = "closed"  # certainly of no use any more
    ON_PROGRESS = "on progress"  # something was chosen on it
    NOT_KNOWN = "not known"  # the gateway has never heard of it, or has forgotten it
    UNSEEN = "unseen"  # there may be one whose token we never received, and it cannot be made void


@dataclass
class HeldPayment:
    """A payment whose lease we hold; ``now`` is the database's clock when we took it."""

    payment: Payment
    lease: str
    now: datetime

    @property
    def is_past_grace(self) -> bool:
        """Whether the page's own deadline, which the gateway was told, has certainly passed."""
        return self.now >= self.payment.expires_at + timedelta(minutes=settings.PAYMENT_GRACE_MINUTES)

    def renew(self) -> None:
        """Be sure of the lease before a call that changes something. Raises LeaseLostError."""
        leases.renew(self.payment, self.lease)


def close_page(held: HeldPayment) -> PageEnd:
    """Close the payment's page at Snap. Raises LeaseLostError, GatewayUnavailableError, GatewayRejectedError."""
    payment = held.payment
    if payment.status in MONEY_CAME:
        return PageEnd.CLOSED
    if not payment.token:
        return _close_unseen(held) if payment.unanswered else PageEnd.CLOSED
    answer = _cancel(held, payment.token)
    if answer is TokenCancel.CANCELLED:
        end_trouble("token_unknown")
        return PageEnd.CLOSED
    if answer is TokenCancel.IN_PROGRESS:
        return PageEnd.ON_PROGRESS
    if payment.unanswered:
        return _close_unseen(held)  # not our doing: a call whose answer was lost may have put another page there
    return PageEnd.CLOSED if answer is TokenCancel.ALREADY else PageEnd.NOT_KNOWN


def _cancel(held: HeldPayment, token: str) -> TokenCancel:
    held.renew()
    try:
        return gateway().cancel_token(token)
    except GatewayKeyError:
        raise
    except GatewayRejectedError as refused:
        if not held.is_past_grace:
            raise
        logger.info("payment.page_refused", extra={"payment": held.payment.gateway_id, "code": refused.status_code})
        return TokenCancel.NOT_FOUND  # whatever it says about an old page: by now it has expired by itself


def _close_unseen(held: HeldPayment) -> PageEnd:
    """Make the page again under the same id with the shortest life, which makes the unseen one void, and close that.

    When the gateway refuses the id, a method was chosen on the unseen page, and nothing but its deadline closes it.
    """
    payment = held.payment
    if held.is_past_grace or payment.order is None:
        return PageEnd.UNSEEN
    mine = Payment.objects.filter(pk=payment.pk, lease=held.lease)
    try:
        page = create_page(payment, payment.order, lease=held.lease, now=held.now, minutes=MIN_PAGE_MINUTES)
    except (GatewayKeyError, TransactionMissingError):
        raise
    except GatewayRejectedError as refused:
        logger.info("payment.page_unseen", extra={"payment": payment.gateway_id, "code": refused.status_code})
        return PageEnd.UNSEEN
    if not mine.update(token=page.token, redirect_url=page.redirect_url):
        raise leases.LeaseLostError
    answer = _cancel(held, page.token)
    if answer is TokenCancel.CANCELLED:
        return PageEnd.CLOSED
    return PageEnd.ON_PROGRESS if answer is TokenCancel.IN_PROGRESS else PageEnd.UNSEEN
