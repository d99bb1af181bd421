"""What a customer may say about a paid order: that he wants it cancelled after all, or that it arrived."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from config.errors import ShopError
from orders.answers import SeeOther
from orders.errors import TransitionNotAllowedError
from orders.models import Order
from orders.services import complete_order, request_cancellation, withdraw_request
from orders.services.cancel_requests import MAY_ASK, open_request
from orders.visitor import may_take_back
from payments.pages import OrderPaths
from payments.views.opening import by_link, customer_actor, only_post
from shop import limits
from shop.forms import ShopForm
from shop.views.errors import too_many_requests

NOT_BY_LINK = "Ini hanya dapat dilakukan di perangkat tempat memesan, dari akunmu, atau lewat WhatsApp."


class CancelRequestForm(ShopForm):
    """Why."""

    reason = forms.CharField(
        label="Alasanmu",
        max_length=200,
        help_text="Misalnya salah ukuran, atau alamatnya keliru.",
        widget=forms.Textarea(attrs={"rows": "3", "autocomplete": "off"}),
        error_messages={"required": "Tulis alasannya, supaya kami bisa membantu."},
    )


@require_http_methods(["GET", "HEAD", "POST"])
@by_link
def ask_cancel(request: HttpRequest, order: Order, paths: OrderPaths) -> HttpResponse:
    """Ask for a paid order to be cancelled; staff answer."""
    if order.status not in MAY_ASK or open_request(order) is not None or not _allowed(request, order):
        return SeeOther(paths.order)
    form = CancelRequestForm(request.POST) if request.method == "POST" else CancelRequestForm()
    if form.is_valid():
        if wait := limits.seconds_to_wait(request, limits.CANCEL_REQUEST, order.number):
            return too_many_requests(request, wait)
        try:
            request_cancellation(
                order_id=order.pk,
                reason=form.cleaned_data["reason"],
                actor=customer_actor(order),
            )
        except ShopError as error:
            messages.info(request, str(error))
        else:
            messages.success(request, "Permintaanmu sudah kami terima. Jawabannya kami kirim lewat e-mail.")
        return SeeOther(paths.order)
    context = {"order": order, "paths": paths, "form": form}
    return render(request, "payments/ask_cancel.html", context, status=400 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@by_link
@only_post
def withdraw(request: HttpRequest, order: Order, paths: OrderPaths) -> HttpResponse:
    """Take the request back."""
    if _allowed(request, order) and withdraw_request(order_id=order.pk, actor=customer_actor(order)):
        messages.success(request, "Permintaan batal ditarik. Pesananmu berjalan terus.")
    return SeeOther(paths.order)


@require_http_methods(["GET", "HEAD", "POST"])
@by_link
@only_post
def received(request: HttpRequest, order: Order, paths: OrderPaths) -> HttpResponse:
    """The parcel arrived: SHIPPED -> COMPLETED, on the customer's word."""
    if _allowed(request, order):
        try:
            complete_order(order_id=order.pk, actor=customer_actor(order))
        except TransitionNotAllowedError:  # two clicks, or staff were quicker: the page says where it stands
            messages.info(request, "Pesanan ini tidak menunggu konfirmasi.")
        else:
            messages.success(request, "Terima kasih! Pesananmu kami tandai sudah diterima.")
    return SeeOther(paths.order)


def _allowed(request: HttpRequest, order: Order) -> bool:
    if may_take_back(request, order):
        return True
    messages.info(request, NOT_BY_LINK)
    return False
