"""Requests to servers of others: a redirect is an answer like any other, and none is longer than it may be."""

from __future__ import annotations

import requests


class PlainSession(requests.Session):
    """Never looks where a redirect leads.

    ``allow_redirects=False`` alone does not follow one, but reads its whole body first, ``stream=True`` or not, to
    prepare what following it would take: an answer without an end would then fill the memory.
    """

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Return that there is none."""
        return None


class AnswerTooLargeError(requests.RequestException):
    """An answer went on beyond what anybody would have to say."""


def read_body(response: requests.Response, *, most: int) -> bytes:
    """Read the body of a streamed answer and close it. Raises AnswerTooLargeError beyond ``most`` bytes."""
    body = bytearray()
    with response:
        for chunk in response.iter_content(16 * 1024):
            body += chunk
            if len(body) > most:
                raise AnswerTooLargeError(f"more than {most} bytes")
    return bytes(body)
