"""Which addresses an event may be sent to: https, and nothing inside our own network."""

from __future__ import annotations

import ipaddress
import socket
from urllib.parse import urlsplit

from django.conf import settings

from config.errors import InvalidInputError

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class ForbiddenAddressError(Exception):
    """The name leads into a private network now, whatever it did when it was written down."""


def check_url(url: str) -> None:
    """Refuse what can never be sent to. Raises InvalidInputError (``url``)."""
    try:
        parts = urlsplit(url)
        (parts.hostname or "").encode("idna")  # what the name is looked up as
        _ = parts.port
    except ValueError as error:
        raise InvalidInputError("url", "Alamat ini tidak dapat dipakai. Periksa nama host dan portnya.") from error
    if parts.scheme != "https" and not settings.WEBHOOKS_TO_PRIVATE_NETWORKS:
        raise InvalidInputError("url", "Alamatnya harus dimulai dengan https://")
    if not parts.hostname or parts.username or parts.password:
        raise InvalidInputError("url", "Alamatnya harus berisi nama host, tanpa nama pengguna atau kata sandi.")
    if parts.fragment:
        raise InvalidInputError("url", "Hapus bagian setelah tanda #.")


def check_network(url: str) -> None:
    """Look the host up and refuse addresses in a network of ours. Raises ForbiddenAddressError, OSError, ValueError.

    Between this and the connection the name may change its mind, so ``connection`` looks again at what it got.
    """
    if settings.WEBHOOKS_TO_PRIVATE_NETWORKS:
        return
    parts = urlsplit(url)
    found = socket.getaddrinfo(parts.hostname, parts.port or 443, type=socket.SOCK_STREAM)
    for *_, address in found:
        require_public(str(address[0]), str(parts.hostname))


def require_public(address: str, host: str) -> None:
    """Raise ForbiddenAddressError for an address of ``host`` that is not public, unless the settings allow all."""
    if not settings.WEBHOOKS_TO_PRIVATE_NETWORKS and not is_public(address):
        raise ForbiddenAddressError(f"{host} leads into a private network")


def is_public(text: str) -> bool:
    """Say whether an address lies outside every network of ours, also one that wraps an IPv4 address in an IPv6 one."""
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address) and (inside := _wrapped(address)) is not None:
        return is_public(str(inside))
    return address.is_global and not address.is_multicast


def _wrapped(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """Return the IPv4 address that a mapped, a 6to4 or a NAT64 one leads to."""
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour
