"""The root of every error that is the shop saying no."""

from __future__ import annotations

from typing import Any, ClassVar


class ShopError(Exception):
    """A rule of the shop said no. The message is in Bahasa Indonesia and may be shown to a person.

    ``code`` is stable and machine-readable, ``status`` the HTTP status an API answers with, and ``context`` data for
    the answer and the log. A bug is never a ShopError.
    """

    code: ClassVar[str] = "shop_error"
    status: ClassVar[int] = 409
    message: ClassVar[str] = "Permintaan ini tidak dapat diproses."

    def __init__(self, message: str | None = None, **context: Any) -> None:
        self.text = message or self.message
        self.context = context
        super().__init__(self.text)

    def __str__(self) -> str:
        return self.text

    def extra(self) -> dict[str, Any]:
        """Return the camelCase members that this error adds to a problem+json answer."""
        return {}


class NotFoundError(ShopError):
    """The thing does not exist, or is not the caller's own; both look the same from outside."""

    code = "not_found"
    status = 404
    message = "Data tidak ditemukan."


class ShopClosedError(ShopError):
    """The shop does not take orders or payments just now (SiteState)."""

    code = "shop_closed"
    status = 503
    message = "Toko sedang tutup sementara. Silakan coba lagi nanti."

    def extra(self) -> dict[str, Any]:
        return {"retryAfter": 300}


class InvalidInputError(ShopError):
    """One field of the input is wrong; ``field`` names it as the client wrote it."""

    code = "invalid_input"
    status = 400

    def __init__(self, field: str, message: str, **context: Any) -> None:
        self.field = field
        super().__init__(message, **context)

    def extra(self) -> dict[str, Any]:
        return {"errors": [{"field": self.field, "detail": self.text}]}
