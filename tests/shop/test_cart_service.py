"""Carts: every edit under the cart's lock, its version raised; a visitor's cart is merged once."""

from __future__ import annotations

from functools import partial

import pytest
from django.conf import settings

from config.errors import InvalidInputError
from shop.errors import CartClosedError, VariantNotForSaleError
from shop.models import Cart, CartItem, CartStatus, User
from shop.services import cart as carts
from tests.factories import ProductFactory, UserFactory, VariantFactory
from tests.support.races import background, held_open, wait_until_blocked
from tests.support.threads import run_together

pytestmark = pytest.mark.django_db


def units(cart: Cart) -> dict[int, int]:
    return dict(CartItem.objects.filter(cart=cart).values_list("variant_id", "quantity"))


def version(cart: Cart) -> int:
    return Cart.objects.values_list("version", flat=True).get(pk=cart.pk)


def closed(cart: Cart, status: CartStatus = CartStatus.CONVERTED) -> Cart:
    Cart.objects.filter(pk=cart.pk).update(status=status)
    return cart


@pytest.fixture
def cart() -> Cart:
    return carts.open_cart(user=None, token="")


class TestWhose:
    def test_a_token_alone_does_not_open_a_members_cart(self):
        owner, other = UserFactory.create(), UserFactory.create()
        token = carts.open_cart(user=owner, token="").token

        assert carts.find_cart(user=None, token=token) is None
        assert carts.find_cart(user=other, token=token) is None
        assert carts.find_cart(user=owner, token=token) is not None

    def test_a_token_opens_a_strangers_and_a_guests_cart(self, cart):
        carts.claim_for_guest(cart=cart)

        assert carts.find_cart(user=None, token=cart.token) == cart


class TestEditing:
    def test_the_same_variant_twice_is_one_line(self, cart):
        variant = VariantFactory.create(price=45_000)

        carts.add_item(cart=cart, variant_id=variant.pk, quantity=2)
        carts.add_item(cart=cart, variant_id=variant.pk, quantity=3)

        assert units(cart) == {variant.pk: 5}
        assert CartItem.objects.get().seen_price == 45_000

    def test_a_line_holds_at_most_99_units(self, cart):
        variant = VariantFactory.create()

        carts.add_item(cart=cart, variant_id=variant.pk, quantity=60)
        carts.add_item(cart=cart, variant_id=variant.pk, quantity=60)

        assert units(cart) == {variant.pk: settings.MAX_UNITS_PER_LINE}

    @pytest.mark.parametrize("quantity", [0, -1, 100, 2**63])
    def test_a_bad_quantity_is_refused_by_name_and_writes_nothing(self, cart, quantity):
        variant = VariantFactory.create()

        with pytest.raises(InvalidInputError) as refused:
            carts.add_item(cart=cart, variant_id=variant.pk, quantity=quantity)

        assert refused.value.field == "quantity"
        assert units(cart) == {}
        assert version(cart) == 1

    def test_zero_takes_a_line_out(self, cart):
        variant = VariantFactory.create()
        carts.add_item(cart=cart, variant_id=variant.pk, quantity=1)

        carts.set_quantity(cart=cart, variant_id=variant.pk, quantity=0)

        assert units(cart) == {}

    @pytest.mark.parametrize(
        "variant",
        [
            lambda: VariantFactory.create(is_active=False).pk,
            lambda: VariantFactory.create(product=ProductFactory.create(is_active=False)).pk,
            lambda: 999_999,
        ],
        ids=["variant off", "product off", "unknown"],
    )
    def test_what_is_not_sold_cannot_be_added(self, cart, variant):
        with pytest.raises(VariantNotForSaleError):
            carts.add_item(cart=cart, variant_id=variant(), quantity=1)

    def test_a_cart_has_a_limited_number_of_lines(self, cart, settings):
        settings.MAX_ORDER_LINES = 2
        for _ in range(2):
            carts.add_item(cart=cart, variant_id=VariantFactory.create().pk, quantity=1)

        with pytest.raises(InvalidInputError, match="paling banyak berisi 2 barang"):
            carts.add_item(cart=cart, variant_id=VariantFactory.create().pk, quantity=1)

    def test_a_cart_that_became_an_order_is_closed(self, cart):
        variant = VariantFactory.create()
        closed(cart)

        with pytest.raises(CartClosedError):
            carts.add_item(cart=cart, variant_id=variant.pk, quantity=1)

    def test_accepting_takes_over_prices_and_quantities(self, cart):
        short, gone, same = VariantFactory.create(), VariantFactory.create(), VariantFactory.create(price=20_000)
        for variant in (short, gone, same):
            carts.add_item(cart=cart, variant_id=variant.pk, quantity=3)
        type(same).objects.filter(pk=same.pk).update(price=25_000)

        carts.accept_changes(cart=cart, quantities={short.pk: 1, gone.pk: 0})

        assert units(cart) == {short.pk: 1, same.pk: 3}
        assert CartItem.objects.get(variant=same).seen_price == 25_000


class TestVersion:
    def test_every_edit_raises_it(self, cart):
        variant = VariantFactory.create()
        edits = [
            lambda: carts.add_item(cart=cart, variant_id=variant.pk, quantity=1),
            lambda: carts.set_quantity(cart=cart, variant_id=variant.pk, quantity=4),
            lambda: carts.accept_changes(cart=cart, quantities={}),
            lambda: carts.set_quantity(cart=cart, variant_id=variant.pk, quantity=0),
        ]

        seen = [version(cart)]
        for edit in edits:
            answer = edit()
            seen.append(version(cart))
            assert answer.version == seen[-1]

        assert seen == [1, 2, 3, 4, 5]

    def test_taking_out_what_is_not_there_changes_nothing(self, cart):
        carts.set_quantity(cart=cart, variant_id=VariantFactory.create().pk, quantity=0)

        assert version(cart) == 1


class TestFinding:
    def test_an_order_that_grew_out_of_the_cart_can_still_be_found_by_its_token(self, cart):
        closed(cart)

        assert carts.find_cart(user=None, token=cart.token) == cart

    def test_a_merged_cart_is_gone(self, cart):
        closed(cart, CartStatus.MERGED)

        assert carts.find_cart(user=None, token=cart.token) is None

    def test_after_an_order_a_new_cart_is_opened(self, cart):
        closed(cart)

        assert carts.open_cart(user=None, token=cart.token) != cart

    def test_a_member_has_one_open_cart_on_all_devices(self):
        user = UserFactory.create()

        assert carts.open_cart(user=user, token="") == carts.open_cart(user=user, token="another device")

    def test_an_empty_token_finds_nothing(self, cart):
        assert carts.find_cart(user=None, token="") is None


class TestMerging:
    def test_without_a_cart_of_his_own_the_member_gets_the_visitors(self, cart):
        user, variant = UserFactory.create(), VariantFactory.create()
        carts.add_item(cart=cart, variant_id=variant.pk, quantity=2)

        merged = carts.merge_at_login(user=user, token=cart.token)

        assert merged is not None
        assert (merged, merged.user) == (cart, user)
        assert units(merged) == {variant.pk: 2}

    def test_quantities_add_up_to_99(self, cart):
        user, both, only_mine, only_theirs = (
            UserFactory.create(),
            VariantFactory.create(),
            VariantFactory.create(),
            VariantFactory.create(),
        )
        mine = carts.open_cart(user=user, token="")
        for variant, quantity in ((both, 60), (only_mine, 1)):
            carts.add_item(cart=mine, variant_id=variant.pk, quantity=quantity)
        for variant, quantity in ((both, 60), (only_theirs, 2)):
            carts.add_item(cart=cart, variant_id=variant.pk, quantity=quantity)

        merged = carts.merge_at_login(user=user, token=cart.token)

        assert merged == mine
        assert units(mine) == {both.pk: 99, only_mine.pk: 1, only_theirs.pk: 2}
        assert Cart.objects.get(pk=cart.pk).status == CartStatus.MERGED

    def test_it_happens_once(self, cart):
        user, variant = UserFactory.create(), VariantFactory.create()
        mine = carts.open_cart(user=user, token="")
        carts.add_item(cart=mine, variant_id=variant.pk, quantity=1)
        carts.add_item(cart=cart, variant_id=variant.pk, quantity=2)

        for _ in range(3):
            assert carts.merge_at_login(user=user, token=cart.token) == mine

        assert units(mine) == {variant.pk: 3}

    def test_it_raises_the_version_of_what_is_left(self, cart):
        user, variant = UserFactory.create(), VariantFactory.create()
        mine = carts.open_cart(user=user, token="")
        carts.add_item(cart=cart, variant_id=variant.pk, quantity=1)

        carts.merge_at_login(user=user, token=cart.token)

        assert version(mine) == 2

    def test_the_token_of_another_members_cart_takes_nothing(self):
        owner, thief, variant = UserFactory.create(), UserFactory.create(), VariantFactory.create()
        theirs = carts.open_cart(user=owner, token="")
        carts.add_item(cart=theirs, variant_id=variant.pk, quantity=2)

        assert carts.merge_at_login(user=thief, token=theirs.token) is None
        assert units(theirs) == {variant.pk: 2}

    def test_a_cart_claimed_by_a_guest_comes_along(self, cart):
        user, variant = UserFactory.create(), VariantFactory.create()
        carts.add_item(cart=cart, variant_id=variant.pk, quantity=1)
        carts.claim_for_guest(cart=cart)

        merged = carts.merge_at_login(user=user, token=cart.token)

        assert merged is not None
        assert merged.user == user

    def test_a_cart_that_became_an_order_stays_out(self, cart):
        user = UserFactory.create()
        closed(cart)

        assert carts.merge_at_login(user=user, token=cart.token) is None
        assert Cart.objects.get(pk=cart.pk).status == CartStatus.CONVERTED


