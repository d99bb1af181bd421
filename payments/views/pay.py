"""Paying an order: the page that says how, the way to the gateway, and the question whether money has come."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_http_methods, require_safe

from config.errors import ShopClosedError, ShopError
from config.throttling import first_within
from orders.answers import SeeOther
from orders.models import Order
from orders.views.entry import Problem
from orders.visitor import may_take_back
from payments.errors import NotPayableError, OrderAlreadyPaidError, PaymentHeldError
from payments.page_state import PageState
from payments.pages import OrderPaths, Situation
from payments.selectors import pay_page, situation_of
from payments.services import StartedPayment, change_method, start_payment
from payments.views.asking import ask_gateway
from payments.views.opening import by_link, customer_actor, only_post
from shop.errors import InsufficientStockError

ANEW_PAUSE_S = 10


@require_http_methods(["GET", "HEAD", "POST"])
@by_link
def pay(request: HttpRequest, order: Order, paths: OrderPaths) -> HttpResponse:
    """Show how to pay; a POST leads to the gateway's page, a fresh one if the customer's does not open (``baru``).

    A GET asks nothing of the gateway. Several wishes for a fresh page within ANEW_PAUSE_S get the same one.
    """
    if request.method == "POST":
        # Each new page is a call to the gateway and a line in the journal; nobody finds one dead in a few seconds.
        is_dead = "baru" in request.POST and first_within(f"payments:anew:{order.pk}", ANEW_PAUSE_S)
        return _to_gateway(request, order, paths, lambda: start_payment(order_id=order.pk, page_is_dead=is_dead))
    return _show(request, situation_of(order), paths)


@require_http_methods(["GET", "HEAD", "POST"])
@by_link
@only_post
def method(request: HttpRequest, order: Order, paths: OrderPaths) -> HttpResponse:
    """Lead to a page on which another way to pay can be chosen."""
    actor = customer_actor(order)
    return _to_gateway(request, order, paths, lambda: change_method(order_id=order.pk, actor=actor))


@require_http_methods(["GET", "HEAD", "POST"])
@by_link
@only_post
def check(request: HttpRequest, order: Order, paths: OrderPaths) -> HttpResponse:
    """Ask the gateway now, and show what it said."""
    answered = ask_gateway(order)
    order.refresh_from_db()
    situation = situation_of(order)
    if situation.state in {PageState.WAITING, PageState.TIME_UP}:
        messages.info(request, situation.message if answered else "Status belum dapat dicek. Coba lagi sebentar.")
    return SeeOther(paths.place_of(situation.state))


@require_safe
@by_link
def status(request: HttpRequest, order: Order, paths: OrderPaths) -> HttpResponse:
    """Answer what the waiting page asks every few seconds; 304 while nothing changed."""
    situation = situation_of(order)
    answer = {
        "status": order.status,
        "paymentStatus": situation.payment.status if situation.payment else None,
        "state": situation.mark,
        "message": situation.message,
        "next": paths.place_of(situation.state),
    }
    etag = f'"{hashlib.sha256(repr(sorted(answer.items())).encode()).hexdigest()[:32]}"'
    response: HttpResponse = JsonResponse(answer | {"serverTime": timezone.now().isoformat(timespec="seconds")})
    response["ETag"] = etag
    response["Cache-Control"] = "private, no-cache"
    return get_conditional_response(request, etag=etag, response=response) or response


def _to_gateway(
    request: HttpRequest,
    order: Order,
    paths: OrderPaths,
    start: Callable[[], StartedPayment],
) -> HttpResponse:
    """Start a payment and send the browser to its page; whatever refuses is said on ours, with the order safe."""
    try:
        started = start()
    except ShopClosedError:
        raise
    except (OrderAlreadyPaidError, NotPayableError, PaymentHeldError) as error:
        messages.info(request, str(error))
        return SeeOther(paths.order)
    except ShopError as error:
        order.refresh_from_db()
        return _show(request, situation_of(order), paths, _problems(error), error)
    if not started.redirect_url:  # adopted without a page of its own: its numbers are on ours
        return SeeOther(paths.pay)
    return SeeOther(started.redirect_url)


def _problems(error: ShopError) -> list[Problem]:
    if isinstance(error, InsufficientStockError):
        texts = [f"{line.name}: tersedia {line.available}, kamu pesan {line.wanted}." for line in error.lines]
        return [Problem(text, "#h-isi") for text in (str(error), *texts)]
    return [Problem(str(error))]


def _show(
    request: HttpRequest,
    situation: Situation,
    paths: OrderPaths,
    problems: Sequence[Problem] = (),
    error: ShopError | None = None,
) -> HttpResponse:
    """Render the payment page, or lead to the order's page when there is nothing to pay (any more)."""
    if situation.state is not PageState.WAITING:
        for problem in problems:
            messages.warning(request, problem.text)
        return SeeOther(paths.order)
    context = {
        "page": pay_page(situation, paths),
        "problems": problems,
        "short": isinstance(error, InsufficientStockError),
        "again": error is not None,
        "mine": may_take_back(request, situation.order),
    }
    response = render(request, "payments/pay.html", context, status=error.status if error else 200)
    if error and (wait := error.extra().get("retryAfter")):
        response["Retry-After"] = str(wait)
    return response
