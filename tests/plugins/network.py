"""The suite talks to this machine only: a connection or a name lookup elsewhere fails the test that tries."""

from __future__ import annotations

import ipaddress
import socket
from typing import Any

import pytest


class OutsideNetworkError(AssertionError):
    """A test tried to leave this machine. An AssertionError, so that no ``except OSError`` hides it."""

    def __init__(self, target: object) -> None:
        super().__init__(f"The outside network is closed in tests; something wanted to reach {target!r}.")


def is_local(host: object) -> bool:
    """Return whether ``host`` is this machine."""
    if host in (None, "", b"", "localhost", b"localhost"):
        return True
    try:
        address = ipaddress.ip_address(host.decode() if isinstance(host, bytes) else str(host))
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


class GuardedSocket(socket.socket):
    """A socket that connects to this machine only."""

    def connect(self, address: Any) -> None:
        """Connect, or refuse."""
        self._check(address)
        super().connect(address)

    def connect_ex(self, address: Any) -> int:
        """Connect, or refuse."""
        self._check(address)
        return super().connect_ex(address)

    def sendto(self, *arguments: Any) -> int:
        """Send a datagram, or refuse."""
        self._check(arguments[-1])
        return super().sendto(*arguments)

    def _check(self, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and not is_local(address[0]):
            raise OutsideNetworkError(address)


_patch = pytest.MonkeyPatch()


def pytest_configure() -> None:
    """Close the network for the whole session, fixtures included."""
    look_up = socket.getaddrinfo

    def guarded_look_up(host: Any, *arguments: Any, **keywords: Any) -> Any:
        if not is_local(host):
            raise OutsideNetworkError(host)
        return look_up(host, *arguments, **keywords)

    _patch.setattr(socket, "getaddrinfo", guarded_look_up)
    _patch.setattr(socket, "socket", GuardedSocket)


def pytest_unconfigure() -> None:
    """Open it again, for whatever else lives in this process."""
    _patch.undo()
