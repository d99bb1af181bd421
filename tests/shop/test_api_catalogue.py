"""The API of the catalogue and of the addresses."""

from __future__ import annotations

import pytest

from shop.models import Address, Product
from shop.services import stock
from shop.services.account import AddressData, add_address
from tests.support.api import ADDRESS_BODY, ApiClient, fields_of, make_address, problem_of
from tests.support.world import make_customer, make_order, make_variant

pytestmark = pytest.mark.django_db


def test_a_product_shows_what_can_be_bought(django_assert_max_num_queries):
    variant = make_variant(on_hand=7, price=125_000)
    make_order((variant, 2))

    with django_assert_max_num_queries(4):
        answer = ApiClient().get(f"/api/products/{variant.product_id}")

    product = answer.json()
    assert product["id"] == str(variant.product_id)
    assert (product["price"], product["currency"], product["inStock"]) == (125_000, "IDR", True)
    assert product["variants"] == [
        {
            "id": str(variant.pk),
            "sku": variant.sku,
            "name": "",
            "options": {},
            "price": 125_000,
            "stock": 5,
            "weight": 400,
        },
    ]


def test_the_details_of_a_product_are_labels_and_texts():
    variant = make_variant()
    Product.objects.update(details=[{"label": "Bahan", "text": "Katun"}, "rusak", {"label": "Kosong"}])

    shown = ApiClient().get(f"/api/products/{variant.product_id}").json()["details"]

    assert shown == [{"label": "Bahan", "text": "Katun"}, {"label": "Kosong", "text": ""}]


@pytest.mark.breaks_laws
def test_stock_is_never_shown_below_zero():
    variant = make_variant(on_hand=3)
    make_order((variant, 3))
    stock.adjust(variant_id=variant.pk, delta=-2, reason="pecah", actor="test")

    shown = ApiClient().get(f"/api/products/{variant.product_id}").json()

    assert shown["variants"][0]["stock"] == 0
    assert shown["inStock"] is False


def test_the_list_goes_forth_and_back_in_pages(django_assert_max_num_queries):
    ids = [str(make_variant(on_hand=0).product_id) for _ in range(5)][::-1]
    client = ApiClient()

    with django_assert_max_num_queries(5):
        first = client.get("/api/products?limit=2").json()
    second = client.get(first["next"]).json()
    third = client.get(second["next"]).json()
    back = client.get(second["previous"]).json()

    assert [row["id"] for page in (first, second, third) for row in page["results"]] == ids
    assert set(first) == {"results", "next", "previous"}
    assert (first["previous"], third["next"]) == (None, None)
    assert back["results"] == first["results"]
    assert back["previous"] is None
    assert client.get(back["next"]).json()["results"] == second["results"]


def test_products_are_found_by_words_and_category():
    batik, mug = make_variant(), make_variant()
    Product.objects.filter(pk=batik.product_id).update(name="Kemeja Batik Kawung")
    Product.objects.filter(pk=mug.product_id).update(name="Mug Telinga")
    client = ApiClient()

    def found(query: str) -> list[str]:
        return [row["name"] for row in client.get(f"/api/products?{query}").json()["results"]]

    assert found("search=batik+kemeja") == ["Kemeja Batik Kawung"]
    assert found(f"search={mug.sku.lower()}") == ["Mug Telinga"]
    assert len(found("category=rak")) == 2
    assert found("category=tidak-ada") == []
    assert found("search=%25%27%22%3B--") == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=x", "limit"),
        ("limit=%EF%BC%91", "limit"),
        ("cursor=x", "cursor"),
        ("cursor=bjk5OTk5OTk5OTk5OTk5OTk5OTk5", "cursor"),
        ("cursor=%00", "cursor"),
        ("cursor=%C3%A9", "cursor"),
        ("search=a%00b", "search"),
        ("search=" + "a" * 201, "search"),
        ("category=%00", "category"),
    ],
)
def test_a_bad_query_names_its_parameter(query, field):
    assert fields_of(ApiClient().get(f"/api/products?{query}")) == [field]


