"""The two ways in which sending fails."""

from __future__ import annotations


class MailError(Exception):
    """A mail did not go out. The message is for operators and holds no secret."""


class MailRejectedError(MailError):
    """The mail or the account is refused; the same request would be refused again."""


class MailUnavailableError(MailError):
    """Nobody knows whether it was taken, or it was not taken this time. Try again with the same key and body.

    ``rate_limited`` says that the account sends too fast, ``retry_after`` how many seconds to wait (None: not told).
    """

    def __init__(self, message: str, *, retry_after: float | None = None, rate_limited: bool = False) -> None:
        self.retry_after = retry_after
        self.rate_limited = rate_limited
        super().__init__(message)
