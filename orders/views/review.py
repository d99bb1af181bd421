"""Step 3: look at everything once more, then order, once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from config.errors import NotFoundError, ShopClosedError, ShopError
from orders.answers import SeeOther, private_page
from orders.checkout import Checkout, clear_draft, order_of, payment_window, place, save_draft
from orders.errors import CannotDeliverError, PriceChangedError, VoucherRefusedError
from orders.links import order_path
from orders.models import Order
from orders.seen import ReviewForm, Seen
from orders.views.entry import SUMMARY, Problem, enter_complete, notices, renewed, settle, steps
from orders.visitor import holds, remember_placed
from orders.voucher_box import CODE_BOX, VOUCHER, take_refusal
from shop.carts import current_cart
from shop.carts import remember as remember_cart
from shop.errors import CartClosedError
from shop.models import CartStatus
from shop.money import rupiah

OUTDATED = "Halaman ini sudah tidak berlaku. Periksa lagi, lalu tekan tombolnya sekali lagi."
DRAFT_CHANGED = "Alamat atau pengiriman berubah di tab lain. Periksa lagi sebelum memesan."
CART_CHANGED = "Isi keranjang berubah sejak kamu meninjaunya. Periksa lagi sebelum memesan."


@require_http_methods(["GET", "HEAD", "POST"])
@private_page
def review(request: HttpRequest) -> HttpResponse:
    """Show the order as it would be placed, and place it."""
    if request.method == "POST":
        return _order(request)
    return _show(request, enter_complete(request))


def _order(request: HttpRequest) -> HttpResponse:
    """Place the order. A second submit, with the same key or the same cart, leads to the order that exists."""
    seen = ReviewForm(request.POST).seen()
    if earlier := _placed_before(request, seen):
        return _to_payment(request, earlier)
    checkout = enter_complete(request)
    if seen is None or (outdated := _outdated(seen, checkout)):
        return _show(request, checkout, [Problem(outdated if seen else OUTDATED)])
    lost = checkout.preview.voucher
    if lost is not None and lost.problem and checkout.total != seen.total:
        return _explain(request, checkout, seen, VoucherRefusedError(lost.problem))
    try:
        placed = place(checkout, key=seen.key, cart_version=seen.cart_version, expected_total=seen.total)
    except ShopClosedError:
        raise
    except ShopError as error:
        return _explain(request, checkout, seen, error)
    clear_draft(request.session)
    return _to_payment(request, placed.order)


def _placed_before(request: HttpRequest, seen: Seen | None) -> Order | None:
    """Return the order that this page's cart, or the visitor's cart of now, became."""
    if seen is not None:
        order = Order.objects.filter(cart_id=seen.cart_id).select_related("cart").first()
        if order is not None and _is_visitors(request, order):
            return order
    cart = current_cart(request)
    return order_of(cart) if cart is not None and cart.status == CartStatus.CONVERTED else None


def _is_visitors(request: HttpRequest, order: Order) -> bool:
    cart = current_cart(request)
    return holds(request, order) or (cart is not None and cart.pk == order.cart_id)


def _outdated(seen: Seen, checkout: Checkout) -> str:
    """Return why the page no longer shows what would be ordered, or nothing."""
    if seen.cart_id != checkout.cart.pk:
        return CART_CHANGED
    return DRAFT_CHANGED if seen.digest != checkout.draft.digest(checkout.address) else ""


def _explain(request: HttpRequest, checkout: Checkout, seen: Seen, error: ShopError) -> HttpResponse:
    """Show the review again and say what changed; nothing was ordered."""
    if isinstance(error, CartClosedError) and (order := order_of(checkout.cart)):
        return _to_payment(request, order)
    if isinstance(error, CannotDeliverError | NotFoundError):
        step = "orders:shipping" if isinstance(error, CannotDeliverError) else "orders:checkout"
        messages.error(request, str(error))
        return SeeOther(reverse(step))
    problems = settle(request, checkout)
    if isinstance(error, VoucherRefusedError):
        problems.append(Problem(str(error), VOUCHER))
        save_draft(request.session, replace(checkout.draft, voucher=""))
    checkout = renewed(request, checkout)
    if isinstance(error, PriceChangedError | VoucherRefusedError) and checkout.total != seen.total:
        problems.append(Problem(f"Total berubah dari {rupiah(seen.total)} menjadi {rupiah(checkout.total)}.", SUMMARY))
    if checkout.quote is None:  # the weight changed with the cart, and the chosen service does not carry it
        for problem in problems:
            messages.warning(request, problem.text)
        return SeeOther(reverse("orders:shipping"))
    return _show(request, checkout, problems or [Problem(str(error))])


def _show(request: HttpRequest, checkout: Checkout, problems: Sequence[Problem] = ()) -> HttpResponse:
    refused = take_refusal(request.session)
    if refused is not None:
        problems = [*problems, Problem(refused.text, CODE_BOX)]
    context = {
        "refused": refused,
        "checkout": checkout,
        "seen": Seen.of(checkout),
        "steps": steps(2),
        "window": payment_window(),
        "problems": problems,
        "notices": [] if problems else notices(checkout),
    }
    return render(request, "orders/review.html", context)


def _to_payment(request: HttpRequest, order: Order) -> HttpResponse:
    """303 to the payment page; the session keeps the order, and the cart it came from for other tabs."""
    remember_placed(request, order)
    cart = current_cart(request)
    if order.cart is not None and (cart is None or cart.status != CartStatus.OPEN):
        remember_cart(request, order.cart)
    return SeeOther(f"{order_path(order)}bayar/")
