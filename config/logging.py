"""Logs: one JSON object per line in production, plain lines while developing. Secrets are cut out of both."""

from __future__ import annotations

import json
import logging
import re
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

request_id: ContextVar[str] = ContextVar("request_id", default="")

_STANDARD = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "request"}
_SECRETS = re.compile(
    r"(Basic\s+|Bearer\s+|Mid-server-|re_)[A-Za-z0-9+/=_\-.]+|(\"signature_key\":\s*\")[0-9a-f]+",
    re.IGNORECASE,
)


def redact(text: str) -> str:
    """Return ``text`` without authorization values, server keys and signatures."""
    return _SECRETS.sub(lambda found: f"{found.group(1) or found.group(2)}[redacted]", text)


class JsonFormatter(logging.Formatter):
    """Event name, level, logger, UTC time, request id, and whatever came in ``extra``."""

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, tz=UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "event": record.getMessage(),
        }
        if rid := request_id.get():
            entry["request_id"] = rid
        entry.update({key: value for key, value in vars(record).items() if key not in _STANDARD})
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return redact(json.dumps(entry, default=str, ensure_ascii=True))


class PlainFormatter(logging.Formatter):
    """A readable line for a terminal: time, level, event, and the extra fields as key=value."""

    def format(self, record: logging.LogRecord) -> str:
        extra = " ".join(f"{key}={value}" for key, value in vars(record).items() if key not in _STANDARD)
        line = f"{self.formatTime(record, '%H:%M:%S')} {record.levelname:<7} {record.getMessage()} {extra}".rstrip()
        if record.exc_info:
            line = f"{line}\n{self.formatException(record.exc_info)}"
        return redact(line.replace("\r", "\\r"))


def logging_settings(*, debug: bool, level: str) -> dict[str, Any]:
    """Return ``LOGGING`` for dictConfig."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "json": {"()": "config.logging.JsonFormatter"},
            "plain": {"()": "config.logging.PlainFormatter"},
        },
        "handlers": {
            "console": {
                "class": "logging.StreamHandler",
                "formatter": "plain" if debug else "json",
            },
        },
        "root": {"handlers": ["console"], "level": "WARNING"},
        "loggers": {
            name: {"handlers": ["console"], "level": level, "propagate": False}
            for name in ("config", "shop", "orders", "payments", "monitoring", "backups")
        },
    }
