"""Requests to servers of others, whose redirects are answers like any other."""

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
