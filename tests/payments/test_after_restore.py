"""What a restored database owes before it may sell."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from payments.after_restore import owe_a_sweep
from shop.services.site import require_sweep, site_state

pytestmark = pytest.mark.django_db


def test_a_restored_shop_is_closed_until_the_gateway_was_asked() -> None:
    since = timezone.now().replace(microsecond=0)

    said = owe_a_sweep(using="default", since=since)

    assert not site_state().takes_orders
    assert site_state().sweep_since == since
    assert said.endswith(f"manage.py reconcile_payments --since {since.isoformat()}")


def test_a_sweep_owed_from_further_back_stays_owed() -> None:
    earlier = timezone.now() - timedelta(days=2)
    require_sweep(since=earlier)

    said = owe_a_sweep(using="default", since=timezone.now())

    assert site_state().sweep_since == earlier
    assert earlier.isoformat() in said
