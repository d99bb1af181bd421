"""A member's data: all of it to take along, and the way to be forgotten."""

from __future__ import annotations

import logging
from typing import cast

from django.contrib import auth, messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from orders.answers import private_page
from payments.personal_data import erase_person, export_person, reasons_to_stay
from payments.personal_data.erase import CannotEraseError
from shop import limits
from shop.carts import member
from shop.forms.credentials import KnownPasswordForm
from shop.views.answers import see_other
from shop.views.credentials import knows_password
from shop.views.errors import too_many_requests

logger = logging.getLogger(__name__)


@require_safe
@login_required
@private_page
def my_data(request: HttpRequest) -> HttpResponse:
    """Say what we keep and why, and offer both."""
    return render(request, "payments/my_data.html", {"place": "account"})


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@private_page
def export(request: HttpRequest) -> HttpResponse:
    """Send everything about the member as a file; logged, and not too often."""
    user = member(request)
    assert user is not None
    if request.method != "POST":
        return see_other("payments:my_data")
    if wait := limits.seconds_to_wait(request, limits.EXPORT, str(user.pk)):
        return too_many_requests(request, wait)
    logger.info("personal_data.exported", extra={"user": user.pk})
    answer = StreamingHttpResponse(export_person(user), content_type="application/json; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="infiya-data-{timezone.localdate():%Y%m%d}.json"'
    return cast("HttpResponse", answer)  # every decorator here only sets headers


@sensitive_post_parameters("current")
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@private_page
def delete(request: HttpRequest) -> HttpResponse:
    """Say what will happen, ask for the password, and forget."""
    user = member(request)
    assert user is not None
    form = KnownPasswordForm(request.POST) if request.method == "POST" else KnownPasswordForm()
    reasons = reasons_to_stay(user)
    if not reasons and form.is_valid() and knows_password(request, user, form):
        try:
            erase_person(user=user)
        except CannotEraseError as error:
            reasons = error.reasons
        else:
            auth.logout(request)
            messages.success(request, "Akunmu sudah dihapus. Terima kasih sudah pernah belanja di sini.")
            return see_other("shop:home")
    status = 409 if reasons and request.method == "POST" else 400 if form.errors else 200
    context = {"place": "account", "form": form, "reasons": reasons}
    return render(request, "payments/delete_account.html", context, status=status)
