"""The JSON of the catalogue, the tokens and the addresses."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from config.api.serializers import ApiSerializer, StrictBooleanField, TextField, TextIdField
from shop.models import Product, ProductImage, Variant


class TokenRequestSerializer(ApiSerializer):
    """The credentials of an account."""

    email = TextField(max_length=254)
    password = TextField(max_length=512, trim_whitespace=False, style={"input_type": "password"})


class TokenSerializer(ApiSerializer):
    """A token, shown this once."""

    token = serializers.CharField()
    expires_at = serializers.DateTimeField()


class CategorySerializer(ApiSerializer):
    """A category; `slug` is what `category` filters by."""

    slug = serializers.SlugField()
    name = serializers.CharField()


class ImageSerializer(ApiSerializer):
    """One picture in two widths."""

    large = serializers.SerializerMethodField(help_text="640 px")
    small = serializers.SerializerMethodField(help_text="320 px")
    alt = serializers.CharField()

    def get_large(self, image: ProductImage) -> str:
        return self._absolute(image.large.url)

    def get_small(self, image: ProductImage) -> str:
        return self._absolute(image.small.url)

    def _absolute(self, url: str) -> str:
        request = self.context.get("request")
        return request.build_absolute_uri(url) if request else url


class DetailSerializer(ApiSerializer):
    """One fact about a product."""

    label = serializers.CharField()  # type: ignore[assignment] # a field of ours; DRF has an attribute of that name
    text = serializers.CharField()


class VariantSerializer(ApiSerializer):
    """What is bought. `price` in rupiah; `stock` is what may still be sold, never below 0."""

    id = TextIdField()
    sku = serializers.CharField()
    name = serializers.CharField(help_text="Empty for a product without options.")
    options = serializers.DictField(child=serializers.CharField())
    price = serializers.IntegerField()
    stock = serializers.SerializerMethodField()
    weight = serializers.IntegerField(help_text="Grams.")

    def get_stock(self, variant: Variant) -> int:
        return max(0, variant.available)


class ProductSerializer(ApiSerializer):
    """A product on sale, with everything that can be bought of it."""

    id = TextIdField()
    name = serializers.CharField()
    slug = serializers.SlugField()
    tagline = serializers.CharField()
    description = serializers.CharField()
    details = serializers.SerializerMethodField()
    category = CategorySerializer()
    price = serializers.IntegerField(source="lowest_price", help_text="The lowest price, rupiah.")
    currency = serializers.SerializerMethodField()
    in_stock = serializers.BooleanField()
    url = serializers.SerializerMethodField(help_text="The product's page.")
    images = ImageSerializer(many=True, source="pictures")
    variants = VariantSerializer(many=True, source="on_sale")

    @extend_schema_field(DetailSerializer(many=True))
    def get_details(self, product: Product) -> list[dict[str, str]]:
        rows = product.details if isinstance(product.details, list) else []
        return [
            {"label": str(row.get("label", "")), "text": str(row.get("text", ""))}
            for row in rows
            if isinstance(row, dict)
        ]

    def get_currency(self, product: Product) -> str:
        return "IDR"

    def get_url(self, product: Product) -> str:
        request = self.context.get("request")
        path = product.get_absolute_url()
        return request.build_absolute_uri(path) if request else path


@extend_schema_field({"type": "string", "pattern": "^[0-9]{5}$"})
class PostalCodeField(TextField):
    """Five digits."""

    default_error_messages = {"digits": "Kode pos terdiri dari 5 angka."}

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if not (len(text) == 5 and text.isascii() and text.isdecimal()):
            self.fail("digits")
        return text


class AddressInputSerializer(ApiSerializer):
    """An address as it goes on a parcel."""

    recipient = TextField(max_length=120)
    phone = TextField(max_length=30, help_text="A WhatsApp number: `0812-3456-7890` or `+6281234567890`.")
    province = TextField(max_length=60)
    city = TextField(max_length=80)
    district = TextField(max_length=80)
    postal_code = PostalCodeField(max_length=5)
    street = TextField(max_length=300, multiline=True)
    is_default = StrictBooleanField(required=False, default=False)


class AddressSerializer(ApiSerializer):
    """A saved address; `phone` is E.164."""

    id = TextIdField()
    recipient = serializers.CharField()
    phone = serializers.CharField()
    province = serializers.CharField()
    city = serializers.CharField()
    district = serializers.CharField()
    postal_code = serializers.CharField()
    street = serializers.CharField()
    is_default = serializers.BooleanField()
