"""Products in the admin: prices and texts are edited, stock is not, and what was ever sold is not deleted."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from shop.models import Category, Product, Variant
from tests.support.staff import login, page_url, press
from tests.support.world import make_order, make_variant

pytestmark = pytest.mark.django_db(transaction=True)


def form_of(client: Client, product: Product) -> dict[str, Any]:
    """Return what a browser would send back from the product's page."""
    context = client.get(page_url(product)).context
    forms = [context["adminform"].form]
    for inline in context["inline_admin_formsets"]:
        forms += [inline.formset.management_form, *inline.formset.forms]
    sent: dict[str, Any] = {}
    for form in forms:
        for field in form:
            value = field.value()
            if field.field.show_hidden_initial:
                sent[field.html_initial_name] = "" if value is None else str(value)
            if value is not None and value is not False:
                sent[field.html_name] = value if not isinstance(value, bool) else "on"
    return sent


def new_product(**changes: Any) -> dict[str, Any]:
    """Return a complete form for a new product."""
    category, _ = Category.objects.get_or_create(slug="rak", defaults={"name": "Rak"})
    return {
        "name": "Mangkuk Nila",
        "slug": "mangkuk-nila",
        "category": category.pk,
        "is_active": "on",
        "details": "Bahan: Tanah liat\nUkuran: 12 cm",
        "variants-TOTAL_FORMS": "1",
        "variants-INITIAL_FORMS": "0",
        "variants-0-sku": "MGK-NILA",
        "variants-0-price": "85000",
        "variants-0-weight": "400",
        "variants-0-options": "Warna: Nila\nUkuran: M",
        "variants-0-position": "0",
        "variants-0-is_active": "on",
        "images-TOTAL_FORMS": "0",
        "images-INITIAL_FORMS": "0",
        **changes,
    }


def errors_of(answer: Any) -> str:
    """Return every sentence about what is wrong."""
    context = answer.context
    found = [context["adminform"].form.errors]
    for inline in context["inline_admin_formsets"]:
        found += [*inline.formset.errors, inline.formset.non_form_errors()]
    return " ".join(str(one) for one in found)


def test_a_product_is_made_with_its_variant() -> None:
    answer = login("owner").post(reverse("admin:shop_product_add"), new_product())

    assert answer.status_code == 302
    product = Product.objects.get()
    variant = Variant.objects.get()
    assert product.details == [{"label": "Bahan", "text": "Tanah liat"}, {"label": "Ukuran", "text": "12 cm"}]
    assert variant.options == {"Warna": "Nila", "Ukuran": "M"}
    assert (variant.name, variant.price, variant.on_hand, variant.reserved) == ("Nila, M", 85_000, 0, 0)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"variants-0-price": "0"}, "Harga harus lebih dari Rp0"),
        ({"variants-0-price": "-1"}, "Harga harus lebih dari Rp0"),
        ({"variants-0-price": "9999999999999"}, "paling banyak Rp1.000.000.000"),
        ({"variants-0-weight": "0"}, "Berat harus lebih dari 0 gram"),
        ({"variants-0-sku": "ADA-1"}, "SKU ini sudah dipakai barang lain"),
        ({"variants-0-sku": "DUA KATA"}, "SKU tidak boleh memuat spasi"),
        ({"variants-0-options": "Nila"}, "tulis nama, titik dua"),
        ({"variants-0-options": "Warna: Nila\nWarna: Sogan"}, "tertulis dua kali"),
        ({"variants-0-swatch": "merah"}, "dilanggar"),
        ({"slug": "sudah-ada"}, "sudah dipakai produk lain"),
        ({"details": "tanpa titik dua"}, "tulis nama, titik dua"),
        ({"variants-TOTAL_FORMS": "0"}, "paling sedikit satu varian"),
    ],
)
def test_a_product_that_makes_no_sense_is_refused_in_words(change: dict[str, str], sentence: str) -> None:
    other = make_variant()
    Variant.objects.filter(pk=other.pk).update(sku="ADA-1")
    Product.objects.filter(pk=other.product_id).update(slug="sudah-ada")

    answer = login("owner").post(reverse("admin:shop_product_add"), new_product(**change))

    assert answer.status_code == 200
    assert sentence in errors_of(answer)
    assert Product.objects.count() == 1


