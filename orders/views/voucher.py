"""Taking a voucher along, or leaving it: kept with the checkout, judged again whenever a sum is shown or ordered."""

from __future__ import annotations

from dataclasses import replace

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from orders import destination
from orders.answers import SeeOther, private_page
from orders.checkout import Draft, assemble, load_draft, save_draft
from orders.preview import VoucherPreview
from orders.services.vouchers import normal_code
from orders.voucher_box import count_unknown, keep_refusal, seconds_to_wait, too_many
from shop.carts import current_cart, member
from shop.models import CartStatus
from shop.views.answers import wanted_next

MISSING = "Isi kode voucher."
# A code that only waits for more goods is worth keeping: the page says how much is missing.
_KEPT_ALL_THE_SAME = frozenset({"", "minimum"})


@require_http_methods(["GET", "HEAD", "POST"])
@private_page
def voucher(request: HttpRequest) -> HttpResponse:
    """Use ``kode`` for what is in the cart, or none any more (``lepas``); leads back to ``next``."""
    back = SeeOther(wanted_next(request, "shop:cart"))
    if request.method != "POST":
        return back
    draft = load_draft(request.session)
    if "lepas" in request.POST:
        save_draft(request.session, replace(draft, voucher=""))
        messages.info(request, "Voucher dilepas.")
        return back
    typed = request.POST.get("kode", "").replace("\x00", "")[:80]
    code = normal_code(typed)
    if code and (wait := seconds_to_wait(request)):
        keep_refusal(request.session, typed, too_many(wait))
        return back
    found = _judged(request, replace(draft, voucher=code)) if code else VoucherPreview("", problem=MISSING)
    if found is None:
        return back  # nothing in the cart: nothing to use it for
    if found.reason == "unknown":
        count_unknown(request)
    if (found.problem and found.reason not in _KEPT_ALL_THE_SAME) or not code:
        keep_refusal(request.session, typed, found.problem)
    else:
        save_draft(request.session, replace(draft, voucher=code))
    return back


def _judged(request: HttpRequest, draft: Draft) -> VoucherPreview | None:
    """Return what the code is worth for the visitor's open cart, or None without one."""
    cart = current_cart(request)
    if cart is None or cart.status != CartStatus.OPEN:
        return None
    checkout = assemble(cart, draft, member(request), destination.remembered(request.session))
    return checkout.preview.voucher if checkout.contents.lines else None
