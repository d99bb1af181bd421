"""Every rule that the database enforces by itself, each tried by raw SQL; and none may be added without its line here.

A line makes one copy of a valid row (``tests.support.rows``) that breaks one rule: PostgreSQL must name exactly that
constraint, and must accept the very same row once the constraint is dropped, so the line breaks nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.apps import apps
from django.db import DatabaseError, IntegrityError, connection, models, transaction
from django.db.models import ProtectedError

from config.database import violated_constraint
from tests.support.rows import FRESH, NOW, First, Other, Rows
from tests.support.tables import APPS, table_names

pytestmark = pytest.mark.django_db

LATER = NOW.isoformat()
ANSWERED = {"answered_at": LATER, "answered_by": "a"}


@pytest.fixture
def rows() -> Iterator[Rows]:
    with transaction.atomic():
        yield Rows()
        transaction.set_rollback(True)


# --- checks and unique constraints ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Broken:
    """A row that breaks ``constraint``: a fresh copy with ``changes``, or one that keeps the columns ``same``.

    ``without``: rules that would speak up first, or as well, because they are stricter; they are dropped before.
    """

    constraint: str
    table: str
    changes: dict[str, Any] = field(default_factory=dict)
    same: tuple[str, ...] = ()
    without: tuple[str, ...] = ()

    @property
    def values(self) -> dict[str, Any]:
        kept = FRESH.get(self.table, {}).items()
        return {column: value for column, value in kept if column not in self.same} | self.changes


def check(table: str, constraint: str, *, without: str | tuple[str, ...] = (), **changes: Any) -> Broken:
    return Broken(constraint, table, changes, without=(without,) if isinstance(without, str) else without)


def unique(table: str, constraint: str, *same: str, **changes: Any) -> Broken:
    return Broken(constraint, table, changes, same=same)


BROKEN = [
    # mails
    check("config_outgoingmail", "config_mail_key_given", idempotency_key=""),
    check("config_outgoingmail", "config_mail_sending_has_lease", state="SENDING"),
    check("config_outgoingmail", "config_mail_sending_has_lease", lease_until=LATER),
    check("config_outgoingmail", "config_mail_sent_has_sent_at", state="SENT"),
    check("config_outgoingmail", "config_mail_sent_has_sent_at", sent_at=LATER),
    check("config_outgoingmail", "config_mail_state_known", state="LOST"),
    check("config_outgoingmail", "config_mail_subject_one_line", subject="a\nBcc: b@example.com"),
    check("config_outgoingmail", "config_mail_to_one_line", to="a@example.com\r\nb@example.com"),
    check("config_outgoingmail", "config_outgoingmail_attempts_check", attempts=-1),
    unique("config_outgoingmail", "config_mail_key_unique", "idempotency_key"),
    # people
    check("shop_user", "user_email_lower", email="Other@example.com"),
    check("shop_user", "user_erased_is_nobody", erased_at=LATER),
    check("shop_user", "user_erased_is_nobody", erased_at=LATER, is_active=False, name="a"),
    check("shop_user", "user_erased_is_nobody", erased_at=LATER, is_active=False, is_staff=True),
    check("shop_user", "user_guest_has_no_login", is_guest=True),
    check("shop_user", "user_guest_has_no_login", email=None),
    check("shop_user", "user_guest_has_no_login", is_guest=True, email=None, is_staff=True),
    check("shop_user", "user_guest_has_no_login", is_guest=True, email=None, is_superuser=True),
    unique("shop_user", "shop_user_email_key", "email"),
    unique("shop_user_groups", "shop_user_groups_user_id_group_id_29c349c0_uniq", "group_id"),
    unique(
        "shop_user_user_permissions",
        "shop_user_user_permissions_user_id_permission_id_8836bbbf_uniq",
        "permission_id",
    ),
    check("shop_address", "address_phone_e164", phone="081234567890"),
    check("shop_address", "address_postal_code_digits", postal_code="4013a"),
    check("shop_address", "address_postal_code_digits", postal_code="4013"),
    unique("shop_address", "address_one_default_per_user", "is_default"),
    unique("shop_apitoken", "shop_apitoken_digest_key", "digest"),
    unique("shop_recoverycode", "recovery_code_once_per_user", "digest"),
    # what is for sale
    check("shop_category", "shop_category_position_check", position=-1),
    unique("shop_category", "shop_category_slug_key", "slug"),
    unique("shop_product", "shop_product_slug_key", "slug"),
    unique("shop_formerproductslug", "shop_formerproductslug_slug_key", "slug"),
    unique("shop_formercategoryslug", "shop_formercategoryslug_slug_key", "slug"),
    check("shop_productimage", "shop_productimage_position_check", position=-1),
    check("shop_variant", "shop_variant_position_check", position=-1),
    check("shop_variant", "shop_variant_price_check", price=-1, without="variant_price_positive"),
    check("shop_variant", "shop_variant_weight_check", weight=-1, without="variant_weight_positive"),
    check("shop_variant", "shop_variant_reorder_at_check", reorder_at=-1),
    check("shop_variant", "variant_on_hand_not_negative", on_hand=-1),
    check("shop_variant", "variant_price_positive", price=0),
    check("shop_variant", "variant_reserved_not_negative", reserved=-1),
    check("shop_variant", "variant_swatch_is_colour", swatch="biru"),
    check("shop_variant", "variant_weight_positive", weight=0),
    unique("shop_variant", "shop_variant_sku_key", "sku"),
    # stock
    check("shop_reservation", "reservation_quantity_positive", quantity=0),
    check("shop_reservation", "reservation_reference_given", reference=""),
    check("shop_reservation", "reservation_state_known", state="LOST"),
    check("shop_reservation", "shop_reservation_attempts_check", attempts=-1),
    check("shop_reservation", "shop_reservation_quantity_check", quantity=-1, without="reservation_quantity_positive"),
    unique("shop_reservation", "reservation_one_live_per_reference_and_variant", "reference"),
    unique("shop_reservation", "reservation_one_live_per_reference_and_variant", "reference", state="SHORT"),
    check("shop_stockcount", "stock_count_state_known", state="LOST", closed_at=LATER, closed_by="a"),
    check("shop_stockcount", "stock_count_opener_given", opened_by=""),
    check("shop_stockcount", "stock_count_closed_by_somebody", state="APPLIED"),
    check("shop_stockcount", "stock_count_closed_by_somebody", closed_at=LATER),
    check("shop_stockcount", "stock_count_closed_by_somebody", state="CANCELLED", closed_at=LATER),
    check("shop_stockcountline", "shop_stockcountline_counted_check", counted=-1),
    check("shop_stockcountline", "stock_count_line_books_not_negative", on_hand_then=-1),
    check("shop_stockcountline", "stock_count_line_counter_given", counted_by=""),
    unique("shop_stockcountline", "stock_count_line_once_per_variant", "variant_id"),
    check("shop_stockmovement", "movement_actor_given", actor=""),
    check("shop_stockmovement", "movement_adjust_has_reason", kind="ADJUST"),
    check("shop_stockmovement", "movement_balance_not_negative", balance=-1),
    check("shop_stockmovement", "movement_kind_and_sign", kind="RECEIVE", delta=-1),
    check("shop_stockmovement", "movement_kind_and_sign", kind="RETURN", delta=0),
    check(
        "shop_stockmovement", "movement_kind_and_sign", kind="SALE", delta=1, reservation_id=Other("shop_reservation")
    ),
    check("shop_stockmovement", "movement_kind_and_sign", kind="ADJUST", delta=0, reason="a"),
    check("shop_stockmovement", "movement_kind_and_sign", kind="LOST"),
    check("shop_stockmovement", "movement_sale_has_reservation", kind="SALE", delta=-1),
    unique("shop_stockmovement", "movement_once_per_reservation_and_kind", "reservation_id", "kind"),
    unique("shop_stockmovement", "movement_once_per_return_reference", "return_reference"),
    # carts and the one row that opens the shop
    check("shop_cart", "cart_status_known", status="LOST"),
    check("shop_cart", "shop_cart_version_check", version=-1),
    unique("shop_cart", "cart_one_open_per_user", "user_id"),
    unique("shop_cart", "shop_cart_token_key", "token"),
    check("shop_cartitem", "cart_item_quantity_in_range", quantity=0),
    check("shop_cartitem", "cart_item_quantity_in_range", quantity=100),
    check("shop_cartitem", "shop_cartitem_quantity_check", quantity=-1, without="cart_item_quantity_in_range"),
    check("shop_cartitem", "shop_cartitem_seen_price_check", seen_price=-1),
    unique("shop_cartitem", "cart_item_one_line_per_variant", "variant_id"),
    check("shop_sitestate", "site_state_single_row", id=2),
    check("shop_sitestate", "shop_sitestate_id_check", id=-1, without="site_state_single_row"),
    # orders
    check("orders_order", "order_closing_is_whole", closing_at=LATER),
    check("orders_order", "order_closing_is_whole", closing_to="EXPIRED"),
    check("orders_order", "order_closing_is_whole", closing_by="a"),
    check("orders_order", "order_closing_is_whole", closing_at=LATER, closing_to="PAID", closing_by="a"),
    check("orders_order", "order_closing_is_whole", closing_at=LATER, closing_to="EXPIRED"),
    check(
        "orders_order",
        "order_closing_only_while_unpaid",
        closing_at=LATER,
        closing_to="CANCELLED",
        closing_by="a",
        status="PAID",
        paid_at=LATER,
    ),
    check("orders_order", "order_expires_after_creation", expires_at=NOW.isoformat()),
    check("orders_order", "order_key_given", idempotency_key=""),
    *(
        check("orders_order", "order_paid_has_paid_at", status=status)
        for status in ("PAID", "PROCESSING", "SHIPPED", "COMPLETED", "REFUNDED")
    ),
    check("orders_order", "order_status_known", status="LOST", paid_at=LATER),
    check("orders_order", "order_total_is_the_sum", total=1),
    check("orders_order", "order_discount_has_voucher", discount=1_000, total=111_000),
    check("orders_order", "order_discount_has_voucher", voucher_code="A"),
    check("orders_order", "order_total_positive", discount=112_000, total=0, voucher_code="A"),
    check(
        "orders_order",
        "orders_order_discount_check",
        discount=-1,
        total=112_001,
        without="order_discount_has_voucher",
    ),
    check("orders_order", "orders_order_link_version_check", link_version=-1),
    check("orders_order", "orders_order_shipping_cost_check", shipping_cost=-1, subtotal=112_001),
    check("orders_order", "orders_order_subtotal_check", subtotal=-1, shipping_cost=112_001),
    check(
        "orders_order",
        "orders_order_total_check",
        total=-1,
        discount=112_001,
        voucher_code="A",
        without="order_total_positive",
    ),
    unique("orders_order", "order_once_per_user_and_key", "idempotency_key"),
    unique("orders_order", "orders_order_cart_id_key", "cart_id"),
    unique("orders_order", "orders_order_number_key", "number"),
    check("orders_voucher", "voucher_cap_positive", kind="SHIPPING", amount=None, most=0),
    *(check("orders_voucher", "voucher_code_form", code=code) for code in ("hemat", "H", "-HEMAT", "HE MAT", "HÉMAT")),
    check("orders_voucher", "voucher_customer_limit_positive", customer_limit=0),
    check("orders_voucher", "voucher_ends_after_start", ends_at=NOW.isoformat()),
    check("orders_voucher", "voucher_has_what_its_kind_needs", amount=None),
    check("orders_voucher", "voucher_has_what_its_kind_needs", amount=0),
    check("orders_voucher", "voucher_has_what_its_kind_needs", percent=5),
    check("orders_voucher", "voucher_has_what_its_kind_needs", most=5),
    check("orders_voucher", "voucher_has_what_its_kind_needs", kind="SHIPPING"),
    check("orders_voucher", "voucher_has_what_its_kind_needs", kind="PERCENT", amount=None),
    check("orders_voucher", "voucher_has_what_its_kind_needs", kind="PERCENT", amount=None, percent=101),
    check("orders_voucher", "voucher_kind_known", kind="LOST", without="voucher_has_what_its_kind_needs"),
    check("orders_voucher", "voucher_used_within_limit", used=2),
    check("orders_voucher", "orders_voucher_amount_check", amount=-1, without="voucher_has_what_its_kind_needs"),
    check(
        "orders_voucher",
        "orders_voucher_customer_limit_check",
        customer_limit=-1,
        without="voucher_customer_limit_positive",
    ),
    check("orders_voucher", "orders_voucher_min_subtotal_check", min_subtotal=-1),
    check(
        "orders_voucher",
        "orders_voucher_most_check",
        kind="SHIPPING",
        amount=None,
        most=-1,
        without="voucher_cap_positive",
    ),
    check("orders_voucher", "orders_voucher_percent_check", percent=-1, without="voucher_has_what_its_kind_needs"),
    check("orders_voucher", "orders_voucher_total_limit_check", total_limit=-1, without="voucher_used_within_limit"),
    check("orders_voucher", "orders_voucher_used_check", used=-1),
    unique("orders_voucher", "orders_voucher_code_key", "code"),
    check("orders_voucheruse", "voucher_use_takes_something_off", amount=0),
    check("orders_voucheruse", "orders_voucheruse_amount_check", amount=-1, without="voucher_use_takes_something_off"),
    unique("orders_voucheruse", "orders_voucheruse_order_id_key", "order_id"),
    check("orders_orderevent", "order_event_actor_given", actor=""),
    check("orders_orderevent", "order_event_kind_known", kind="LOST"),
    check("orders_orderevent", "order_event_status_has_target", kind="STATUS"),
    check("orders_orderitem", "order_item_price_positive", unit_price=0),
    check("orders_orderitem", "order_item_quantity_positive", quantity=0),
    check("orders_orderitem", "orders_orderitem_quantity_check", quantity=-1, without="order_item_quantity_positive"),
    check("orders_orderitem", "orders_orderitem_unit_price_check", unit_price=-1, without="order_item_price_positive"),
    check("orders_orderitem", "orders_orderitem_weight_check", weight=-1),
    unique("orders_orderitem", "order_item_one_line_per_variant", "variant_id"),
    check("orders_cancelrequest", "cancel_request_answer_is_whole", state="ACCEPTED"),
    check("orders_cancelrequest", "cancel_request_answer_is_whole", answered_by="a", order_id=Other("orders_order")),
    check("orders_cancelrequest", "cancel_request_decline_has_reason", state="DECLINED", **ANSWERED),
    check("orders_cancelrequest", "cancel_request_state_known", state="LOST", **ANSWERED),
    unique("orders_cancelrequest", "cancel_request_one_open_per_order", "order_id"),
    # how things travel
    unique("orders_provincezone", "orders_provincezone_province_key", "province"),
    check("orders_shipment", "shipment_resi_given", tracking_number=""),
    unique("orders_shipment", "shipment_resi_once_per_courier", "tracking_number"),
    check("orders_shippingmethod", "orders_shippingmethod_position_check", position=-1),
    unique("orders_shippingmethod", "orders_shippingmethod_code_key", "code"),
    check("orders_shippingrate", "orders_shippingrate_first_kg_check", first_kg=-1),
    check(
        "orders_shippingrate",
        "orders_shippingrate_max_days_check",
        max_days=-1,
        min_days=-1,
        without="orders_shippingrate_min_days_check",
    ),
    check("orders_shippingrate", "orders_shippingrate_max_weight_check", max_weight=-1),
    check("orders_shippingrate", "orders_shippingrate_min_days_check", min_days=-1),
    check("orders_shippingrate", "orders_shippingrate_next_kg_check", next_kg=-1),
    check("orders_shippingrate", "shipping_rate_days_in_order", min_days=6, max_days=5),
    unique("orders_shippingrate", "shipping_rate_one_per_method_and_zone", "zone_id"),
    unique("orders_shippingzone", "orders_shippingzone_name_key", "name"),
    # payments
    check("payments_payment", "payment_amount_positive", amount=0),
    check("payments_payment", "payment_status_known", status="LOST"),
    check("payments_payment", "payment_success_has_success_at", status="SUCCESS"),
    *(
        check("payments_payment", "payment_without_order_is_not_open", order_id=None, status=status)
        for status in ("INITIATED", "PENDING", "CHALLENGE")
    ),
    check("payments_payment", "payments_payment_amount_check", amount=-1, without="payment_amount_positive"),
    check("payments_payment", "payments_payment_attempts_check", attempts=-1),
    check("payments_payment", "payments_payment_unanswered_check", unanswered=-1),
    *(
        unique("payments_payment", "payment_one_open_per_order", status=status)
        for status in ("INITIATED", "PENDING", "CHALLENGE")
    ),
    unique("payments_payment", "payments_payment_gateway_id_key", "gateway_id"),
    check("payments_paymenttransaction", "payments_paymenttransaction_amount_check", amount=-1),
    check("payments_paymenttransaction", "payments_paymenttransaction_charged_back_check", charged_back=-1),
    check(
        "payments_paymenttransaction",
        "payments_paymenttransaction_received_check",
        received=-1,
        without="transaction_charged_back_at_most_received",
    ),
    check("payments_paymenttransaction", "transaction_charged_back_at_most_received", charged_back=112_001),
    check("payments_paymenttransaction", "transaction_status_known", status="LOST"),
    check(
        "payments_paymenttransaction",
        "transaction_surplus_has_money",
        surplus=True,
        received=0,
        charged_back=0,
    ),
    unique("payments_paymenttransaction", "payments_paymenttransaction_transaction_id_key", "transaction_id"),
    check("payments_refund", "payments_refund_amount_check", amount=-1, without="refund_amount_positive"),
    check("payments_refund", "payments_refund_attempts_check", attempts=-1),
    *(
        check("payments_refund", "refund_account_is_whole", channel="BANK", **{"bank_name": "BCA"} | more)
        for more in ({}, {"account_number": "123456"}, {"account_name": "a"}, {"bank_name": "", "account_name": "a"})
    ),
    *(
        check(
            "payments_refund",
            "refund_account_is_digits_or_masked",
            channel="BANK",
            bank_name="BCA",
            account_number=number,
            account_name="a",
        )
        for number in ("12345", "123456a", "****12345", "=1+1+1+1")
    ),
    check(
        "payments_refund",
        "refund_account_is_for_a_transfer",
        bank_name="BCA",
        account_number="123456",
        account_name="a",
    ),
    check("payments_refund", "refund_amount_positive", amount=0),
    check("payments_refund", "refund_approved_by_another", approved_by_id=First("shop_user")),
    check("payments_refund", "refund_bank_done_has_reference", channel="BANK", state="DONE", done_at=LATER),
    check("payments_refund", "refund_channel_known", channel="POST"),
    *(
        check("payments_refund", "refund_denied_was_done", denied_at=LATER, **wrong)
        for wrong in (
            {"state": "FAILED", "done_at": None},
            {"state": "DONE", "done_at": LATER},
            {"state": "FAILED", "done_at": LATER, "channel": "BANK"},
        )
    ),
    check("payments_refund", "refund_done_has_done_at", state="DONE"),
    check("payments_refund", "refund_sent_only_when_approved", state="DONE", done_at=LATER, needs_approval=True),
    check("payments_refund", "refund_state_known", state="LOST"),
    check("payments_refund", "refund_unseen_was_shown", unseen_since=LATER, state="FAILED"),
    check(
        "payments_refund",
        "refund_unseen_was_shown",
        unseen_since=LATER,
        state="DONE",
        done_at=LATER,
        channel="BANK",
        bank_reference="TRF-1",
    ),
    unique("payments_refund", "payments_refund_refund_key_key", "refund_key"),
    check("payments_refundproof", "payments_refundproof_size_check", size=-1, without="refund_proof_size_bounded"),
    check("payments_refundproof", "refund_proof_added_by_given", added_by=""),
    check("payments_refundproof", "refund_proof_kind_known", kind="text/html"),
    *(check("payments_refundproof", "refund_proof_size_bounded", size=size) for size in (0, 4 * 1024 * 1024 + 1)),
    check("payments_refundproof", "refund_proof_there_unless_erased", erased_at=LATER),
    check("payments_refundproof", "refund_proof_there_unless_erased", content=""),
    unique("payments_refundproof", "payments_refundproof_refund_id_key", "refund_id"),
    *(unique("payments_refund", "refund_one_open_per_transaction", state=state) for state in ("REQUESTED", "SENT")),
    check("payments_gatewaynotification", "notification_applied_has_time", outcome="APPLIED"),
    check("payments_gatewaynotification", "notification_outcome_known", outcome="LOST"),
    check("payments_gatewaynotification", "payments_gatewaynotification_attempts_check", attempts=-1),
    check("payments_gatewaynotification", "payments_gatewaynotification_deliveries_check", deliveries=-1),
    unique("payments_gatewaynotification", "payments_gatewaynotification_digest_key", "digest"),
    check("payments_gatewaytrouble", "payments_gatewaytrouble_count_check", count=-1),
    unique("payments_gatewaytrouble", "gateway_trouble_one_open_per_kind", "ended_at"),
    check("payments_signaturefailure", "payments_signaturefailure_count_check", count=-1),
    check("payments_repair", "repair_actor_given", actor=""),
    check("payments_repair", "repair_kind_known", kind="LOST"),
    check("payments_webhookendpoint", "webhook_endpoint_has_secret", secret=""),
    check("payments_webhookendpoint", "webhook_endpoint_wants_something", events=[]),
    unique("payments_webhookendpoint", "webhook_endpoint_url_unique", "url"),
    check("payments_webhookdelivery", "payments_webhookdelivery_attempts_check", attempts=-1),
    check("payments_webhookdelivery", "payments_webhookdelivery_last_status_check", last_status=-1),
    check("payments_webhookdelivery", "webhook_delivery_sent_has_time", state="SENT"),
    check("payments_webhookdelivery", "webhook_delivery_state_known", state="LOST"),
    check("payments_webhookdelivery", "webhook_delivery_type_known", type="order.lost"),
    unique("payments_webhookdelivery", "webhook_delivery_once_per_endpoint", "event_id"),
]


def drop(rows: Rows, table: str, constraint: str) -> None:
    """Drop a constraint or, for a partial one, the unique index that it is."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM pg_constraint WHERE conname = %s AND conrelid = %s::regclass", [constraint, table]
        )
        is_constraint = cursor.fetchone() is not None
    if is_constraint:
        rows.run("ALTER TABLE {table} DROP CONSTRAINT {constraint}", table, constraint=constraint)
    else:
        rows.run("DROP INDEX {constraint}", table, constraint=constraint)


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.constraint)
def test_the_database_refuses_a_row_that_breaks(broken: Broken, rows: Rows):
    values = rows.resolved(broken.values)
    for stricter in broken.without:
        drop(rows, broken.table, stricter)

    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        rows.copy(broken.table, **values)

    assert violated_constraint(refused.value) == broken.constraint
    drop(rows, broken.table, broken.constraint)
    rows.copy(broken.table, **values)


