"""What the shop knows about a person: handed out whole, forgotten for good, and not remembered by a restore."""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib.admin.models import CHANGE, LogEntry
from django.db import connection
from django.db.models import CharField, EmailField, TextField
from django.test import Client
from django.utils import timezone

from config.models import MailState, OutgoingMail
from orders.links import order_path
from orders.models import Order
from orders.services import complete_order, ship_order
from payments.models import GatewayNotification, Payment, PaymentTransaction, WebhookDelivery, WebhookEndpoint
from payments.personal_data import erase_person, forget_sent_mails, reasons_to_stay, tombstones
from payments.personal_data.after_restore import forget_again
from payments.personal_data.erase import GONE, NO_ADDRESS, SOMEBODY, CannotEraseError
from payments.services import BY_CUSTOMER, cancel_order
from payments.services.refunds import request_refund
from shop.models import Address, ApiToken, Cart, User
from shop.services.account import AddressData, issue_token
from shop.services.cart import add_item, open_cart
from tests.support.checkout import make_member, text_of
from tests.support.pages import paid_order
from tests.support.staff import make_staff
from tests.support.world import ADDRESS, make_customer, make_order, make_variant

pytestmark = pytest.mark.django_db

OLD = "kata-sandi-panjang"
# Every column of a customer's that may hold something personal; ``export`` and ``erase`` know them all.
PERSONAL = {
    "config.outgoingmail": {"to", "reply_to", "subject", "text", "html"},
    "orders.cancelrequest": {"reason"},
    "orders.order": {
        "email", "recipient", "phone", "province", "city", "district", "postal_code", "street", "note", "request",
        "cancel_words",
    },
    "payments.gatewaynotification": {"body"},
    "payments.payment": {"raw"},
    "payments.paymenttransaction": {"raw"},
    "payments.refund": {"account_number", "account_name"},
    "payments.refundproof": {"content"},
    "shop.address": {"recipient", "phone", "province", "city", "district", "postal_code", "street"},
    "shop.user": {"email", "name", "phone", "password"},
}  # fmt: skip
SUSPICIOUS = {
    "email", "phone", "recipient", "street", "district", "city", "province", "postal_code", "to", "reply_to", "note",
    "cancel_words", "address", "password", "ip", "ip_address", "account_number", "account_name",
}  # fmt: skip
NOT_A_CUSTOMERS = {"orders.provincezone": {"province"}, "orders.voucher": {"note"}}


@pytest.fixture(autouse=True)
def _folder(settings, tmp_path: Path) -> None:
    settings.ERASURE_DIR = tmp_path / "erasures"


def completed(simulator: Any, **changes: Any) -> Order:
    order = paid_order(simulator, **changes)
    ship_order(order_id=order.pk, courier="JNE", tracking_number=f"JP{order.pk:08d}", actor="staff")
    complete_order(order_id=order.pk, actor="staff")
    order.refresh_from_db()
    return order


def everything_stored() -> str:
    """Return all rows of all tables of the shop as text."""
    found = []
    with connection.cursor() as cursor:
        for model in apps.get_models():
            if model._meta.app_label in {"config", "shop", "orders", "payments", "monitoring"}:
                cursor.execute(f'SELECT to_jsonb(t)::text FROM "{model._meta.db_table}" t')  # noqa: S608
                found += [text for (text,) in cursor.fetchall()]
    return "\n".join(found)


def logged_in(user: User) -> Client:
    client = Client()
    client.post("/masuk/", {"email": user.email, "password": OLD})
    return client


# --- export -----------------------------------------------------------------------------------------------------------


