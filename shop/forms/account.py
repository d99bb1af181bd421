"""Logging in, registering, and an address of one's own."""

from __future__ import annotations

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from shop.forms.base import ShopForm
from shop.models import User
from shop.phone import normalise_phone
from shop.provinces import PROVINCES
from shop.services.account import BAD_PHONE, AddressData

BAD_EMAIL = "Tulis e-mail lengkap, misalnya nama@contoh.id."


def email_field(*, autocomplete: str, help_text: str = "") -> forms.EmailField:
    """Return the e-mail field that every form uses."""
    return forms.EmailField(
        label="E-mail",
        max_length=254,
        help_text=help_text,
        widget=forms.EmailInput(attrs={"autocomplete": autocomplete, "inputmode": "email", "spellcheck": "false"}),
        error_messages={"invalid": BAD_EMAIL},
    )


def text_box(autocomplete: str, **attrs: str) -> forms.TextInput:
    """Return a one-line box with its autocomplete token."""
    return forms.TextInput(attrs={"autocomplete": autocomplete, **attrs})


def new_password_field(label: str = "Kata sandi") -> forms.CharField:
    """Return the field for a password that is being chosen."""
    return forms.CharField(
        label=label,
        strip=False,
        max_length=200,
        help_text="Paling sedikit 10 karakter. Boleh berupa kalimat.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )


def require_good_password(form: ShopForm, owner: User, field: str = "password") -> None:
    """Put into ``form`` what is wrong with a chosen password, if anything is."""
    try:
        validate_password(form.cleaned_data[field], user=owner)
    except ValidationError as error:
        form.add_error(field, error)


class LoginForm(ShopForm):
    """E-mail and password; whether they fit is for ``authenticate`` to say."""

    email = email_field(autocomplete="username")
    password = forms.CharField(
        label="Kata sandi",
        strip=False,
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).lower()


class RegisterForm(ShopForm):
    """Who wants an account. The password is chosen by whoever opens the mailed link."""

    name = forms.CharField(label="Nama", max_length=120, widget=text_box("name"))
    email = email_field(autocomplete="email", help_text="Untuk masuk dan untuk kabar pesananmu.")

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).lower()


class AddressForm(ShopForm):
    """A complete address; the phone is taken in any usual spelling."""

    recipient = forms.CharField(label="Nama penerima", max_length=120, widget=text_box("name"))
    phone = forms.CharField(
        label="Nomor WhatsApp",
        max_length=30,
        help_text="Kurir menghubungi nomor ini.",
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel", "inputmode": "tel"}),
    )
    street = forms.CharField(
        label="Alamat lengkap",
        max_length=300,
        help_text="Jalan, nomor, RT/RW, dan patokan.",
        widget=forms.Textarea(attrs={"rows": "3", "autocomplete": "street-address"}),
    )
    district = forms.CharField(label="Kecamatan", max_length=80, widget=text_box("address-level3"))
    city = forms.CharField(
        label="Kota atau kabupaten",
        max_length=80,
        help_text="Misalnya Kabupaten Sleman.",
        widget=text_box("address-level2"),
    )
    province = forms.ChoiceField(
        label="Provinsi",
        choices=[("", "Pilih provinsi"), *((name, name) for name in PROVINCES)],
        widget=forms.Select(attrs={"autocomplete": "address-level1"}),
        error_messages={"required": "Pilih provinsi.", "invalid_choice": "Pilih provinsi dari daftar."},
    )
    postal_code = forms.RegexField(
        label="Kode pos",
        regex=r"^[0-9]{5}$",
        widget=text_box("postal-code", inputmode="numeric", maxlength="5", **{"class": "input short"}),
        error_messages={"invalid": "Kode pos terdiri dari lima angka, misalnya 55281."},
    )
    is_default = forms.BooleanField(label="Jadikan alamat utama", required=False)

    def clean_phone(self) -> str:
        try:
            return normalise_phone(self.cleaned_data["phone"])
        except ValueError:
            raise ValidationError(BAD_PHONE) from None

    def address(self) -> AddressData:
        """Return the address of a valid form."""
        given = {name: value for name, value in self.cleaned_data.items() if name != "is_default"}
        return AddressData(**given)
