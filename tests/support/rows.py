"""One valid row of every table, and copies of them by raw SQL with a few columns changed, to try constraints on."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.db.models import Model
from psycopg import sql
from psycopg.types.json import Jsonb

from config.models import OutgoingMail
from orders import models as orders
from payments import models as payments
from shop import models as shop

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
_ids = itertools.count(10**9)


@dataclass(frozen=True)
class Other:
    """Stands for the key of a second valid row of a table."""

    table: str


@dataclass(frozen=True)
class First:
    """Stands for the key of the row that is there already."""

    table: str


# What a copy must have of its own, so that without any further change it is as valid as the row it was made from.
FRESH: dict[str, dict[str, Any]] = {
    "auth_group": {"name": "other"},
    "auth_permission": {"codename": "other"},
    "config_outgoingmail": {"idempotency_key": "other"},
    "orders_cancelrequest": {"order_id": Other("orders_order")},
    "orders_order": {"number": "ORD-OTHER", "idempotency_key": "other", "cart_id": None},
    "orders_orderevent": {},
    "orders_orderitem": {"variant_id": Other("shop_variant")},
    "orders_provincezone": {"province": "OTHER"},
    "orders_shipment": {"tracking_number": "OTHER123"},
    "orders_shippingmethod": {"code": "other"},
    "orders_shippingrate": {"zone_id": Other("orders_shippingzone")},
    "orders_shippingzone": {"name": "other"},
    "orders_voucher": {"code": "OTHER", "amount": 1_000},
    "orders_voucheruse": {"order_id": Other("orders_order")},
    "payments_gatewaynotification": {"digest": "other"},
    "payments_gatewaytrouble": {"ended_at": NOW.isoformat()},
    "payments_payment": {"gateway_id": "other", "status": "EXPIRED"},
    "payments_paymenttransaction": {"transaction_id": "other"},
    "payments_refund": {"refund_key": "other", "state": "FAILED"},
    "payments_refundproof": {"refund_id": Other("payments_refund")},
    "payments_repair": {},
    "payments_webhookdelivery": {"event_id": "other"},
    "payments_webhookendpoint": {"url": "https://other.example/"},
    "payments_signaturefailure": {"minute": "2026-01-02T03:05:00Z"},
    "shop_address": {"is_default": False},
    "shop_apitoken": {"digest": "other"},
    "shop_cart": {"token": "other", "user_id": None},
    "shop_cartitem": {"variant_id": Other("shop_variant")},
    "shop_category": {"slug": "other"},
    "shop_product": {"slug": "other"},
    "shop_productimage": {},
    "shop_formerproductslug": {"slug": "former-b"},
    "shop_formercategoryslug": {"slug": "former-b"},
    "shop_recoverycode": {"digest": "other"},
    "shop_reservation": {"reference": "other"},
    "shop_stockcount": {},
    "shop_stockcountline": {"variant_id": Other("shop_variant")},
    "shop_stockmovement": {"kind": "RECEIVE", "reservation_id": None, "return_reference": None},
    "shop_user": {"email": "other@example.com"},
    "shop_user_groups": {"group_id": Other("auth_group")},
    "shop_user_user_permissions": {"permission_id": Other("auth_permission")},
    "shop_variant": {"sku": "other"},
}


class Rows:
    """The rows of one test; every constraint is checked at once, none is put off to the commit."""

    def __init__(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        self.keys = {row._meta.db_table: row.pk for row in _one_of_each()}
        self._others: dict[str, Any] = {}

    def copy(self, table: str, **changes: Any) -> Any:
        """Insert a copy of the table's row with ``changes`` alone, and return its key."""
        pk = self.pk_column(table)
        if pk == "id":
            changes = {"id": next(_ids)} | changes
        statement = sql.SQL(
            "INSERT INTO {table} SELECT (jsonb_populate_record(r, %s)).* FROM {table} r WHERE {pk} = %s RETURNING {pk}",
        ).format(table=sql.Identifier(table), pk=sql.Identifier(pk))
        params: list[Any] = [Jsonb(self.resolved(changes)), self.keys[table]]
        with connection.cursor() as cursor:
            cursor.execute(statement, params)
            return cursor.fetchone()[0]

    def resolved(self, values: dict[str, Any]) -> dict[str, Any]:
        """Return ``values`` with keys for First and Other; the other rows are there from now on."""
        return {column: self._value(value) for column, value in values.items()}

    def fresh_copy(self, table: str, **changes: Any) -> Any:
        """Insert a copy that differs in everything that must be unique, with ``changes`` on top."""
        return self.copy(table, **FRESH[table] | changes)

    def delete(self, table: str, key: Any) -> None:
        """Delete one row by raw SQL."""
        self.run("DELETE FROM {table} WHERE {pk} = %s", table, key)

    def update(self, table: str, **changes: Any) -> None:
        """Change the table's row by raw SQL."""
        for column, value in changes.items():
            self.run("UPDATE {table} SET {column} = %s WHERE {pk} = %s", table, value, self.keys[table], column=column)

    def run(self, statement: str, table: str, *params: Any, **names: str) -> None:
        """Run a statement with identifiers filled in: the table, its key and further ``names``."""
        identifiers = {"table": table, "pk": self.pk_column(table)} | names
        composed = sql.SQL(statement).format(**{name: sql.Identifier(value) for name, value in identifiers.items()})
        with connection.cursor() as cursor:
            cursor.execute(composed, params or None)

    def pk_column(self, table: str) -> str:
        return "minute" if table == "payments_signaturefailure" else "id"

    def _value(self, value: Any) -> Any:
        if isinstance(value, First):
            return self.keys[value.table]
        if isinstance(value, Other):
            if value.table not in self._others:
                self._others[value.table] = self.fresh_copy(value.table)
            return self._others[value.table]
        return value


