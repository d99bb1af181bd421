"""The page about one order, and a member's list of them."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from orders.answers import private_page
from orders.models import Order
from orders.visitor import may_take_back, owns, remember_order
from payments.pages import OrderPaths
from payments.selectors import history_rows, order_page, orders_for_history
from payments.views.opening import by_link, by_number
from shop.carts import member

PER_PAGE = 10


@require_safe
@by_link
def order(request: HttpRequest, order: Order, paths: OrderPaths) -> HttpResponse:
    """Show what became of an order. Personal data is masked unless its owner is logged in."""
    return _show(request, order, paths)


@require_safe
@by_number
def detail(request: HttpRequest, order: Order, paths: OrderPaths) -> HttpResponse:
    """Show a member's own order, found by its number."""
    remember_order(request, order)
    return _show(request, order, paths)


@require_safe
@login_required
@private_page
def history(request: HttpRequest) -> HttpResponse:
    """List a member's own orders, newest first."""
    user = member(request)
    assert user is not None
    pages = Paginator(orders_for_history(user), PER_PAGE)
    page = pages.get_page(request.GET.get("halaman"))
    context = {
        "place": "account",
        "page": page,
        "rows": history_rows(page.object_list),
        "numbers": pages.get_elided_page_range(page.number, on_each_side=1, on_ends=1),
        "gap": pages.ELLIPSIS,
    }
    return render(request, "payments/history.html", context)


def _show(request: HttpRequest, order: Order, paths: OrderPaths) -> HttpResponse:
    page = order_page(order, paths, whole=owns(request, order))
    return render(
        request,
        "payments/order.html",
        {"page": page, "guest": member(request) is None, "mine": may_take_back(request, order)},
    )
