"""Forgetting a person and keeping the books: money, goods, tax and status stay; who it was does not."""

from __future__ import annotations

import json
import logging
import re
from datetime import datetime, timedelta
from functools import partial

from django.contrib.admin.models import LogEntry
from django.contrib.auth.hashers import make_password
from django.db import connections
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone

from config.database import unit_of_work
from config.errors import ShopError
from config.models import MailState, OutgoingMail
from orders.models import CancelRequest, Order
from orders.states import CLOSED_UNPAID, OrderStatus
from payments.bank_account import MASK, masked_number
from payments.models import GatewayNotification, PaymentTransaction, Refund, RefundProof, WebhookDelivery
from payments.personal_data import tombstones
from payments.states import MONEY_HERE, REFUND_OPEN, DeliveryState
from shop.emails import account_reference, queue_account_mail
from shop.locks import lock_carts, lock_user
from shop.models import Address, ApiToken, Cart, CartStatus, User

logger = logging.getLogger(__name__)

SOMEBODY = "Pelanggan (data dihapus)"
NO_ADDRESS = "dihapus@dihapus.invalid"
GONE = "(dihapus atas permintaan pelanggan)"
SENT_LATER = timedelta(days=30)
_UNDER_WAY = [OrderStatus.PENDING_PAYMENT, OrderStatus.PAID, OrderStatus.PROCESSING, OrderStatus.SHIPPED]
# What Midtrans may add to its answers: a copy of the person it was told about.
_WITHOUT_DETAILS = (
    """
    UPDATE payments_payment p SET raw = p.raw - 'customer_details' FROM orders_order o
     WHERE o.id = p.order_id AND o.user_id = %s AND p.raw ? 'customer_details'
    """,
    """
    UPDATE payments_paymenttransaction t SET raw = t.raw - 'customer_details'
      FROM payments_payment p JOIN orders_order o ON o.id = p.order_id
     WHERE p.id = t.payment_id AND o.user_id = %s AND t.raw ? 'customer_details'
    """,
)


class CannotEraseError(ShopError):
    """Something is still open between the person and the shop; ``reasons`` are sentences for the person."""

    code = "cannot_erase"
    message = "Akun ini belum dapat dihapus."

    def __init__(self, reasons: list[str]) -> None:
        self.reasons = reasons
        super().__init__(" ".join(reasons))


def reasons_to_stay(user: User) -> list[str]:
    """Return why this account cannot be erased now, each as a sentence; nothing when it can."""
    if user.is_staff or user.is_superuser:
        return ["Ini akun staf. Pemilik toko yang menutupnya."]
    orders = Order.objects.filter(user=user)
    found = [
        f"Pesanan {number} belum selesai."
        for number in orders.filter(status__in=_UNDER_WAY).order_by("pk").values_list("number", flat=True)[:5]
    ]
    held = orders.exclude(payment_hold="").exclude(status__in=_UNDER_WAY)
    found += [f"Pembayaran pesanan {number} sedang diperiksa." for number in held.values_list("number", flat=True)[:5]]
    refunds = Refund.objects.filter(transaction__payment__order__user=user, state__in=REFUND_OPEN)
    numbers = refunds.values_list("transaction__payment__order__number", flat=True).distinct()
    found += [f"Uang pesanan {number} sedang dikembalikan." for number in numbers[:5]]
    rows = PaymentTransaction.objects.filter(payment__order__user=user, status__in=MONEY_HERE)
    owed = rows.filter(Q(surplus=True) | Q(payment__order__status__in=[*CLOSED_UNPAID, OrderStatus.REFUNDED]))
    owed = owed.exclude(payment__order__number__in=list(numbers))
    found += [
        f"Kami masih memegang uang dari pesanan {number} yang harus dikembalikan."
        for number in owed.values_list("payment__order__number", flat=True).distinct()[:5]
    ]
    return found


def erase_person(*, user: User) -> None:
    """Forget a person for good, and say so by a last mail. Raises CannotEraseError, OSError (no tombstone, no erasure).

    Ends his sessions, API tokens, links, addresses and open cart. Locks his carts, his row and his orders. The
    tombstone is on the disk before the commit: should that fail, he is asked to try again, and a restore already knows.
    """
    unit_of_work(partial(_erase, user.pk))
    logger.info("personal_data.erased", extra={"user": user.pk})


def _erase(pk: int) -> None:
    lock_carts(Cart.objects.filter(user_id=pk).values_list("pk", flat=True))
    lock_user(pk)
    user = User.objects.get(pk=pk)
    list(Order.objects.select_for_update(of=("self",), no_key=True).filter(user=user).order_by("pk").values("pk"))
    if reasons := reasons_to_stay(user):
        raise CannotEraseError(reasons)
    now = timezone.now()
    path = reverse("shop:page", args=["privasi"])
    queue_account_mail("account_deleted", user, to=user.email or "", key=str(user.pk), path=path)
    anonymise(user, at=now)
    tombstones.write(user_id=user.pk, joined_at=user.date_joined, at=now)


