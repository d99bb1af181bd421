"""What the OpenAPI schema says before its first operation. Imports nothing: the settings read it."""

from __future__ import annotations

from collections.abc import Mapping

_WHAT = {
    "catalogue": "every `GET`, together",
    "token": "`POST /api/auth/token`",
    "orders": "`POST` to addresses and orders, together",
    "payments": "`POST /api/payment/create`",
}
_TEXT = """\
Products, addresses, orders and payments of infiya.store. Errors are RFC 9457 problems. What changed, what clients may
rely on and how something ends: docs/api-changelog.md.

## Limits
Counted per account, or per address for whoever is not signed in, over any period of that length.

| requests | at most |
|---|---|
{rates}

Whatever was counted answers with `RateLimit-Limit`, `RateLimit-Remaining` and `RateLimit-Reset` (seconds). Beyond the
limit comes a 429 whose `Retry-After` says, in seconds, when one more request is taken; what was refused is not counted.
Wrong passwords, unknown voucher codes, unpaid orders and payment pages have limits of their own: a 429 as well.

## Webhooks
What happens to orders need not be asked for: the shop sends `order.paid`, `order.shipped`, `order.cancelled` and
`order.refunded` to addresses that its owner enters, signed as Standard Webhooks says and tried again for two days.
Fields, signature and what a receiver has to do: docs/webhooks.md."""


def describe(rates: Mapping[str, str]) -> str:
    """Return the text with the limits of ``rates`` (DEFAULT_THROTTLE_RATES). Raises KeyError for one without words."""
    return _TEXT.format(rates="\n".join(f"| {_WHAT[scope]} | {rate} |" for scope, rate in rates.items()))
