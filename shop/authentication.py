"""Who calls the API: a bearer token, or the site's own session with its CSRF token."""

from __future__ import annotations

import re

from django.utils import timezone
from rest_framework import authentication, exceptions
from rest_framework.request import Request

import config.api.openapi  # noqa: F401 - describes these two classes for the schema
from config.rows import rows_of
from shop.models import User
from shop.services.account import token_digest

CHALLENGE = 'Bearer realm="api"'
_HOLDER = (
    "id = (SELECT user_id FROM shop_apitoken WHERE digest = %s AND expires_at > %s) AND is_active AND NOT is_guest"
)
_TOKEN = re.compile(r"[A-Za-z0-9_\-]{1,200}")


class CsrfError(exceptions.PermissionDenied):
    """A session wrote without its CSRF token."""

    default_code = "csrf_failed"
    shown = "Token CSRF tidak ada atau salah."


class TokenAuthentication(authentication.BaseAuthentication):
    """``Authorization: Bearer <token>``. Unknown, expired, of an inactive account or of a guest: the same answer."""

    def authenticate(self, request: Request) -> tuple[User, str] | None:
        """Return who holds the token, and its digest; None when none was sent. Raises AuthenticationFailed."""
        scheme, _, token = request.headers.get("Authorization", "").strip().partition(" ")
        if scheme.lower() != "bearer":
            return None
        token = token.strip()
        if not _TOKEN.fullmatch(token):
            raise exceptions.AuthenticationFailed
        digest = token_digest(token)
        found = rows_of(User, _HOLDER, [digest, timezone.now()])
        if not found:
            raise exceptions.AuthenticationFailed
        return found[0], digest

    def authenticate_header(self, request: Request) -> str:
        return CHALLENGE


class SessionAuthentication(authentication.SessionAuthentication):
    """The session of somebody who is signed in on the site. Writes need the CSRF token."""

    def authenticate(self, request: Request) -> tuple[User, None] | None:
        """Return who is signed in, or None. Raises CsrfError."""
        user = getattr(request._request, "user", None)
        if not isinstance(user, User) or not user.is_active or user.is_guest:
            return None
        self.enforce_csrf(request)
        return user, None

    def enforce_csrf(self, request: Request) -> None:
        """Check the CSRF token as Django's own middleware does."""
        try:
            super().enforce_csrf(request)
        except exceptions.PermissionDenied as error:
            raise CsrfError from error

    def authenticate_header(self, request: Request) -> str:
        return CHALLENGE
