"""What a guest's link shows of a person: enough to recognise one's own order, too little to find anybody."""

from __future__ import annotations

from shop.phone import local_phone

DOT = "•"


def masked_name(name: str) -> str:
    """``Ratna Wulandari`` -> ``R••• W•••``; the dots do not tell how long the name is."""
    return " ".join(f"{word[0]}{DOT * 3}" for word in name.split())


def masked_phone(e164: str) -> str:
    """``+6281234567890`` -> ``0812-••••-••90``."""
    local = local_phone(e164)
    return f"{local[:4]}-{DOT * 4}-{DOT * 2}{local[-2:]}" if len(local) > 8 else DOT * 8


def masked_email(address: str) -> str:
    """``ratna@contoh.id`` -> ``r•••@contoh.id``."""
    name, _, host = address.partition("@")
    return f"{name[:1]}{DOT * 3}@{host}"