@pytest.mark.parametrize(
    "id_", ["0", "999999", "9223372036854775808", "9" * 19, "9" * 40, "x", "-1", "1.5", "%00", "1%0A"]
)
def test_an_unknown_product_is_a_404(id_):
    problem_of(ApiClient().get(f"/api/products/{id_}"), 404)


def test_what_is_not_sold_is_not_shown():
    variant, product = make_variant(), make_variant()
    type(variant).objects.filter(pk=variant.pk).update(is_active=False)
    Product.objects.filter(pk=product.product_id).update(is_active=False)
    client = ApiClient()

    assert client.get("/api/products").json()["results"] == []
    problem_of(client.get(f"/api/products/{variant.product_id}"), 404)
    problem_of(client.get(f"/api/products/{product.product_id}"), 404)


@pytest.mark.parametrize("path", ["/api/products", "/api/products/{id}"])
def test_an_unchanged_answer_is_a_304(path):
    variant = make_variant()
    path = path.format(id=variant.product_id)
    client = ApiClient()
    first = client.get(path)

    again = client.get(path, If_None_Match=first["ETag"])
    type(variant).objects.filter(pk=variant.pk).update(price=1)
    changed = client.get(path, If_None_Match=first["ETag"])

    assert (again.status_code, again.content) == (304, b"")
    assert first["Cache-Control"] == "public, no-cache"
    assert changed.status_code == 200


def test_addresses_are_ones_own_and_the_first_is_the_default():
    user, other = make_customer(), make_customer()
    make_address(other)

    created = ApiClient(user).post("/api/addresses", ADDRESS_BODY)
    listed = ApiClient(user).get("/api/addresses")

    assert created.status_code == 201
    assert created.json() == {
        **ADDRESS_BODY,
        "id": str(user.addresses.get().pk),
        "phone": "+6281234567890",
        "isDefault": True,
    }
    assert listed.json() == {"results": [created.json()], "next": None, "previous": None}
    assert listed["Cache-Control"] == "private, no-store"


def test_an_address_whose_city_lies_in_another_province_is_refused():
    user = make_customer()

    answer = ApiClient(user).post("/api/addresses", ADDRESS_BODY | {"province": "JAWA TENGAH"})

    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == ["province"]
    assert not user.addresses.exists()


def test_the_default_address_comes_first():
    user = make_customer()
    first, second = make_address(user), make_address(user)
    add_address(user=user, data=AddressData.of(first), is_default=True)

    listed = ApiClient(user).get("/api/addresses").json()["results"]

    assert [row["isDefault"] for row in listed] == [True, False, False]
    assert [row["id"] for row in listed[1:]] == [str(first.pk), str(second.pk)]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"recipient": ""}, "recipient"),
        ({"recipient": "   "}, "recipient"),
        ({"recipient": None}, "recipient"),
        ({"recipient": 5}, "recipient"),
        ({"recipient": ["a"]}, "recipient"),
        ({"recipient": "a" * 121}, "recipient"),
        ({"recipient": "a\nBcc: x"}, "recipient"),
        ({"recipient": "a\u0000"}, "recipient"),
        ({"recipient": "a\ud800"}, "recipient"),
        ({"phone": "123"}, "phone"),
        ({"phone": "０８１２３４５６７８９０"}, "phone"),
        ({"postalCode": "4013"}, "postalCode"),
        ({"postalCode": "４０１３２"}, "postalCode"),
        ({"postalCode": 40132}, "postalCode"),
        ({"street": "a" * 301}, "street"),
        ({"isDefault": "yes"}, "isDefault"),
        ({"isDefault": 1}, "isDefault"),
        ({"isDefault": None}, "isDefault"),
        ({"userId": 1}, "userId"),
        ({"user": 1}, "user"),
        ({"id": "7"}, "id"),
        ({"postal_code": "40132"}, "postal_code"),
        ({"createdAt": "2020-01-01"}, "createdAt"),
    ],
)
def test_a_bad_address_names_its_field_and_writes_nothing(changes, field):
    answer = ApiClient(make_customer()).post("/api/addresses", ADDRESS_BODY | changes)

    assert fields_of(answer) == [field]
    assert not Address.objects.exists()


def test_every_missing_field_is_named():
    assert set(fields_of(ApiClient(make_customer()).post("/api/addresses", {}))) == set(ADDRESS_BODY)
