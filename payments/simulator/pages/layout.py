"""The frame around every page, and the security headers that go with it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape

from payments.simulator.web import JSON, Reply

NAME = "Simulator pembayaran"
NOTICE = "SIMULATOR - bukan pembayaran sungguhan"
HTML = "text/html; charset=utf-8"
# The popup of snap.js frames the pay page; shops under test live on this machine.
FRAMERS = "'self' http://127.0.0.1:* http://localhost:*"


def page(
    status: int, title: str, content: str, *, form_targets: Sequence[str] = (), event: str = "",
    result: JSON | None = None, embedded: bool = False,
) -> Reply:  # fmt: skip
    """A whole HTML answer around ``content``, which is already escaped.

    ``event`` and ``result`` are what the script of an embedding shop is told.
    """
    data = f' data-event="{escape(event)}"' if event else ""
    if result is not None:
        data += f' data-result="{escape(json.dumps(result))}"'
    script = '<script src="/snap/assets/page.js" defer></script>' if embedded else ""
    body = f"""<!doctype html>
<html lang="id">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>{escape(title)} - {NAME}</title>
<link rel="icon" href="/snap/assets/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/snap/assets/pay.css">
{script}
</head>
<body{data}>
<p class="notice" role="note">{NOTICE}</p>
<main>
{content}
</main>
<footer><p>Halaman ini bagian dari alat uji di komputer ini. Tidak ada uang yang berpindah.</p></footer>
</body>
</html>
"""
    return Reply(status, body.encode(), HTML, security_headers(form_targets))


def security_headers(form_targets: Sequence[str]) -> dict[str, str]:
    # Browsers hold form-action also against the redirect that follows a posted form.
    targets = " ".join(["'self'", *form_targets])
    policy = (
        "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; base-uri 'none'; "
        f"form-action {targets}; frame-ancestors {FRAMERS}"
    )
    return {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
    }
