"""Accounts, addresses and API tokens."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from django.conf import settings
from django.db import connection
from django.utils import timezone
from django.utils.module_loading import import_string

from config.database import unit_of_work
from config.errors import InvalidInputError
from shop.locks import lock_user
from shop.models import Address, ApiToken, User
from shop.phone import normalise_phone

TOKEN_BYTES = 32
MAX_ADDRESSES = 20
BAD_PHONE = "Tulis nomor WhatsApp yang lengkap, misalnya 0812-3456-7890."
_ADDRESS_SQL = """
SELECT recipient, phone, province, city, district, postal_code, street
  FROM shop_address WHERE id = %s AND user_id = %s
"""


@dataclass(frozen=True)
class AddressData:
    """A complete address as it goes on a parcel; the phone is E.164."""

    recipient: str
    phone: str
    province: str
    city: str
    district: str
    postal_code: str
    street: str

    @classmethod
    def of(cls, address: Address) -> AddressData:
        return cls(
            recipient=address.recipient,
            phone=address.phone,
            province=address.province,
            city=address.city,
            district=address.district,
            postal_code=address.postal_code,
            street=address.street,
        )


def saved_address(*, user_id: int, address_id: int) -> AddressData | None:
    """Return a customer's own saved address, or None. By cursor: every order asks this inside its transaction."""
    with connection.cursor() as cursor:
        cursor.execute(_ADDRESS_SQL, [address_id, user_id])
        found = cursor.fetchone()
    return AddressData(*found) if found else None


@dataclass(frozen=True)
class IssuedToken:
    """A token as it is shown once; only its hash is stored."""

    token: str
    expires_at: datetime


def add_address(*, user: User, data: AddressData, is_default: bool = False) -> Address:
    """Store an address of ``user``; the first one becomes the default. Raises InvalidInputError."""
    return unit_of_work(partial(_add_address, user, checked_address(data), is_default))


def checked_address(data: AddressData) -> AddressData:
    """Return the address as it may be saved, with its phone as E.164. Raises InvalidInputError.

    The province decides what shipping costs, so a city that lies in another one is refused (hook ADDRESS_OBJECTION).
    """
    try:
        phone = normalise_phone(data.phone)
    except ValueError:
        raise InvalidInputError("phone", BAD_PHONE) from None
    if objection := import_string(settings.ADDRESS_OBJECTION)(city=data.city, province=data.province):
        raise InvalidInputError("province", objection)
    return replace(data, phone=phone)


def _add_address(user: User, data: AddressData, is_default: bool) -> Address:
    """Count and write under the customer's lock: two at once are neither one too many nor both the default."""
    lock_user(user.pk)
    count = Address.objects.filter(user=user).count()
    if count >= MAX_ADDRESSES:
        raise InvalidInputError("address", f"Paling banyak {MAX_ADDRESSES} alamat.")
    make_default = is_default or count == 0
    if make_default:
        Address.objects.filter(user=user, is_default=True).update(is_default=False)
    return Address.objects.create(user=user, is_default=make_default, **asdict(data))


def change_profile(*, user: User, name: str, phone: str) -> None:
    """Store how a member wants to be called and reached; an empty phone is none. Raises InvalidInputError."""
    try:
        number = normalise_phone(phone) if phone.strip() else ""
    except ValueError:
        raise InvalidInputError("phone", BAD_PHONE) from None
    user.name, user.phone = name.strip(), number
    user.save(update_fields=["name", "phone"])


def issue_token(*, user: User) -> IssuedToken:
    """Create an API token; the plain text exists only in the answer."""
    token = f"inf_{secrets.token_urlsafe(TOKEN_BYTES)}"
    expires_at = timezone.now() + timedelta(days=settings.API_TOKEN_DAYS)
    ApiToken.objects.create(user=user, digest=token_digest(token), prefix=token[:8], expires_at=expires_at)
    return IssuedToken(token, expires_at)


def token_digest(token: str) -> str:
    """Return what is stored of a token. It has 256 random bits, so a plain SHA-256 suffices."""
    return hashlib.sha256(token.encode()).hexdigest()
