"""Boxes for the account that a transfer goes to."""

from __future__ import annotations

from typing import Any

from django import forms

from config.errors import InvalidInputError
from config.staff import StaffForm
from payments.bank_account import BANK_LENGTH, NAME_LENGTH, BankAccount, bank_account

FIELDS = ("bank_name", "account_number", "account_name")


def account_fields(*, required: bool, help_text: str = "") -> dict[str, forms.CharField]:
    """Return the three boxes; ``help_text`` stands under the first."""
    plain = {"autocomplete": "off", "spellcheck": "false"}
    return {
        "bank_name": forms.CharField(
            label="Bank tujuan",
            max_length=BANK_LENGTH,
            required=required,
            help_text=help_text or "Misalnya BCA, Bank Mandiri, atau SeaBank.",
            widget=forms.TextInput(attrs=plain),
        ),
        "account_number": forms.CharField(
            label="Nomor rekening",
            max_length=40,
            required=required,
            help_text="Tanyakan ke pelanggan. Spasi dan tanda hubung dibuang.",
            widget=forms.TextInput(attrs=plain | {"inputmode": "numeric"}),
        ),
        "account_name": forms.CharField(
            label="Nama pemilik rekening",
            max_length=NAME_LENGTH,
            required=required,
            help_text="Seperti yang ditunjukkan bank sebelum transfer.",
            widget=forms.TextInput(attrs=plain),
        ),
    }


class AccountForm(StaffForm):
    """Where the money goes."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields.update(account_fields(required=True))

    def clean(self) -> dict[str, Any]:
        """Judge the account as a whole."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors:
            judge(self)
        return cleaned


def judge(form: forms.Form) -> None:
    """Put ``account`` among the form's cleaned data: a BankAccount, or None when nothing was typed."""
    given = {name: form.cleaned_data.get(name) or "" for name in FIELDS}
    form.cleaned_data["account"] = None
    if not any(value.strip() for value in given.values()):
        return
    try:
        form.cleaned_data["account"] = bank_account(**given)
    except InvalidInputError as error:
        form.add_error(error.field, str(error))


def account_of(data: dict[str, Any]) -> BankAccount | None:
    """Return the account of a judged form."""
    found = data.get("account")
    return found if isinstance(found, BankAccount) else None
