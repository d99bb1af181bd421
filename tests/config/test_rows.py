"""Rows read without a QuerySet are the objects that a QuerySet gives."""

from __future__ import annotations

import pytest
from django.db import transaction
from django.db.transaction import TransactionManagementError
from django.forms.models import model_to_dict
from django.utils import timezone

from config.rows import lock_rows, rows_of
from orders.demo import seed_shipping
from orders.models import Order
from orders.services import place_order
from shop.models import SiteState, User, Variant
from tests.support.world import make_customer, make_variant, order_request

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_object_of_a_row_is_the_same_as_from_a_queryset():
    seed_shipping()
    variant = make_variant(on_hand=5)
    placed = place_order(customer=make_customer(), request=order_request((variant, 2)))
    SiteState.objects.update_or_create(pk=1, defaults={"sweep_since": timezone.now()})

    for model, pk in ((Order, placed.order.pk), (Variant, variant.pk), (User, placed.order.user_id), (SiteState, 1)):
        ours, theirs = rows_of(model, "id = %s", [pk])[0], model._default_manager.get(pk=pk)
        attributes = [field.attname for field in model._meta.concrete_fields]

        assert ours == theirs
        assert [getattr(ours, name) for name in attributes] == [getattr(theirs, name) for name in attributes]
        assert model_to_dict(ours) == model_to_dict(theirs)
        assert not ours._state.adding


def test_rows_are_locked_in_id_order_and_only_inside_a_transaction():
    pks = [make_variant().pk for _ in range(3)]

    with pytest.raises(TransactionManagementError):
        lock_rows(Variant, "id = ANY(%s)", [pks])
    with transaction.atomic():
        assert [variant.pk for variant in lock_rows(Variant, "id = ANY(%s)", [pks[::-1]])] == pks
