"""A day in the staff admin in a real browser: from the first login to the count of the stock, without a barrier.

Every page is looked at with axe and for sideways scrolling, wide and on a phone, in both themes, with long names in it.
"""

from __future__ import annotations

from base64 import b32decode
from collections.abc import Iterator

import pytest
from axes.models import AccessAttempt
from django.contrib.admin.models import CHANGE, LogEntry
from django_otp.oath import TOTP
from playwright.sync_api import Page, expect

from orders.models import Order
from payments.models import PaymentTransaction
from payments.services.refunds import request_refund
from shop.models import User
from tests.factories import PASSWORD
from tests.journeys import steps
from tests.journeys.watch import photograph, show_theme, too_wide, violations
from tests.support.money import PROOF
from tests.support.staff import TYPED, make_staff, page_url, paid_order
from tests.support.world import make_order, make_variant

pytestmark = [pytest.mark.browser, pytest.mark.sweep, pytest.mark.django_db(transaction=True)]

WIDE, NARROW = (1280, 900), (360, 800)
LONG = "Raden Ajeng Siti Nurhaliza Kusumawardhani Prawirodirdjo-Tjokroaminoto"


def every_page(page: Page, base: str, simulator) -> Iterator[str]:
    """Work through a day and yield the name of each page while it is open."""
    owner = make_staff("owner")
    page.goto(f"{base}/admin/shop/stockcount/")
    yield "login"
    page.fill("[name=username]", str(owner.email))
    page.fill("[name=password]", PASSWORD)
    page.click("[type=submit]")
    page.wait_for_url("**/langkah-kedua/pasang/**")
    page.click("summary")
    yield "enrol"
    page.fill("[name=code]", "000000x")
    page.click("text=Pasang >> nth=-1")
    expect(page.locator(".st-summary")).to_be_visible()
    yield "enrol-errors"
    page.click("summary")
    key = b32decode((page.locator(".st-code").text_content() or "").replace(" ", ""))
    page.fill("[name=code]", f"{TOTP(key).token():06d}")
    page.click("button:has-text('Pasang')")
    expect(page.locator(".st-codes li")).to_have_count(10)
    yield "codes"
    page.click("text=Sudah kusimpan, lanjut")
    page.wait_for_url("**/admin/")
    yield "index"
    page.goto(f"{base}/admin/langkah-kedua/")
    yield "second-step"
    yield from empty_lists(page, base)
    yield from orders(page, base, simulator)
    yield from stock(page, base)
    yield from people(page, base, owner)


def empty_lists(page: Page, base: str) -> Iterator[str]:
    for name, path in (
        ("orders-empty", "orders/order/?tampilan=semua"),
        ("counts-empty", "shop/stockcount/"),
        ("locks-empty", "axes/accessattempt/"),
    ):
        page.goto(f"{base}/admin/{path}")
        yield name


def orders(page: Page, base: str, simulator) -> Iterator[str]:
    (first, transaction), (second, _) = paid_order(simulator), paid_order(simulator)
    held, _ = paid_order(simulator)
    make_order()
    Order.objects.filter(pk=first.pk).update(recipient=LONG, note="Titip di satpam. " * 10)
    Order.objects.filter(pk=held.pk).update(payment_hold="sengketa")
    page.goto(f"{base}/admin/orders/order/?tampilan=semua")
    yield "orders"
    for name in ("change", "kirim", "catat", "kirim-ulang-email"):
        page.goto(base + page_url(first, name))
        yield f"order-{name}"
    page.goto(base + page_url(transaction, "kembalikan"))
    yield "refund"
    yield from transfer_back(page, base, transaction)
    page.goto(f"{base}/admin/orders/order/cetak/?id={first.pk}&id={second.pk}&id={held.pk}")
    yield "slips"
    page.goto(f"{base}/admin/orders/order/resi/")
    yield "resi"
    page.fill("[name=text]", f"{first.number};JNE0000000001\n{held.number};JNE0000000002\nsalah")
    page.click("button:has-text('Periksa')")
    expect(page.locator("button:has-text('Kirim 1 pesanan')")).to_be_visible()
    yield "resi-preview"
    page.click("button:has-text('Kirim 1 pesanan')")
    expect(page.locator("main, #content-main").first).to_contain_text("1 pesanan dikirim")
    yield "resi-done"
    page.goto(f"{base}/admin/orders/order/ekspor/")
    yield "export"
    Order.objects.filter(pk=held.pk).update(payment_hold="")


