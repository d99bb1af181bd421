"""Reads for the customer's pages about orders and their money; each page's queries are bounded and tested."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote

from django.conf import settings
from django.db.models import OuterRef, Prefetch, Q, QuerySet, Subquery, Sum
from django.db.models.functions import JSONObject
from django.utils import timezone

from config.errors import NotFoundError
from orders.links import order_path
from orders.models import CancelRequest, Order, OrderEvent, OrderItem
from payments import masking, page_state, timeline
from payments.instructions import method_name
from payments.models import Payment, PaymentTransaction, Refund
from payments.page_state import Money
from payments.pages import HistoryRow, Line, OrderPage, OrderPaths, PayPage, Recipient, Situation
from payments.states import MONEY_HERE, OPEN, RefundState
from shop.models import ProductImage, User
from shop.phone import local_phone
from shop.places import place_line

OPEN_VALUES = {status.value for status in OPEN}
_ACCEPTED = Q(received__gt=0, surplus=False, problem="")


def situation_of(order: Order) -> Situation:
    """Return the order with its money (one query)."""
    payments = list(_payments_with_money(order))
    names = ("received", "charged_back", "returned", "returning", "excess_returned")
    money = Money(**{name: sum(getattr(row, name) or 0 for row in payments) for name in names})
    current = next((row for row in payments if row.status in OPEN_VALUES and row.kill_asked_at is None), None)
    paid_by = [seen for row in payments if (seen := getattr(row, "paid_by", None))]
    paid = next((seen for seen in paid_by if seen["is_here"]), next(iter(paid_by), None))
    state = page_state.page_state(order, money, current.status if current else "", timezone.now())
    return Situation(
        order=order,
        state=state,
        money=money,
        payment=current,
        paid_with=f"Lewat {method_name(paid['raw'], paid['type'])}" if paid else "",
    )


def _payments_with_money(order: Order) -> QuerySet[Payment]:
    """Return an order's payments, newest first, with the sums of what came and went under each, and what paid.

    ``paid_by`` is the transaction under it that pays the order, or that did before its money went (``is_here``).
    """
    refunds = Refund.objects.filter(transaction__payment=OuterRef("pk")).order_by().values("transaction__payment")
    done = refunds.filter(state=RefundState.DONE).annotate(sum=Sum("amount")).values("sum")
    excess = refunds.filter(Q(transaction__surplus=True) | ~Q(transaction__problem=""), state=RefundState.DONE)
    going = refunds.filter(state__in=[RefundState.REQUESTED, RefundState.SENT]).annotate(sum=Sum("amount"))
    paid = PaymentTransaction.objects.filter(_ACCEPTED, payment=OuterRef("pk"))
    paid = paid.annotate(is_here=Q(status__in=MONEY_HERE)).order_by("-is_here", "-pk")
    return (
        Payment.objects.filter(order=order)
        .annotate(
            received=Sum("transactions__received", default=0),
            charged_back=Sum("transactions__charged_back", default=0),
            returned=Subquery(done),
            returning=Subquery(going.values("sum")),
            excess_returned=Subquery(excess.annotate(sum=Sum("amount")).values("sum")),
            paid_by=Subquery(paid.values(seen=JSONObject(type="payment_type", raw="raw", is_here="is_here"))[:1]),
        )
        .order_by("-pk")
    )


def order_page(order: Order, paths: OrderPaths, *, whole: bool) -> OrderPage:
    """Return the page about ``order`` (three queries). ``whole``: for its owner, with the personal data unmasked."""
    situation = situation_of(order)
    events = list(OrderEvent.objects.filter(order=order))
    first_name = order.recipient.split()[0] if whole and order.recipient.split() else ""
    entries = tuple(timeline.entries(order, events, situation.state, paid_with=situation.paid_with))
    return OrderPage(
        situation=situation,
        paths=paths,
        badge=page_state.badge(order, situation.state),
        title=page_state.title(situation.state, first_name, situation.money),
        lead=page_state.lead(situation.state, order, situation.money),
        lines=lines_of(order),
        timeline=entries,
        recipient=recipient_of(order, whole=whole),
        help_url=help_url(order),
        parcel=next((entry for entry in reversed(entries) if entry.resi), None),
        cancel_request=_last_cancel_request(order, events),
    )


def _last_cancel_request(order: Order, events: Iterable[OrderEvent]) -> CancelRequest | None:
    """Return the customer's last wish to cancel; no query for the many orders whose history knows of none."""
    if not any("cancelRequest" in event.data for event in events):
        return None
    return order.cancel_requests.last()