@pytest.mark.parametrize("table", FRESH)
def test_a_row_that_breaks_nothing_is_accepted_beside_the_first(table: str, rows: Rows):
    rows.fresh_copy(table)


def test_checks_and_unique_constraints_each_have_a_line_above():
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT conname FROM pg_constraint
             WHERE contype IN ('c', 'u', 'x') AND conrelid = ANY (%(tables)s::regclass[])
            UNION
            SELECT i.indexrelid::regclass::text FROM pg_index i
             WHERE i.indisunique AND i.indrelid = ANY (%(tables)s::regclass[])
               AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conindid = i.indexrelid)
            """,
            {"tables": table_names()},
        )
        enforced = {name for (name,) in cursor.fetchall()}

    assert {broken.constraint for broken in BROKEN} == enforced


# --- foreign keys -----------------------------------------------------------------------------------------------------

PROTECT, CASCADE = "PROTECT", "CASCADE"

# What the shop does when the row that is pointed at is deleted; the database itself always refuses.
FOREIGN_KEYS = {
    "orders_cancelrequest.order_id": PROTECT,
    "orders_order.cart_id": PROTECT,
    "orders_order.user_id": PROTECT,
    "orders_orderevent.order_id": PROTECT,
    "orders_orderitem.order_id": CASCADE,
    "orders_orderitem.variant_id": PROTECT,
    "orders_provincezone.zone_id": CASCADE,
    "orders_shipment.order_id": PROTECT,
    "orders_shippingrate.method_id": CASCADE,
    "orders_shippingrate.zone_id": CASCADE,
    "orders_voucheruse.order_id": PROTECT,
    "orders_voucheruse.user_id": PROTECT,
    "orders_voucheruse.voucher_id": PROTECT,
    "payments_gatewaynotification.payment_id": PROTECT,
    "payments_payment.order_id": PROTECT,
    "payments_paymenttransaction.payment_id": PROTECT,
    "payments_refundproof.refund_id": PROTECT,
    "payments_refund.approved_by_id": PROTECT,
    "payments_refund.requested_by_id": PROTECT,
    "payments_refund.transaction_id": PROTECT,
    "payments_repair.payment_id": PROTECT,
    "payments_webhookdelivery.endpoint_id": PROTECT,
    "shop_address.user_id": CASCADE,
    "shop_apitoken.user_id": CASCADE,
    "shop_cart.user_id": CASCADE,
    "shop_cartitem.cart_id": CASCADE,
    "shop_cartitem.variant_id": CASCADE,
    "shop_formercategoryslug.category_id": CASCADE,
    "shop_formerproductslug.product_id": CASCADE,
    "shop_product.category_id": PROTECT,
    "shop_productimage.product_id": CASCADE,
    "shop_recoverycode.user_id": CASCADE,
    "shop_reservation.variant_id": PROTECT,
    "shop_stockcountline.count_id": CASCADE,
    "shop_stockcountline.variant_id": PROTECT,
    "shop_stockmovement.reservation_id": PROTECT,
    "shop_stockmovement.variant_id": PROTECT,
    "shop_user_groups.group_id": CASCADE,
    "shop_user_groups.user_id": CASCADE,
    "shop_user_user_permissions.permission_id": CASCADE,
    "shop_user_user_permissions.user_id": CASCADE,
    "shop_variant.product_id": CASCADE,
}
PROTECTED = sorted(key for key, action in FOREIGN_KEYS.items() if action == PROTECT)


def foreign_keys() -> dict[str, tuple[str, str]]:
    """Return each foreign key's name and parent by ``table.column``."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT c.conrelid::regclass || '.' || a.attname, c.conname, c.confrelid::regclass::text
              FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
             WHERE c.contype = 'f' AND c.confdeltype = 'a' AND c.conrelid = ANY (%s::regclass[])
            """,  # the one that cascades by itself is that of shop_listing, which triggers write
            [table_names()],
        )
        return {key: (name, parent) for key, name, parent in cursor.fetchall()}


def field_of(key: str) -> models.ForeignKey[Any, Any]:
    """Return the model's field behind ``table.column``."""
    table, column = key.split(".")
    everything = [model for app in APPS for model in apps.get_app_config(app).get_models(include_auto_created=True)]
    (model,) = [model for model in everything if model._meta.db_table == table]
    (found,) = [
        field for field in model._meta.fields if isinstance(field, models.ForeignKey) and field.column == column
    ]
    return found


