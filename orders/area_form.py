"""The box that finds a district. Where several fit, radio buttons follow it: it works without a script."""

from __future__ import annotations

from typing import Any

from django import forms

from orders import regions
from orders.fields import LineField
from orders.regions import Region
from shop.forms import ShopForm

AREA_EXAMPLE = "misalnya “Depok, Sleman”"


class AreaForm(ShopForm):
    """One district, typed, taken from the list, or chosen below the box."""

    area = LineField(
        label="Kecamatan atau kota",
        help_text="Ketik nama kecamatan, lalu pilih dari daftar.",
        max_length=160,
        missing=f"Isi kecamatan, {AREA_EXAMPLE}.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "data-areas": "", "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.region: Region | None = None
        self.area_choices: list[Region] = []

    @property
    def area_typed(self) -> str:
        """What the radio buttons answer: a text typed anew afterwards outranks them."""
        return str(self.data.get("area", ""))[:160]

    def clean(self) -> dict[str, Any] | None:
        """Find the district that the box, or the radio button below it, means."""
        cleaned = super().clean()
        text = self.cleaned_data.get("area")
        if text:
            self.region = self._chosen() or regions.by_label(text) or self._only_one(text)
        if self.region is not None:
            # Should another field be wrong, the box shows what was understood.
            self.data = {name: self.data.get(name) for name in self.data} | {"area": self.region.label}
        return cleaned

    def _chosen(self) -> Region | None:
        """Return the radio button's district, unless the box was changed after the buttons were shown."""
        if self.data.get("area_for") != self.area_typed:
            return None
        return regions.find(str(self.data.get("area_choice", ""))[:20])

    def _only_one(self, text: str) -> Region | None:
        found = regions.search(text)
        if len(found) == 1:
            return found[0]
        self.area_choices = found
        if not found:
            self.add_error("area", f"Wilayah ini tidak kami temukan. Tulis nama kecamatannya, {AREA_EXAMPLE}.")
        elif len(found) < regions.MAX_RESULTS:
            self.add_error("area", f"Ada {len(found)} wilayah yang cocok. Pilih salah satu di bawah kotak ini.")
        else:
            self.add_error("area", f"Banyak wilayah yang cocok. Pilih di bawah, atau tulis lengkap, {AREA_EXAMPLE}.")
        return None
