"""The buttons of a bank transfer back: taken by one person, made, and noted with the bank's number, or given up."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest
from django.urls import reverse

from config.staff import Done, StaffForm, actor_of
from config.staff.actions import Look
from payments.admin.account_forms import AccountForm, account_of
from payments.admin.order_forms import ReasonForm
from payments.admin.refund_actions import RefundAction, told
from payments.admin.sentences import nobody_asked
from payments.errors import GatewayError
from payments.models import Refund
from payments.services.bank_refunds import (
    claim_bank_refund,
    confirm_bank_refund,
    give_up_bank_refund,
    set_bank_account,
)
from payments.states import RefundChannel, RefundState
from payments.transfer_proof import clean_proof
from shop.money import rupiah

R = RefundState


class SetAccount(RefundAction):
    """Say where a transfer goes, before anybody approves or makes it."""

    name = "rekening"
    label = "Isi rekening tujuan"
    form_class = AccountForm

    def title(self, obj: Refund) -> str:
        return "Ganti rekening tujuan" if obj.account else self.label

    def look_for(self, obj: Refund) -> Look:
        return "quiet" if obj.account else "main"

    def refusal(self, obj: Refund) -> str:
        if obj.channel != RefundChannel.BANK:
            return "Dana ini dikembalikan lewat Midtrans."
        if obj.state != R.REQUESTED:
            return self.over(obj)
        return "Rekening yang sudah disetujui tidak diganti lagi." if obj.approved_by_id else ""

    def explain(self, obj: Refund) -> list[str]:
        known = [f"Tercatat sekarang: {obj.account} atas nama {obj.account.name}."] if obj.account else []
        return [f"Ke mana {rupiah(obj.amount)} ditransfer? Tanyakan langsung ke pelanggan.", *known]

    def run(self, obj: Refund, data: dict[str, Any], request: HttpRequest) -> Done:
        account = account_of(data)
        assert account is not None
        set_bank_account(refund_id=obj.pk, account=account, actor=actor_of(request))
        return Done(f"Rekening tujuan dicatat: {account}.")


class Claim(RefundAction):
    """Take a bank transfer upon oneself, so that no colleague makes it too."""

    name = "ambil"
    label = "Ambil transfer"
    look = "main"

    def refusal(self, obj: Refund) -> str:
        if obj.channel != RefundChannel.BANK:
            return "Dana ini dikembalikan lewat Midtrans."
        if obj.state != R.REQUESTED:
            return f"Transfer ini sudah diambil {obj.claimed_by}." if obj.claimed_by else self.over(obj)
        return "Menunggu persetujuan orang kedua." if self.is_unapproved(obj) else ""

    def explain(self, obj: Refund) -> list[str]:
        return [
            f"Kamu yang mentransfer {rupiah(obj.amount)}. Rekan lain melihat bahwa transfer ini sudah dipegang.",
            *([f"Tujuannya {obj.account} atas nama {obj.account.name}."] if obj.account else []),
            "Midtrans ditanya dulu, supaya uang yang sudah ditarik bank tidak ditransfer lagi.",
            "Setelah transfer jadi, catat nomor referensi banknya di sini dan unggah buktinya.",
        ]

    def form(self, obj: Refund, data: Any = None) -> StaffForm:
        form_class = StaffForm if obj.account else AccountForm
        return form_class(data, initial={"seen": self.seen(obj)})

    def lands_on(self, obj: Refund) -> str:
        return reverse("admin:payments_refund_change", args=[obj.pk])  # there the whole number stands

    def run(self, obj: Refund, data: dict[str, Any], request: HttpRequest) -> Done:
        try:
            claim_bank_refund(refund_id=obj.pk, actor=actor_of(request), account=account_of(data))
        except GatewayError as error:
            return Done(f"{nobody_asked(error)} Jangan transfer dulu; coba lagi sebentar.", messages.ERROR)
        return Done(f"Transfer {rupiah(obj.amount)} kamu pegang. Jangan lupa mencatat nomor referensinya.")


class _HeldTransfer(RefundAction):
    """What can be done about a bank transfer that somebody has claimed."""

    def refusal(self, obj: Refund) -> str:
        if obj.channel != RefundChannel.BANK:
            return "Dana ini dikembalikan lewat Midtrans."
        return "" if obj.state == R.SENT else self.over(obj)


class GiveUp(_HeldTransfer):
    """A claimed transfer that was not made. Only whoever holds it knows, or an owner who asked him."""

    name = "lepas"
    label = "Transfer tidak jadi"
    look = "danger"
    form_class = ReasonForm

    def permitted(self, user: Any, obj: Refund) -> bool:
        own = obj.claimed_by.startswith(f"staff:{user.pk} ") and user.has_perm("payments.add_refund")
        return bool(own or user.has_perm("payments.approve_refund"))

    def explain(self, obj: Refund) -> list[str]:
        return [
            f"{rupiah(obj.amount)} dipegang {obj.claimed_by}, tetapi transfernya belum dan tidak akan dikirim.",
            "Pastikan dulu di rekening toko: kalau sudah terkirim, catat nomor referensinya, jangan dilepas.",
            "Nanti masih dapat diminta lagi.",
        ]

    def run(self, obj: Refund, data: dict[str, Any], request: HttpRequest) -> Done:
        give_up_bank_refund(refund_id=obj.pk, actor=actor_of(request), reason=data["reason"])
        return Done(f"Transfer {rupiah(obj.amount)} dilepas.")


class BankForm(StaffForm):
    """The bank's own number of the transfer, and the slip that shows it."""

    bank_reference = forms.CharField(
        label="Nomor referensi bank",
        min_length=4,
        max_length=80,
        help_text="Tertulis di bukti transfer.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    proof = forms.FileField(
        label="Bukti transfer",
        help_text="JPEG, PNG, WebP, atau PDF, paling banyak 2 MB. Gambar disimpan ulang tanpa data tersembunyi.",
        error_messages={"required": "Unggah bukti transfernya.", "empty": "Berkas ini kosong."},
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/webp,application/pdf"}),
    )


class Confirm(_HeldTransfer):
    """The transfer was made."""

    name = "konfirmasi"
    label = "Catat transfer selesai"
    look = "main"
    form_class = BankForm

    def explain(self, obj: Refund) -> list[str]:
        return [
            f"{rupiah(obj.amount)} dipegang {obj.claimed_by}.",
            "Midtrans ditanya dulu, supaya uang yang sudah kembali di sana tidak terhitung dua kali.",
            "Pelanggan mendapat e-mail.",
        ]

    def run(self, obj: Refund, data: dict[str, Any], request: HttpRequest) -> Done:
        try:
            refund = confirm_bank_refund(
                refund_id=obj.pk,
                bank_reference=data["bank_reference"],
                proof=clean_proof(data["proof"], size=data["proof"].size),
                actor=actor_of(request),
            )
        except GatewayError as error:
            return Done(f"{nobody_asked(error)} Nomor referensi belum dicatat.", messages.ERROR)
        return told(refund)
