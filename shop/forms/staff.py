"""The two steps of a staff login."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError

from config.staff import StaffForm
from shop.login_guard import forgive, seconds_to_wait

if TYPE_CHECKING:
    from django.contrib.admin.forms import AdminAuthenticationForm as AuthenticationForm
else:
    from unfold.forms import AuthenticationForm


class StaffLoginForm(AuthenticationForm):
    """E-mail and password, with the same limit on attempts as the customers' login."""

    error_messages = {
        **AuthenticationForm.error_messages,
        "invalid_login": "E-mail atau kata sandi salah, atau akun ini bukan akun staf.",
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].label = "E-mail"
        self.fields["username"].widget.attrs |= {"inputmode": "email", "autocomplete": "username"}
        self.fields["password"].label = "Kata sandi"

    def clean(self) -> dict[str, Any]:
        """Count the attempt before the password is looked at."""
        if self.request is None:
            return super().clean()
        if wait := seconds_to_wait(self.request):
            raise ValidationError(f"Terlalu banyak percobaan. Coba lagi dalam {math.ceil(wait / 60)} menit.")
        cleaned = super().clean()
        forgive(self.request)
        return cleaned


class CodeForm(StaffForm):
    """A code of the phone; where a phone may be lost, a recovery code as well."""

    code = forms.CharField(
        label="Kode",
        max_length=20,
        error_messages={"required": "Tulis kodenya."},
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "autocapitalize": "none", "spellcheck": "false", "autofocus": True},
        ),
    )

    def __init__(self, data: Any = None, *, only_phone: bool = False) -> None:
        super().__init__(data)
        self.only_phone = only_phone
        field = self.fields["code"]
        if only_phone:
            field.widget.attrs["inputmode"] = "numeric"
            field.help_text = "6 angka dari aplikasi autentikator."
        else:
            field.help_text = "6 angka dari aplikasi autentikator, atau satu kode pemulihan (xxxxx-xxxxx)."

    def clean_code(self) -> str:
        """Return the code. Raises ValidationError for what no phone shows, where only a phone will do."""
        code = str(self.cleaned_data["code"]).strip()
        if self.only_phone and not code.replace(" ", "").isdecimal():
            raise ValidationError("Tulis 6 angka dari aplikasi autentikator.")
        return code
