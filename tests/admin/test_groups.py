"""Who may open what: every group, a customer and a stranger against every page and every button of the staff admin.

The tables below name every address that the URL resolver knows under ``/admin/``: a page or a button that somebody
adds without a line here fails the first test.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from typing import Any

import pytest
from django.contrib import admin
from django.db.models import Model
from django.test import Client, RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from config.models import MailState, OutgoingMail
from payments.models import GatewayNotification, Payment
from shop.models import User
from tests.support.pages_of_staff import one_of_each
from tests.support.simulator import Simulator
from tests.support.staff import login, make_staff, make_superuser, page_url, paid_order
from tests.support.unrendered import unrendered
from tests.support.world import make_customer, make_order

pytestmark = pytest.mark.django_db(transaction=True)

GROUPS = ("kasir", "gudang", "owner", "auditor")
ALL = frozenset(GROUPS)
MONEY = ALL - {"gudang"}
OWNER = frozenset({"owner"})
AUDIT = frozenset({"owner", "auditor"})
NOBODY: frozenset[str] = frozenset()

# model: who sees it, who adds, who changes, who deletes
PAGES: dict[str, tuple[frozenset[str], frozenset[str], frozenset[str], frozenset[str]]] = {
    "orders.order": (ALL, NOBODY, NOBODY, NOBODY),
    "orders.orderevent": (MONEY, NOBODY, NOBODY, NOBODY),
    "orders.shippingmethod": (AUDIT, OWNER, OWNER, OWNER),
    "orders.shippingzone": (AUDIT, OWNER, OWNER, OWNER),
    "orders.shippingrate": (AUDIT, OWNER, OWNER, OWNER),
    "orders.voucher": (MONEY, OWNER, OWNER, OWNER),
    "orders.voucheruse": (MONEY, NOBODY, NOBODY, NOBODY),
    "payments.payment": (MONEY, NOBODY, NOBODY, NOBODY),
    "payments.paymenttransaction": (MONEY, NOBODY, NOBODY, NOBODY),
    "payments.refund": (MONEY, NOBODY, NOBODY, NOBODY),
    "payments.gatewaynotification": (MONEY, NOBODY, NOBODY, NOBODY),
    "payments.gatewaytrouble": (AUDIT, NOBODY, NOBODY, NOBODY),
    "payments.signaturefailure": (AUDIT, NOBODY, NOBODY, NOBODY),
    "payments.webhookendpoint": (AUDIT, OWNER, OWNER, NOBODY),
    "payments.webhookdelivery": (AUDIT, NOBODY, NOBODY, NOBODY),
    "shop.category": (ALL, OWNER, OWNER, OWNER),
    "shop.product": (ALL, OWNER, OWNER, OWNER),
    "shop.variant": (ALL, NOBODY, NOBODY, NOBODY),
    "shop.stockcount": (ALL, frozenset({"gudang", "owner"}), NOBODY, NOBODY),
    "shop.stockmovement": (ALL, NOBODY, NOBODY, NOBODY),
    "shop.reservation": (ALL, NOBODY, NOBODY, NOBODY),
    "shop.sitestate": (AUDIT, NOBODY, NOBODY, NOBODY),
    "monitoring.incident": (AUDIT, NOBODY, NOBODY, NOBODY),
    "monitoring.monitorrun": (AUDIT, NOBODY, NOBODY, NOBODY),
    "backups.backuprun": (AUDIT, NOBODY, NOBODY, NOBODY),
    "shop.user": (OWNER, NOBODY, OWNER, NOBODY),
    "axes.accessattempt": (AUDIT, NOBODY, NOBODY, NOBODY),
    "admin.logentry": (AUDIT, NOBODY, NOBODY, NOBODY),
    "config.outgoingmail": (MONEY, NOBODY, NOBODY, NOBODY),
}
BUTTONS: dict[tuple[str, str], frozenset[str]] = {
    ("orders.order", "mulai-kemas"): frozenset({"gudang", "owner"}),
    ("orders.order", "kirim"): frozenset({"gudang", "owner"}),
    ("orders.order", "selesai"): frozenset({"gudang", "owner"}),
    ("orders.order", "catat"): ALL - {"auditor"},
    ("orders.order", "kirim-ulang-email"): frozenset({"kasir", "owner"}),
    ("orders.order", "barang-kembali"): frozenset({"gudang", "owner"}),
    ("orders.order", "cek"): frozenset({"kasir", "owner"}),
    ("orders.order", "batal"): frozenset({"kasir", "owner"}),
    ("orders.order", "setujui-batal"): frozenset({"kasir", "owner"}),
    ("orders.order", "tolak-batal"): frozenset({"kasir", "owner"}),
    ("orders.order", "cetak-tanpa-cek"): OWNER,
    ("orders.order", "lepas-penahanan"): OWNER,
    ("orders.order", "lepas-tanpa-konfirmasi"): OWNER,
    ("payments.paymenttransaction", "kembalikan"): frozenset({"kasir", "owner"}),
    ("payments.refund", "setujui"): OWNER,
    ("payments.refund", "tolak"): frozenset({"kasir", "owner"}),  # the cashier who asked for it
    ("payments.refund", "kirim"): frozenset({"kasir", "owner"}),
    ("payments.refund", "rekening"): frozenset({"kasir", "owner"}),
    ("payments.refund", "bukti"): MONEY,
    ("payments.refund", "ambil"): frozenset({"kasir", "owner"}),
    ("payments.refund", "konfirmasi"): frozenset({"kasir", "owner"}),
    ("payments.refund", "lepas"): OWNER,  # and whoever holds the transfer
    ("payments.gatewaynotification", "proses-ulang"): OWNER,
    ("payments.webhookendpoint", "uji"): OWNER,
    ("payments.webhookendpoint", "rahasia"): OWNER,
    ("payments.webhookdelivery", "kirim-ulang"): OWNER,
    ("shop.variant", "barang-masuk"): frozenset({"gudang", "owner"}),
    ("shop.variant", "sesuaikan"): frozenset({"gudang", "owner"}),
    ("shop.stockcount", "hitung"): frozenset({"gudang", "owner"}),
    ("shop.stockcount", "terapkan"): frozenset({"gudang", "owner"}),
    ("shop.stockcount", "batalkan"): frozenset({"gudang", "owner"}),
    ("shop.sitestate", "buka"): OWNER,
    ("shop.sitestate", "tutup"): OWNER,
    ("shop.user", "setel-ulang-langkah-kedua"): OWNER,
    ("axes.accessattempt", "lepas"): OWNER,
    ("monitoring.incident", "ambil"): OWNER,
    ("monitoring.incident", "tunda"): OWNER,
    ("monitoring.incident", "selesaikan"): OWNER,
    ("backups.backuprun", "unduh"): OWNER,
    ("backups.backuprun", "unduh-manifes"): OWNER,
}
# What a list offers for the rows that are ticked; it has no address of its own.
LIST_ACTIONS: dict[tuple[str, str], frozenset[str]] = {
    ("orders.order", "print_slips"): ALL,
    ("config.outgoingmail", "resend"): OWNER,
}
# Pages beside those of a model, and whose row they want; ``None``: nobody's.
OTHERS: dict[str, tuple[frozenset[str], str | None]] = {
    "admin:index": (ALL, None),
    "admin:orders_order_slip": (ALL, "orders.order"),
    "admin:orders_order_slips": (ALL, None),
    "admin:orders_order_resi": (frozenset({"gudang", "owner"}), None),
    "admin:orders_order_export": (AUDIT, None),
    "admin:payments_paymenttransaction_export": (AUDIT, None),
    "admin:shop_stockmovement_export": (AUDIT, None),
    "admin:auth_user_password_change": (NOBODY, "shop.user"),  # for a superuser
    "monitoring:dashboard": (ALL, None),
    "admin:backups_backuprun_refresh": (NOBODY, None),  # by POST alone
}
# What is nobody's in particular: Django's own, and the steps of a login.
OPEN = {
    "admin:login", "admin:logout", "admin:password_change", "admin:password_change_done", "admin:autocomplete",
    "admin:jsi18n", "admin:view_on_site", "admin:app_list", "admin:search", "second-factor:manage",
    "second-factor:confirm", "second-factor:enrol",
}  # fmt: skip
STANDARD = ("changelist", "add", "change", "delete", "history")


def addresses(patterns: list[URLPattern | URLResolver], route: str = "", spaces: str = "") -> Iterator[str]:
    """Return the full name of every address under ``/admin/``; one without a name by its pattern."""
    for one in patterns:
        here = f"{route}{one.pattern}"
        if isinstance(one, URLResolver):
            yield from addresses(one.url_patterns, here, f"{spaces}{one.namespace}:" if one.namespace else spaces)
        elif here.startswith("admin/"):
            yield f"{spaces}{one.name}" if one.name else f"/{here}"


def label_of(name: str) -> str:
    return name.replace(".", "_")


def test_the_tables_name_every_address_that_there_is() -> None:
    models = {f"admin:{label_of(name)}_{page}" for name in PAGES for page in STANDARD}
    buttons = {f"admin:{label_of(name)}_{action}" for name, action in BUTTONS}

    known = set(addresses(get_resolver().url_patterns))

    # Two kinds have no name: the old address of a row, which leads to the new one, and what catches all the rest.
    nameless = {name for name in known if name.startswith("/")}
    assert {name for name in nameless if not name.endswith(("/<path:object_id>/", "(?P<url>.*)$"))} == set()
    assert known - nameless == models | buttons | set(OTHERS) | OPEN


def test_the_table_names_every_action_that_a_list_has() -> None:
    request = RequestFactory().get("/admin/")
    request.user = make_superuser()

    offered = {
        (model._meta.label_lower, action)
        for model, page in admin.site._registry.items()
        for action in [*page.get_actions(request), *getattr(page, "actions_submit_line", ())]
    }

    assert offered == set(LIST_ACTIONS)


@pytest.mark.parametrize("group", GROUPS)
def test_each_group_opens_what_its_table_says_and_nothing_else(simulator: Simulator, group: str) -> None:
    cashier = make_staff("kasir")
    found = one_of_each(simulator, cashier)
    client = login(cashier if group == "kasir" else group)
    # The owner opens nearly everything and sees it drawn; for the others it is the answer that counts, and a program's
    # 403 takes no drawing either.
    if group != "owner":
        client.defaults["HTTP_ACCEPT"] = "application/json"
    with nullcontext() if group == "owner" else unrendered():
        wrong = [*wrong_pages(client, group, found), *wrong_buttons(client, group, found)]
        wrong += wrong_list_actions(client, group)
        for name, (allowed, of) in OTHERS.items():
            url = reverse(name, args=[found[of].pk] if of else [])
            if (client.get(url).status_code == 200) != (group in allowed):
                wrong.append(name)

    assert wrong == []


def wrong_pages(client: Client, group: str, found: Mapping[str, Model]) -> list[str]:
    """Return the pages that answer otherwise than PAGES says."""
    wrong = []
    for name, (see, add, change, delete) in PAGES.items():
        app, model = name.split(".")
        row = found[name]
        asked = {
            "changelist": (client.get(reverse(f"admin:{app}_{model}_changelist"), follow=True).status_code, see),
            "change": (client.get(page_url(row)).status_code, see),
            "add": (client.get(reverse(f"admin:{app}_{model}_add")).status_code, add),
            "delete": (client.get(page_url(row, "delete"), follow=True).status_code, delete),
        }
        with unrendered():  # Django's own page, and a form that was drawn above already
            asked["history"] = (
                client.get(page_url(row, "history")).status_code,
                see if name != "orders.order" else NOBODY,
            )
            asked["save"] = (client.post(page_url(row), {}).status_code, change)
        for page, (status, allowed) in asked.items():
            expected = {200, 302} if page == "save" else {200}  # an empty form may be a complete one
            if status not in (expected if group in allowed else {403}):
                wrong.append(f"{name} {page}: {status}")
    return wrong


def wrong_buttons(client: Client, group: str, found: Mapping[str, Model]) -> list[str]:
    """Return the buttons that answer otherwise than BUTTONS says; a permitted one may still say "not now"."""
    wrong = []
    for (name, action), allowed in BUTTONS.items():
        url = page_url(found[name], action)
        drawn = client.get(url)
        with unrendered():
            answers = (drawn, client.post(url, {"seen": "something else"}))
        expected = {200, 302, 400} if group in allowed else {403}
        wrong += [f"{name} {action}: {one.status_code}" for one in answers if one.status_code not in expected]
    return wrong


def wrong_list_actions(client: Client, group: str) -> list[str]:
    """Return the actions that a list offers to this group although LIST_ACTIONS does not say so, or the reverse."""
    wrong = []
    for (name, action), allowed in LIST_ACTIONS.items():
        answer: Any = client.get(reverse(f"admin:{label_of(name)}_changelist"), follow=True)
        form = answer.context_data["action_form"] if answer.status_code == 200 else None
        offered = form is not None and action in dict(form.fields["action"].choices)
        if offered != (group in allowed):
            wrong.append(f"{name} {action}: {'offered' if offered else 'missing'}")
    return wrong


@pytest.mark.parametrize("group", GROUPS)
def test_a_failed_mail_is_sent_again_by_the_owner_alone(group: str) -> None:
    mail = OutgoingMail.objects.create(
        kind="x", to="a@example.com", subject="x", text="x", idempotency_key="x/1", state=MailState.FAILED
    )

    login(group).post(
        reverse("admin:config_outgoingmail_changelist"), {"action": "resend", "_selected_action": [mail.pk]}
    )

    mail.refresh_from_db()
    assert mail.state == (MailState.PENDING if group == "owner" else MailState.FAILED)


@pytest.mark.parametrize("who", ["stranger", "customer", "former"])
def test_strangers_customers_and_former_staff_see_only_the_login(simulator: Simulator, who: str) -> None:
    found = one_of_each(simulator, make_staff("kasir"))
    client = Client()
    if who == "customer":
        client.force_login(make_customer())
    elif who == "former":
        former = make_staff("owner")
        client.force_login(former)
        User.objects.filter(pk=former.pk).update(is_active=False)
    urls = [reverse(name, args=[found[of].pk] if of else []) for name, (_, of) in OTHERS.items()]
    for name in PAGES:
        app, model = name.split(".")
        urls += [reverse(f"admin:{app}_{model}_{page}") for page in ("changelist", "add")]
        urls += [page_url(found[name], page) for page in ("change", "delete", "history")]
    urls += [page_url(found[name], action) for name, action in BUTTONS]

    answers = {url: (client.get(url), client.post(url, {})) for url in urls}

    assert [
        url
        for url, pair in answers.items()
        for answer in pair
        if answer.status_code != 302 or not answer["Location"].startswith(reverse("admin:login"))
    ] == []


def test_the_warehouse_sees_paid_orders_without_their_money(simulator: Simulator) -> None:
    paid, transaction = paid_order(simulator)
    unpaid = make_order()
    client = login("gudang")

    listed = client.get(reverse("admin:orders_order_changelist"), {"tampilan": "semua"}).content.decode()
    page = client.get(page_url(paid)).content.decode()
    listed, page = (re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", text) for text in (listed, page))

    assert paid.number in listed
    assert unpaid.number not in listed
    assert client.get(page_url(unpaid)).status_code == 302
    for text in ("Rp", transaction.transaction_id, "Pembayaran diterima", "Batas bayar"):
        assert text not in listed
        assert text not in page
    assert "Jl. Dago 12" in page


def test_a_hidden_column_cannot_be_guessed_at_through_the_address(simulator: Simulator) -> None:
    order, _ = paid_order(simulator)
    client = login("kasir")
    token = Payment.objects.get(order=order).token

    guess = client.get(reverse("admin:payments_payment_changelist"), {"token__startswith": token[:5]})
    password = client.get(reverse("admin:orders_order_changelist"), {"user__password__startswith": "pbkdf2"})

    assert {guess.status_code, password.status_code} <= {302, 400}
    assert token not in client.get(page_url(Payment.objects.get(order=order))).content.decode()


def test_no_page_shows_a_password_or_a_signature(simulator: Simulator) -> None:
    order, _ = paid_order(simulator)
    client = login("owner")
    notification = GatewayNotification.objects.get()
    staff = make_staff("kasir")

    texts = [
        client.get(page_url(row)).content.decode()
        for row in (order, notification, staff, Payment.objects.get(), order.user)
    ]

    signature = notification.body.split('"signature_key": "')[1][:128]
    assert all(staff.password not in text and signature not in text for text in texts)


def test_a_page_of_the_admin_asks_nobody_outside(simulator: Simulator) -> None:
    order, _ = paid_order(simulator)
    client = login("owner")

    for url in (reverse("admin:index"), reverse("admin:orders_order_changelist"), page_url(order)):
        text = client.get(url).content.decode()
        assert "fonts.googleapis" not in text
        assert 'src="http' not in text
        assert '<link href="http' not in text
