"""Which orders wait for whom. Services commit the facts, these queries only find them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection
from django.db.models import Exists, F, Min, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from orders.models import CancelRequest, CancelRequestState, Order, OrderItem, Shipment
from orders.states import CLOSED_UNPAID, PAID_UNSENT, OrderStatus
from payments.models import Payment, PaymentTransaction, Refund
from payments.services.refunds import AUTOMATIC_FOR
from payments.states import MONEY_HERE, REFUND_OPEN, PaymentStatus, RefundChannel, RefundState
from shop.models import Reservation, ReservationState
from shop.phone import normalise_phone

CLOSING_IS_LONG = timedelta(minutes=15)
COUNT_LIMIT = 100
ATTENTION_LIMIT = 2000
_CLOSED = [status.value for status in CLOSED_UNPAID]
_OPEN_REFUND = [state.value for state in REFUND_OPEN]


def to_ship() -> QuerySet[Order]:
    """Return the paid orders that the warehouse may pack or send."""
    return Order.objects.filter(status__in=PAID_UNSENT)


def to_be_paid() -> QuerySet[Order]:
    """Return the orders that wait for their money."""
    return Order.objects.filter(status=OrderStatus.PENDING_PAYMENT)


def refunds_for_a_person() -> QuerySet[Refund]:
    """Return the refunds that no job can finish: to approve, to transfer, given up on, or refused by the gateway.

    A refused one counts until another refund of the same transaction was begun.
    """
    by_hand = (
        Q(needs_approval=True, approved_by__isnull=True)
        | Q(channel=RefundChannel.BANK)
        | Q(first_sent_at__lte=timezone.now() - AUTOMATIC_FOR)
    )
    later = Refund.objects.filter(transaction=OuterRef("transaction"), pk__gt=OuterRef("pk"))
    refused = Q(
        state=RefundState.FAILED,
        first_sent_at__isnull=False,
        denied_at__isnull=True,  # those are counted by their sums, see money_still_here
        transaction__status__in=MONEY_HERE,
    )
    return Refund.objects.filter(Q(by_hand, state__in=_OPEN_REFUND) | (refused & ~Exists(later)))


def money_still_here() -> QuerySet[PaymentTransaction]:
    """Return the transactions whose money was shown as given back, did not go, and was not begun to go again.

    A bank denied a refund afterwards; the rupiah of what was begun since the first denial count against it, also where
    a bank denied that as well: then it stands on both sides.
    """
    refunds = Refund.objects.filter(transaction=OuterRef("pk")).order_by().values("transaction")
    denied = refunds.filter(denied_at__isnull=False)
    begun = ~Q(state=RefundState.FAILED) | Q(denied_at__isnull=False)
    again = refunds.filter(begun, created_at__gt=OuterRef("first_denied"))
    rows = PaymentTransaction.objects.filter(
        status__in=MONEY_HERE, pk__in=Refund.objects.filter(denied_at__isnull=False).values("transaction")
    )
    rows = rows.annotate(
        denied=Subquery(denied.annotate(sum=Sum("amount")).values("sum")),
        first_denied=Subquery(denied.annotate(first=Min("denied_at")).values("first")),
    )
    return rows.annotate(again=Coalesce(Subquery(again.annotate(sum=Sum("amount")).values("sum")), 0)).filter(
        denied__gt=F("again")
    )


def cancelled_in_words_only() -> QuerySet[Order]:
    """Return the paid orders whose customer was told that they are cancelled, while none of their money is moving."""
    told = CancelRequest.objects.filter(order=OuterRef("pk"), state=CancelRequestState.ACCEPTED)
    moving = Refund.objects.filter(transaction__payment__order=OuterRef("pk"), state__in=_OPEN_REFUND)
    return to_ship().filter(Exists(told), ~Exists(moving))


def attention_ids() -> list[int]:
    """Return the ids of the orders that a person has to look at, newest first, at most ATTENTION_LIMIT (one query).

    Held money, a paid line that the stock does not cover, money beyond the price, money on a closed order, a closing
    that the gateway does not confirm, a refund that waits for somebody or that a bank denied after it was shown as
    done, a customer who wants to cancel, or who was told yes while no money is moving. Each part has its own index, so
    they are joined as a union of ids; as a subquery of the list the same union would be judged far too big.
    """
    held = Order.objects.exclude(payment_hold="").values("pk")
    closing = Order.objects.filter(closing_at__lte=timezone.now() - CLOSING_IS_LONG).values("pk")
    short = Reservation.objects.filter(state=ReservationState.SHORT).values("reference")
    uncovered = Order.objects.filter(number__in=short).values("pk")
    surplus = PaymentTransaction.objects.filter(
        surplus=True, status__in=MONEY_HERE, payment__order__isnull=False,
    ).values("payment__order")  # fmt: skip
    # Asked in two parts: most payments succeeded, few were ever given back, and each part has its index.
    closed = Payment.objects.filter(order__status__in=_CLOSED)
    late = closed.filter(status=PaymentStatus.SUCCESS).values("order")
    partly_back = Refund.objects.filter(state=RefundState.DONE).values("transaction__payment")
    left_over = closed.filter(status=PaymentStatus.PARTIALLY_REFUNDED, pk__in=partly_back).values("order")
    with_order = refunds_for_a_person().filter(transaction__payment__order__isnull=False)
    refunds = with_order.values("transaction__payment__order")
    asked = CancelRequest.objects.filter(state=CancelRequestState.OPEN).values("order")
    promised = cancelled_in_words_only().values("pk")
    denied = money_still_here().filter(payment__order__isnull=False).values("payment__order")
    parts = [
        part.order_by() for part in (closing, uncovered, surplus, late, left_over, refunds, denied, asked, promised)
    ]
    found = held.order_by().union(*parts).order_by("-pk").values_list("pk", flat=True)
    return list(found[:ATTENTION_LIMIT])


def orphans() -> QuerySet[Payment]:
    """Return the payments whose order this database does not have."""
    return Payment.objects.filter(order__isnull=True)


def with_facts(orders: QuerySet[Order]) -> QuerySet[Order]:
    """Add to each order what a row shows of its money and stock, without a query of its own per row."""
    items = OrderItem.objects.filter(order=OuterRef("pk")).order_by().values("order")
    transactions = PaymentTransaction.objects.filter(payment__order=OuterRef("pk"))
    refunds = Refund.objects.filter(transaction__payment__order=OuterRef("pk"))
    return orders.annotate(
        units=Coalesce(Subquery(items.annotate(n=Sum("quantity")).values("n")), 0),
        payment_states=ArraySubquery(Payment.objects.filter(order=OuterRef("pk")).order_by("pk").values("status")),
        is_short=Exists(Reservation.objects.filter(reference=OuterRef("number"), state=ReservationState.SHORT)),
        has_surplus=Exists(transactions.filter(surplus=True, status__in=MONEY_HERE)),
        has_open_refund=Exists(refunds.filter(state__in=_OPEN_REFUND)),
        asks_cancel=Exists(CancelRequest.objects.filter(order=OuterRef("pk"), state=CancelRequestState.OPEN)),
        told_cancelled=Exists(CancelRequest.objects.filter(order=OuterRef("pk"), state=CancelRequestState.ACCEPTED)),
        money_stayed=Exists(money_still_here().filter(payment__order=OuterRef("pk"))),
        refund_waits=Exists(refunds_for_a_person().filter(transaction__payment__order=OuterRef("pk"))),
    )


def search(orders: QuerySet[Order], text: str) -> QuerySet[Order]:
    """Return the orders that ``text`` may mean: number, e-mail, phone, recipient, resi, or an id at the gateway."""
    word = text.strip()
    if not word:
        return orders
    wanted = Q(number__icontains=word) | Q(email__icontains=word) | Q(recipient__icontains=word)
    try:
        wanted |= Q(phone=normalise_phone(word))
    except ValueError:
        digits = "".join(letter for letter in word if letter.isdigit()).removeprefix("0")
        wanted |= Q(phone__contains=digits) if len(digits) >= 4 else Q()
    resi = "".join(word.split()).upper()
    wanted |= Q(pk__in=Shipment.objects.filter(tracking_number__istartswith=resi).values("order"))
    wanted |= Q(pk__in=Payment.objects.filter(gateway_id=word).values("order"))
    wanted |= Q(pk__in=PaymentTransaction.objects.filter(transaction_id=word).values("payment__order"))
    return orders.filter(wanted)


def counts(parts: Mapping[str, QuerySet[Order]]) -> dict[str, int]:
    """Return how many orders each part has, up to COUNT_LIMIT, in one query."""
    if not parts:
        return {}
    columns: list[str] = []
    values: list[Any] = []
    for number, part in enumerate(parts.values()):
        sql, params = part.order_by().values("pk")[:COUNT_LIMIT].query.sql_with_params()
        columns.append(f"(SELECT count(*) FROM ({sql}) AS part_{number})")  # noqa: S608 - Django's SQL, values apart
        values += params
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(columns)}", values)
        row = cursor.fetchone()
    return dict(zip(parts, row, strict=True))
