"""The least valid rows, for factory_boy. Stock comes through the service, so that the ledger agrees with it."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from factory.declarations import Sequence, SubFactory
from factory.django import DjangoModelFactory

from shop.models import Address, Category, Product, ProductImage, User, Variant
from shop.services import stock

PASSWORD = "kata-sandi-panjang"


class UserFactory(DjangoModelFactory[User]):
    """A member; the password is PASSWORD unless another one is given."""

    class Meta:
        model = User

    email = Sequence(lambda n: f"anggota{n}@example.com")
    name = "Ratna Wulandari"

    @classmethod
    def _create(cls, model_class: type[User], *args: Any, **kwargs: Any) -> User:
        return model_class.objects.create_user(kwargs.pop("email"), kwargs.pop("password", PASSWORD), **kwargs)


class CategoryFactory(DjangoModelFactory[Category]):
    class Meta:
        model = Category

    name = Sequence(lambda n: f"Rak {n}")
    slug = Sequence(lambda n: f"rak-{n}")
    position = Sequence(lambda n: n)


class ProductFactory(DjangoModelFactory[Product]):
    class Meta:
        model = Product

    category = SubFactory(CategoryFactory)
    name = Sequence(lambda n: f"Mangkuk {n}")
    slug = Sequence(lambda n: f"mangkuk-{n}")


class ProductImageFactory(DjangoModelFactory[ProductImage]):
    """A picture by name only: pages print its address and never open it."""

    class Meta:
        model = ProductImage

    product = SubFactory(ProductFactory)
    large = Sequence(lambda n: f"products/{n}-640.webp")
    small = Sequence(lambda n: f"products/{n}-320.webp")
    alt = Sequence(lambda n: f"Gambar contoh {n}")


class VariantFactory(DjangoModelFactory[Variant]):
    """A variant on sale; ``on_hand`` is booked in through the stock service."""

    class Meta:
        model = Variant

    product = SubFactory(ProductFactory)
    sku = Sequence(lambda n: f"PABRIK-{n}")  # `support.world` has a row of numbers of its own
    price = 100_000
    weight = 400
    on_hand = 10

    @classmethod
    def _create(cls, model_class: type[Variant], *args: Any, **kwargs: Any) -> Variant:
        on_hand = kwargs.pop("on_hand")
        variant: Variant = super()._create(model_class, *args, **kwargs)
        if on_hand:
            with transaction.atomic():
                stock.receive(variant_id=variant.pk, quantity=on_hand, actor="test", reason="stok awal")
            variant.refresh_from_db()
        return variant


class AddressFactory(DjangoModelFactory[Address]):
    class Meta:
        model = Address

    user = SubFactory(UserFactory)
    recipient = "Ratna Wulandari"
    phone = "+6281234567890"
    province = "Daerah Istimewa Yogyakarta"
    city = "Kabupaten Sleman"
    district = "Depok"
    postal_code = "55281"
    street = "Jl. Kaliurang Km 5,6 No. 18, RT 03/RW 05"