@pytest.mark.parametrize("key", FOREIGN_KEYS)
def test_the_database_refuses_a_row_that_points_at_nothing(key: str, rows: Rows):
    table, column = key.split(".")

    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        rows.fresh_copy(table, **{column: 2**30})

    assert violated_constraint(refused.value) == foreign_keys()[key][0]


@pytest.mark.parametrize("key", FOREIGN_KEYS)
def test_the_database_refuses_to_delete_a_row_that_is_pointed_at(key: str, rows: Rows):
    table, column = key.split(".")
    name, parent = foreign_keys()[key]
    pointed_at = rows.fresh_copy(parent)
    rows.fresh_copy(table, **{column: pointed_at})
    rows.run("ALTER TABLE {table} DISABLE TRIGGER USER", parent)  # those that refuse every deletion, see below

    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        rows.delete(parent, pointed_at)

    assert violated_constraint(refused.value) == name


@pytest.mark.parametrize("key", PROTECTED)
def test_the_shop_refuses_to_delete_a_row_that_is_pointed_at(key: str, rows: Rows):
    table, column = key.split(".")
    parent_model = field_of(key).related_model
    pointed_at = rows.fresh_copy(foreign_keys()[key][1])
    rows.fresh_copy(table, **{column: pointed_at})

    with pytest.raises(ProtectedError) as refused:
        parent_model._base_manager.get(pk=pointed_at).delete()

    assert {row._meta.db_table for row in refused.value.protected_objects} == {table}


