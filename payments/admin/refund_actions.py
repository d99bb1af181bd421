"""The buttons about money that goes back: begin it, let a second person approve, send it, or transfer it by hand."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import strip_tags

from config.staff import Done, ObjectAction, StaffForm, actor_of
from config.staff.show import when
from payments import refund_rules
from payments.admin.account_forms import account_fields, account_of, judge
from payments.admin.order_forms import ReasonForm, reason_field
from payments.admin.sentences import nobody_asked
from payments.admin.who import staff_user
from payments.errors import GatewayError
from payments.mapping import refund_channel_is_api
from payments.models import PaymentTransaction, Refund
from payments.services.refund_book import NO_ACCOUNT
from payments.services.refunds import (
    AUTOMATIC_FOR,
    approve_refund,
    reject_refund,
    request_refund,
    send_refund,
)
from payments.staff.give_back import fate_of, send_if_possible
from payments.staff.order_page import left_to_give_back, open_refund
from payments.states import RefundChannel, RefundState
from shop.money import rupiah

R = RefundState


def limits(row: PaymentTransaction) -> list[str]:
    """Return what the gateway allows for this money, one sentence each."""
    if not refund_channel_is_api(row.payment_type):
        return ["Cara bayar ini tidak dapat dikembalikan lewat Midtrans, jadi lewat transfer bank."]
    end = refund_rules.window_end(row)
    if not refund_rules.goes_by_api(row) and end is not None:
        return [f"Batas waktu Midtrans lewat sejak {in_words(end)}, jadi lewat transfer bank."]
    told = []
    if end is not None:
        told.append(f"Lewat Midtrans sampai {in_words(end)} ({refund_rules.days_of(row)} hari sejak dibayar).")
    if refund_rules.must_be_whole(row):
        told.append("Lewat Midtrans cara bayar ini hanya dapat dikembalikan seluruhnya.")
    if opens := refund_rules.closed_until(row):
        told.append(f"Jam pengembalian Midtrans sedang tutup: dikirim sendiri {in_words(opens)}.")
    return told


def in_words(moment: datetime) -> str:
    """Return a moment as a sentence holds it."""
    return strip_tags(when(moment))


def told(refund: Refund) -> Done:
    """Say what became of a refund."""
    amount = rupiah(refund.amount)
    match fate_of(refund):
        case "done":
            return Done(f"{amount} sudah kembali ke pelanggan.")
        case "failed":
            return Done(f"Pengembalian {amount} gagal: {refund.last_error}", messages.ERROR)
        case "to_approve":
            return Done(f"{amount} dicatat, dan menunggu persetujuan orang kedua.", messages.WARNING)
        case "to_transfer":
            return Done(f"{amount} dicatat. Ambil transfernya, kirim lewat bank, lalu catat nomor referensinya.")
    if opens := refund_rules.closed_until(refund.transaction):
        return Done(f"{amount} dicatat; jam Midtrans sedang tutup, jadi dikirim sendiri {in_words(opens)}.")
    return Done(f"{amount} sedang dikembalikan lewat Midtrans; kepastiannya menyusul.", messages.INFO)


class GiveBackForm(StaffForm):
    """How much, which way, and why."""

    amount = forms.IntegerField(
        label="Jumlah (rupiah)",
        min_value=1,
        widget=forms.NumberInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )
    channel = forms.ChoiceField(label="Jalur", widget=forms.RadioSelect)
    reason = reason_field("Dicatat di riwayat dan dikirim ke Midtrans.")

    def __init__(self, row: PaymentTransaction, data: Any = None, *, initial: dict[str, Any]) -> None:
        left = left_to_give_back(row)
        by_api = refund_rules.goes_by_api(row)
        channels = [RefundChannel.BANK] if not by_api else [RefundChannel.API, RefundChannel.BANK]
        super().__init__(data, initial=initial | {"amount": left, "channel": channels[0].value})
        amount, channel = self.fields["amount"], self.fields["channel"]
        assert isinstance(channel, forms.ChoiceField)
        channel.choices = [(one.value, one.label) for one in channels]
        channel.help_text = " ".join(limits(row))
        amount.help_text = f"Paling banyak {rupiah(left)}."
        later = "Hanya untuk transfer bank. Boleh dikosongkan dan diisi sebelum transfernya diambil."
        self.fields.update(account_fields(required=False, help_text=later))

    def clean(self) -> dict[str, Any]:
        """Judge the account, if the money goes by transfer and one was typed."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("channel") == RefundChannel.BANK:
            judge(self)
        return cleaned


