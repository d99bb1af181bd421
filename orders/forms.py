"""What a checkout asks for: at most seven boxes for a guest, none for a member with a saved address."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django import forms

from orders import regions
from orders.area_form import AreaForm
from orders.checkout import Checkout, Draft
from orders.fields import UNREADABLE, LineField, PhoneField, PostalCodeField
from orders.shipping import ShippingQuote
from shop.forms import ShopForm
from shop.models import Address
from shop.places import place_line
from shop.services.account import AddressData, add_address


def _note() -> LineField:
    return LineField(
        label="Catatan untuk kurir",
        max_length=300,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class TypedAddressForm(AreaForm):
    """An address that is typed. One box finds the district; where several fit, radio buttons follow it."""

    recipient = LineField(
        label="Nama penerima",
        max_length=120,
        missing="Isi nama penerima.",
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    phone = PhoneField(
        label="Nomor WhatsApp",
        help_text="Kurir menghubungi nomor ini.",
        max_length=30,
        missing="Isi nomor WhatsApp, misalnya 0812-3456-7890.",
        error_messages={"invalid": "Tulis nomor WhatsApp yang lengkap, misalnya 0812-3456-7890."},
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel", "data-rule": "phone"}),
    )
    postal_code = PostalCodeField(
        label="Kode pos",
        max_length=12,
        missing="Isi kode pos, lima angka.",
        error_messages={"invalid": "Kode pos terdiri dari lima angka, misalnya 55281."},
        widget=forms.TextInput(
            attrs={
                "autocomplete": "postal-code",
                "inputmode": "numeric",
                "class": "input short",
                "data-rule": "postal",
            },
        ),
    )
    street = LineField(
        label="Alamat lengkap",
        help_text="Jalan, nomor, RT/RW, dan patokan.",
        max_length=300,
        min_length=5,
        missing="Isi alamat lengkap: jalan, nomor, RT/RW.",
        error_messages={"min_length": "Alamat ini terlalu pendek. Tulis jalan, nomor, dan patokannya."},
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "street-address"}),
    )
    note = _note()
    field_order: tuple[str, ...] = ("recipient", "phone", "area", "postal_code", "street", "note")

    def __init__(self, *args: Any, checkout: Checkout, **kwargs: Any) -> None:
        super().__init__(*args, initial=_initial(checkout), **kwargs)
        self.checkout = checkout
        for name in ("recipient", "phone", "area", "postal_code", "street"):
            field = self.fields[name]
            words = {"missing": field.error_messages["required"], "wrong": field.error_messages.get("invalid", "")}
            field.widget.attrs.update({f"data-{key}": text for key, text in words.items() if text})

    def address(self) -> AddressData:
        """Return what was typed as a complete address; the form is valid."""
        if self.region is None:
            raise ValueError("a valid form has a region")
        return AddressData(
            recipient=self.cleaned_data["recipient"],
            phone=self.cleaned_data["phone"],
            province=self.region.province,
            city=self.region.city,
            district=self.region.district,
            postal_code=self.cleaned_data["postal_code"],
            street=self.cleaned_data["street"],
        )

    def to_draft(self) -> Draft:
        """Return the checkout's draft with this address in it."""
        return replace(
            self.checkout.draft,
            address_id=None,
            address=self.address(),
            region=self.region.code if self.region else "",
            note=self.cleaned_data["note"],
        )


class GuestAddressForm(TypedAddressForm):
    """A guest also says where the mails go."""

    email = forms.EmailField(
        label="E-mail",
        help_text="Bukti bayar dan tautan pesanan dikirim ke sini.",
        max_length=254,
        error_messages={
            "required": "Isi e-mail, misalnya nama@contoh.id.",
            "invalid": "Tulis e-mail yang lengkap, misalnya nama@contoh.id.",
            "max_length": "E-mail ini terlalu panjang.",
            "null_characters_not_allowed": UNREADABLE,
        },
        widget=forms.EmailInput(
            attrs={
                "autocomplete": "email",
                "inputmode": "email",
                "spellcheck": "false",
                "data-rule": "email",
                "data-missing": "Isi e-mail, misalnya nama@contoh.id.",
                "data-wrong": "Tulis e-mail yang lengkap, misalnya nama@contoh.id.",
            },
        ),
    )
    field_order = ("email", *TypedAddressForm.field_order)

    def to_draft(self) -> Draft:
        """Return the draft with address and e-mail."""
        return replace(super().to_draft(), email=self.cleaned_data["email"].lower())


