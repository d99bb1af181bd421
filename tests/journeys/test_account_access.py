"""The account and what comes after an order: no barrier that axe knows, nothing that scrolls sideways; mails too."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from config.mail_examples import EXAMPLES, example_mail
from orders.links import order_path
from orders.models import Order
from orders.services import complete_order, request_cancellation, ship_order
from shop import links
from shop.models import Address, User
from tests.journeys.goods import PASSWORD
from tests.journeys.test_access import NARROW, TALL, WIDE, resize
from tests.journeys.watch import PHONE, SHEET, photograph, too_wide, violations
from tests.support.checkout import make_member
from tests.support.pages import paid_order
from tests.support.world import make_order, make_variant

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.sweep, pytest.mark.django_db(transaction=True)]

LONG = "Bapak Muhammad Abdurrahman Kusumawardhana Wiryodiningrat-Sastrodihardjo"
NARROW_PHONE = (360, 740)


@pytest.fixture
def member(simulator, settings) -> User:
    """A member with a long name, two addresses and an order in each state that matters; the shop is a PKP."""
    settings.SHOP_IS_PKP, settings.SHOP_NPWP, settings.SHOP_LEGAL_NAME = True, "01.234.567.8-901.000", "PT Infiya"
    user = make_member(addresses=2)
    user.name = LONG
    user.save(update_fields=["name"])
    Address.objects.filter(user=user).update(recipient=LONG)
    return user


def orders_of(member: User, simulator: object) -> dict[str, Order]:
    variant = make_variant(on_hand=100, price=1_234_567)
    made = {
        name: paid_order(simulator, customer=member, note="Titip satpam")  # type: ignore[arg-type]
        for name in ("paid", "asked", "shipped", "completed")
    }
    request_cancellation(order_id=made["asked"].pk, reason="salah ukuran", actor="customer:1")
    for name in ("shipped", "completed"):
        resi = f"JP{made[name].pk:010d}"
        ship_order(order_id=made[name].pk, courier="JNE", tracking_number=resi, actor="staff")
    complete_order(order_id=made["completed"].pk, actor=f"customer:{member.pk}")
    made["unpaid"] = make_order((variant, 2), customer=member)
    return made


def a_strangers_pages(page: Page, base: str, member: User, orders: dict[str, Order]) -> Iterator[str]:
    """Yield the name of each page that needs no login while it is open."""
    token = links.make_token(links.PASSWORD_RESET, member)
    for name, path in (
        ("forgotten", "/lupa-kata-sandi/"),
        ("mailed", "/lupa-kata-sandi/terkirim/"),
        ("dead-link", "/lupa-kata-sandi/x/"),
        ("password-set", f"/lupa-kata-sandi/{token}/"),
        ("email-confirm", f"/akun/email/{links.make_token(links.EMAIL_CHANGE, member, 'baru@contoh.id')}/"),
        ("lookup", "/pesanan/cari/"),
        ("lookup-mailed", "/pesanan/cari/terkirim/"),
        ("invoice-masked", f"{order_path(orders['shipped'])}faktur/"),
        ("order-masked", order_path(orders["shipped"])),
    ):
        page.goto(base + path)
        yield name
    page.goto(f"{base}/pesanan/cari/")
    page.fill("#id_number", "123")
    page.click("main .btn-main")
    expect(page.locator(".errors")).to_be_visible()
    yield "lookup-errors"


def a_members_pages(page: Page, base: str, member: User, orders: dict[str, Order]) -> Iterator[str]:
    """Log in and yield the name of each page of the account while it is open."""
    page.goto(f"{base}/masuk/")
    page.fill("#id_email", str(member.email))
    page.fill("#id_password", PASSWORD)
    page.click("main .btn-main")
    page.wait_for_url("**/akun/")
    yield "account"
    address = Address.objects.filter(user=member).latest("pk").pk
    for name, path in (
        ("profile", "/akun/profil/"),
        ("password", "/akun/kata-sandi/"),
        ("email", "/akun/email/"),
        ("address", f"/akun/alamat/{address}/"),
        ("address-delete", f"/akun/alamat/{address}/hapus/"),
        ("my-data", "/akun/data/"),
        ("delete-refused", "/akun/hapus/"),
        ("history", "/akun/pesanan/"),
        *((name, order_path(order)) for name, order in orders.items()),
        ("ask-cancel", f"{order_path(orders['paid'])}minta-batal/"),
        ("invoice", f"{order_path(orders['shipped'])}faktur/"),
    ):
        page.goto(base + path)
        yield name
    page.goto(f"{base}/akun/kata-sandi/")
    page.fill("#id_current", "salah")
    page.fill("#id_password", "pendek")
    page.click("main .btn-main")
    expect(page.locator(".errors")).to_be_visible()
    yield "password-errors"


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_no_page_of_the_account_has_barriers_or_scrolls_sideways(base, visit, simulator, member, dark):
    orders = orders_of(member, simulator)
    page, watch = visit(dark=dark)
    watch.expect(400, 404)
    found = []
    for walk in (a_strangers_pages, a_members_pages):
        for name in walk(page, base, member, orders):
            resize(page, TALL)
            found += [f"{name}: {line}" for line in violations(page)]
            for size in (NARROW_PHONE,) if dark else (NARROW, NARROW_PHONE, WIDE):
                resize(page, size)
                found += [f"{name} at {size[0]} px: {line}" for line in too_wide(page)]
            resize(page, PHONE)
            photograph(page, "account", name, dark=dark)

    assert found == []


def test_no_mail_scrolls_sideways_or_has_barriers(base, visit):
    found = []
    for dark in (False, True):
        page, _ = visit(size=NARROW, dark=dark)
        for key in EXAMPLES:
            page.set_content(example_mail(key).html)
            found += [f"{key}: {line}" for line in too_wide(page)]
            found += [f"{key}: {line}" for line in violations(page)]
            if dark or SHEET:
                photograph(page, "mails", key, dark=dark)

    assert found == []


def test_the_invoice_fits_one_sheet(base, visit, simulator, member, tmp_path):
    order = paid_order(simulator, customer=member)
    page, _ = visit(size=WIDE)
    page.goto(f"{base}{order_path(order)}faktur/")

    sheet = page.pdf(format="A4", path=tmp_path / "faktur.pdf", print_background=False)

    assert sheet.count(b"/Type /Page\n") + sheet.count(b"/Type /Page ") == 1
