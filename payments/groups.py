"""The staff groups and what each may do. Superusers are for breaking glass only."""

from __future__ import annotations

from django.contrib.auth.models import Group, Permission

_READ_ORDERS = ("view_order", "view_orderitem", "view_shipment")
# The history names sums and reasons of payments, so it is for those who see the money.
_READ_HISTORY = ("view_orderevent",)
_READ_MONEY = ("view_payment", "view_paymenttransaction", "view_refund", "view_gatewaynotification")
_READ_STOCK = (
    "view_product",
    "view_variant",
    "view_category",
    "view_productimage",
    "view_stockmovement",
    "view_reservation",
    "view_stockcount",
)
_READ_VOUCHERS = ("view_voucher", "view_voucheruse")
_EDIT_VOUCHERS = ("add_voucher", "change_voucher", "delete_voucher")
_READ_WATCH = ("view_jobrun", "view_incident", "view_monitorrun", "view_backuprun")
_SHIPPING = ("view_shippingmethod", "view_shippingzone", "view_shippingrate", "view_provincezone")
_EDIT_SHIPPING = tuple(
    f"{verb}_{model}"
    for verb in ("add", "change", "delete")
    for model in ("shippingmethod", "shippingzone", "shippingrate", "provincezone")
)
# Taking lists along is a right of its own: a file leaves the shop's own protection.
_EXPORT = ("export_order", "export_paymenttransaction", "export_stockmovement")
_EDIT_CATALOGUE = tuple(
    f"{verb}_{model}" for verb in ("add", "change") for model in ("product", "variant", "category", "productimage")
)

GROUPS: dict[str, tuple[str, ...]] = {
    "kasir": (
        *_READ_ORDERS,
        *_READ_HISTORY,
        *_READ_MONEY,
        *_READ_STOCK,
        *_READ_VOUCHERS,
        "cancel_order",
        "check_payment",
        "add_refund",
        "view_refund_account",
        "view_refundproof",
        "resend_mail",
        "add_orderevent",
        "view_outgoingmail",
    ),
    "gudang": (*_READ_ORDERS, *_READ_STOCK, "ship_order", "adjust_stock", "add_orderevent"),
    "owner": (
        *_READ_ORDERS,
        *_READ_HISTORY,
        *_READ_MONEY,
        *_READ_STOCK,
        *_SHIPPING,
        *_EDIT_SHIPPING,
        *_READ_VOUCHERS,
        *_EDIT_VOUCHERS,
        *_EDIT_CATALOGUE,
        "delete_productimage",
        "delete_product",
        "delete_category",
        "cancel_order",
        "ship_order",
        "add_orderevent",
        "clear_hold",
        "check_payment",
        "reprocess_notification",
        "add_refund",
        "approve_refund",
        "view_refund_account",
        "view_refundproof",
        "resend_mail",
        "adjust_stock",
        "view_user",
        "change_user",
        "view_accessattempt",
        "delete_accessattempt",
        "view_logentry",
        "view_sitestate",
        "change_sitestate",
        "view_outgoingmail",
        "change_outgoingmail",  # to send failed ones again; no page edits a mail
        "view_gatewaytrouble",
        "view_signaturefailure",
        *_READ_WATCH,
        "handle_incident",
        "view_webhookendpoint",
        "add_webhookendpoint",
        "change_webhookendpoint",
        "view_webhookdelivery",
        "replay_delivery",
        *_EXPORT,
        "download_backuprun",
    ),
    "auditor": (
        *_READ_ORDERS,
        *_READ_HISTORY,
        *_READ_MONEY,
        *_READ_STOCK,
        *_SHIPPING,
        *_READ_VOUCHERS,
        "view_refundproof",
        "view_accessattempt",
        "view_logentry",
        "view_sitestate",
        "view_outgoingmail",
        "view_gatewaytrouble",
        "view_signaturefailure",
        *_READ_WATCH,
        "view_webhookendpoint",
        "view_webhookdelivery",
        *_EXPORT,
    ),
}


def held_permissions() -> dict[str, set[str]]:
    """Return what the groups above hold now; one that was never made is not in it."""
    groups = Group.objects.filter(name__in=GROUPS).prefetch_related("permissions")
    return {group.name: {permission.codename for permission in group.permissions.all()} for group in groups}


def set_up_groups() -> None:
    """Make the groups hold exactly the permissions above. Raises LookupError for one that does not exist."""
    known = {permission.codename: permission for permission in Permission.objects.all()}
    for name, codenames in GROUPS.items():
        missing = [codename for codename in codenames if codename not in known]
        if missing:
            raise LookupError(f"group {name}: unknown permissions {missing}")
        group, _ = Group.objects.get_or_create(name=name)
        group.permissions.set([known[codename] for codename in codenames])
