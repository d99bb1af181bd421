"""The login of the staff admin."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError

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
        email = str(self.cleaned_data.get("username", ""))
        if wait := seconds_to_wait(self.request, email):
            raise ValidationError(f"Terlalu banyak percobaan. Coba lagi dalam {math.ceil(wait / 60)} menit.")
        cleaned = super().clean()
        forgive(self.request, email)
        return cleaned