class GiveBack(ObjectAction[PaymentTransaction]):
    """Begin a refund of one transaction; an API refund that needs no approval is sent at once."""

    name = "kembalikan"
    label = "Kembalikan dana"
    permissions = ("payments.add_refund",)

    def seen(self, obj: PaymentTransaction) -> str:
        return f"{left_to_give_back(obj)}|{len(obj.refunds.all())}"

    def refusal(self, obj: PaymentTransaction) -> str:
        if open_refund(obj) is not None:
            return "Masih ada pengembalian dana yang berjalan untuk transaksi ini."
        return "" if left_to_give_back(obj) > 0 else "Tidak ada lagi uang yang dapat dikembalikan dari transaksi ini."

    def explain(self, obj: PaymentTransaction) -> list[str]:
        limit = rupiah(settings.REFUND_APPROVAL_ABOVE)
        said = [
            f"Diterima {rupiah(obj.received)}, masih dapat dikembalikan {rupiah(left_to_give_back(obj))}.",
            f"Di atas {limit} untuk satu pesanan perlu persetujuan orang kedua.",
        ]
        if refund_rules.goes_by_api(obj):
            said.append("Transfer bank juga, karena yang ini bisa lewat Midtrans.")
        return said

    def form(self, obj: PaymentTransaction, data: Any = None) -> GiveBackForm:
        return GiveBackForm(obj, data, initial={"seen": self.seen(obj)})

    def run(self, obj: PaymentTransaction, data: dict[str, Any], request: HttpRequest) -> Done:
        refund = request_refund(
            transaction_id=obj.pk,
            amount=data["amount"],
            reason=data["reason"],
            requested_by=staff_user(request),
            restrict_to=RefundChannel.BANK if data["channel"] == RefundChannel.BANK else None,
            account=account_of(data),
        )
        send_if_possible(refund)
        refund.refresh_from_db()
        return told(refund)


class RefundAction(ObjectAction[Refund]):
    """What all of them have in common."""

    permissions = ("payments.add_refund",)

    def seen(self, obj: Refund) -> str:
        return f"{obj.state}|{obj.approved_by_id or ''}|{obj.account.digest if obj.account else ''}"

    def is_unapproved(self, obj: Refund) -> bool:
        """Return whether a second person has yet to say yes."""
        return obj.needs_approval and obj.approved_by_id is None

    def over(self, obj: Refund) -> str:
        """Return the sentence for a refund that is past this step."""
        return f"“{self.label}” tidak berlaku lagi: pengembalian ini {R(obj.state).label.lower()}."


class Approve(RefundAction):
    """A second person says yes; an API refund is then sent."""

    name = "setujui"
    label = "Setujui"
    permissions = ("payments.approve_refund",)
    look = "main"

    def permitted(self, user: Any, obj: Refund) -> bool:
        return super().permitted(user, obj) and obj.requested_by_id != user.pk

    def refusal(self, obj: Refund) -> str:
        if obj.state != R.REQUESTED or not self.is_unapproved(obj):
            return self.over(obj)
        return NO_ACCOUNT if obj.channel == RefundChannel.BANK and obj.account is None else ""

    def explain(self, obj: Refund) -> list[str]:
        how = "langsung dikirim lewat Midtrans"
        if obj.account is not None:
            how = f"lalu ditransfer ke {obj.account} atas nama {obj.account.name}"
        return [f"{rupiah(obj.amount)} diminta oleh {obj.requested_by}: {obj.reason}.", f"Setelah disetujui {how}."]

    def run(self, obj: Refund, data: dict[str, Any], request: HttpRequest) -> Done:
        seen = obj.account.digest if obj.account else None
        refund = approve_refund(refund_id=obj.pk, approved_by=staff_user(request), account_seen=seen)
        send_if_possible(refund)
        refund.refresh_from_db()
        return told(refund)


class Reject(RefundAction):
    """Nothing is sent. Whoever asked may take it back as well."""

    name = "tolak"
    label = "Tolak"
    look = "danger"
    form_class = ReasonForm

    def permitted(self, user: Any, obj: Refund) -> bool:
        own = obj.requested_by_id == user.pk and user.has_perm("payments.add_refund")
        return bool(own or user.has_perm("payments.approve_refund"))

    def refusal(self, obj: Refund) -> str:
        return "" if obj.state == R.REQUESTED else self.over(obj)

    def explain(self, obj: Refund) -> list[str]:
        return [f"{rupiah(obj.amount)} tidak jadi dikembalikan. Nanti masih dapat diminta lagi."]

    def run(self, obj: Refund, data: dict[str, Any], request: HttpRequest) -> Done:
        reject_refund(refund_id=obj.pk, actor=actor_of(request), reason=data["reason"])
        return Done(f"Pengembalian {rupiah(obj.amount)} dibatalkan.")


class Send(RefundAction):
    """Send an API refund, or ask what became of it; the same key makes it the same refund."""

    name = "kirim"
    label = "Kirim / cek lagi"

    def refusal(self, obj: Refund) -> str:
        if obj.channel != RefundChannel.API:
            return "Dana ini dikembalikan lewat transfer bank."
        if obj.state not in {R.REQUESTED, R.SENT}:
            return self.over(obj)
        return "Menunggu persetujuan orang kedua." if self.is_unapproved(obj) else ""

    def explain(self, obj: Refund) -> list[str]:
        said = [f"{rupiah(obj.amount)} dikirim dengan kunci yang sama, jadi tidak mungkin terkirim dua kali."]
        if obj.first_sent_at is not None and obj.first_sent_at <= timezone.now() - AUTOMATIC_FOR:
            said = ["Kuncinya sudah berumur lebih dari 6 hari: cek dulu di dashboard Midtrans apakah uangnya kembali."]
        return [*said, f"Kendala terakhir: {obj.last_error}."] if obj.last_error else said

    def run(self, obj: Refund, data: dict[str, Any], request: HttpRequest) -> Done:
        try:
            send_refund(refund_id=obj.pk)
        except GatewayError as error:
            return Done(nobody_asked(error), messages.ERROR)
        obj.refresh_from_db()
        return told(obj)
