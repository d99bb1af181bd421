"""Products with their variants and pictures, and categories."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Count, Exists, Max, Min, OuterRef, QuerySet, Sum
from django.forms import BaseInlineFormSet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from config.staff import EditableAdmin, StackedInline
from config.staff.history import ReadableHistory
from config.staff.show import NOTHING, badge, link, money, number, when
from shop.admin.catalogue_forms import ImageForm, ProductForm, VariantForm
from shop.models import Category, Product, ProductImage, Reservation, StockMovement, Variant
from shop.money import rupiah

if TYPE_CHECKING:
    Formset = BaseInlineFormSet[Any, Any, Any]
else:
    from unfold.forms import PaginationInlineFormSet as Formset

_PICTURE = '<img class="{}" src="{}" alt="{}" width="{}" height="{}">'
USED = "Produk ini pernah dipesan atau bergerak stoknya, jadi disimpan. Hilangkan centang “dijual” saja."


class VariantFormSet(Formset):
    """At least one variant: without one there is nothing to buy."""

    def clean(self) -> None:
        super().clean()
        if not any(form.has_changed() or form.instance.pk for form in self.forms) and not any(self.errors):
            raise ValidationError("Isi paling sedikit satu varian: tanpa varian tidak ada yang dapat dibeli.")


class VariantInline(StackedInline[Variant, Product]):
    """What is sold of a product. Nothing is deleted here: what is no longer sold is switched off."""

    model = Variant
    form = VariantForm
    formset = VariantFormSet
    extra = 0
    can_delete = False
    fields = (
        ("sku", "name"),
        ("price", "weight"),
        ("options", "swatch"),
        ("position", "is_active"),
        "reorder_at",
        "in_stock",
    )
    readonly_fields = ("in_stock",)

    @admin.display(description="stok")
    def in_stock(self, variant: Variant) -> str | SafeString:
        """Show the stock, with the way to where it can be changed."""
        if variant._state.adding:
            return "Stok diisi lewat “Barang masuk” setelah disimpan."
        text = f"{variant.on_hand} belum terjual, {variant.reserved} di antaranya dipesan, {variant.available} tersedia"
        return link(text, "shop_variant_change", variant.pk)


class ImageInline(StackedInline[ProductImage, Product]):
    """The pictures; the first by number is the one on the card."""

    model = ProductImage
    form = ImageForm
    extra = 0
    fields = ("preview", "picture", ("alt", "position"))
    readonly_fields = ("preview",)

    @admin.display(description="gambar")
    def preview(self, image: ProductImage) -> str | SafeString:
        """Show the small picture."""
        if not image.small:
            return NOTHING
        return format_html(_PICTURE, "st-picture", image.small.url, image.alt, 80, 100)


@admin.register(Product)
class ProductAdmin(ReadableHistory, EditableAdmin[Product]):
    """A product page: text, variants with their prices, pictures."""

    form = ProductForm
    inlines = (VariantInline, ImageInline)
    fields = (("name", "slug"), "former_addresses", ("category", "is_active"), "tagline", "description", "details")
    readonly_fields = ("former_addresses",)
    prepopulated_fields = {"slug": ("name",)}
    list_display = ("card", "name", "category", "sold_badge", "variant_count", "prices", "available", "updated")
    list_display_links = ("card", "name")
    list_filter = ("is_active", "category")
    search_fields = ("name", "slug", "variants__sku")
    search_help_text = "Nama, alamat halaman, atau SKU"
    list_select_related = ("category",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Product]:
        """Count variants and stock in the same query; pictures in one more."""
        variants = Variant.objects.filter(product=OuterRef("pk")).order_by().values("product")
        counted = {
            "variant_count_": variants.annotate(n=Count("pk")).values("n"),
            "cheapest_": variants.annotate(n=Min("price")).values("n"),
            "dearest_": variants.annotate(n=Max("price")).values("n"),
            "available_": variants.annotate(n=Sum("on_hand") - Sum("reserved")).values("n"),
        }
        rows: QuerySet[Product] = super().get_queryset(request).annotate(**counted).prefetch_related("images")
        return rows

    @admin.display(description="gambar")
    def card(self, product: Product) -> str | SafeString:
        """Show the picture that stands on the card."""
        image = next(iter(product.images.all()), None)
        if image is None:
            return NOTHING
        return format_html(_PICTURE, "st-thumb", image.small.url, image.alt, 32, 40)

    @admin.display(description="dijual", ordering="is_active")
    def sold_badge(self, product: Product) -> SafeString:
        """Say whether it is for sale."""
        return badge("Dijual", "dibayar", "check") if product.is_active else badge("Tidak dijual", "selesai", "x")

    @admin.display(description="alamat lama")
    def former_addresses(self, product: Product) -> str:
        """Return the addresses that lead to this product because it once had them."""
        if product._state.adding:
            return "Bila alamat halaman diganti nanti, yang lama tetap mengantar ke sini."
        slugs = product.former_slugs.values_list("slug", flat=True)
        return ", ".join(f"/produk/{slug}/" for slug in slugs) or "Belum pernah diganti."

    @admin.display(description="diubah", ordering="updated_at")
    def updated(self, product: Product) -> SafeString:
        """Return when it was last edited."""
        return when(product.updated_at)

    @admin.display(description="varian", ordering="variant_count_")
    def variant_count(self, product: Product) -> SafeString:
        """Return the number of variants."""
        return number(getattr(product, "variant_count_", None) or 0)

    @admin.display(description="harga", ordering="cheapest_")
    def prices(self, product: Product) -> str | SafeString:
        """Return the price, or the lowest and the highest."""
        low, high = getattr(product, "cheapest_", None), getattr(product, "dearest_", None)
        if low is None or low == high:
            return money(low)
        return format_html('<span class="st-money">{} – {}</span>', rupiah(low), rupiah(high or low))

    @admin.display(description="tersedia", ordering="available_")
    def available(self, product: Product) -> SafeString:
        """Return the units that may still be sold."""
        return number(getattr(product, "available_", None) or 0)

    def save_model(self, request: HttpRequest, obj: Product, form: Any, change: bool) -> None:
        """Write only what was edited, so that a colleague's change of another field survives."""
        if not change:
            super().save_model(request, obj, form, change)
        else:
            obj.updated_at = timezone.now()
            obj.save(update_fields={*form.changed_data, "updated_at"})

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Write only what was edited: the stock columns of a variant move while somebody edits its price."""
        formset.save(commit=False)
        for row in formset.deleted_objects:
            row.delete()
        for row in formset.new_objects:
            row.save()
        own = {field.name for field in formset.model._meta.concrete_fields}
        for row, changed in formset.changed_objects:
            files = {"large", "small"} if "picture" in changed else set()
            edited = (set(changed) & own) | files | ({"name"} & own if "options" in changed else set())
            if edited:
                row.save(update_fields=edited)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Let the unused variants of an unused product go with it; alone they are never deleted."""
        objects, counts, lacking, protected = super().get_deleted_objects(objs, request)
        return objects, counts, set(lacking) - {Variant._meta.verbose_name}, protected

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Delete a product that was made by mistake; one that was ever used stays."""
        product = self.get_object(request, object_id)
        if product is not None and self.has_delete_permission(request, product) and was_used(product):
            self.message_user(request, USED, "WARNING")
            return HttpResponseRedirect(reverse("admin:shop_product_change", args=[product.pk]))
        return super().delete_view(request, object_id, extra_context)


def was_used(product: Product) -> bool:
    """Return whether a product's stock ever moved or anybody ever ordered it."""
    moved = StockMovement.objects.filter(variant=OuterRef("pk"))
    promised = Reservation.objects.filter(variant=OuterRef("pk"))
    return product.variants.filter(Exists(moved) | Exists(promised)).exists()


@admin.register(Category)
class CategoryAdmin(ReadableHistory, EditableAdmin[Category]):
    """The shelves of the shop, in menu order."""

    fields = ("name", "slug", "description", "position")
    prepopulated_fields = {"slug": ("name",)}
    list_display = ("name", "slug", "position", "product_count")
    search_fields = ("name",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Category]:
        """Count the products in the same query."""
        rows: QuerySet[Category] = super().get_queryset(request).annotate(product_count_=Count("products"))
        return rows

    @admin.display(description="produk", ordering="product_count_")
    def product_count(self, category: Category) -> SafeString:
        """Return the number of products on the shelf."""
        return number(getattr(category, "product_count_", 0))

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Delete an empty shelf."""
        category = self.get_object(request, object_id)
        if category is not None and self.has_delete_permission(request, category) and category.products.exists():
            self.message_user(request, "Kategori ini masih berisi produk. Pindahkan dulu produknya.", "WARNING")
            return HttpResponseRedirect(reverse("admin:shop_category_change", args=[category.pk]))
        return super().delete_view(request, object_id, extra_context)
