"""The pages of the second step of a staff login: enrol a phone, confirm with a code, look after the recovery codes."""

from __future__ import annotations

from base64 import b32encode
from typing import Any
from urllib.parse import quote, urlencode

import segno
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.decorators import user_passes_test
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse, reverse_lazy
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from config.errors import InvalidInputError
from shop import second_factor
from shop.forms.staff import CodeForm
from shop.models import User
from shop.services import second_factor as service

KEY_IN_SESSION = "second_factor_key"


def _staff_only(user: Any) -> bool:
    return bool(user.is_active and user.is_staff)


staff_only = user_passes_test(_staff_only, login_url=reverse_lazy("admin:login"))


@sensitive_post_parameters("code")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@staff_only
def confirm(request: HttpRequest) -> HttpResponse:
    """Ask for a code of the phone, or a recovery code, and lead on to where the login was going."""
    user = _user(request)
    device = service.device_of(user.pk)
    if device is None or second_factor.is_confirmed(request, device):
        return HttpResponseRedirect(_goal(request))
    form = CodeForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            confirmed = service.verify(user=user, code=form.cleaned_data["code"])
        except InvalidInputError as error:
            form.add_error("code", str(error))
        else:
            second_factor.remember(request, confirmed)
            if not (left := service.codes_left(user)):
                text = "Kode pemulihanmu habis. Buat yang baru di halaman Langkah kedua."
                messages.warning(request, text)
            elif left < service.CODES // 3:
                messages.info(request, f"Kode pemulihanmu tinggal {left}.")
            return HttpResponseRedirect(_goal(request))
    return _render(request, "confirm", "Masukkan kode dari ponselmu", form)


@sensitive_post_parameters("code")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@staff_only
def enrol(request: HttpRequest) -> HttpResponse:
    """Show the secret as a QR picture, and write the phone down once it has answered with a code."""
    user = _user(request)
    if service.device_of(user.pk) is not None:
        return HttpResponseRedirect(reverse("second-factor:manage"))
    # The secret waits in the session: whoever does not finish leaves no half-enrolled phone behind.
    key = request.session.setdefault(KEY_IN_SESSION, service.new_key())
    form = CodeForm(request.POST if request.method == "POST" else None, only_phone=True)
    if form.is_valid():
        try:
            device, codes = service.enrol(user=user, key=key, code=form.cleaned_data["code"])
        except InvalidInputError as error:
            form.add_error("code", str(error))
        else:
            del request.session[KEY_IN_SESSION]
            second_factor.remember(request, device)
            return _codes(request, codes)
    secret = b32encode(bytes.fromhex(key)).decode()
    shown = {"picture": _picture(user, secret), "secret": " ".join(secret[i : i + 4] for i in range(0, 32, 4))}
    return _render(request, "enrol", "Pasang langkah kedua", form, **shown)


@sensitive_post_parameters("code")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@staff_only
def manage(request: HttpRequest) -> HttpResponse:
    """Say how one's own second step stands; new recovery codes against a code of the phone."""
    user = _user(request)
    device = service.device_of(user.pk)
    if device is None:
        return HttpResponseRedirect(reverse("second-factor:enrol"))
    form = CodeForm(request.POST if request.method == "POST" else None, only_phone=True)
    if form.is_valid():
        try:
            service.verify(user=user, code=form.cleaned_data["code"])
        except InvalidInputError as error:
            form.add_error("code", str(error))
        else:
            return _codes(request, service.renew_codes(user=user))
    return _render(request, "manage", "Langkah kedua", form, device=device, left=service.codes_left(user))


def _user(request: HttpRequest) -> User:
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def _picture(user: User, secret: str) -> SafeString:
    """Return the secret as a QR picture for an authenticator app."""
    issuer = settings.OTP_TOTP_ISSUER
    query = urlencode({"secret": secret, "issuer": issuer, "algorithm": "SHA1", "digits": 6, "period": 30})
    code = segno.make(f"otpauth://totp/{quote(f'{issuer}:{user.email}')}?{query}", error="m")
    svg = code.svg_inline(scale=5, border=3, light="#fff", dark="#14213d", title="Kode QR untuk aplikasi autentikator")
    return mark_safe(svg)  # noqa: S308 - made here of dark and light squares


def _codes(request: HttpRequest, codes: list[str]) -> HttpResponse:
    """Show recovery codes, the only time that they can be shown."""
    return _render(request, "codes", "Simpan kode pemulihanmu", None, codes=codes)


def _goal(request: HttpRequest) -> str:
    """Return where to go afterwards: a page of this site, or the first one."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    allowed = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if allowed else reverse("admin:index")


def _render(request: HttpRequest, page: str, title: str, form: CodeForm | None, **more: Any) -> TemplateResponse:
    failed = form is not None and bool(form.errors)
    context = {
        **admin.site.each_context(request),
        "title": f"Kesalahan: {title}" if failed else title,
        "heading": title,
        "form": form,
        "next": _goal(request),
        **more,
    }
    request.current_app = admin.site.name
    return TemplateResponse(request, f"admin/second_factor/{page}.html", context, status=400 if failed else 200)
