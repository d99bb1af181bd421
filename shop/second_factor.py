"""Who must confirm a staff login with a second step, and the gate that lets nobody past without it.

``STAFF_SECOND_FACTOR``: *off*; *optional*: whoever has enrolled a phone is asked for it; *required*: a first login
leads to enrolment. What was confirmed is noted in the session with its device and its time, so a phone that was reset
or twelve hours end it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import StrEnum
from urllib.parse import urlencode

from django.conf import settings
from django.core import checks
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django_otp.plugins.otp_totp.models import TOTPDevice

from shop.models import User
from shop.services.second_factor import device_of

SESSION_KEY = "second_factor"
VALID_FOR_S = 12 * 60 * 60
STAFF_PATHS = ("/admin/", "/staf/")
_OPEN_VIEWS = frozenset(
    {"admin:login", "admin:logout", "admin:jsi18n", "second-factor:confirm", "second-factor:enrol"},
)


class Policy(StrEnum):
    """How much is asked of staff."""

    OFF = "off"
    OPTIONAL = "optional"
    REQUIRED = "required"


def policy() -> Policy:
    """Return what the settings ask for; a word that nobody knows counts as the strictest."""
    try:
        return Policy(settings.STAFF_SECOND_FACTOR.strip().lower())
    except ValueError:
        return Policy.REQUIRED


def check_policy(**_: object) -> list[checks.CheckMessage]:
    """Name a word in STAFF_SECOND_FACTOR that means nothing."""
    if settings.STAFF_SECOND_FACTOR.strip().lower() in set(Policy):
        return []
    hint = f"Use one of {', '.join(Policy)}; until then it counts as required."
    return [checks.Error("STAFF_SECOND_FACTOR is not a word that the shop knows.", hint=hint, id="shop.E001")]


def check_policy_live(**_: object) -> list[checks.CheckMessage]:
    """Warn, where customers are, that a password alone opens the staff pages."""
    if policy() is Policy.REQUIRED:
        return []
    hint = "Set STAFF_SECOND_FACTOR=required; a first login leads to enrolment."
    return [checks.Warning("Staff log in with a password alone.", hint=hint, id="shop.W001")]


def remember(request: HttpRequest, device: TOTPDevice) -> None:
    """Note that the second step was taken, under a new session key."""
    request.session.cycle_key()
    request.session[SESSION_KEY] = {"device": device.pk, "at": int(time.time())}


def is_confirmed(request: HttpRequest, device: TOTPDevice | None) -> bool:
    """Return whether this session took the second step with ``device``, not too long ago."""
    noted = request.session.get(SESSION_KEY)
    if device is None or not isinstance(noted, dict) or noted.get("device") != device.pk:
        return False
    return bool(0 <= time.time() - noted.get("at", 0) <= VALID_FOR_S)


def wanted_step(request: HttpRequest) -> str:
    """Return the name of the page that must come first, or nothing when the way is free."""
    rule = policy()
    user = request.user
    if rule is Policy.OFF or not isinstance(user, User) or not user.is_staff:
        return ""
    device = device_of(user.pk)
    if device is None:
        return "second-factor:enrol" if rule is Policy.REQUIRED else ""
    return "" if is_confirmed(request, device) else "second-factor:confirm"


class SecondFactorMiddleware:
    """Stands before every staff page, whoever wrote it: by address, so that a new page cannot forget it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_: object) -> HttpResponse | None:
        """Lead whoever has a step to take to its page, and bring him back afterwards."""
        if not request.path_info.startswith(STAFF_PATHS):
            return None
        match = request.resolver_match
        if match is not None and match.view_name in _OPEN_VIEWS:
            return None
        step = wanted_step(request)
        if not step:
            return None
        back = request.get_full_path() if request.method in {"GET", "HEAD"} else reverse("admin:index")
        return HttpResponseRedirect(f"{reverse(step)}?{urlencode({'next': back})}")
