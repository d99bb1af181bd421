"""What a visitor asks of a list: order, price, stock."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django import forms
from django.http import QueryDict

from shop.forms.base import ShopForm
from shop.lists import CHEAPEST, DEAREST, NEWEST, RELEVANT, Wanted

MOST = 999_999_999
_BAD_PRICE = "Tulis harga sebagai angka, misalnya 150000."


class RupiahField(forms.IntegerField):
    """Whole rupiah, forgiving: ``Rp150.000``, ``150 000`` and ``150000`` are the same."""

    def to_python(self, value: Any) -> int | None:
        text = str(value or "").lower().removeprefix("rp")
        return super().to_python(text.replace(".", "").replace(" ", ""))


def _price(label: str) -> RupiahField:
    return RupiahField(
        label=label,
        required=False,
        min_value=0,
        max_value=MOST,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        error_messages={"invalid": _BAD_PRICE, "min_value": _BAD_PRICE, "max_value": "Harga ini terlalu tinggi."},
    )


class ListForm(ShopForm):
    """Filters and order of a list, from the address line. What is wrong is said at its field and left out."""

    urut = forms.ChoiceField(
        label="Urutkan",
        required=False,
        choices=[(NEWEST, "Terbaru"), (CHEAPEST, "Termurah"), (DEAREST, "Termahal")],
        widget=forms.Select(attrs={"form": "saring", "data-submit": ""}),
        error_messages={"invalid_choice": "Pilih urutan dari daftar."},
    )
    usual_order = NEWEST

    stok = forms.BooleanField(label="Hanya yang ada stok", required=False)
    min = _price("Harga mulai (Rp)")
    maks = _price("Harga paling tinggi (Rp)")

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        low, high = cleaned.get("min"), cleaned.get("maks")
        if low is not None and high is not None and low > high:
            self.add_error("maks", "Harga paling tinggi harus di atas harga mulai.")
        return cleaned

    @property
    def order_label(self) -> str:
        """Return the name of the order that was chosen, or nothing for the usual one."""
        self.full_clean()
        chosen = self.cleaned_data.get("urut")
        choices: Any = self.fields["urut"]
        return str(dict(choices.choices).get(chosen, "")) if chosen else ""

    @property
    def wishes(self) -> dict[str, Any]:
        """Return the valid wishes that narrow the list."""
        self.full_clean()
        return {name: value for name in ("stok", "min", "maks") if (value := self.cleaned_data.get(name))}

    def wanted(self) -> Wanted:
        """Return what the list shows, narrowed and ordered as wished."""
        wishes = self.wishes
        return Wanted(
            low=wishes.get("min"),
            high=wishes.get("maks"),
            in_stock="stok" in wishes,
            order=self.cleaned_data.get("urut") or self.usual_order,
        )


class SearchForm(ListForm):
    """The same for what a search found: what fits best comes first unless another order is asked for."""

    usual_order = RELEVANT

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        order: Any = self.fields["urut"]
        order.choices = [(RELEVANT, "Paling cocok"), *order.choices]


@lru_cache(maxsize=512)
def wanted_by(form: type[ListForm], query: str) -> Wanted:
    """Return what a list with this query string shows. Kept: reading a form takes longer than the list's statements."""
    return form(QueryDict(query)).wanted()
