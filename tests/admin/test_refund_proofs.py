"""Proofs of transfers: whatever is uploaded, what is kept cannot hurt, and whoever takes it is on record."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test.utils import CaptureQueriesContext
from PIL import Image

from orders.models import Order
from payments.models import Refund, RefundProof
from payments.services.bank_refunds import claim_bank_refund
from payments.services.refunds import request_refund
from payments.transfer_proof import PDF, PICTURE
from tests.support.money import ACCOUNT, paid
from tests.support.simulator import Simulator
from tests.support.staff import begin, login, make_staff, page_url, press, slip

pytestmark = pytest.mark.django_db(transaction=True)

SCRIPT = b"<script>alert(document.domain)</script>"


@pytest.fixture
def refund(simulator: Simulator) -> Refund:
    _, row = paid(simulator, method="bca_va")
    asked = request_refund(
        transaction_id=row.pk, amount=row.received, reason="habis", requested_by=make_staff("kasir"), account=ACCOUNT
    )
    return claim_bank_refund(refund_id=asked.pk, actor="staff:1")


def picture(kind: str = "JPEG", size: tuple[int, int] = (600, 400), mode: str = "RGB", **options: Any) -> bytes:
    content = io.BytesIO()
    Image.new("RGB", size, "teal").convert(mode).save(content, kind, **options)
    return content.getvalue()


def confirm(refund: Refund, content: bytes, name: str = "bukti.jpg") -> Any:
    return press(login("kasir"), refund, "konfirmasi", bank_reference="BCA-778899", proof=slip(content, name))


def test_a_picture_is_kept_painted_anew(refund: Refund) -> None:
    exif = Image.Exif()
    exif[0x010E] = SCRIPT.decode()

    confirm(refund, picture("PNG", exif=exif) + SCRIPT, name="bukti.html")

    refund.refresh_from_db()
    proof = refund.proof
    assert (refund.state, proof.kind, proof.size) == ("DONE", PICTURE, len(proof.content))
    assert SCRIPT not in bytes(proof.content)


def test_a_pdf_is_kept_as_it_is(refund: Refund) -> None:
    content = b"%PDF-1.7\n1 0 obj\n<< /JS (app.alert(1)) >>\nendobj\ntrailer\n%%EOF\n"

    confirm(refund, content, name="bukti.pdf")

    proof = RefundProof.objects.get()
    assert (bytes(proof.content), proof.kind) == (content, PDF)


def test_what_is_no_proof_is_refused_and_nothing_is_noted(refund: Refund) -> None:
    answer = confirm(refund, b"<html>" + SCRIPT)

    refund.refresh_from_db()
    assert answer.status_code == 400
    assert answer.context["form"].errors["proof"]
    assert (refund.state, refund.bank_reference) == ("SENT", "")
    assert not RefundProof.objects.exists()


def test_without_a_proof_nothing_is_confirmed(refund: Refund) -> None:
    client = login("kasir")
    page = client.get(page_url(refund, "konfirmasi")).content.decode()

    answer = client.post(
        page_url(refund, "konfirmasi"), begin(client, refund, "konfirmasi") | {"bank_reference": "X-12"}
    )

    assert 'enctype="multipart/form-data"' in page
    assert answer.status_code == 400
    assert Refund.objects.get().state == "SENT"


@pytest.mark.parametrize("group", ["kasir", "owner", "auditor"])
def test_it_is_handed_out_as_a_file_and_that_is_on_record(refund: Refund, group: str) -> None:
    confirm(refund, picture())
    client = login(group)

    answer = press(client, refund, "bukti")

    assert answer.content == bytes(RefundProof.objects.get().content)
    assert answer["Content-Type"] == "image/jpeg"
    assert re.fullmatch(r'attachment; filename="bukti-R-[0-9a-f]{24}\.jpg"', answer["Content-Disposition"])
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert "no-store" in answer["Cache-Control"]
    entry = LogEntry.objects.get()
    assert (entry.get_change_message(), entry.object_id) == ("Bukti transfer diunduh", str(refund.pk))


def test_the_warehouse_gets_no_proof(refund: Refund) -> None:
    confirm(refund, picture())
    client = login("gudang")

    assert client.get(page_url(refund, "bukti")).status_code == 403
    assert client.post(page_url(refund, "bukti"), {"seen": ""}).status_code == 403
    assert not LogEntry.objects.exists()


def test_lists_and_pages_never_read_the_bytes(refund: Refund) -> None:
    confirm(refund, picture())
    client = login("owner")
    order = Order.objects.get(payments=refund.transaction.payment)

    with CaptureQueriesContext(connection) as seen:
        client.get("/admin/payments/refund/")
        client.get(page_url(refund))
        client.get(page_url(order))

    assert [query["sql"] for query in seen if '"payments_refundproof"."content"' in query["sql"]] == []
