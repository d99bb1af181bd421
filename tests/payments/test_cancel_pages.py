"""Taking an order back, and ordering it again."""

from __future__ import annotations

import pytest
from django.urls import reverse

from orders.links import order_path
from payments.page_state import PageState
from payments.services import cancel_order, check_order
from shop.models import Cart, CartStatus, Reservation, Variant
from tests.support.checkout import main_of, matched, text_of, visitor
from tests.support.pages import paid_order, state_of
from tests.support.vouchers import make_voucher
from tests.support.world import make_order, make_variant, start

pytestmark = pytest.mark.django_db


def test_cancelling_asks_first_and_frees_the_stock(client, simulator):
    variant = make_variant(on_hand=3)
    order = make_order((variant, 3))
    path = order_path(order)
    client.force_login(order.user)

    assert "Batalkan pesanan ini?" in text_of(client.get(f"{path}batal/"))
    assert state_of(order) is PageState.WAITING
    answer = client.post(f"{path}batal/")

    assert (answer.status_code, answer["Location"]) == (303, path)
    assert state_of(order) is PageState.CANCELLED
    variant.refresh_from_db()
    assert variant.available == 3
    page = main_of(client.get(path))
    assert "Atas permintaanmu" in page
    assert "Pesan lagi" in page


def test_a_cancellation_that_the_gateway_has_not_confirmed_says_so(client, simulator):
    order = make_order()
    payment = start(order)
    simulator.choose(payment.gateway_id, "bca_va", deliver=False)
    check_order(order_id=order.pk)
    simulator.fault("http_500", operation="core.cancel")
    simulator.fault("http_500", operation="core.status")

    client.force_login(order.user)
    answer = client.post(f"{order_path(order)}batal/", follow=True)

    assert state_of(order) is PageState.CLOSING
    assert "Pembatalan sudah diminta" in text_of(answer)
    assert "sedang kami tutup" in text_of(answer)
    assert Reservation.objects.get(reference=order.number).state == "HELD"


def test_money_that_came_first_wins_over_a_cancellation(client, simulator):
    order = make_order()
    payment = start(order)
    simulator.choose(payment.gateway_id, "bca_va", deliver=False)
    simulator.event(payment.gateway_id, "settle", deliver=False)
    client.force_login(order.user)

    answer = client.post(f"{order_path(order)}batal/", follow=True)

    assert state_of(order) is PageState.PAID
    assert "tidak dapat dibatalkan lagi" in text_of(answer)
    assert "sudah diminta" not in text_of(answer)


def test_a_forwarded_link_shows_and_pays_and_cancels_nothing(client, simulator):
    order = make_order()
    path = order_path(order)

    for part in ("batal/", "ubah/"):
        assert client.post(f"{path}{part}").status_code == 303

    assert state_of(order) is PageState.WAITING
    assert f"{path}batal/" not in main_of(client.get(path))
    assert f"{path}batal/" not in main_of(client.get(f"{path}bayar/"))
    assert client.post(f"{path}bayar/").status_code == 303


def test_the_session_that_placed_the_order_may_cancel_it(simulator):
    guest = visitor((make_variant(on_hand=5), 1))
    order = guest.order()

    guest.post(f"{order_path(order)}batal/")

    assert state_of(order) is PageState.CANCELLED


def test_cancel_and_change_brings_the_things_back_into_a_cart(simulator):
    variant = make_variant(on_hand=5)
    guest = visitor((variant, 2))
    order = guest.order()
    page = text_of(guest.get("/checkout/"))
    path = matched(r'action="(/pesanan/[^"]+/ubah/)"', page)

    answer = guest.post(path)

    assert answer["Location"] == reverse("shop:cart")
    assert state_of(order) is PageState.CANCELLED
    cart = Cart.objects.get(token=guest.session["cart"])
    assert cart.status == CartStatus.OPEN
    assert [(item.variant_id, item.quantity) for item in cart.items.all()] == [(variant.pk, 2)]
    assert guest.get("/checkout/").status_code == 200


def test_cancel_and_change_brings_the_voucher_along(simulator):
    voucher = make_voucher(total_limit=1)
    guest = visitor((make_variant(on_hand=5), 2))
    guest.post("/checkout/voucher/", {"kode": voucher.code})
    order = guest.order()
    assert order.discount == 10_000

    guest.post(f"{order_path(order)}ubah/")

    assert f"Voucher {voucher.code}" in text_of(guest.get(reverse("shop:cart")))
    assert guest.order().discount == 10_000


def test_cancel_and_change_while_unconfirmed_leads_to_the_order(client, simulator):
    order = make_order()
    start(order)
    simulator.fault("http_500", operation="snap.cancel")
    simulator.fault("http_500", operation="core.status")

    client.force_login(order.user)
    answer = client.post(f"{order_path(order)}ubah/")

    assert answer.status_code == 303
    assert "/pesanan/" in answer["Location"]
    assert state_of(order) is PageState.CLOSING


def test_a_paid_order_cannot_be_cancelled_by_its_customer(client, simulator):
    order = paid_order(simulator)
    client.force_login(order.user)

    for part in ("batal/", "ubah/"):
        answer = client.post(f"{order_path(order)}{part}")
        assert answer.status_code == 303
    assert state_of(order) is PageState.PAID


def test_ordering_again_leaves_out_what_is_not_sold_any_more(client, simulator):
    gone, stays = make_variant(), make_variant()
    order = make_order((gone, 1), (stays, 2))
    cancel_order(order_id=order.pk, actor="test", reason="uji")
    Variant.objects.filter(pk=gone.pk).update(is_active=False)

    answer = client.post(f"{order_path(order)}lagi/", follow=True)

    assert f"Tidak dijual lagi: {gone.product.name}." in text_of(answer)
    cart = Cart.objects.get(token=client.session["cart"])
    assert [(item.variant_id, item.quantity) for item in cart.items.all()] == [(stays.pk, 2)]


def test_an_unpaid_order_is_not_ordered_again(client):
    order = make_order()

    client.post(f"{order_path(order)}lagi/")

    assert "cart" not in client.session
