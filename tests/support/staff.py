"""Staff at work in the admin: logins by group, and buttons pressed the way a browser presses them."""

from __future__ import annotations

import itertools
from typing import Any

from django.contrib.auth.models import Group
from django.contrib.messages import get_messages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from orders.models import Order
from payments.groups import set_up_groups
from payments.models import Payment, PaymentTransaction
from shop.models import User
from tests.support.simulator import Simulator
from tests.support.world import make_order, notify, start

_serial = itertools.count(1)
TYPED = {"bank_name": "BCA", "account_number": "527-0123 456", "account_name": "Ratna Wulandari"}
"""An account as staff type it."""


def slip(content: bytes = b"%PDF-1.4\nuji\n%%EOF\n", name: str = "bukti.pdf") -> SimpleUploadedFile:
    """Return the proof of a transfer as a browser uploads it."""
    return SimpleUploadedFile(name, content, "application/octet-stream")


def make_staff(group: str) -> User:
    """Return a staff member of one group."""
    if not Group.objects.filter(name=group).exists():
        set_up_groups()
    user = User.objects.create_user(f"{group}{next(_serial)}@example.com", "kata-sandi-panjang", is_staff=True)
    user.groups.add(Group.objects.get(name=group))
    return user


def login(who: str | User) -> Client:
    """Return a browser logged in as a member of a group, or as somebody."""
    client = Client()
    client.force_login(make_staff(who) if isinstance(who, str) else who)
    return client


def make_superuser() -> User:
    """Return the account for breaking glass."""
    return User.objects.create_superuser(f"super{next(_serial)}@example.com", "kata-sandi-panjang")


def page_url(row: Model, page: str = "change") -> str:
    """Return the address of a row's page, or of one of its buttons."""
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_{page}", args=[row.pk])


def begin(client: Client, row: Model, action: str) -> dict[str, Any]:
    """Open the page of a button; returns what its form would send. Fails when the page is not shown."""
    answer = client.get(page_url(row, action))
    assert answer.status_code == 200, (answer.status_code, said(answer))
    form = answer.context["form"]
    return {name: form[name].value() for name in form.fields if form[name].value() is not None}


def press(client: Client, row: Model, action: str, **given: Any) -> Any:
    """Press a button, fill in its page and confirm it."""
    return client.post(page_url(row, action), begin(client, row, action) | given)


def said(answer: Any) -> list[str]:
    """Return the sentences that an answer left for the next page."""
    return [str(message) for message in get_messages(answer.wsgi_request)]


def buttons(client: Client, row: Model) -> set[str]:
    """Return the buttons on a row's page."""
    return {button.name for button in client.get(page_url(row)).context["staff_buttons"]}


def settle(simulator: Simulator, order: Order, method: str = "bca_va") -> Payment:
    """Let a customer pay an order; returns its payment."""
    payment = start(order)
    simulator.choose(payment.gateway_id, method, deliver=False)
    transaction = simulator.event(payment.gateway_id, "settle", deliver=False)
    assert notify(payment, transaction) == 200
    order.refresh_from_db()
    assert order.status == "PAID"
    return payment


def paid_order(simulator: Simulator, *lines: Any, method: str = "bca_va") -> tuple[Order, PaymentTransaction]:
    """Return an order that was paid, and the transaction that paid it."""
    order = make_order(*lines)
    payment = settle(simulator, order, method)
    return order, PaymentTransaction.objects.get(payment=payment)
