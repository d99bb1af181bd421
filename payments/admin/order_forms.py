"""Forms on the pages of an order's buttons."""

from __future__ import annotations

from typing import Any

from django import forms

from config.staff import StaffForm
from orders.models import Order, OrderItem, ShippingMethod

REASON_LENGTH = 150


def reason_field(help_text: str = "") -> forms.CharField:
    """Return the reason that an action asks for."""
    box = forms.TextInput(attrs={"autocomplete": "off"})
    messages = {"required": "Tulis alasannya."}
    return forms.CharField(
        label="Alasan", max_length=REASON_LENGTH, help_text=help_text, widget=box, error_messages=messages,
    )  # fmt: skip


class ReasonForm(StaffForm):
    """Only why."""

    reason = reason_field("Dicatat di riwayat pesanan bersama namamu.")


class CancelForm(StaffForm):
    """Why; customers read it."""

    reason = reason_field("Dibaca pelanggan di halaman pesanannya, misalnya “Barang rusak sebelum dikirim”.")


class ShipForm(StaffForm):
    """Which courier took it, and under which number."""

    courier = forms.ChoiceField(label="Kurir")
    tracking_number = forms.CharField(
        label="Nomor resi",
        max_length=60,
        help_text="Dari label kurir. Spasi dibuang; bentuknya diperiksa menurut kurirnya.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
    )

    def __init__(self, order: Order, data: Any = None, *, initial: dict[str, Any]) -> None:
        methods = list(ShippingMethod.objects.order_by("position", "code"))
        chosen = next((method.courier for method in methods if method.code == order.shipping_method), "")
        couriers = list(dict.fromkeys([chosen or order.courier, *(method.courier for method in methods)]))
        super().__init__(data, initial=initial | {"courier": couriers[0]})
        field = self.fields["courier"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(courier, courier) for courier in couriers]
        field.help_text = f"Dipilih pelanggan: {order.courier}."


class NoteForm(StaffForm):
    """A remark for colleagues."""

    note = forms.CharField(
        label="Catatan",
        max_length=200,
        help_text="Dibaca semua staf di riwayat pesanan, tidak oleh pelanggan. Tidak dapat dihapus lagi.",
        error_messages={"required": "Tulis catatannya."},
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class ReturnForm(StaffForm):
    """How many of each line came back."""

    reference = forms.CharField(
        label="Nomor retur",
        max_length=30,
        help_text="Nomormu sendiri, misalnya R-01. Satu nomor hanya dicatat sekali.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    reason = reason_field()

    def __init__(self, order: Order, data: Any = None, *, initial: dict[str, Any]) -> None:
        super().__init__(data, initial=initial)
        self.items: list[OrderItem] = list(order.items.order_by("pk"))
        for item in self.items:
            self.fields[f"units_{item.variant_id}"] = forms.IntegerField(
                label=f"{item.name} {item.variant_name}".strip(),
                min_value=0,
                max_value=item.quantity,
                initial=0,
                help_text=f"{item.sku}, terjual {item.quantity}.",
                widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
            )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors and not self.quantities():
            raise forms.ValidationError("Isi jumlah untuk paling sedikit satu barang.")
        return cleaned

    def quantities(self) -> dict[int, int]:
        """Return the units that came back, by variant id."""
        given = {item.variant_id: self.cleaned_data.get(f"units_{item.variant_id}") or 0 for item in self.items}
        return {variant_id: units for variant_id, units in given.items() if units > 0}
