"""Who is at the keyboard."""

from __future__ import annotations

from django.http import HttpRequest

from shop.models import User


def staff_user(request: HttpRequest) -> User:
    """Return who is logged in; an admin page has no other kind of user."""
    assert isinstance(request.user, User)
    return request.user


def sees_money(request: HttpRequest) -> bool:
    """Return whether this person sees prices and payments; the warehouse does not."""
    return request.user.has_perm("payments.view_payment")