def test_two_new_variants_with_one_sku_are_refused() -> None:
    second = {name.replace("-0-", "-1-"): value for name, value in new_product().items() if "-0-" in name}

    answer = login("owner").post(
        reverse("admin:shop_product_add"), new_product(**second, **{"variants-TOTAL_FORMS": "2"}),
    )  # fmt: skip

    assert answer.status_code == 200
    assert Product.objects.count() == 0


def test_saving_a_page_that_was_opened_before_a_sale_leaves_the_stock_alone() -> None:
    variant = make_variant(on_hand=10)
    owner = login("owner")
    form = form_of(owner, variant.product)
    make_order((variant, 3))
    press(login("gudang"), variant, "barang-masuk", amount="5")

    answer = owner.post(page_url(variant.product), form | {"variants-0-price": "125000", "name": "Nama baru"})

    variant.refresh_from_db()
    assert answer.status_code == 302
    assert (variant.price, variant.on_hand, variant.reserved) == (125_000, 15, 3)
    assert variant.product.name == "Nama baru"


def test_stock_cannot_be_sent_along_with_the_form() -> None:
    variant = make_variant(on_hand=10)
    owner = login("owner")
    form = form_of(owner, variant.product)

    owner.post(page_url(variant.product), form | {"variants-0-on_hand": "999", "variants-0-reserved": "999"})

    variant.refresh_from_db()
    assert (variant.on_hand, variant.reserved) == (10, 0)


def test_two_people_editing_different_fields_both_succeed() -> None:
    variant = make_variant(on_hand=1)
    first, second = login("owner"), login("owner")
    forms = form_of(first, variant.product), form_of(second, variant.product)

    first.post(page_url(variant.product), forms[0] | {"variants-0-price": "150000"})
    second.post(page_url(variant.product), forms[1] | {"tagline": "Dicap dengan tangan"})

    variant.refresh_from_db()
    assert variant.price == 150_000
    assert variant.product.tagline == "Dicap dengan tangan"


def test_the_history_says_what_the_price_was_and_is() -> None:
    variant = make_variant(on_hand=1, price=120_000)
    owner = login("owner")

    owner.post(page_url(variant.product), form_of(owner, variant.product) | {"variants-0-price": "125000"})

    message = LogEntry.objects.get().get_change_message()
    assert variant.sku in message
    assert "harga: 120000 → 125000" in message
    assert message in owner.get(page_url(variant.product, "history")).content.decode()


def test_saving_without_a_change_changes_nothing() -> None:
    variant = make_variant(on_hand=1)
    Product.objects.filter(pk=variant.product_id).update(details=[{"label": "Bahan", "text": "Katun"}])
    Variant.objects.filter(pk=variant.pk).update(options={"Warna": "Nila"}, name="Nila")
    owner = login("owner")

    answer = owner.post(page_url(variant.product), form_of(owner, variant.product))

    variant.refresh_from_db()
    assert answer.status_code == 302
    assert (variant.options, variant.product.details) == ({"Warna": "Nila"}, [{"label": "Bahan", "text": "Katun"}])
    assert LogEntry.objects.get().get_change_message() == "Tidak ada yang berubah."


def test_a_product_that_was_ever_sold_or_moved_is_not_deleted() -> None:
    variant = make_variant(on_hand=1)
    owner = login("owner")

    shown = owner.get(page_url(variant.product, "delete"), follow=True).content.decode()
    owner.post(page_url(variant.product, "delete"), {"post": "yes"})

    assert "pernah dipesan atau bergerak stoknya" in shown
    assert Product.objects.filter(pk=variant.product_id).exists()


def test_a_product_that_was_made_by_mistake_can_go() -> None:
    variant = make_variant(on_hand=0)
    owner = login("owner")

    assert owner.get(page_url(variant.product, "delete")).status_code == 200
    owner.post(page_url(variant.product, "delete"), {"post": "yes"})

    assert not Product.objects.exists()
    assert not Variant.objects.exists()


def test_a_category_with_products_is_not_deleted() -> None:
    category = make_variant().product.category
    owner = login("owner")

    shown = owner.get(page_url(category, "delete"), follow=True).content.decode()
    owner.post(page_url(category, "delete"), {"post": "yes"})

    assert "masih berisi produk" in shown
    assert Category.objects.filter(pk=category.pk).exists()
