"""One row of every model that has a page in the staff admin."""

from __future__ import annotations

from axes.models import AccessAttempt
from django.contrib.admin.models import ADDITION, LogEntry
from django.db.models import Model
from django.utils import timezone

from backups.models import BackupRun
from config.models import OutgoingMail
from monitoring.models import MonitorRun
from orders.models import OrderEvent, ShippingMethod, ShippingRate, ShippingZone
from payments.models import GatewayNotification, GatewayTrouble, Payment, SignatureFailure, WebhookEndpoint
from payments.outgoing import ping
from payments.services.notifications import count_bad_signature
from payments.services.refunds import request_refund
from shop.models import Category, Product, Reservation, SiteState, StockCount, StockMovement, User, Variant
from tests.support.incidents import make_incident
from tests.support.simulator import Simulator
from tests.support.staff import paid_order
from tests.support.vouchers import make_voucher
from tests.support.world import make_customer, make_order


def one_of_each(simulator: Simulator, cashier: User) -> dict[str, Model]:
    """Return one row of every model that has a page."""
    order, transaction = paid_order(simulator)
    refund = request_refund(transaction_id=transaction.pk, amount=1000, reason="uji", requested_by=cashier)
    count_bad_signature()
    endpoint = WebhookEndpoint.objects.create(url="https://erp.example/", events=["order.paid"], secret="whsec_AAAA")
    first: list[Model | None] = [
        order,
        transaction,
        refund,
        GatewayTrouble.objects.create(kind="uji"),
        SiteState.objects.get_or_create(pk=1)[0],
        StockCount.objects.create(title="uji", opened_by="uji"),
        make_customer(),
        make_incident(),
        ping(endpoint),
        endpoint,
        make_voucher(),
        make_order(voucher_code=make_voucher().code).voucher_use,
        BackupRun.objects.create(name="shop-1", kind="daily", taken_at=timezone.now(), seconds=1, size=1, rows=1),
        MonitorRun.objects.create(monitor="stock_negative", run_id="1", started_at=timezone.now(), duration_ms=1),
        AccessAttempt.objects.create(username="a@example.com", ip_address="10.0.0.1", failures_since_start=3),
        LogEntry.objects.create(user=cashier, action_flag=ADDITION, object_repr="uji"),
    ]
    first += [
        model._default_manager.first()
        for model in (
            OrderEvent, ShippingMethod, ShippingZone, ShippingRate, Payment, GatewayNotification, SignatureFailure,
            Category, Product, Variant, StockMovement, Reservation, OutgoingMail,
        )
    ]  # fmt: skip
    return {row._meta.label_lower: row for row in first if row is not None}
