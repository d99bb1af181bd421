"""Reads of the catalogue and the cart; each owns its joins, so that templates cause no queries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import (
    BooleanField,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
)
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce
from django.http import HttpRequest

from config.database import with_database_safety
from shop.finding import read
from shop.models import Cart, CartItem, CartStatus, Category, Product, ProductImage, User, Variant

LOW_STOCK: int = settings.LOW_STOCK_UNITS
CART_SESSION_KEY = "cart"


def running_low() -> QuerySet[Variant]:
    """Return the variants on sale of which staff should order more, as ``Variant.runs_low`` says of one."""
    limit = Coalesce("reorder_at", Value(settings.LOW_STOCK_UNITS))
    return Variant.objects.filter(is_active=True, product__is_active=True, on_hand__lte=F("reserved") + limit)


def menu_categories() -> list[Category]:
    """Return the categories in menu order."""
    return list(Category.objects.all())


def products_for_sale() -> QuerySet[Product]:
    """Return products on sale with what a card shows: pictures, variants, lowest price, whether anything is there."""
    on_sale = Variant.objects.filter(product=OuterRef("pk"), is_active=True)
    return (
        Product.objects.filter(is_active=True)
        .filter(Exists(on_sale))
        .annotate(
            lowest_price=Subquery(on_sale.order_by("price").values("price")[:1]),
            in_stock=ExpressionWrapper(Exists(on_sale.filter(on_hand__gt=F("reserved"))), output_field=BooleanField()),
        )
        .select_related("category")
        .prefetch_related(*what_a_card_shows())
    )


def what_a_card_shows() -> tuple[Prefetch[Any], Prefetch[Any]]:
    """Return the lookups of a product's pictures and of its variants on sale."""
    pictures = ProductImage.objects.order_by("position", "pk")
    variants = Variant.objects.filter(is_active=True).order_by("position", "pk")
    return (
        Prefetch("images", queryset=pictures, to_attr="pictures"),
        Prefetch("variants", queryset=variants, to_attr="on_sale"),
    )


def search_products(words: str) -> QuerySet[Product]:
    """Return products on sale that have every word of ``words`` or a word that begins with it, as the pages' search."""
    found = products_for_sale()
    query = read(words).query
    if not query:
        return found.none()
    listed = RawSQL("SELECT product_id FROM shop_listing WHERE words @@ %s::tsquery", (query,))
    return found.filter(pk__in=listed)


@dataclass(frozen=True)
class CartLine:
    """One line of a cart as the page shows it; money in rupiah."""

    item: CartItem
    variant: Variant
    product: Product
    picture: ProductImage | None
    quantity: int
    unit_price: int
    seen_price: int
    available: int
    for_sale: bool

    @property
    def name(self) -> str:
        """The product with its variant: what tells this line from another one of the same product."""
        return f"{self.product.name} {self.variant.name}".strip()

    @property
    def total(self) -> int:
        return self.unit_price * self.quantity

    @property
    def price_changed(self) -> bool:
        return self.unit_price != self.seen_price

    @property
    def is_short(self) -> bool:
        return self.available < self.quantity

    @property
    def is_low(self) -> bool:
        return not self.is_short and self.available <= LOW_STOCK

    @property
    def most(self) -> int:
        """The highest quantity worth offering: what is there, but never less than what is in the cart now."""
        return max(self.quantity, min(self.available, settings.MAX_UNITS_PER_LINE))

    @property
    def limit(self) -> str:
        """Why the number cannot be higher, once it is as high as it can be."""
        if self.has_problem or self.quantity < self.most:
            return ""
        if self.most >= settings.MAX_UNITS_PER_LINE:
            return f"Paling banyak {settings.MAX_UNITS_PER_LINE} per barang dalam satu pesanan."
        return f"Sudah semua: stoknya {self.available}."

    @property
    def has_problem(self) -> bool:
        """Whether checkout would refuse the line as it stands."""
        return self.is_short or not self.for_sale


@dataclass(frozen=True)
class CartView:
    """A cart with its lines and sums."""

    cart: Cart | None
    lines: tuple[CartLine, ...]

    @property
    def subtotal(self) -> int:
        return sum(line.total for line in self.lines)

    @property
    def units(self) -> int:
        return sum(line.quantity for line in self.lines)

    @property
    def grams(self) -> int:
        return sum(line.variant.weight * line.quantity for line in self.lines)

    @property
    def has_problem(self) -> bool:
        return any(line.has_problem for line in self.lines)

    @property
    def has_changes(self) -> bool:
        return any(line.has_problem or line.price_changed for line in self.lines)


def cart_view(cart: Cart | None) -> CartView:
    """Return ``cart`` with prices and stock as they are now (three queries)."""
    if cart is None:
        return CartView(None, ())
    items = (
        CartItem.objects.filter(cart=cart)
        .select_related("variant__product")
        .prefetch_related(
            Prefetch(
                "variant__product__images",
                queryset=ProductImage.objects.order_by("position", "pk"),
                to_attr="pictures",
            ),
        )
    )
    return CartView(cart, tuple(_line(item) for item in items))


def _line(item: CartItem) -> CartLine:
    variant, product = item.variant, item.variant.product
    pictures: list[ProductImage] = getattr(product, "pictures", [])
    return CartLine(
        item=item,
        variant=variant,
        product=product,
        picture=pictures[0] if pictures else None,
        quantity=item.quantity,
        unit_price=variant.price,
        seen_price=item.seen_price,
        available=max(0, variant.available) if variant.is_active and product.is_active else 0,
        for_sale=variant.is_active and product.is_active,
    )


def cart_units(request: HttpRequest) -> int:
    """Return the number of units in the visitor's open cart, for the header; no query for who has none.

    An error page may be for a request that never got as far as its session or user.
    """
    user = request.user if hasattr(request, "user") and request.user.is_authenticated else None
    token = request.session.get(CART_SESSION_KEY, "") if hasattr(request, "session") else ""
    if user is None and not token:
        return 0
    mine = Q(cart__token=token) if user is None else Q(cart__user=user)
    if isinstance(user, User) and token:
        mine |= Q(cart__token=token, cart__user=None)
    rows = CartItem.objects.filter(mine, cart__status=CartStatus.OPEN)
    # A page can do without the little number; the cart's own page counts for itself.
    return with_database_safety(
        lambda: int(rows.aggregate(units=Sum("quantity"))["units"] or 0),
        timeout=2,
        retries=0,
        fallback=0,
        operation_name="Cart badge",
    )