def _one_of_each() -> list[Model]:
    user = shop.User.objects.create(email="a@example.com", password="x")
    group = Group.objects.create(name="a")
    permission = Permission.objects.order_by("pk")[0]
    user.groups.add(group)
    user.user_permissions.add(permission)
    return [
        group,
        permission,
        user,
        shop.User.groups.through.objects.get(),
        shop.User.user_permissions.through.objects.get(),
        *_shop_rows(user),
        OutgoingMail.objects.create(
            kind="k",
            from_email="a@example.com",
            to="b@example.com",
            subject="s",
            text="t",
            idempotency_key="k/1",
        ),
    ]


def _shop_rows(user: shop.User) -> list[Model]:
    category = shop.Category.objects.create(name="a", slug="a")
    product = shop.Product.objects.create(category=category, name="a", slug="a")
    variant = shop.Variant.objects.create(product=product, sku="A", price=100_000, weight=400)
    cart = shop.Cart.objects.create(user=user)
    reservation = shop.Reservation.objects.create(reference="R", variant=variant, quantity=1)
    count = shop.StockCount.objects.create(title="a", opened_by="a")
    return [
        count,
        shop.StockCountLine.objects.create(
            count=count, variant=variant, counted=1, on_hand_then=1, counted_at=NOW, counted_by="a"
        ),
        category,
        product,
        variant,
        cart,
        reservation,
        shop.ProductImage.objects.create(product=product, large="a", small="a", alt="a"),
        shop.FormerProductSlug.objects.create(product=product, slug="former-a"),
        shop.FormerCategorySlug.objects.create(category=category, slug="former-a"),
        shop.CartItem.objects.create(cart=cart, variant=variant, quantity=1, seen_price=100_000),
        shop.StockMovement.objects.create(
            variant=variant,
            kind="RETURN",
            delta=1,
            balance=1,
            actor="a",
            reservation=reservation,
            return_reference="R/1",
        ),
        shop.Address.objects.create(
            user=user,
            recipient="a",
            phone="+6281234567890",
            province="a",
            city="a",
            district="a",
            postal_code="40132",
            street="a",
            is_default=True,
        ),
        shop.ApiToken.objects.create(user=user, digest="a", prefix="a", expires_at=NOW),
        shop.RecoveryCode.objects.create(user=user, digest="a"),
        shop.SiteState.objects.create(),
        *_order_rows(user, variant, cart),
    ]


def _order_rows(user: shop.User, variant: shop.Variant, cart: shop.Cart) -> list[Model]:
    zone = orders.ShippingZone.objects.create(name="a")
    method = orders.ShippingMethod.objects.create(code="a", courier="A", service="REG")
    order = orders.Order.objects.create(
        number="ORD-A",
        user=user,
        email="a@example.com",
        idempotency_key="a",
        cart=cart,
        subtotal=100_000,
        shipping_cost=12_000,
        total=112_000,
        created_at=NOW,
        status_at=NOW,
        expires_at=NOW + timedelta(days=1),
    )
    voucher = orders.Voucher.objects.create(code="HEMAT", kind="FIXED", amount=1_000, total_limit=1, starts_at=NOW)
    return [
        zone,
        method,
        order,
        voucher,
        orders.VoucherUse.objects.create(
            voucher=voucher,
            order=order,
            user=user,
            email_key="a",
            phone_key="a",
            amount=1_000,
            used_at=NOW,
        ),
        orders.ProvinceZone.objects.create(province="A", zone=zone),
        orders.ShippingRate.objects.create(method=method, zone=zone, first_kg=1, next_kg=1),
        orders.OrderItem.objects.create(
            order=order,
            variant=variant,
            name="a",
            sku="A",
            unit_price=100_000,
            quantity=1,
            weight=400,
        ),
        orders.OrderEvent.objects.create(order=order, kind="PLACED", actor="a"),
        orders.CancelRequest.objects.create(order=order, reason="a"),
        orders.Shipment.objects.create(order=order, courier="A", tracking_number="A12345", shipped_by="a"),
        *_payment_rows(user, order),
    ]


def _payment_rows(user: shop.User, order: orders.Order) -> list[Model]:
    payment = payments.Payment.objects.create(
        order=order,
        gateway_id="a",
        amount=112_000,
        status="PENDING",
        expires_at=NOW,
    )
    transaction = payments.PaymentTransaction.objects.create(
        payment=payment,
        transaction_id="a",
        status="SUCCESS",
        raw_status="settlement",
        amount=112_000,
        received=112_000,
        charged_back=1_000,
        asked_at=NOW,
    )
    endpoint = payments.WebhookEndpoint.objects.create(
        url="https://a.example/", events=["order.paid"], secret="whsec_a"
    )
    refund = payments.Refund.objects.create(
        transaction=transaction,
        amount=1,
        reason="a",
        refund_key="a",
        channel="API",
        requested_by=user,
    )
    return [
        payment,
        transaction,
        refund,
        payments.RefundProof.objects.create(
            refund=refund, content=b"a", kind="application/pdf", size=1, sha256="a", added_by="a"
        ),
        payments.GatewayNotification.objects.create(
            digest="a",
            body="{}",
            gateway_id="a",
            transaction_id="a",
            claimed_status="settlement",
            payment=payment,
        ),
        payments.SignatureFailure.objects.create(minute=NOW.replace(second=0)),
        payments.GatewayTrouble.objects.create(kind="a"),
        endpoint,
        payments.WebhookDelivery.objects.create(
            endpoint=endpoint, event_id="a", type="order.paid", reference="a", body="{}"
        ),
        payments.Repair.objects.create(kind="FOUND", payment=payment, before="a", after="b", actor="a"),
    ]
