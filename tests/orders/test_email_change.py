"""A member's orders follow him into a new mailbox, in the transaction that changes his address."""

from __future__ import annotations

import pytest
from django.db import transaction
from django.utils import timezone

from config.models import OutgoingMail
from orders.demo import seed_shipping
from orders.models import Order, OrderEvent
from orders.services import close_order, complete_order, mark_paid, place_order, ship_order
from orders.services.order_link import mail_order_link
from orders.states import OrderStatus
from shop import links
from shop.models import User
from shop.services import stock
from shop.services.credentials import confirm_email_change
from tests.support.world import make_customer, make_order, make_variant, order_request

# Orders are paid here without a payment, against the law that money must have come.
pytestmark = [pytest.mark.django_db, pytest.mark.breaks_laws]

NEW = "baru@contoh.id"


@pytest.fixture
def member() -> User:
    return make_customer(name="Sari")


def move(member: User) -> None:
    """Open the link that was mailed to the new address."""
    confirm_email_change(token=links.make_token(links.EMAIL_CHANGE, member, NEW))


def pay(order: Order) -> None:
    with transaction.atomic():
        mark_paid(order, actor="midtrans", paid_at=timezone.now())
        stock.sell(reference=order.number, actor="midtrans")


def ship(order: Order) -> None:
    ship_order(order_id=order.pk, courier="JNE", tracking_number="JNE0012345678", actor="gudang")


def test_the_parcels_mail_goes_to_the_new_mailbox(member):
    order = make_order(customer=member)
    pay(order)

    move(member)
    ship(order)

    assert OutgoingMail.objects.get(kind="order_shipped").to == NEW
    assert not OutgoingMail.objects.filter(pk__gt=OutgoingMail.objects.get(kind="email_changed").pk).exclude(to=NEW)


def test_its_link_is_found_again_with_the_new_address_alone(member):
    order = make_order(customer=member)
    before = order.email

    move(member)
    mail_order_link(number=order.number, email=before)
    assert not OutgoingMail.objects.filter(kind="order_link").exists()
    mail_order_link(number=order.number, email=NEW)

    assert OutgoingMail.objects.get(kind="order_link").to == NEW


def test_ended_orders_follow_too_since_a_refund_may_still_be_told_of(member):
    closed, completed = make_order(customer=member), make_order(customer=member)
    with transaction.atomic():
        close_order(closed, OrderStatus.CANCELLED, actor="staff", reason="uji")
    pay(completed)
    ship(completed)
    complete_order(order_id=completed.pk, actor="staff")

    move(member)

    assert set(member.orders.values_list("email", flat=True)) == {NEW}


def test_an_order_that_was_sent_elsewhere_or_is_another_persons_stays(member):
    elsewhere = make_order(customer=member, email="kantor@contoh.id")
    others = make_order(email=str(member.email))

    move(member)

    kept = Order.objects.filter(pk__in=[elsewhere.pk, others.pk]).order_by("pk")
    assert list(kept.values_list("email", flat=True)) == ["kantor@contoh.id", member.email]


def test_the_history_says_so_without_an_address(member):
    order = make_order(customer=member)

    move(member)

    event = OrderEvent.objects.filter(order=order).latest("pk")
    assert (event.kind, event.actor) == ("NOTE", f"customer:{member.pk}")
    assert "@" not in f"{event.reason}{event.data}"


def test_an_order_placed_by_a_request_from_before_the_change_gets_the_new_address(member):
    seed_shipping()
    request = order_request((make_variant(), 1), email=str(member.email))
    before = User.objects.get(pk=member.pk)

    move(member)

    assert place_order(customer=before, request=request).order.email == NEW