def transfer_back(page: Page, base: str, transaction: PaymentTransaction) -> Iterator[str]:
    owner = User.objects.get(is_staff=True)
    refund = request_refund(transaction_id=transaction.pk, amount=1000, reason=LONG, requested_by=owner)
    page.goto(base + page_url(refund, "rekening"))
    yield "refund-account"
    for name, typed in TYPED.items():
        page.fill(f"[name={name}]", typed)
    steps.follow(page, "button:has-text('Isi rekening tujuan')")
    page.goto(base + page_url(refund, "ambil"))
    page.click("button:has-text('Ambil transfer')")
    page.wait_for_url("**/change/")
    yield "refund-held"
    page.goto(base + page_url(refund, "konfirmasi"))
    yield "refund-confirm"
    page.fill("[name=bank_reference]", "BCA-778899")
    page.set_input_files("[name=proof]", {"name": "bukti.pdf", "mimeType": "application/pdf", "buffer": PROOF.content})
    steps.follow(page, "button:has-text('Catat transfer selesai')")
    page.goto(base + page_url(refund, "bukti"))
    yield "refund-proof"


def stock(page: Page, base: str) -> Iterator[str]:
    variant = make_variant(on_hand=5)
    page.goto(f"{base}/admin/shop/variant/?stok=segera")
    yield "stock-soon"
    page.goto(f"{base}/admin/shop/variant/")
    yield "stock"
    page.goto(f"{base}/admin/shop/stockcount/add/")
    yield "count-add"
    page.fill("[name=title]", "Rak depan")
    page.click("[name=_save]")
    page.wait_for_url("**/hitung/")
    page.fill("[name=sku]", "tidak-ada")
    page.fill("[name=counted]", "1")
    page.keyboard.press("Enter")
    expect(page.locator(".st-summary")).to_be_visible()
    yield "count-errors"
    page.fill("[name=sku]", variant.sku)
    page.fill("[name=counted]", "3")
    page.keyboard.press("Enter")
    expect(page.locator("[name=sku]")).to_have_value("")
    yield "count-entry"
    page.goto(page.url.replace("/hitung/", "/change/"))
    yield "count"
    steps.follow(page, "a:has-text('Terapkan selisih')")
    yield "count-apply"
    page.click("button:has-text('Terapkan selisih')")
    page.wait_for_url("**/change/")
    variant.refresh_from_db()
    assert variant.on_hand == 3
    page.goto(base + page_url(variant))
    yield "variant"


def people(page: Page, base: str, owner: User) -> Iterator[str]:
    attempt = AccessAttempt.objects.create(username="a@example.com", ip_address="10.0.0.1", failures_since_start=30)
    LogEntry.objects.create(user=owner, action_flag=CHANGE, object_repr=LONG, change_message="harga: 120000 → 125000")
    colleague = make_staff("kasir")
    for name, path in (
        ("locks", "/admin/axes/accessattempt/"),
        ("lock-release", page_url(attempt, "lepas")),
        ("history", "/admin/admin/logentry/"),
        ("user", page_url(colleague)),
    ):
        page.goto(base + path)
        yield name


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_no_page_of_a_day_has_barriers_or_scrolls_sideways(base, visit, simulator, settings, dark):
    settings.STAFF_SECOND_FACTOR = "required"
    page, watch = visit(dark=dark, size=WIDE)
    watch.expect(400)
    found = []
    for name in every_page(page, base, simulator):
        show_theme(page, dark=dark)
        found += [f"{name}: {line}" for line in violations(page)]
        photograph(page, "staff", name, dark=dark)
        page.set_viewport_size({"width": NARROW[0], "height": NARROW[1]})
        found += [f"{name} on a phone: {line}" for line in too_wide(page)]
        if not dark:
            found += [f"{name} on a phone: {line}" for line in violations(page)]
        page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})

    assert found == []
