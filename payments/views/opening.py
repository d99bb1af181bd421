"""How an order's page is opened: by its link, or by its logged-in owner."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

from config.errors import NotFoundError
from orders.answers import SeeOther, private_page
from orders.links import order_by_token
from orders.models import Order
from orders.visitor import remember_order
from payments.pages import OrderPaths
from payments.selectors import own_order, paths_of
from shop.carts import member

OrderView = Callable[[HttpRequest, Order, OrderPaths], HttpResponse]
TokenView = Callable[[HttpRequest, str], HttpResponse]


def by_link(view: OrderView) -> TokenView:
    """Open the order that the token in the address stands for; a forged or ended one is a 404.

    The session remembers the order, so that the way back from the gateway ends here.
    """

    @private_page
    @wraps(view)
    def opened(request: HttpRequest, token: str) -> HttpResponse:
        try:
            order = order_by_token(token)
        except NotFoundError as error:
            raise Http404(str(error)) from error
        remember_order(request, order)
        return view(request, order, OrderPaths(reverse("payments:order", args=[token])))

    return opened


def by_number(view: OrderView) -> TokenView:
    """Open the order with the number in the address for the member whose it is; anybody else's is a 404."""

    @login_required
    @private_page
    @wraps(view)
    def opened(request: HttpRequest, number: str) -> HttpResponse:
        user = member(request)
        assert user is not None
        try:
            order = own_order(user, number)
        except NotFoundError as error:
            raise Http404(str(error)) from error
        return view(request, order, paths_of(order))

    return opened


def only_post(view: OrderView) -> OrderView:
    """Answer anything but a POST with the order's page: a refresh or a bookmark of an act repeats nothing."""

    @wraps(view)
    def guarded(request: HttpRequest, order: Order, paths: OrderPaths) -> HttpResponse:
        return view(request, order, paths) if request.method == "POST" else SeeOther(paths.order)

    return guarded


def customer_actor(order: Order) -> str:
    """Return how the history names the customer."""
    return f"customer:{order.user_id}"
