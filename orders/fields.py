"""Fields for what people type into an address: forgiving about spaces, strict about what cannot be printed."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from shop.phone import local_phone, normalise_phone

# Control characters, the switches of writing direction, and half characters; line breaks and tabs count as spaces.
_UNPRINTABLE = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
UNREADABLE = "Ada huruf yang tidak dapat dibaca. Tulis ulang bagian ini."


class LineField(forms.CharField):
    """Plain text that goes onto one line of a label."""

    def __init__(self, *, max_length: int, missing: str = "", **kwargs: Any) -> None:
        super().__init__(max_length=max_length, **kwargs)
        self.error_messages["max_length"] = f"Terlalu panjang, paling banyak {max_length} huruf."
        if missing:
            self.error_messages["required"] = missing

    def to_python(self, value: Any) -> Any:
        """Return the text with single spaces. Raises ValidationError for what cannot be printed."""
        text = str(super().to_python(value) or "")
        if _UNPRINTABLE.search(text):
            raise ValidationError(UNREADABLE, code="unreadable")
        return " ".join(text.split())


class PhoneField(LineField):
    """A telephone number as people write it; the value is E.164."""

    def to_python(self, value: Any) -> Any:
        """Return ``+62812…``; empty stays empty. Raises ValidationError."""
        text = super().to_python(value)
        try:
            return normalise_phone(text) if text else ""
        except ValueError:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from None

    def prepare_value(self, value: Any) -> Any:
        """Show a stored number the way people write it; what was typed stays as it was typed."""
        return local_phone(value) if isinstance(value, str) and value.startswith("+62") else value


class PostalCodeField(LineField):
    """Five digits, spaces forgiven."""

    def to_python(self, value: Any) -> Any:
        """Return the digits. Raises ValidationError."""
        text = super().to_python(value).replace(" ", "")
        if text and not re.fullmatch(r"[0-9]{5}", text):
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return text
