"""What a review page had shown when its button was pressed."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django import forms
from django.core import signing

from orders.checkout import Checkout

_SALT = "orders.review"
_MAX_RUPIAH = 10**15
_MAX_VERSION = 2**31 - 1


@dataclass(frozen=True)
class Seen:
    """The idempotency key of one rendered page, the cart and the draft it belongs to, and the sum on its button.

    All but the sum is signed together: the key is good for the cart as it was, and was made here.
    """

    key: str
    cart_id: int
    cart_version: int
    digest: str
    total: int

    @classmethod
    def of(cls, checkout: Checkout) -> Seen:
        """Return a fresh key for the checkout as it stands."""
        digest = checkout.draft.digest(checkout.address)
        return cls(str(uuid.uuid4()), checkout.cart.pk, checkout.cart.version, digest, checkout.total)

    @property
    def signed_key(self) -> str:
        """Return the value of the hidden box."""
        return signing.dumps([self.key, self.cart_id, self.cart_version, self.digest], salt=_SALT)


class ReviewForm(forms.Form):
    """The hidden boxes of the review page."""

    key = forms.CharField(max_length=400)
    cart_version = forms.IntegerField(min_value=1, max_value=_MAX_VERSION)
    expected_total = forms.IntegerField(min_value=1, max_value=_MAX_RUPIAH)

    def seen(self) -> Seen | None:
        """Return what the page had shown, or None for a form that is not ours or was bent."""
        if not self.is_valid():
            return None
        try:
            key, cart_id, version, digest = signing.loads(self.cleaned_data["key"], salt=_SALT)
        except (signing.BadSignature, ValueError, TypeError):
            return None
        if version != self.cleaned_data["cart_version"]:
            return None
        return Seen(key, cart_id, version, digest, self.cleaned_data["expected_total"])