def test_the_export_is_one_json_document_of_everything(simulator):
    member = make_member(addresses=2)
    order = completed(simulator, customer=member, note="Titip satpam")
    issue_token(user=member)
    client = logged_in(member)

    answer: Any = client.post("/akun/data/unduh/")
    data = json.loads(b"".join(answer.streaming_content))

    assert answer["Content-Disposition"].startswith('attachment; filename="infiya-data-')
    assert data["account"]["email"] == member.email
    assert len(data["addresses"]) == 2
    assert len(data["api_tokens"]) == 1
    (told,) = data["orders"]
    assert (told["number"], told["note"], told["street"]) == (order.number, "Titip satpam", order.street)
    assert told["payments"][0]["amount"] == order.total
    assert told["shipments"][0]["tracking_number"] == f"JP{order.pk:08d}"
    assert {mail["kind"] for mail in data["mails"]} == {"order_received", "order_paid", "order_shipped"}
    assert "digest" not in json.dumps(data)


def test_an_export_of_many_orders_reads_them_in_chunks(django_assert_max_num_queries: Any):
    member = make_customer()
    variant = make_variant(on_hand=100)
    for _ in range(6):
        make_order((variant, 1), customer=member)
    client = logged_in(member)

    with django_assert_max_num_queries(22):
        answer: Any = client.post("/akun/data/unduh/")
        data = json.loads(b"".join(answer.streaming_content))

    assert len(data["orders"]) == 6


def test_exports_are_counted_and_logged(settings, caplog):
    settings.THROTTLING = True
    client = logged_in(make_customer())

    with caplog.at_level("INFO"):
        codes = [client.post("/akun/data/unduh/").status_code for _ in range(6)]

    assert codes == [200] * 5 + [429]
    assert [record.getMessage() for record in caplog.records].count("personal_data.exported") == 5


# --- erasure ----------------------------------------------------------------------------------------------------------


def test_nothing_personal_is_left_anywhere_and_the_books_stay(simulator, settings):
    settings.SHOP_IS_PKP, settings.SHOP_NPWP = True, "01.234"
    member = make_member(addresses=2)
    User.objects.filter(pk=member.pk).update(name="Sari Wulandari", phone="+6289999999999")
    order = completed(simulator, customer=member, note="Titip satpam", email="kabar@contoh.id")
    details = {"full_name": "Sari Wulandari", "email": "kabar@contoh.id"}
    payment = Payment.objects.get(order=order)
    for model in (Payment, PaymentTransaction):
        for row in model.objects.all():
            model.objects.filter(pk=row.pk).update(raw=row.raw | {"customer_details": details})
    GatewayNotification.objects.create(
        digest="d", body=json.dumps({"order_id": "x", "customer_details": details}), gateway_id="x",
        transaction_id="x", claimed_status="settlement", payment=payment,
    )  # fmt: skip
    cancelled = make_order(customer=member)
    assert cancel_order(order_id=cancelled.pk, actor=f"customer:{member.pk}", reason=BY_CUSTOMER, words="Bu Wulandari")
    add_item(cart=open_cart(user=member, token=""), variant_id=make_variant().pk, quantity=1)
    link, sums, tax = order_path(order), (order.subtotal, order.shipping_cost, order.total), order.tax
    OutgoingMail.objects.update(state=MailState.SENT, sent_at=timezone.now())
    client = logged_in(member)

    answer = client.post("/akun/hapus/", {"current": OLD}, follow=True)

    assert "Akunmu sudah dihapus" in text_of(answer)
    OutgoingMail.objects.filter(kind="account_deleted").update(state=MailState.SENT, sent_at=timezone.now())
    assert forget_sent_mails() == 1
    left = everything_stored()
    for secret in (
        str(member.email), "Sari", "Wulandari", "+6289999999999", order.phone, order.street, "kabar@contoh.id",
        "satpam",
    ):  # fmt: skip
        assert secret not in left, secret
    order.refresh_from_db()
    member.refresh_from_db()
    assert (order.subtotal, order.shipping_cost, order.total) == sums
    assert (order.status, order.tax) == ("COMPLETED", tax)
    assert order.tax is not None
    assert sum(line["gross"] for line in order.tax["lines"]) == order.total
    assert PaymentTransaction.objects.get(payment__order=order).received == order.total
    assert order.items.count() == 1
    assert client.get(link).status_code == 404
    assert not member.is_active


