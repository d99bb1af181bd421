"""The filters in use, each with the address of the same list without it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import QueryDict

from shop.forms.catalogue import ListForm
from shop.money import rupiah


@dataclass(frozen=True)
class Chip:
    label: str
    query: str


def active_chips(form: ListForm, query: QueryDict) -> list[Chip]:
    """Return a chip for every filter that narrows the list."""
    return [Chip(_label(name, value), _without(query, name)) for name, value in form.wishes.items()]


def _label(name: str, value: Any) -> str:
    if name == "min":
        return f"Mulai {rupiah(value)}"
    return f"Paling tinggi {rupiah(value)}" if name == "maks" else "Ada stok"


def _without(query: QueryDict, name: str) -> str:
    """Return the query string without ``name``, and without a page number that may no longer exist."""
    rest = query.copy()
    rest.pop(name, None)
    rest.pop("halaman", None)
    return f"?{rest.urlencode()}"
