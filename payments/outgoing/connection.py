"""Connections to integrators: what was connected to is looked at again before a byte is sent.

A name may lead somewhere else a moment after it was checked (DNS rebinding); the address at the other end of a
connection does not.
"""

from __future__ import annotations

import socket
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from config.plain_session import PlainSession
from payments.outgoing.address import ForbiddenAddressError, require_public


def _checked(found: socket.socket, host: str) -> socket.socket:
    """Return a fresh connection, or close it. Raises ForbiddenAddressError."""
    try:
        require_public(str(found.getpeername()[0]), host)
    except ForbiddenAddressError:
        found.close()
        raise
    return found


class _Connection(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _checked(super()._new_conn(), self.host)


class _TlsConnection(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        return _checked(super()._new_conn(), self.host)


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


class _PublicOnly(HTTPAdapter):
    """Connects to public addresses only. A proxy of the environment looks names up itself, and is trusted to."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}


def public_session() -> PlainSession:
    """Return a session for one request; it follows no redirect."""
    session = PlainSession()
    for scheme in ("https://", "http://"):
        session.mount(scheme, _PublicOnly())
    return session
