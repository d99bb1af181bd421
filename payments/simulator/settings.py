"""What the simulator was started with: command line first, then environment, then a default."""

from __future__ import annotations

import argparse
import ipaddress
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

TRUTHY = frozenset({"1", "true", "yes", "on"})


class SettingsError(ValueError):
    """The simulator cannot start with these settings; the message says why."""


@dataclass
class Settings:
    """Everything that can be set; the fields below ``host`` may be changed while running."""

    server_keys: tuple[str, ...]
    client_key: str
    merchant_id: str = "G000000001"
    merchant_name: str = "infiya.store"
    host: str = "127.0.0.1"
    port: int = 8001
    state_file: Path | None = None
    seed: int | None = None
    time_scale: float = 1.0
    notification_url: str = ""
    finish_url: str = ""
    unfinish_url: str = ""
    error_url: str = ""
    webhook_timeout: float = 15.0
    reuse_order_id: bool = False

    @property
    def server_key(self) -> str:
        """The key that signs webhooks; further keys are only accepted for calls."""
        return self.server_keys[0]


def read_settings(argv: Sequence[str], environ: Mapping[str, str]) -> Settings:
    """Settings from ``argv`` and ``environ``; raises SettingsError, and SystemExit for wrong usage."""
    if environ.get("MIDTRANS_IS_PRODUCTION", "").strip().lower() in TRUTHY:
        raise SettingsError("MIDTRANS_IS_PRODUCTION is on: the simulator must not stand in for the real Midtrans.")
    options = _parser(environ).parse_args(argv)
    settings = Settings(
        server_keys=tuple(key.strip() for key in options.server_key.split(",") if key.strip()),
        client_key=options.client_key,
        merchant_id=options.merchant_id,
        merchant_name=options.merchant_name,
        host=options.host,
        port=options.port,
        state_file=Path(options.state_file) if options.state_file else None,
        seed=options.seed,
        time_scale=options.time_scale,
        notification_url=options.notification_url,
        finish_url=options.finish_url,
        unfinish_url=options.unfinish_url or options.finish_url,
        error_url=options.error_url or options.finish_url,
        webhook_timeout=options.webhook_timeout,
        reuse_order_id=options.reuse_order_id,
    )
    _check(settings)
    return settings


def _parser(environ: Mapping[str, str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m payments.simulator",
        description="A local Midtrans. Every option is also read from SIMULATOR_<OPTION> in the environment; "
        "give the keys that way, because other users of the machine can read a command line.",
    )

    def option(name: str, default: str, text: str, kind: type[str] | type[int] | type[float] = str) -> None:
        variable = "SIMULATOR_" + name.upper().replace("-", "_")
        # argparse converts a default only when it is a string, which an environment value always is.
        parser.add_argument(f"--{name}", type=kind, default=environ.get(variable) or default, help=text)

    option("host", "127.0.0.1", "loopback address to listen on")
    option("port", "8001", "port; 0 takes a free one and prints it", int)
    option("server-key", "", "server key; several may be given, comma separated, the first one signs")
    option("client-key", "", "client key, for snap.js and card tokens")
    option("merchant-id", "G000000001", "merchant id shown in webhooks")
    option("merchant-name", "infiya.store", "shop's name on the pay page")
    option("notification-url", "", "where webhooks are sent; empty sends none")
    option("finish-url", "", "where the customer goes after paying")
    option("unfinish-url", "", "where 'back to the shop' leads; default: the finish URL")
    option("error-url", "", "where the customer goes after too many refusals; default: the finish URL")
    option("state-file", "", "JSON file that keeps the state over a restart")
    option("time-scale", "1", "how many times faster the gateway's own waits run", float)
    option("webhook-timeout", "15", "seconds to wait for an answer to a webhook; not scaled", float)
    seed = environ.get("SIMULATOR_SEED")
    parser.add_argument("--seed", type=int, default=seed, help="makes ids, numbers and jitter repeatable")
    parser.add_argument(
        "--reuse-order-id",
        action="store_true",
        default=environ.get("SIMULATOR_REUSE_ORDER_ID", "").lower() in TRUTHY,
        help="let Snap reuse an order id whose attempts all failed (public material disagrees; default: refuse)",
    )
    return parser


def _check(settings: Settings) -> None:
    if not settings.server_keys:
        raise SettingsError("A server key is needed: set SIMULATOR_SERVER_KEY or --server-key.")
    if settings.time_scale <= 0 or settings.webhook_timeout <= 0:
        raise SettingsError("--time-scale and --webhook-timeout must be above zero.")
    if not 0 <= settings.port <= 65535:
        raise SettingsError("--port must be between 0 and 65535.")
    if not _is_loopback(settings.host):
        raise SettingsError("--host must be a loopback address: the control API has no login.")
    for name in ("notification_url", "finish_url", "unfinish_url", "error_url"):
        if not is_web_address(getattr(settings, name), blank=True):
            raise SettingsError(f"--{name.replace('_', '-')} must be an http or https URL.")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.IPv4Address(host).is_loopback
    except ValueError:
        return False


def is_web_address(value: object, *, blank: bool = False) -> bool:
    """Whether ``value`` is a URL that a browser or a webhook may be sent to."""
    if value == "" and blank:
        return True
    if not isinstance(value, str) or any(ord(letter) <= 32 for letter in value):
        return False
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.netloc)


def from_environment(argv: Sequence[str]) -> Settings:
    """``read_settings`` with this process's environment."""
    return read_settings(argv, os.environ)
