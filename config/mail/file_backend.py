"""Mails as files, for development without a Resend account."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.utils import timezone

from config.mail.message import ShopMail, html_of, key_of

_UNSAFE = re.compile(r"[^A-Za-z0-9@._+-]+")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f]+")


class FileBackend(BaseEmailBackend):
    """Writes each mail under ``EMAIL_FILE_PATH`` as ``<time>-<kind>-<to>-<key>.txt`` and, if it has HTML,
    ``.html``.

    The name follows from the mail alone, so sending one again (the same key) writes the same file again:
    here, too, a retry is not a second mail. Folder 0700 and files 0600, for mails hold names, addresses and links.
    """

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Write each message and return how many were written."""
        folder = Path(settings.EMAIL_FILE_PATH)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        sent = 0
        for message in email_messages:
            if not message.recipients():
                continue
            stem = file_stem(message)
            if html := html_of(message):
                write_private(folder / f"{stem}.html", html)
            write_private(folder / f"{stem}.txt", readable(message))
            if isinstance(message, ShopMail):
                message.provider_id = f"file:{stem}"
            sent += 1
        return sent


def file_stem(message: EmailMessage) -> str:
    """Return the file's name without its ending; the time is when the mail was written, in the shop's time zone."""
    written_at = getattr(message, "written_at", None) or datetime.now(tz=UTC)
    key = key_of(message)
    mark = hashlib.sha256(key.encode()).hexdigest()[:10] if key else secrets.token_hex(5)
    parts = [
        timezone.localtime(written_at).strftime("%Y%m%d-%H%M%S"),
        _plain(getattr(message, "kind", "") or "mail", 40),
        _plain(message.recipients()[0], 80),
        mark,
    ]
    return "-".join(parts)


def readable(message: EmailMessage) -> str:
    """Return the text of the mail under a short head."""
    head = {
        "Dari": message.from_email,
        "Kepada": ", ".join(message.recipients()),
        "Balas ke": ", ".join(message.reply_to),
        "Perihal": str(message.subject),
        "Kunci": key_of(message),
    }
    lines = [f"{name}: {_UNPRINTABLE.sub(' ', value)}" for name, value in head.items() if value]
    return "\n".join([*lines, "", str(message.body)])


def write_private(path: Path, text: str) -> None:
    """Write ``text`` whole or not at all, readable by the owner only."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _plain(text: str, limit: int) -> str:
    return _UNSAFE.sub("_", text)[:limit].strip("._-") or "x"
