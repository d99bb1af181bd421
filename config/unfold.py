"""How the staff admin looks and what stands in its menu (django-unfold). Pages and apps are named by string only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy


def may(*permissions: str) -> Callable[[HttpRequest], bool]:
    """Return whether somebody may see a menu entry: one of ``permissions`` is enough."""
    return lambda request: any(request.user.has_perm(permission) for permission in permissions)


def file(path: str) -> Callable[[HttpRequest], str]:
    """Return the address of a static file, found when it is asked for."""
    return lambda request: static(path)


def entry(title: str, icon: str, url_name: str, permission: str) -> dict[str, Any]:
    """Return one line of the menu."""
    return {"title": title, "icon": icon, "link": reverse_lazy(f"admin:{url_name}"), "permission": may(permission)}


MENU: list[dict[str, Any]] = [
    {
        "title": "Keadaan",
        "items": [
            {
                "title": "Pemantauan",
                "icon": "monitoring",
                "link": reverse_lazy("monitoring:dashboard"),
                "permission": may("orders.view_order", "shop.view_variant", "monitoring.view_jobrun"),
            },
            entry("Insiden", "e911_emergency", "monitoring_incident_changelist", "monitoring.view_incident"),
            entry("Pemeriksaan", "fact_check", "monitoring_monitorrun_changelist", "monitoring.view_monitorrun"),
            entry("Cadangan", "backup", "backups_backuprun_changelist", "backups.view_backuprun"),
        ],
    },
    {
        "title": "Pesanan",
        "items": [
            entry("Pesanan", "receipt_long", "orders_order_changelist", "orders.view_order"),
            entry("Riwayat pesanan", "history", "orders_orderevent_changelist", "orders.view_orderevent"),
            entry("Voucher", "confirmation_number", "orders_voucher_changelist", "orders.view_voucher"),
            entry("Pemakaian voucher", "redeem", "orders_voucheruse_changelist", "orders.view_voucheruse"),
            entry("Mail keluar", "mail", "config_outgoingmail_changelist", "config.view_outgoingmail"),
        ],
    },
    {
        "title": "Barang & stok",
        "items": [
            entry("Stok", "inventory_2", "shop_variant_changelist", "shop.view_variant"),
            entry("Produk", "sell", "shop_product_changelist", "shop.view_product"),
            entry("Kategori", "category", "shop_category_changelist", "shop.view_category"),
            entry("Opname stok", "checklist", "shop_stockcount_changelist", "shop.view_stockcount"),
            entry("Mutasi stok", "swap_vert", "shop_stockmovement_changelist", "shop.view_stockmovement"),
            entry("Pemesanan stok", "bookmark", "shop_reservation_changelist", "shop.view_reservation"),
        ],
    },
    {
        "title": "Pembayaran",
        "items": [
            entry("Pembayaran", "payments", "payments_payment_changelist", "payments.view_payment"),
            entry(
                "Transaksi",
                "contactless",
                "payments_paymenttransaction_changelist",
                "payments.view_paymenttransaction",
            ),
            entry("Pengembalian dana", "undo", "payments_refund_changelist", "payments.view_refund"),
            entry(
                "Notifikasi Midtrans",
                "notifications",
                "payments_gatewaynotification_changelist",
                "payments.view_gatewaynotification",
            ),
            entry("Gangguan Midtrans", "report", "payments_gatewaytrouble_changelist", "payments.view_gatewaytrouble"),
            entry(
                "Tanda tangan salah",
                "key_off",
                "payments_signaturefailure_changelist",
                "payments.view_signaturefailure",
            ),
        ],
    },
    {
        "title": "Pengaturan",
        "items": [
            entry("Tujuan webhook", "webhook", "payments_webhookendpoint_changelist", "payments.view_webhookendpoint"),
            entry("Kiriman webhook", "outbox", "payments_webhookdelivery_changelist", "payments.view_webhookdelivery"),
            entry("Buka/tutup toko", "storefront", "shop_sitestate_changelist", "shop.view_sitestate"),
            entry("Layanan kirim", "local_shipping", "orders_shippingmethod_changelist", "orders.view_shippingmethod"),
            entry("Tarif kirim", "price_change", "orders_shippingrate_changelist", "orders.view_shippingrate"),
            entry("Zona kirim", "map", "orders_shippingzone_changelist", "orders.view_shippingzone"),
            entry("Pengguna", "group", "shop_user_changelist", "shop.view_user"),
            entry("Percobaan masuk", "lock_person", "axes_accessattempt_changelist", "axes.view_accessattempt"),
            entry("Riwayat perubahan", "manage_history", "admin_logentry_changelist", "admin.view_logentry"),
            {
                "title": "Langkah keduaku",
                "icon": "phonelink_lock",
                "link": reverse_lazy("second-factor:manage"),
                "permission": lambda request: request.user.is_staff,
            },
        ],
    },
]

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "infiya.store",
    "SITE_HEADER": "infiya.store",
    "SITE_SUBHEADER": "Halaman staf",
    "SITE_URL": "/",
    "SITE_ICON": file("img/favicon.svg"),
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": file("img/favicon.svg")}],
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": True,
    "SHOW_BACK_BUTTON": False,
    "BORDER_RADIUS": "8px",
    "DASHBOARD_CALLBACK": "payments.staff.start_page.add_numbers",
    "STYLES": [file("css/staff.css")],
    "SCRIPTS": [file("js/staff.js")],
    "LOGIN": {"form": "shop.forms.staff.StaffLoginForm"},
    # nila for what can be acted on, cool paper and ink for the rest: the same tokens as the shop's pages.
    "COLORS": {
        "base": {
            "50": "#f6f8f7",
            "100": "#ebf0f0",
            "200": "#d5dde3",
            "300": "#c6d0de",
            "400": "#a9b5c9",
            "500": "#52607a",
            "600": "#3b4a66",
            "700": "#2c3854",
            "800": "#202b47",
            "900": "#0e1526",
            "950": "#0a101e",
        },
        "primary": {
            "50": "#f2f5fd",
            "100": "#e6ecfa",
            "200": "#cdd9f7",
            "300": "#b4c8ff",
            "400": "#9db7ff",
            "500": "#4564c9",
            "600": "#1f3a8a",
            "700": "#1b3379",
            "800": "#182c69",
            "900": "#14245a",
            "950": "#0e1a40",
        },
        "font": {
            "subtle-light": "var(--color-base-500)",
            "subtle-dark": "var(--color-base-400)",
            "default-light": "var(--color-base-600)",
            "default-dark": "var(--color-base-300)",
            "important-light": "#14213d",
            "important-dark": "#edf1f7",
        },
    },
    "SIDEBAR": {"show_search": False, "show_all_applications": False, "navigation": MENU},
}
