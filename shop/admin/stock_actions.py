"""The two forms through which people change the stock: goods that arrived, and corrections of the books."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest

from config.errors import InvalidInputError
from config.staff import Done, ObjectAction, StaffForm, actor_of
from shop import staff
from shop.errors import StockRuleError
from shop.models import Variant
from shop.staff import CorrectionReason

NOTE_LENGTH = 150
DIFFERENCE, COUNT = "selisih", "hitungan"
MOST = f"Paling banyak {staff.MAX_UNITS:,} sekaligus.".replace(",", ".")


def _units(label: str) -> forms.IntegerField:
    whole = "Tulis bilangan bulat, misalnya 12."
    return forms.IntegerField(
        label=label,
        min_value=-staff.MAX_UNITS,
        max_value=staff.MAX_UNITS,
        error_messages={"required": "Isi jumlahnya.", "invalid": whole, "min_value": MOST, "max_value": MOST},
        widget=forms.NumberInput(attrs={"inputmode": "numeric", "step": "1", "autocomplete": "off"}),
    )


class ArrivalForm(StaffForm):
    """How many came, and from where."""

    amount = _units("Jumlah yang datang")
    note = forms.CharField(
        label="Catatan",
        required=False,
        max_length=NOTE_LENGTH,
        help_text="Pemasok, nomor surat jalan.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class CorrectionForm(StaffForm):
    """A difference or a count, with the reason."""

    how = forms.ChoiceField(
        label="Yang kamu isi",
        choices=[
            (COUNT, "Hitungan: jumlah di gudang, tanpa pesanan lunas yang belum dikirim"),
            (DIFFERENCE, "Selisih: −2 atau 3"),
        ],
        initial=COUNT,
        widget=forms.RadioSelect,
    )
    amount = _units("Jumlah")
    reason = forms.ChoiceField(
        label="Alasan",
        choices=[("", "Pilih alasan"), *CorrectionReason.choices],
        error_messages={"required": "Pilih alasannya.", "invalid_choice": "Pilih alasan dari daftar."},
    )
    note = forms.CharField(
        label="Catatan",
        required=False,
        max_length=NOTE_LENGTH,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("how") == COUNT and (cleaned.get("amount") or 0) < 0:
            self.add_error("amount", "Hitungan tidak dapat kurang dari nol.")
        return cleaned


class StockAction(ObjectAction[Variant]):
    """What both have in common: the permission, and that the ledger is compared under its lock, not here."""

    permissions = ("shop.adjust_stock",)

    def seen(self, obj: Variant) -> str:
        return staff.ledger_mark(obj.pk)

    def is_stale(self, obj: Variant, data: dict[str, Any]) -> bool:
        return False

    def _now(self, variant: Variant) -> str:
        return f"Sekarang tercatat {variant.on_hand} yang belum terjual, {variant.reserved} di antaranya dipesan."


class Arrival(StockAction):
    """Goods came in."""

    name = "barang-masuk"
    label = "Barang masuk"
    look = "main"
    form_class = ArrivalForm

    def explain(self, obj: Variant) -> list[str]:
        return [f"{obj}.", self._now(obj), "Pesanan lunas yang menunggu barang ini langsung mendapat jatahnya."]

    def run(self, obj: Variant, data: dict[str, Any], request: HttpRequest) -> Done:
        movement = staff.book_arrival(
            variant_id=obj.pk,
            quantity=data["amount"],
            note=data["note"],
            seen=data["seen"],
            actor=actor_of(request),
        )
        return Done(f"{obj.sku}: {movement.delta} unit masuk, tercatat {movement.balance} yang belum terjual.")


class Correction(StockAction):
    """The books are wrong."""

    name = "sesuaikan"
    label = "Sesuaikan stok"
    form_class = CorrectionForm

    def explain(self, obj: Variant) -> list[str]:
        told = [f"{obj}.", self._now(obj)]
        if unsent := staff.sold_and_still_here(obj.pk):
            told.append(f"Di luar itu {unsent} unit sudah lunas dan belum dikirim: jangan ikut dihitung.")
        return [*told, "Perubahan ini dicatat selamanya bersama alasan dan namamu."]

    def run(self, obj: Variant, data: dict[str, Any], request: HttpRequest) -> Done:
        amount = {"counted" if data["how"] == COUNT else "delta": data["amount"]}
        try:
            movement = staff.correct(
                variant_id=obj.pk,
                reason=CorrectionReason(data["reason"]),
                note=data["note"],
                seen=data["seen"],
                actor=actor_of(request),
                **amount,
            )
        except StockRuleError as error:
            raise InvalidInputError("amount", str(error)) from None
        return Done(f"{obj.sku}: {movement.delta:+d} unit, tercatat {movement.balance} yang belum terjual.")
