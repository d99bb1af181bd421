"""Quantities: what goes into the cart, and what is changed there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django import forms
from django.conf import settings
from django.forms import BoundField

from shop.forms.base import ShopForm
from shop.selectors import CartLine

MAX_ID = 2**63 - 1
_NO_VARIANT = "Pilih dulu barang yang kamu mau."


def _quantity(label: str, *, least: int, required: bool) -> forms.IntegerField:
    bad = f"{label}: tulis angka 1 sampai {settings.MAX_UNITS_PER_LINE}."
    return forms.IntegerField(
        label=label,
        required=required,
        min_value=least,
        max_value=settings.MAX_UNITS_PER_LINE,
        widget=forms.NumberInput(attrs={"inputmode": "numeric", "autocomplete": "off", "class": "count-box"}),
        error_messages={"required": bad, "invalid": bad, "min_value": bad, "max_value": bad},
    )


class AddForm(ShopForm):
    """One variant and how many of it."""

    varian = forms.IntegerField(
        min_value=1,
        max_value=MAX_ID,
        widget=forms.HiddenInput,
        error_messages=dict.fromkeys(("required", "invalid", "min_value", "max_value"), _NO_VARIANT),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["jumlah"] = _quantity("Jumlah", least=1, required=True)


class RemoveForm(forms.Form):
    """The line to take out, by its variant."""

    hapus = forms.IntegerField(min_value=1, max_value=MAX_ID)


class RestoreForm(forms.Form):
    """The line to put back, with its units."""

    kembalikan = forms.IntegerField(min_value=1, max_value=MAX_ID)
    jumlah = forms.IntegerField(min_value=1)


class CartForm(ShopForm):
    """The number boxes of a cart, one per line. A missing or empty box changes nothing; 0 takes the line out."""

    def __init__(self, lines: tuple[CartLine, ...], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lines = lines
        for line in lines:
            field = _quantity(f"Jumlah {line.name}", least=0, required=False)
            field.initial = line.quantity
            self.fields[f"jumlah-{line.variant.pk}"] = field

    def rows(self) -> Iterator[tuple[CartLine, BoundField]]:
        """Yield each line with its box."""
        for line in self.lines:
            yield line, self[f"jumlah-{line.variant.pk}"]

    def changes(self) -> dict[int, int]:
        """Return the quantities of a valid form that differ from the cart's, by variant id."""
        wished = {line.variant.pk: self.cleaned_data.get(f"jumlah-{line.variant.pk}") for line in self.lines}
        now = {line.variant.pk: line.quantity for line in self.lines}
        return {pk: quantity for pk, quantity in wished.items() if quantity is not None and quantity != now[pk]}
