"""Mails about an account: rendered once, stored in the transaction of their cause."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from config.outbox import queue_mail
from config.rendering import render_mail
from shop.models import User


def queue_account_mail(name: str, user: User, *, to: str, key: str, path: str = "", **context: Any) -> None:
    """Queue the mail ``name`` to ``to`` about an account; ``path`` is where its button leads. ``key`` names it once."""
    queue_personal_mail(name, to=to, key=key, reference=account_reference(user), path=path, name=user.name, **context)


def queue_personal_mail(kind: str, *, to: str, key: str, reference: str, path: str, **context: Any) -> None:
    """Queue the mail ``kind`` to somebody who may have no account yet; ``reference`` is how the outbox finds it."""
    mail = render_mail(kind, {"url": f"{settings.SITE_URL}{path}"} | context)
    queue_mail(kind=kind, to=to, key=f"{kind}/{key}", reference=reference, **mail._asdict())


def account_reference(user: User) -> str:
    """Return how the outbox names an account."""
    return f"akun-{user.pk}"
