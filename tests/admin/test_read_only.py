"""What happened is kept: nobody adds, edits or deletes orders, money, movements or history, superusers included."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth.models import Group
from django.db.models import Model
from django.forms.models import model_to_dict
from django.test import Client
from django.urls import reverse

from config.staff import ReadOnlyAdmin
from orders.models import Order, OrderEvent
from payments.models import (
    GatewayNotification,
    GatewayTrouble,
    Payment,
    PaymentTransaction,
    Refund,
    SignatureFailure,
)
from payments.services.notifications import count_bad_signature
from payments.services.refunds import request_refund
from shop.models import Reservation, SiteState, StockMovement, Variant
from tests.support.simulator import Simulator
from tests.support.staff import login, make_staff, make_superuser, page_url, paid_order

pytestmark = pytest.mark.django_db(transaction=True)

KEPT: tuple[type[Model], ...] = (
    Order, OrderEvent, Payment, PaymentTransaction, Refund, GatewayNotification, GatewayTrouble, SignatureFailure,
    StockMovement, Reservation, Variant, SiteState,
)  # fmt: skip


@pytest.fixture
def superuser(simulator: Simulator) -> Client:
    """A superuser in a shop that has one row of everything."""
    _, transaction = paid_order(simulator)
    request_refund(transaction_id=transaction.pk, amount=1000, reason="uji", requested_by=make_staff("kasir"))
    count_bad_signature()
    GatewayTrouble.objects.create(kind="uji")
    SiteState.objects.get_or_create(pk=1)
    return login(make_superuser())


def state_of(row: Model) -> dict[str, Any]:
    row.refresh_from_db()
    return model_to_dict(row)


def test_every_kept_model_has_a_read_only_page() -> None:
    assert [model for model in KEPT if not isinstance(admin.site._registry[model], ReadOnlyAdmin)] == []


@pytest.mark.parametrize("model", KEPT, ids=lambda model: model.__name__)
def test_a_superuser_can_look_and_no_more(superuser: Client, model: type[Model]) -> None:
    row = model._default_manager.first()
    assert row is not None
    app, name = model._meta.app_label, model._meta.model_name
    before, count = state_of(row), model._default_manager.count()
    changes = dict.fromkeys(before, "1")

    assert superuser.get(page_url(row)).status_code == 200
    assert superuser.post(page_url(row), changes).status_code == 403
    assert superuser.get(reverse(f"admin:{app}_{name}_add")).status_code == 403
    assert superuser.post(reverse(f"admin:{app}_{name}_add"), changes).status_code == 403
    assert superuser.get(page_url(row, "delete")).status_code == 403
    assert superuser.post(page_url(row, "delete"), {"post": "yes"}).status_code == 403
    assert state_of(row) == before
    assert model._default_manager.count() == count


@pytest.mark.parametrize("model", KEPT, ids=lambda model: model.__name__)
def test_nothing_is_deleted_in_bulk(superuser: Client, model: type[Model]) -> None:
    row = model._default_manager.first()
    assert row is not None
    url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    form = {"action": "delete_selected", ACTION_CHECKBOX_NAME: [str(row.pk)], "post": "yes", "index": "0"}

    shown = superuser.get(url, follow=True).content.decode()
    answer = superuser.post(url, form)

    assert "delete_selected" not in shown
    assert answer.status_code in {200, 302}
    assert model._default_manager.filter(pk=row.pk).exists()


def test_the_pages_have_no_fields_to_fill_in(superuser: Client) -> None:
    for model in KEPT:
        row = model._default_manager.first()
        assert row is not None
        text = superuser.get(page_url(row)).content.decode()
        assert 'name="_save"' not in text, model
        assert "<textarea" not in text, model


def test_groups_are_made_by_code_only(superuser: Client) -> None:
    assert Group not in admin.site._registry


def test_users_are_never_deleted_and_their_passwords_never_shown(superuser: Client) -> None:
    cashier = make_staff("kasir")

    page = superuser.get(page_url(cashier)).content.decode()

    assert cashier.password not in page
    assert "pbkdf2" not in page
    assert superuser.post(page_url(cashier, "delete"), {"post": "yes"}).status_code == 403


def test_the_owner_switches_an_account_off_and_changes_nothing_else(simulator: Simulator) -> None:
    cashier = make_staff("kasir")
    owner = login("owner")

    answer = owner.post(page_url(cashier), {"email": "lain@example.com", "is_superuser": "on", "is_staff": ""})
    cashier.refresh_from_db()

    assert answer.status_code == 302
    assert not cashier.is_active
    assert cashier.is_staff
    assert not cashier.is_superuser
    assert str(cashier.email).startswith("kasir")
    assert login(cashier).get(reverse("admin:index")).status_code == 302


def test_the_owner_can_touch_neither_himself_nor_a_superuser_nor_any_password(simulator: Simulator) -> None:
    boss, above = make_staff("owner"), make_superuser()
    owner = login(boss)

    assert owner.post(page_url(boss), {}).status_code == 403
    assert owner.post(page_url(above), {}).status_code == 403
    password_page = reverse("admin:auth_user_password_change", args=[make_staff("kasir").pk])
    assert owner.get(password_page).status_code == 403
    assert owner.post(password_page, {"password1": "x", "password2": "x"}).status_code == 403


def test_a_superuser_makes_a_staff_account_and_sets_its_password(simulator: Simulator) -> None:
    boss = login(make_superuser())
    make_staff("kasir")
    kasir = Group.objects.get(name="kasir")
    form = {
        "email": "Baru@Example.com",
        "name": "Baru",
        "groups": [kasir.pk],
        "usable_password": "true",
        "password1": "kata-sandi-yang-panjang",
        "password2": "kata-sandi-yang-panjang",
    }

    answer = boss.post(reverse("admin:shop_user_add"), form)

    assert answer.status_code == 302, answer.context["adminform"].form.errors
    client = Client()
    assert client.login(username="baru@example.com", password="kata-sandi-yang-panjang")
    assert client.get(reverse("admin:orders_order_changelist")).status_code == 200
