"""Vouchers for tests: the least that is valid, ten thousand rupiah off and no limit unless another wish is given."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

from django.utils import timezone

from orders.models import Voucher

_serial = itertools.count(1)


def make_voucher(**fields: Any) -> Voucher:
    """Return a voucher that counts since yesterday."""
    if not {"percent", "kind"} & set(fields):
        fields.setdefault("amount", 10_000)
    kind = "PERCENT" if "percent" in fields else "FIXED"
    start = timezone.now() - timedelta(days=1)
    defaults: dict[str, Any] = {"code": f"HEMAT{next(_serial)}", "kind": kind, "starts_at": start}
    return Voucher.objects.create(**defaults | fields)
