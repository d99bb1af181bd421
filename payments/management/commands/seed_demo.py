"""The demo shop: catalogue, stock, shipping table, vouchers, staff groups and logins."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group
from django.core.management.base import CommandError

from config.commands import REFUSED, ShopCommand
from orders.demo import seed_shipping, seed_vouchers
from payments.groups import set_up_groups
from shop.demo.seed import seed_catalogue, seed_customer, seed_staff
from shop.models import Product

CUSTOMER = ("pelanggan@infiya.store", "demo-pelanggan", "Pelanggan Demo")
STAFF = (
    ("kasir@infiya.store", "demo-kasir", "Kasir Demo", "kasir"),
    ("gudang@infiya.store", "demo-gudang", "Gudang Demo", "gudang"),
    ("owner@infiya.store", "demo-owner", "Owner Demo", "owner"),
    ("auditor@infiya.store", "demo-auditor", "Auditor Demo", "auditor"),
)


class Command(ShopCommand):
    """Fills an empty shop with a believable one. Refused when DEBUG is off: the passwords are public."""

    help = "Fill the shop with demo data (DEBUG only). Safe to run again: what is there stays as it is."
    lock_name = "seed_demo"
    examples = """\
examples:
  manage.py seed_demo
"""

    def work(
        self,
        *,
        stopping: threading.Event,
        dry_run: bool,
        **options: Any,
    ) -> Mapping[str, Any]:
        if not settings.DEBUG:
            raise CommandError("seed_demo is refused: DEBUG is off, and its passwords are public.", returncode=REFUSED)
        if dry_run:
            return {"products_there": Product.objects.count()}
        set_up_groups()
        seed_shipping()
        seed_vouchers()
        added = seed_catalogue()
        email, password, name = CUSTOMER
        seed_customer(email=email, password=password, name=name)
        for email, password, name, group in STAFF:
            user = seed_staff(email=email, password=password, name=name)
            user.groups.add(Group.objects.get(name=group))
        self.stderr.write("Demo logins:")
        for email, password, *_ in (CUSTOMER, *STAFF):
            self.stderr.write(f"  {email} / {password}")
        return {"new_products": added, "products": Product.objects.count()}
