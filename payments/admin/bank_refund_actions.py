"""The buttons of a bank transfer back: taken by one person, made, and noted with the bank's number, or given up."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest

from config.staff import Done, StaffForm, actor_of
from payments.admin.order_forms import ReasonForm
from payments.admin.refund_actions import RefundAction, told
from payments.admin.sentences import nobody_asked
from payments.errors import GatewayError
from payments.models import Refund
from payments.services.bank_refunds import claim_bank_refund, confirm_bank_refund, give_up_bank_refund
from payments.states import RefundChannel, RefundState
from shop.money import rupiah

R = RefundState


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
            "Midtrans ditanya dulu, supaya uang yang sudah ditarik bank tidak ditransfer lagi.",
            "Setelah transfer jadi, catat nomor referensi banknya di sini.",
        ]

    def run(self, obj: Refund, data: dict[str, Any], request: HttpRequest) -> Done:
        try:
            claim_bank_refund(refund_id=obj.pk, actor=actor_of(request))
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
    """The bank's own number of the transfer."""

    bank_reference = forms.CharField(
        label="Nomor referensi bank",
        min_length=4,
        max_length=80,
        help_text="Tertulis di bukti transfer.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
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
                actor=actor_of(request),
            )
        except GatewayError as error:
            return Done(f"{nobody_asked(error)} Nomor referensi belum dicatat.", messages.ERROR)
        return told(refund)