class NewAddressForm(TypedAddressForm):
    """A member's further address, kept for the next order unless he says no."""

    keep = forms.BooleanField(label="Simpan di akunku untuk pesanan berikutnya", required=False, initial=True)

    def to_draft(self) -> Draft:
        """Return the draft; keeps the address when asked to. Raises InvalidInputError when no more fit."""
        draft = super().to_draft()
        if self.cleaned_data["keep"] and self.checkout.member and draft.address:
            saved = add_address(user=self.checkout.member, data=draft.address)
            draft = replace(draft, address_id=saved.pk, address=None, region="")
        return draft


class SavedAddressForm(ShopForm):
    """A member picks one of his own addresses."""

    address_id = forms.TypedChoiceField(
        label="Alamat",
        coerce=int,
        widget=forms.RadioSelect,
        error_messages={"required": "Pilih salah satu alamat.", "invalid_choice": "Pilih salah satu alamatmu."},
    )
    note = _note()

    def __init__(self, *args: Any, checkout: Checkout, **kwargs: Any) -> None:
        draft = checkout.draft
        first = checkout.saved[0].pk if checkout.saved else None
        initial = {"address_id": draft.address_id or first, "note": draft.note}
        super().__init__(*args, initial=initial, **kwargs)
        self.checkout = checkout
        field = self.fields["address_id"]
        assert isinstance(field, forms.TypedChoiceField)
        field.choices = [(address.pk, str(address)) for address in checkout.saved]

    @property
    def rows(self) -> list[tuple[Any, Address, str]]:
        """Return each radio button with its address and the place in words, for the template."""
        saved = self.checkout.saved
        return [
            (button, address, place_line(address)) for button, address in zip(self["address_id"], saved, strict=True)
        ]

    def to_draft(self) -> Draft:
        """Return the draft with the picked address."""
        return replace(
            self.checkout.draft,
            address_id=self.cleaned_data["address_id"],
            address=None,
            region="",
            note=self.cleaned_data["note"],
        )


class ShippingForm(ShopForm):
    """One of the services that reach the address; the cheapest is marked at first."""

    shipping_method = forms.ChoiceField(
        label="Kurir",
        widget=forms.RadioSelect,
        error_messages={
            "required": "Pilih salah satu kurir.",
            "invalid_choice": "Kurir ini tidak tersedia untuk alamatmu. Pilih yang lain.",
        },
    )

    def __init__(self, *args: Any, checkout: Checkout, **kwargs: Any) -> None:
        chosen = checkout.quote or (checkout.quotes[0] if checkout.quotes else None)
        super().__init__(*args, initial={"shipping_method": chosen.code if chosen else ""}, **kwargs)
        self.quotes = checkout.quotes
        field = self.fields["shipping_method"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(quote.code, quote.label) for quote in checkout.quotes]

    @property
    def rows(self) -> list[tuple[Any, ShippingQuote]]:
        """Return each radio button with its quote, for the template."""
        return list(zip(self["shipping_method"], self.quotes, strict=True))


def _initial(checkout: Checkout) -> dict[str, Any]:
    """Return what a form of a typed address starts with: what was typed before, or what the account knows."""
    draft, member = checkout.draft, checkout.member
    initial: dict[str, Any] = {"email": draft.email, "note": draft.note}
    if member is not None:
        initial |= {"recipient": member.name, "phone": member.phone}
    if checkout.near is not None:
        initial["area"] = checkout.near.label
    if draft.address is not None:
        region = regions.find(draft.region)
        initial |= {
            "recipient": draft.address.recipient,
            "phone": draft.address.phone,
            "area": region.label if region else "",
            "postal_code": draft.address.postal_code,
            "street": draft.address.street,
        }
    return initial
