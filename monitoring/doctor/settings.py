"""Settings and security: what is set, what is only a default, who may read the files."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.core.checks import Tags, run_checks

from config.env import BASE_DIR, PLACEHOLDER
from monitoring.doctor.base import Answer, Visit, error, ok, warning

_NAMED = ("SECRET_KEY", "SITE_URL", "MIDTRANS_SERVER_KEY", "MIDTRANS_CLIENT_KEY", "RESEND_FROM_EMAIL", "ALERT_EMAIL")


def look_at_settings(visit: Visit) -> Iterator[Answer]:
    """Look for placeholders, for a debug mode where customers are, and for a folder to write in."""
    live = visit.deploy or not settings.DEBUG
    if settings.DEBUG and live:
        yield error("debug", "DEBUG is on", "set DEBUG=off in .env and fill in what .env.example leaves open")
    else:
        yield ok("debug", "on (a developer's machine)" if settings.DEBUG else "off")
    placeholders = [name for name in _NAMED if PLACEHOLDER in str(getattr(settings, name))]
    if placeholders:
        yield error("values", f"still placeholders: {', '.join(placeholders)}", "fill them in in .env")
    else:
        yield ok("values", "no placeholder")
    if live and not settings.SITE_URL.startswith("https://"):
        yield error("site url", f"{settings.SITE_URL} is not https", "set SITE_URL=https://... in .env")
    else:
        yield ok("site url", settings.SITE_URL)
    if os.access(settings.DATA_DIR, os.W_OK | os.X_OK):
        yield ok("data folder", str(settings.DATA_DIR))
    else:
        step = "create it, owned by the user that runs the shop, or set DATA_DIR"
        yield error("data folder", f"{settings.DATA_DIR} cannot be written", step)
    if live:
        yield from _pictures()
    if settings.HEARTBEAT_URL:
        yield ok("outside heartbeat", "configured")
    else:
        step = "set HEARTBEAT_URL to a dead-man's switch outside this machine"
        yield warning("outside heartbeat", "nobody outside notices when this machine is gone", step)
    if settings.ALERT_SMTP_URL:
        yield ok("second way for alerts", "SMTP")
    else:
        step = "set ALERT_SMTP_URL to another provider's SMTP"
        yield warning("second way for alerts", "none: what Resend refuses is only logged", step)


def look_at_security(visit: Visit) -> Iterator[Answer]:
    """Look at files that hold secrets, and at Django's own deployment checks (with --deploy)."""
    private = [
        BASE_DIR / ".env",
        settings.PAYMENT_JOURNAL_DIR,
        settings.EMAIL_FILE_PATH,
        settings.DATA_DIR / "monitoring",
    ]
    for path in private:
        if not path.exists():
            continue
        name = f"mode of {path.name}"
        if too_open := _too_open(path):
            yield warning(name, "others on this machine may read it", f"chmod {too_open}-rwx {path}")
        else:
            yield ok(name, "private")
    if not settings.THROTTLING:
        yield warning("throttling", "off: passwords can be tried without limit", "set THROTTLING=on in .env")
    else:
        yield ok("throttling", "on")
    if visit.deploy:
        found = run_checks(tags=[Tags.security], include_deployment_checks=True)
        for message in found:
            yield warning(
                f"django {message.id}",
                str(message.msg).split(". ")[0],
                message.hint or "see `manage.py check --deploy`",
            )
        if not found:
            yield ok("django's deployment checks", "nothing found")


def _pictures() -> Iterator[Answer]:
    """Look whether the proxy, a user of its own, gets to the pictures: through every folder above them."""
    media: Path = settings.MEDIA_ROOT
    if not os.access(media, os.R_OK | os.X_OK):
        return  # none were uploaded yet
    above = [settings.DATA_DIR, media, *(path for path in media.iterdir() if path.is_dir())]
    if closed := [str(path) for path in above if not path.stat().st_mode & stat.S_IXOTH]:
        step = f"chmod o+x {settings.DATA_DIR} && chmod -R o+rX {media}, and copy the systemd units anew"
        yield warning("pictures", f"the proxy cannot pass {', '.join(closed)}", step)
    else:
        yield ok("pictures", "the proxy can read them")


def _too_open(path: Path) -> str:
    """Return for whom a private path is open, as ``chmod`` says it; nothing when it is closed.

    What is not the shop's own (root keeps its settings) is read by the shop through its group: there only others count.
    """
    facts = path.stat()
    whom, bits = ("go", stat.S_IRWXG | stat.S_IRWXO) if facts.st_uid == _shop_user() else ("o", stat.S_IRWXO)
    return whom if facts.st_mode & bits else ""


def _shop_user() -> int:
    """Return who runs the shop, also where root asks: the owner of the data folder."""
    folder: Path = settings.DATA_DIR
    return folder.stat().st_uid if folder.exists() else os.geteuid()