def test_foreign_keys_each_have_a_line_above_that_says_what_the_shop_does():
    names: dict[Any, str] = {models.PROTECT: PROTECT, models.CASCADE: CASCADE}

    assert set(foreign_keys()) == set(FOREIGN_KEYS)
    assert {key: names[field_of(key).remote_field.on_delete] for key in FOREIGN_KEYS} == FOREIGN_KEYS


# --- triggers ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Kept:
    """A trigger that refuses ``statement`` on the rows of ``table``."""

    trigger: str
    table: str
    statement: str

    def __str__(self) -> str:
        return f"{self.trigger}-{self.statement}"


KEPT = [
    Kept("order_is_kept", "orders_order", "DELETE"),
    Kept("orderevent_append_only", "orders_orderevent", "UPDATE"),
    Kept("orderevent_append_only", "orders_orderevent", "DELETE"),
    Kept("orderitem_is_kept", "orders_orderitem", "UPDATE"),
    Kept("orderitem_is_kept", "orders_orderitem", "DELETE"),
    Kept("payment_is_kept", "payments_payment", "DELETE"),
    Kept("refund_is_kept", "payments_refund", "DELETE"),
    Kept("refund_proof_is_kept", "payments_refundproof", "DELETE"),
    Kept("stockmovement_append_only", "shop_stockmovement", "UPDATE"),
    Kept("stockmovement_append_only", "shop_stockmovement", "DELETE"),
    Kept("transaction_is_kept", "payments_paymenttransaction", "DELETE"),
    Kept("voucheruse_is_kept", "orders_voucheruse", "DELETE"),
]
MONEY_ONLY_GROWS = "transaction_money_only_grows"


