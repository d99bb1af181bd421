"""Which addresses an event may be sent to: https, and nothing inside our own network."""

from __future__ import annotations

import ipaddress
import socket
from urllib.parse import urlsplit

from django.conf import settings

from config.errors import InvalidInputError


class ForbiddenAddressError(Exception):
    """The name leads into a private network now, whatever it did when it was written down."""


def check_url(url: str) -> None:
    """Refuse what can never be sent to. Raises InvalidInputError (``url``)."""
    parts = urlsplit(url)
    if parts.scheme != "https" and not settings.WEBHOOKS_TO_PRIVATE_NETWORKS:
        raise InvalidInputError("url", "Alamatnya harus dimulai dengan https://")
    if not parts.hostname or parts.username or parts.password:
        raise InvalidInputError("url", "Alamatnya harus berisi nama host, tanpa nama pengguna atau kata sandi.")
    if parts.fragment:
        raise InvalidInputError("url", "Hapus bagian setelah tanda #.")


def check_network(url: str) -> None:
    """Look the host up and refuse private, loopback and link-local addresses. Raises ForbiddenAddressError, OSError.

    Between this and the connection the name may change its mind: a firewall that knows what the web server may reach
    is the second line (docs/webhooks.md).
    """
    if settings.WEBHOOKS_TO_PRIVATE_NETWORKS:
        return
    parts = urlsplit(url)
    found = socket.getaddrinfo(parts.hostname, parts.port or 443, type=socket.SOCK_STREAM)
    for *_, address in found:
        if not ipaddress.ip_address(address[0]).is_global:
            raise ForbiddenAddressError(f"{parts.hostname} leads into a private network")
