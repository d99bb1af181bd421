"""What the log says of a change: the old and the new value, not only that a field changed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.forms import BaseForm
from django.http import HttpRequest

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin

    _Base = ModelAdmin[Any]
else:
    _Base = object

MAX_VALUE = 60


class ReadableHistory(_Base):
    """Mixin: "harga: 120000 → 125000" in the history of a row."""

    def construct_change_message(
        self,
        request: HttpRequest,
        form: Any,
        formsets: Iterable[Any] | None,
        add: bool = False,
    ) -> Any:
        """Return one sentence with every field that changed, in the form and in its lines."""
        if add:
            return super().construct_change_message(request, form, formsets or [], add)
        parts = [changes] if (changes := _changes(form)) else []
        for formset in formsets or ():
            parts += [f"baru: {row}" for row in formset.new_objects]
            parts += [f"dihapus: {row}" for row in formset.deleted_objects]
            changed = {row.pk for row, _ in formset.changed_objects}
            parts += [
                f"{line.instance}: {_changes(line)}" for line in formset.initial_forms if line.instance.pk in changed
            ]
        return "; ".join(parts) or "Tidak ada yang berubah."


def _changes(form: BaseForm) -> str:
    return ", ".join(
        f"{str(form.fields[name].label or name).lower()}: {_short(form.get_initial_for_field(form.fields[name], name))}"
        f" → {_short(form.cleaned_data.get(name))}"
        for name in form.changed_data
        if name in form.fields
    )


def _short(value: object) -> str:
    text = "kosong" if value in (None, "") else " ".join(str(value).split())
    return text if len(text) <= MAX_VALUE else f"{text[:MAX_VALUE]}…"