def test_whoever_is_called_like_the_erased_is_erased_all_the_same(simulator):
    member = make_customer()
    order = completed(simulator, customer=member, address=AddressData(**vars(ADDRESS) | {"recipient": SOMEBODY}))

    erase_person(user=member)

    order.refresh_from_db()
    assert (order.email, order.phone, order.street) == (NO_ADDRESS, "", GONE)


def test_what_staff_did_to_the_account_stays_without_its_address():
    member, owner = make_customer(), make_staff("owner")
    address = str(member.email)
    rows = User.objects.filter(pk=member.pk)
    others = f"s{address}, {address}.example"
    told = f"Kunci {address} dilepas, bukan {others}"
    LogEntry.objects.log_actions(owner.pk, rows, CHANGE, change_message=told, single_object=True)

    erase_person(user=member)

    entry = LogEntry.objects.get()
    assert entry.object_repr == f"akun-{member.pk}"
    assert entry.change_message == f"Kunci akun-{member.pk} dilepas, bukan {others}"


def test_events_that_wait_for_an_endpoint_that_is_switched_off_are_forgotten(simulator):
    endpoint = WebhookEndpoint.objects.create(url="https://erp.example/in", events=["order.paid"], secret="whsec_eA==")
    member = make_customer()
    completed(simulator, customer=member)
    assert WebhookDelivery.objects.count() == 1

    erase_person(user=member)
    assert WebhookDelivery.objects.count() == 1  # on its way
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(is_active=False)
    forget_sent_mails()

    assert WebhookDelivery.objects.count() == 0


def test_sessions_tokens_and_links_end():
    member = make_customer()
    elsewhere = logged_in(member)
    token = issue_token(user=member).token

    erase_person(user=member)

    assert elsewhere.get("/akun/").status_code == 302
    assert Client().get("/api/orders", headers={"authorization": f"Bearer {token}"}).status_code == 401
    assert not ApiToken.objects.exists()
    assert not Address.objects.filter(user=member).exists()
    assert not Cart.objects.filter(user=member).exists()
    assert "salah" in text_of(Client().post("/masuk/", {"email": member.email, "password": OLD}))
    assert OutgoingMail.objects.get(kind="account_deleted").to == member.email  # the last word, still on its way


def test_the_password_is_asked_for():
    member = make_customer()
    client = logged_in(member)

    assert client.post("/akun/hapus/", {"current": "salah"}).status_code == 400

    member.refresh_from_db()
    assert member.erased_at is None


def test_what_is_open_keeps_the_account_and_is_said(simulator):
    member = make_customer()
    unpaid, paid = make_order(customer=member), paid_order(simulator, customer=member)
    client = logged_in(member)
    page = text_of(client.get("/akun/hapus/"))

    answer = client.post("/akun/hapus/", {"current": OLD})

    assert answer.status_code == 409
    for order in (unpaid, paid):
        assert f"Pesanan {order.number} belum selesai." in page
    member.refresh_from_db()
    assert member.is_active


def test_money_on_its_way_back_keeps_the_account(simulator):
    member = make_customer()
    order = completed(simulator, customer=member)
    row = PaymentTransaction.objects.get(payment__order=order)
    request_refund(transaction_id=row.pk, amount=1000, reason="uji", requested_by=make_staff("kasir"))

    assert reasons_to_stay(member) == [f"Uang pesanan {order.number} sedang dikembalikan."]
    with pytest.raises(CannotEraseError):
        erase_person(user=member)


def test_late_money_and_surplus_keep_the_account(simulator):
    member = make_customer()
    order = completed(simulator, customer=member)
    PaymentTransaction.objects.filter(payment__order=order).update(surplus=True)

    assert reasons_to_stay(member) == [
        f"Kami masih memegang uang dari pesanan {order.number} yang harus dikembalikan.",
    ]
    PaymentTransaction.objects.filter(payment__order=order).update(surplus=False)
    assert reasons_to_stay(member) == []


