"""The mails as their readers see them: real ones in development, where none is really sent; examples anywhere."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.conf import settings
from django.contrib.admin.views.decorators import staff_member_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from config.mail_examples import EXAMPLES, example_mail
from config.models import OutgoingMail

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]

# The page has its own style sheet inline and frames the mail; the mail may show itself and open links,
# nothing more.
PAGE_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'"
)
MAIL_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline';"
    " img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)


def debug_only(view: View[P]) -> View[P]:
    """Answer 404 unless DEBUG is on: these pages show links that open customers' orders."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not settings.DEBUG:
            raise Http404
        return view(request, *args, **kwargs)

    return guarded


@debug_only
@staff_member_required
@require_safe
@never_cache
def mail_preview(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """List the newest mails and show one of them: the chosen one, else the newest."""
    newest = OutgoingMail.objects.defer("text", "html")[:100]
    chosen = get_object_or_404(OutgoingMail, pk=pk) if pk else OutgoingMail.objects.first()
    response = render(request, "config/mail_preview.html", {"mails": newest, "chosen": chosen})
    response["Content-Security-Policy"] = PAGE_POLICY
    return response


@debug_only
@staff_member_required
@require_safe
@never_cache
@xframe_options_sameorigin
def mail_html(request: HttpRequest, pk: int) -> HttpResponse:
    """Return the HTML part exactly as it is sent, in a sandbox also when it is opened by itself."""
    mail = get_object_or_404(OutgoingMail, pk=pk)
    response = HttpResponse(mail.html or "<p>Mail ini hanya teks, atau teksnya sudah dihapus.</p>")
    response["Content-Security-Policy"] = MAIL_POLICY
    return response


@staff_member_required
@require_safe
@never_cache
def mail_examples(request: HttpRequest, key: str = "order_received") -> HttpResponse:
    """List the shop's mails and show one of them, with made-up data."""
    if key not in EXAMPLES:
        raise Http404
    names = [(name, words) for name, (words, _) in EXAMPLES.items()]
    context = {"names": names, "key": key, "mail": example_mail(key)}
    response = render(request, "config/mail_examples.html", context)
    response["Content-Security-Policy"] = PAGE_POLICY
    return response


@staff_member_required
@require_safe
@never_cache
@xframe_options_sameorigin
def mail_example_html(request: HttpRequest, key: str) -> HttpResponse:
    """Return the HTML part of an example, in the same sandbox as a real mail."""
    if key not in EXAMPLES:
        raise Http404
    response = HttpResponse(example_mail(key).html)
    response["Content-Security-Policy"] = MAIL_POLICY
    return response
