"""Forms about who somebody is and how he proves it."""

from __future__ import annotations

from typing import Any

from django import forms

from shop.forms.account import email_field, new_password_field, require_good_password, text_box
from shop.forms.base import ShopForm
from shop.models import User


class ForgottenForm(ShopForm):
    """Where the link for a new password goes."""

    email = email_field(autocomplete="username")

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).lower()


class NewPasswordForm(ShopForm):
    """A new password for whoever came by a link; shown in one box, since the link can be asked for again."""

    password = new_password_field("Kata sandi baru")

    def __init__(self, data: Any = None, *, owner: User) -> None:
        super().__init__(data)
        self.owner = owner
        if owner._state.adding:  # a first one: there is no older
            self.fields["password"].label = "Kata sandi"

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("password"):
            require_good_password(self, self.owner)
        return cleaned


class KnownPasswordForm(ShopForm):
    """The password that somebody logged in must show before something that cannot be undone."""

    current = forms.CharField(
        label="Kata sandi sekarang",
        strip=False,
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class ChangePasswordForm(NewPasswordForm, KnownPasswordForm):
    """Old and new."""

    field_order = ("current", "password")


class EmailChangeForm(KnownPasswordForm):
    """The new address; it counts once its mailbox was opened."""

    email = email_field(autocomplete="email", help_text="Kami kirim tautan ke alamat ini untuk memastikannya.")
    field_order = ("email", "current")

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).lower()


class ProfileForm(ShopForm):
    """What we call somebody, and where a courier or we reach him."""

    name = forms.CharField(label="Nama", max_length=120, widget=text_box("name"))
    phone = forms.CharField(
        label="Nomor WhatsApp",
        max_length=30,
        required=False,
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel", "inputmode": "tel"}),
    )
