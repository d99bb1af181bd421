"""What every form of the shop has in common: the look of its widgets, its words, and how it shows a ShopError.

Templates render a field with ``partials/_field.html``; base.html shows the error summary for the ``form`` in the
context and puts "Kesalahan: " before the title.
"""

from __future__ import annotations

from typing import Any

from django import forms

from config.errors import InvalidInputError, ShopError

_BOXES = (forms.CheckboxInput, forms.RadioSelect, forms.CheckboxSelectMultiple, forms.HiddenInput)


class ShopForm(forms.Form):
    """A form whose boxes carry the class ``input`` and whose empty required fields say what to write."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            if not isinstance(field.widget, _BOXES):
                field.widget.attrs.setdefault("class", "input")
            if field.error_messages["required"] == forms.Field.default_error_messages["required"]:
                label = str(field.label or "kolom ini")
                field.error_messages["required"] = f"Isi {label[0].lower()}{label[1:]}."

    def refuse(self, error: ShopError) -> None:
        """Show a rule that said no: at its field when it names one of ours, else above all fields."""
        field = error.field if isinstance(error, InvalidInputError) and error.field in self.fields else None
        self.add_error(field, str(error))