def test_staff_do_not_erase_themselves():
    assert reasons_to_stay(make_staff("kasir")) == ["Ini akun staf. Pemilik toko yang menutupnya."]


def test_without_a_tombstone_nothing_is_erased(settings, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    settings.ERASURE_DIR = blocked
    member = make_customer()

    with pytest.raises(OSError, match="file"):
        erase_person(user=member)

    member.refresh_from_db()
    assert member.is_active


def test_every_column_that_may_hold_something_personal_is_known_here():
    found: dict[str, set[str]] = {}
    for model in apps.get_models():
        if model._meta.app_label not in {"config", "shop", "orders", "payments"}:
            continue
        named = {
            field.name
            for field in model._meta.concrete_fields
            if field.name in SUSPICIOUS and isinstance(field, CharField | TextField | EmailField)
        }
        if named:
            found[model._meta.label_lower] = named

    for label, columns in found.items():
        known = PERSONAL.get(label, set()) | NOT_A_CUSTOMERS.get(label, set())
        assert columns <= known, f"{label}: export and erase {columns - known}, then name them here"


# --- a restored backup ------------------------------------------------------------------------------------------------


def as_in_the_backup(member: User, **fields: Any) -> None:
    """Put the person back, as a backup from before the erasure would."""
    back = {"email": "kembali@contoh.id", "name": "Sari Wulandari", "is_active": True, "erased_at": None}
    User.objects.filter(pk=member.pk).update(**back | fields)


def test_a_restored_backup_forgets_again(simulator):
    member, other = make_customer(), make_customer()
    order = completed(simulator, customer=member)
    erase_person(user=member)
    as_in_the_backup(member)
    Order.objects.filter(pk=order.pk).update(recipient="Sari Wulandari", street="Jl. Dago 12")

    said = forget_again(using="default", since=timezone.now())

    assert said == "People who had asked to be erased, and were erased again: 1"
    member.refresh_from_db()
    order.refresh_from_db()
    other.refresh_from_db()
    assert (member.name, member.is_active) == ("", False)
    assert "Sari" not in order.recipient
    assert other.is_active
    assert forget_again(using="default", since=timezone.now()) == ""


def test_somebody_else_under_the_same_id_is_not_forgotten():
    member = make_customer()
    erase_person(user=member)
    as_in_the_backup(member, date_joined=timezone.now() + timedelta(seconds=1))

    assert forget_again(using="default", since=timezone.now()) == ""


def test_the_list_names_nobody_and_survives_a_torn_line(settings):
    member = make_customer()
    erase_person(user=member)
    path = settings.ERASURE_DIR / "erased.jsonl"
    with path.open("a") as file:
        file.write('\n{"hash": "ab')
    tombstones.write(user_id=member.pk + 1, joined_at=member.date_joined, at=timezone.now())

    stones = tombstones.Tombstones()

    assert member.email not in path.read_text()
    assert len(stones) == 2
    assert stones.names(user_id=member.pk, joined_at=member.date_joined)
    assert stones.names(user_id=member.pk + 1, joined_at=member.date_joined)
    assert not stones.names(user_id=member.pk + 2, joined_at=member.date_joined)
    assert oct(path.stat().st_mode)[-3:] == "600"


def test_writers_that_come_first_together_agree_on_the_salt():
    now = timezone.now()
    barrier = threading.Barrier(6)

    def write(number: int) -> None:
        barrier.wait(10)
        tombstones.write(user_id=number, joined_at=now, at=now)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)

    stones = tombstones.Tombstones()
    assert all(stones.names(user_id=number, joined_at=now) for number in range(6))


def test_a_list_without_its_salt_stops_the_restore(settings):
    erase_person(user=make_customer())
    (settings.ERASURE_DIR / "salt").unlink()

    with pytest.raises(FileNotFoundError):
        forget_again(using="default", since=timezone.now())