class TestGuests:
    def test_the_guest_is_made_once(self, cart):
        assert carts.claim_for_guest(cart=cart) == carts.claim_for_guest(cart=cart)
        assert User.objects.filter(is_guest=True).count() == 1

    def test_a_members_cart_stays_the_members(self):
        user = UserFactory.create()

        assert carts.claim_for_guest(cart=carts.open_cart(user=user, token="")) == user


def test_refilling_leaves_out_what_is_no_longer_sold():
    sold, gone = VariantFactory.create(), VariantFactory.create(is_active=False)

    cart = carts.refill(user=None, token="", quantities={sold.pk: 2, gone.pk: 1})

    assert units(cart) == {sold.pk: 2}


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def test_two_first_clicks_of_a_member_fill_one_cart(self):
        user, variant = UserFactory.create(), VariantFactory.create()

        def click():
            return carts.add_item(cart=carts.open_cart(user=user, token=""), variant_id=variant.pk, quantity=1)

        results = run_together([click, click])

        assert all(isinstance(result, Cart) for result in results), results
        assert Cart.objects.filter(user=user).count() == 1
        assert units(Cart.objects.get(user=user)) == {variant.pk: 2}

    def test_edits_at_once_lose_nothing(self):
        cart, variant = carts.open_cart(user=None, token=""), VariantFactory.create()

        run_together([lambda: carts.add_item(cart=cart, variant_id=variant.pk, quantity=1)] * 8)

        assert units(cart) == {variant.pk: 8}
        assert version(cart) == 9

    def test_two_logins_at_once_merge_once(self):
        user, variant, visitors = UserFactory.create(), VariantFactory.create(), carts.open_cart(user=None, token="")
        mine = carts.open_cart(user=user, token="")
        carts.add_item(cart=visitors, variant_id=variant.pk, quantity=2)

        run_together([lambda: carts.merge_at_login(user=user, token=visitors.token)] * 2)

        assert units(mine) == {variant.pk: 2}

    def test_a_login_merges_into_the_cart_that_another_device_opens_at_that_moment(self):
        user, variant, visitors = UserFactory.create(), VariantFactory.create(), carts.open_cart(user=None, token="")
        carts.add_item(cart=visitors, variant_id=variant.pk, quantity=2)

        with held_open(partial(carts.open_cart, user=user, token="")) as commit:
            login = background(partial(carts.merge_at_login, user=user, token=visitors.token))
            wait_until_blocked()
            commit()
            merged = login.result(20.0)

        assert merged == Cart.objects.get(user=user, status=CartStatus.OPEN)
        assert merged != visitors
        assert units(merged) == {variant.pk: 2}

    def test_two_checkouts_at_once_make_one_guest(self):
        cart = carts.open_cart(user=None, token="")

        guests = run_together([lambda: carts.claim_for_guest(cart=cart)] * 2)

        assert guests[0] == guests[1]
        assert User.objects.filter(is_guest=True).count() == 1
