"""Random JSON against every POST route: whatever comes, it is never a 5xx."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.problems import strict_json
from tests.support.api import POSTS, Buyer
from tests.support.world import make_order, make_variant

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.sweep]

NAMES = [
    "items", "productId", "variantId", "quantity", "addressId", "idempotencyKey", "shippingMethod", "note",
    "voucherCode", "orderId", "reason", "email", "password", "recipient", "phone", "province", "city", "district",
    "postalCode", "street", "isDefault",
]  # fmt: skip
texts = st.text(st.characters(), max_size=12)  # with NUL, lone surrogates and all
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-2, 3),
    st.sampled_from([2**31, 2**63 - 1, 2**63, 10**30, -(2**63)]),
    st.floats(),
    texts,
    st.sampled_from(["1", "0812-3456-7890", "40132", "JAWA BARAT", "１", "1e3"]),
)
names = st.one_of(st.sampled_from(NAMES), texts)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=5),
    max_leaves=12,
)
bodies = st.one_of(st.dictionaries(names, values, max_size=6), values)


@pytest.fixture(scope="module")
def quick() -> settings:
    return settings(
        max_examples=60,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


def nearly_right(buyer: Buyer, changes: dict[str, Any]) -> dict[str, Any]:
    """Return a good order with some of it replaced: what gets past the first checks."""
    return buyer.body((make_variant(), 1)) | changes


@pytest.mark.parametrize("path", POSTS)
def test_no_body_is_too_odd(quick, path):
    buyer = Buyer()
    order = make_order(customer=buyer.user)
    where = path.replace("/1/", f"/{order.number}/")

    @quick
    @given(bodies)
    def send(body: Any) -> None:
        answer = buyer.post(where, raw=json.dumps(body).encode())
        assert answer.status_code < 500, (answer.status_code, body)

    send()


def test_no_order_is_too_odd(quick):
    buyer = Buyer()
    fields = ["addressId", "idempotencyKey", "shippingMethod", "note", "voucherCode", "items"]
    good = nearly_right(buyer, {})

    @quick
    @given(st.dictionaries(st.sampled_from(fields), values, max_size=2), st.dictionaries(names, values, max_size=2))
    def send(changes: dict[str, Any], line: dict[str, Any]) -> None:
        body = good | {"items": [good["items"][0] | line]} | changes
        answer = buyer.post("/api/orders", raw=json.dumps(body).encode())
        assert answer.status_code < 500, (answer.status_code, body)

    send()


@settings(max_examples=300, deadline=None, database=None, derandomize=True)
@given(st.binary(max_size=60) | texts.map(lambda text: text.encode(errors="surrogatepass")))
def test_the_parser_raises_nothing_but_value_errors(body):
    with suppress(ValueError):
        strict_json(body)
