"""A checkout on its way: what the visitor typed (in the session), and what it means for the cart of now."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase

from orders import shipping
from orders.models import Order
from orders.preview import Preview, preview
from orders.regions import Region
from orders.services import OrderLine, OrderRequest, PlacedOrder, place_order
from orders.services.vouchers import Buyer
from orders.shipping import ShippingQuote
from shop.errors import CartClosedError
from shop.models import Address, Cart, User
from shop.places import place_line
from shop.selectors import CartView, cart_view
from shop.services.account import AddressData
from shop.services.cart import claim_for_guest

_SESSION_KEY = "checkout"


@dataclass(frozen=True)
class Draft:
    """What was typed and chosen so far. One of ``address_id`` (a member's saved one) and ``address`` (typed) is set."""

    email: str = ""
    address_id: int | None = None
    address: AddressData | None = None
    region: str = ""
    note: str = ""
    shipping_method: str = ""
    voucher: str = ""

    @property
    def is_begun(self) -> bool:
        """Whether anything but a voucher, which may come from the cart, was given."""
        return self != Draft(voucher=self.voucher)

    def digest(self, resolved: AddressData | None) -> str:
        """Return what a review page is bound to: another tab may change the draft while one is open."""
        address = asdict(resolved) if resolved else None
        content = [self.email, address, self.note, self.shipping_method, self.voucher]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]


def load_draft(session: SessionBase) -> Draft:
    """Return the session's draft; one in an older shape counts as empty."""
    stored = session.get(_SESSION_KEY)
    if not isinstance(stored, dict):
        return Draft()
    address = stored.get("address")
    try:
        return Draft(**{**stored, "address": AddressData(**address) if address else None})
    except TypeError:
        return Draft()


def save_draft(session: SessionBase, draft: Draft) -> None:
    """Keep the draft until the order is placed."""
    session[_SESSION_KEY] = asdict(draft)


def keep_voucher(session: SessionBase, code: str) -> None:
    """Take the voucher of an order that was closed along to the next one; its use was given back."""
    if code:
        save_draft(session, replace(load_draft(session), voucher=code))


def clear_draft(session: SessionBase) -> None:
    """Forget what was typed."""
    session.pop(_SESSION_KEY, None)


@dataclass(frozen=True)
class Checkout:
    """An open cart with its contents at today's prices, the draft, and what follows from both."""

    cart: Cart
    contents: CartView
    draft: Draft
    member: User | None
    saved: tuple[Address, ...]
    address: AddressData | None
    quotes: tuple[ShippingQuote, ...]
    preview: Preview
    near: Region | None = None

    @property
    def email(self) -> str:
        """Where the mails go: a member's own address."""
        return (self.member.email or "") if self.member else self.draft.email

    @property
    def has_address(self) -> bool:
        return self.address is not None and bool(self.email)

    @property
    def quote(self) -> ShippingQuote | None:
        """The chosen service, if it still reaches the address with this weight."""
        return _chosen(self.quotes, self.draft)

    @property
    def place_line(self) -> str:
        """District, city, province and postal code of the address."""
        return place_line(self.address) if self.address else ""

    @property
    def kilograms(self) -> str:
        """Return the weight of the parcel as people write it: ``1,6``."""
        return f"{max(1, round(self.contents.grams / 100)) / 10:.1f}".replace(".", ",")

    @property
    def cheapest(self) -> ShippingQuote | None:
        """The least that shipping costs, once the address is known."""
        return self.quotes[0] if self.quotes else None

    @property
    def total(self) -> int:
        """Rupiah in all, voucher included: with the chosen service, else with the cheapest, else without shipping."""
        return self.preview.sums.total


def assemble(cart: Cart, draft: Draft, member: User | None, near: Region | None = None) -> Checkout:
    """Return the checkout of an open cart as it stands now (at most five queries, and two for a voucher).

    ``near`` is a district that shipping was asked for before: good for an estimate, until the address is known.
    """
    contents = cart_view(cart)
    saved = tuple(Address.objects.filter(user=member)) if member else ()
    address = _address(draft, saved)
    place = address or near
    quotes = shipping.quotes(province=place.province, grams=contents.grams) if place and contents.lines else []
    quote = _chosen(quotes, draft) or next(iter(quotes), None)
    sums = preview(
        subtotal=contents.subtotal,
        shipping=quote.price if quote else None,
        code=draft.voucher,
        buyer=buyer_of(draft, member, address),
    )
    return Checkout(cart, contents, draft, member, saved, address, tuple(quotes), sums, near)


def buyer_of(draft: Draft, member: User | None, address: AddressData | None = None) -> Buyer:
    """Return whose vouchers are counted, as far as it is known yet."""
    return Buyer.of(
        user_id=member.pk if member else None,
        email=(member.email or "") if member else draft.email,
        phone=address.phone if address else "",
    )


def _chosen(quotes: Sequence[ShippingQuote], draft: Draft) -> ShippingQuote | None:
    return next((quote for quote in quotes if quote.code == draft.shipping_method), None)


def _address(draft: Draft, saved: tuple[Address, ...]) -> AddressData | None:
    """Return the address of the draft. A saved one must (still) be among the member's own."""
    if draft.address_id is None:
        return draft.address
    return next((AddressData.of(address) for address in saved if address.pk == draft.address_id), None)


def place(checkout: Checkout, *, key: str, cart_version: int, expected_total: int) -> PlacedOrder:
    """Turn a finished checkout into its order, once per cart; a repetition answers the order that exists.

    Raises what ``place_order`` raises.
    """
    draft = checkout.draft
    request = OrderRequest(
        lines=tuple(OrderLine(quantity=line.quantity, variant_id=line.variant.pk) for line in checkout.contents.lines),
        address_id=draft.address_id,
        address=checkout.address if draft.address_id is None else None,
        email=checkout.email,
        shipping_method=draft.shipping_method,
        note=draft.note,
        voucher_code=checkout.preview.code,
        expected_total=expected_total,
    )
    try:
        customer = checkout.member or claim_for_guest(cart=checkout.cart)
    except CartClosedError:
        if earlier := order_of(checkout.cart):
            return PlacedOrder(earlier, duplicate=True)
        raise
    return place_order(
        customer=customer,
        request=request,
        key=key,
        cart=checkout.cart,
        cart_version=cart_version,
    )


def payment_window() -> str:
    """Return how long an order waits for its payment: ``24 jam``."""
    hours, minutes = divmod(settings.PAYMENT_WINDOW_MINUTES, 60)
    return " ".join(part for part in (f"{hours} jam" if hours else "", f"{minutes} menit" if minutes else "") if part)


def order_of(cart: Cart) -> Order | None:
    """Return the order that the cart became."""
    return Order.objects.filter(cart=cart).first()