@pytest.mark.parametrize("kept", KEPT, ids=str)
def test_the_database_refuses_to_change_or_delete_what_is_kept(kept: Kept, rows: Rows):
    row = rows.fresh_copy(kept.table)
    changes = {
        "UPDATE": "UPDATE {table} SET {pk} = {pk} WHERE {pk} = %s",
        "DELETE": "DELETE FROM {table} WHERE {pk} = %s",
    }

    with pytest.raises(DatabaseError) as refused, transaction.atomic():
        rows.run(changes[kept.statement], kept.table, row)

    assert str(refused.value).startswith(f"{kept.statement} on {kept.table} is refused")
    rows.run("DROP TRIGGER {trigger} ON {table}", kept.table, trigger=kept.trigger)
    rows.run(changes[kept.statement], kept.table, row)


@pytest.mark.parametrize("column", ["received", "charged_back"])
def test_the_database_refuses_to_let_money_that_came_or_went_become_less(column: str, rows: Rows):
    table = "payments_paymenttransaction"

    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        rows.update(table, **{column: 999})

    assert violated_constraint(refused.value) == MONEY_ONLY_GROWS
    rows.update(table, received=112_001, charged_back=1_001)
    rows.run("DROP TRIGGER {trigger} ON {table}", table, trigger=MONEY_ONLY_GROWS)
    rows.update(table, charged_back=999, received=999)


# They refuse nothing: they write shop_listing and the former addresses (tests/shop/test_search.py and beside it).
WRITERS = {
    *("product_listed", "product_listing_renewed", "variants_added", "variants_removed", "variant_listing_renewed"),
    *("category_listings_renewed", "product_slug_taken", "product_slug_kept", "category_slug_taken"),
    "category_slug_kept",
}


def test_triggers_each_have_a_line_above():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgrelid = ANY (%s::regclass[])",
            [table_names()],
        )
        installed = {name for (name,) in cursor.fetchall()}

    assert {kept.trigger for kept in KEPT} | {MONEY_ONLY_GROWS} | WRITERS == installed


def test_no_constraint_is_left_unvalidated():
    """NOT VALID constraints bind new rows only: a migration that adds one must also finish it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conname FROM pg_constraint WHERE NOT convalidated AND conrelid = ANY (%s::regclass[])",
            [table_names()],
        )
        assert cursor.fetchall() == []