def pay_page(situation: Situation, paths: OrderPaths) -> PayPage:
    """Return the payment page of an order that waits (one more query)."""
    order, method = situation.order, situation.method
    ends_at = min(order.expires_at, method.ends_at) if method and method.ends_at else order.expires_at
    left = (ends_at - timezone.now()).total_seconds()
    return PayPage(
        situation=situation,
        paths=paths,
        lines=lines_of(order),
        ends_at=ends_at,
        seconds_left=max(0, int(left)),
        help_url=help_url(order),
    )


def lines_of(order: Order) -> tuple[Line, ...]:
    """Return the order's lines, each with its product's first picture (one query)."""
    items = _with_pictures(OrderItem.objects.filter(order=order))
    return tuple(_line(item) for item in items)


def _with_pictures(items: QuerySet[OrderItem]) -> QuerySet[OrderItem]:
    first = ProductImage.objects.filter(product=OuterRef("variant__product")).order_by("position", "pk")
    return items.annotate(large=Subquery(first.values("large")[:1]), small=Subquery(first.values("small")[:1]))


def _line(item: OrderItem) -> Line:
    large, small = getattr(item, "large", None), getattr(item, "small", None)
    picture = ProductImage(large=large, small=small) if large and small else None
    return Line(item.name, item.variant_name, item.quantity, item.line_total, picture)


def recipient_of(order: Order, *, whole: bool) -> Recipient:
    """Return whom an order goes to, masked unless ``whole``; causes no query."""
    if whole:
        name, phone, street, email = order.recipient, local_phone(order.phone), order.street, order.email
    else:
        name, phone = masking.masked_name(order.recipient), masking.masked_phone(order.phone)
        street, email = "", masking.masked_email(order.email)
    return Recipient(name, phone, street, place_line(order), email, order.note if whole else "", is_masked=not whole)


def help_url(order: Order) -> str:
    """Return the WhatsApp link with the order's number already written."""
    text = f"Halo {settings.SITE_NAME}, saya mau bertanya tentang pesanan {order.number}."
    return f"https://wa.me/{settings.WHATSAPP_NUMBER}?text={quote(text)}"


def own_order(user: User, number: str) -> Order:
    """Return a member's own order by its number. Raises NotFoundError, also for anybody else's."""
    order = Order.objects.filter(user=user, number=number.upper()).first()
    if order is None:
        raise NotFoundError("Pesanan tidak ditemukan.")
    return order


def payment_by_gateway_id(gateway_id: str) -> Payment | None:
    """Return the payment with exactly this id at the gateway, with its order, if it has one."""
    return Payment.objects.filter(gateway_id=gateway_id, order__isnull=False).select_related("order").first()


def orders_for_history(user: User) -> QuerySet[Order]:
    """Return a member's own orders, newest first, with their lines (two queries for a page)."""
    items = _with_pictures(OrderItem.objects.order_by("pk"))
    return Order.objects.filter(user=user).prefetch_related(Prefetch("items", queryset=items)).order_by("-pk")


def history_rows(orders: Iterable[Order]) -> list[HistoryRow]:
    """Return what the list shows of each order; causes no queries of its own."""
    return [
        HistoryRow(order, page_state.badge(order), tuple(_line(item) for item in order.items.all())) for order in orders
    ]


def paths_of(order: Order) -> OrderPaths:
    """Return the addresses of an order under a fresh link."""
    return OrderPaths(order_path(order))
