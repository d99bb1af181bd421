"""Error reports to Sentry, only where ``SENTRY_DSN`` is set. Without it nothing of the library is even imported."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from config.logging import redact, request_id

if TYPE_CHECKING:
    from sentry_sdk.types import Event


def start_sentry(dsn: str, *, environment: str, release: str = "") -> bool:
    """Begin to report unhandled errors; returns whether it does. No personal data, no request bodies, no tracing."""
    if not dsn:
        return False
    import sentry_sdk

    sentry_sdk.init(
        dsn=dsn,
        environment=environment,
        release=release or None,
        send_default_pii=False,
        max_request_body_size="never",
        include_local_variables=False,  # they hold addresses, tokens and keys
        before_send=scrub,
    )
    return True


def scrub(event: Event, hint: dict[str, Any]) -> Event:
    """Cut secrets out of an event, whatever part they are in, and name the request by its id."""
    cleaned: Event = json.loads(redact(json.dumps(event, default=str)))
    for part in ("cookies", "data", "query_string", "env"):
        cleaned.get("request", {}).pop(part, None)
    cleaned.get("request", {}).pop("headers", None)
    cleaned.pop("user", None)
    if rid := request_id.get():
        cleaned.setdefault("tags", {})["request_id"] = rid
    return cleaned