def anonymise(user: User, *, at: datetime, using: str = "default") -> None:
    """Replace everything personal of one account in the database ``using``, in the caller's transaction.

    What it asks no question about: whether anything is open. Done twice it changes nothing more.
    """
    Address.objects.using(using).filter(user=user).delete()
    ApiToken.objects.using(using).filter(user=user).delete()
    Cart.objects.using(using).filter(user=user, status=CartStatus.OPEN).delete()
    _anonymise_orders(user, using)
    _anonymise_payments(user, using)
    _anonymise_refunds(user, using, at)
    _forget_mails([user], using)
    _forget_events([user], using)
    _forget_in_staff_log(user, using)
    User.objects.using(using).filter(pk=user.pk).update(
        email=None if user.is_guest else f"dihapus-{user.pk}@dihapus.invalid",
        name="",
        phone="",
        password=make_password(None),  # ends every session: each carries a fingerprint of the old one
        is_active=False,
        last_login=None,
        erased_at=at,
    )


def _anonymise_orders(user: User, using: str) -> None:
    """Replace the person on his orders; number, goods, sums, tax, courier, province and city stay."""
    orders = Order.objects.using(using).filter(user=user)
    # Anybody may be called like that, but nobody orders without a telephone.
    orders.exclude(recipient=SOMEBODY, phone="").update(
        email=NO_ADDRESS,
        recipient=SOMEBODY,
        phone="",
        street=GONE,
        district="",
        postal_code="",
        note="",
        cancel_words="",
        link_version=F("link_version") + 1,  # links in old mails open nothing any more
    )
    with connections[using].cursor() as cursor:
        cursor.execute(
            "UPDATE orders_order SET request = request - %s::text[] WHERE user_id = %s",
            [["address", "addressId", "email", "note"], user.pk],
        )
    CancelRequest.objects.using(using).filter(order__user=user).update(reason=GONE)


def _anonymise_payments(user: User, using: str) -> None:
    """Take the person out of what the gateway told about his payments; its ids, methods and sums stay."""
    with connections[using].cursor() as cursor:
        for statement in _WITHOUT_DETAILS:
            cursor.execute(statement, [user.pk])
    notes = GatewayNotification.objects.using(using).filter(
        payment__order__user=user, body__contains="customer_details"
    )
    for note in notes:
        body = json.loads(note.body)
        body.pop("customer_details", None)
        GatewayNotification.objects.using(using).filter(pk=note.pk).update(body=json.dumps(body))


def _anonymise_refunds(user: User, using: str, at: datetime) -> None:
    """Keep four digits of the accounts that his money went to, and nothing of the slips: they show his name."""
    refunds = Refund.objects.using(using).filter(transaction__payment__order__user=user).exclude(account_number="")
    for refund in refunds.exclude(account_number__startswith=MASK):
        number = masked_number(refund.account_number)
        Refund.objects.using(using).filter(pk=refund.pk).update(account_number=number, account_name=SOMEBODY)
    proofs = RefundProof.objects.using(using).filter(refund__transaction__payment__order__user=user)
    proofs.filter(erased_at__isnull=True).update(content=b"", erased_at=at)


def _forget_in_staff_log(user: User, using: str) -> None:
    """Take the person's e-mail address out of what staff did to the account; that they did it stays."""
    if user.email is None:
        return
    alone = re.compile(rf"(?<![\w.+\-]){re.escape(user.email)}(?![\w\-]|\.\w)")  # and not in another's address
    log = LogEntry.objects.using(using)
    for entry in log.filter(Q(object_repr__contains=user.email) | Q(change_message__contains=user.email)):
        told = (alone.sub(account_reference(user), text) for text in (entry.object_repr, entry.change_message))
        log.filter(pk=entry.pk).update(**dict(zip(("object_repr", "change_message"), told, strict=True)))


def forget_sent_mails() -> int:
    """Empty the mails and events that were on their way when somebody was erased; return how many: the nightly job."""
    recently = list(User.objects.filter(erased_at__gte=timezone.now() - SENT_LATER))
    return _forget_mails(recently, "default") + _forget_events(recently, "default")


def _forget_mails(users: list[User], using: str) -> int:
    """Empty what was mailed to these people, as far as it has left; the rows stay as a proof that it was."""
    if not users:
        return 0
    numbers = Order.objects.using(using).filter(user__in=[user.pk for user in users]).values("number")
    about = Q(reference__in=numbers) | Q(reference__in=[account_reference(user) for user in users])
    mails = OutgoingMail.objects.using(using).filter(about, state__in=[MailState.SENT, MailState.FAILED])
    return mails.exclude(to=NO_ADDRESS, text=GONE).update(to=NO_ADDRESS, reply_to="", text=GONE, html="")


def _forget_events(users: list[User], using: str) -> int:
    """Delete what integrators were told about these people's orders, as far as it is not on its way.

    What waits for an endpoint that is switched off goes nowhere.
    """
    numbers = Order.objects.using(using).filter(user__in=[user.pk for user in users]).values("number")
    waits_in_vain = Q(state=DeliveryState.PENDING, endpoint__is_active=False)
    over = WebhookDelivery.objects.using(using).filter(
        Q(state__in=[DeliveryState.SENT, DeliveryState.FAILED]) | waits_in_vain
    )
    return over.filter(reference__in=numbers).delete()[0] if users else 0
