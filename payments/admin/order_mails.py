"""The button that sends one of an order's mails again."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils.html import strip_tags

from config.staff import Done, StaffForm, actor_of
from config.staff.show import when
from orders.models import Order
from payments.admin.order_actions import OrderAction
from payments.staff.resend import FIELD, PER_DAY, resend_mail, sent_mails, times_sent_again


class ResendForm(StaffForm):
    """Which one."""

    mail = forms.ChoiceField(
        label="E-mail",
        widget=forms.RadioSelect,
        error_messages={
            "required": "Pilih e-mailnya.",
            "invalid_choice": "Pilih salah satu e-mail yang pernah terkirim.",
        },
    )

    def __init__(self, order: Order, data: Any = None, *, initial: dict[str, Any]) -> None:
        super().__init__(data, initial=initial)
        field = self.fields[FIELD]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [
            (mail.key, f"{mail.label}, terkirim {strip_tags(when(mail.at))}") for mail in sent_mails(order)
        ]
        if not field.choices:
            field.help_text = "Belum ada e-mail yang terkirim untuk pesanan ini."


class ResendMail(OrderAction):
    """Send one of the order's mails again, to the order's address only."""

    name = "kirim-ulang-email"
    label = "Kirim ulang e-mail"
    permissions = ("orders.resend_mail",)

    def seen(self, obj: Order) -> str:
        return str(times_sent_again(obj))  # its own past is what keeps two clicks from being two mails

    def refusal(self, obj: Order) -> str:
        return "Data pelanggan ini sudah dihapus." if obj.user.erased_at is not None else ""

    def explain(self, obj: Order) -> list[str]:
        return [
            f"Dikirim ke {obj.email}, alamat yang tercatat di pesanan ini, bukan ke alamat lain.",
            "Isinya ditulis ulang dari keadaan pesanan sekarang, dengan tautan yang masih berlaku.",
            f"Satu e-mail paling banyak {PER_DAY} kali sehari.",
        ]

    def form(self, obj: Order, data: Any = None) -> ResendForm:
        return ResendForm(obj, data, initial={"seen": self.seen(obj)})

    def run(self, obj: Order, data: dict[str, Any], request: HttpRequest) -> Done:
        mail = resend_mail(order_id=obj.pk, key=data[FIELD], known=int(data["seen"]), actor=actor_of(request))
        return Done(f"“{mail.label}” dikirim ulang ke {obj.email}.")
