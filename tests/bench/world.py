"""What the measured shop holds: 1,000 plain variants, one hot one, 20 products with pictures, customers with tokens."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from config.models import OutgoingMail
from orders.demo import seed_shipping
from orders.services import OrderLine, OrderRequest, place_order
from shop.models import Address, ApiToken, Category, Product, ProductImage, SiteState, StockMovement, User, Variant
from shop.services.account import token_digest
from tests.bench.bare import FACTS
from tests.support.world import ADDRESS

VARIANTS = 1000
CUSTOMERS = 400
PAGE_PRODUCTS = 20
PLENTY = 1_000_000_000
BULK_SHELF = "gudang"
PAGE_SHELF = "etalase"


@dataclass(frozen=True)
class Customer:
    """A customer as load generators need him."""

    pk: int
    address_id: int
    email: str
    phone: str
    token: str


@dataclass(frozen=True)
class World:
    """The ids of what was seeded."""

    variants: tuple[int, ...]
    products: tuple[int, ...]
    """The product of each variant, in the same order."""
    hot: int
    hot_product: int
    customers: tuple[Customer, ...]
    page_slugs: tuple[str, ...]


def build() -> World:
    """Migrate the empty database and fill it. The ledger agrees with the stock, as it would in a shop."""
    call_command("migrate", verbosity=0)
    seed_shipping()
    SiteState.objects.get_or_create(pk=1)
    bulk = Category.objects.create(name="Gudang", slug=BULK_SHELF, position=2)
    variants = _variants(bulk, VARIANTS + 1)
    pages = _page_products(Category.objects.create(name="Etalase", slug=PAGE_SHELF, position=1))
    StockMovement.objects.bulk_create(
        StockMovement(variant=variant, kind="RECEIVE", delta=variant.on_hand, balance=variant.on_hand, actor="bench")
        for variant in Variant.objects.all()
    )
    customers = _customers()
    refresh_statistics()
    # The hot variant has the highest id, so that its row is locked last.
    *plain, hot = variants
    return World(
        variants=tuple(variant.pk for variant in plain),
        products=tuple(variant.product_id for variant in plain),
        hot=hot.pk,
        hot_product=hot.product_id,
        customers=customers,
        page_slugs=tuple(product.slug for product in pages),
    )


def refresh_statistics() -> None:
    """Let the planner know the tables as they are now; rows left by one section then cost the next one nothing."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def setting(name: str) -> str:
    """Return a setting of the server."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting(%s)", [name])
        return str(cursor.fetchone()[0])


def write_facts(world: World) -> None:
    """Place one order and keep its mail: the references store one that is as long, and as hard to compress."""
    customer = world.customers[0]
    request = OrderRequest(
        lines=tuple(OrderLine(quantity=1, variant_id=pk) for pk in world.variants[:3]),
        address_id=customer.address_id,
    )
    number = place_order(customer=User.objects.get(pk=customer.pk), request=request).order.number
    mail = OutgoingMail.objects.get(reference=number)
    (settings.DATA_DIR / FACTS).write_text(json.dumps({"mail_text": mail.text, "mail_html": mail.html}))


def deadlocks() -> int:
    """Return how many deadlocks PostgreSQL has seen in this database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        return int(cursor.fetchone()[0])


def _variants(category: Category, count: int) -> list[Variant]:
    products = Product.objects.bulk_create(
        Product(category=category, name=f"Barang {number}", slug=f"barang-{number}") for number in range(count)
    )
    return Variant.objects.bulk_create(
        Variant(product=product, sku=f"BENCH-{product.pk}", price=100_000, weight=400, on_hand=PLENTY)
        for product in products
    )


def _page_products(category: Category) -> list[Product]:
    products = Product.objects.bulk_create(
        Product(
            category=category,
            name=f"Kemeja Batik Nomor {number}",
            slug=f"kemeja-{number}",
            tagline="Katun prima, jahitan rapi.",
            description="Dibatik dengan tangan di Pekalongan.\n\nCuci dengan air dingin.",
            details=[["Bahan", "Katun"], ["Asal", "Pekalongan"]],
        )
        for number in range(PAGE_PRODUCTS)
    )
    ProductImage.objects.bulk_create(
        ProductImage(product=product, large=f"products/{product.pk}-{n}-640.webp",
                     small=f"products/{product.pk}-{n}-320.webp", alt=f"Kemeja {n}", position=n)
        for product in products for n in range(2)
    )  # fmt: skip
    Variant.objects.bulk_create(
        Variant(product=product, sku=f"KMJ-{product.pk}-{size}", name=size, options={"Ukuran": size}, price=325_000,
                weight=300, on_hand=50, position=position)
        for product in products for position, size in enumerate("SMLX")
    )  # fmt: skip
    return products


def _customers() -> tuple[Customer, ...]:
    users = User.objects.bulk_create(
        User(email=f"pembeli{n}@example.com", name=f"Pembeli {n}", password="!") for n in range(CUSTOMERS)
    )
    addresses = Address.objects.bulk_create(
        Address(user=user, **vars(ADDRESS) | {"phone": f"+62812{n:08d}"}, is_default=True)
        for n, user in enumerate(users)
    )
    tokens = [f"inf_bench_{user.pk}" for user in users]
    ApiToken.objects.bulk_create(
        ApiToken(user=user, digest=token_digest(token), prefix=token[:8],
                 expires_at=timezone.now() + timedelta(days=1))
        for user, token in zip(users, tokens, strict=True)
    )  # fmt: skip
    return tuple(
        Customer(user.pk, address.pk, str(user.email), address.phone, token)
        for user, address, token in zip(users, addresses, tokens, strict=True)
    )


def short_variants(count: int, *, on_hand: int) -> list[Variant]:
    """Add variants of which there are only a few."""
    category = Category.objects.get(slug=BULK_SHELF)
    products = Product.objects.bulk_create(
        Product(category=category, name=f"Langka {number}", slug=f"langka-{number}") for number in range(count)
    )
    variants = Variant.objects.bulk_create(
        Variant(product=product, sku=f"RARE-{product.pk}", price=100_000, weight=400, on_hand=on_hand)
        for product in products
    )
    StockMovement.objects.bulk_create(
        StockMovement(variant=variant, kind="RECEIVE", delta=on_hand, balance=on_hand, actor="bench")
        for variant in variants
    )
    return variants
