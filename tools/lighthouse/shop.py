"""A demo shop of its own, served as in production: compressed and hashed files, no debugging, own port and data."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlencode

from config import embedded_postgres
from config.processes import Supervisor, free_port

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = "kemeja-batik-kawung"
START_S = 60.0
_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
_VARIANT = re.compile(r'name="varian" value="(\d+)" required checked')


@contextmanager
def demo_shop() -> Iterator[str]:
    """Run it while the block lasts; yield its address."""
    with tempfile.TemporaryDirectory(prefix="shop-lighthouse-") as folder:
        data, port = Path(folder), free_port()
        try:
            yield from _serve(data, port, embedded_postgres.start(data, throw_away=True))
        finally:
            embedded_postgres.destroy(data)


def _serve(data: Path, port: int, database_url: str) -> Iterator[str]:
    base = f"http://127.0.0.1:{port}"
    common = {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "SHOP_ENV_FILE": "none",
        "DATABASE_URL": database_url,
        "DATA_DIR": str(data),
        "SITE_URL": base,
        "PORT": str(port),
        "STATIC_ROOT": str(data / "static"),
        "RECORD_TRAFFIC": "off",
    }
    debug, production = common | {"DEBUG": "on"}, common | _production()
    for environment, command in ((debug, "migrate"), (debug, "seed_demo"), (production, "collectstatic")):
        more = ["--no-input"] if command == "collectstatic" else []
        argv = [sys.executable, "manage.py", command, "--verbosity", "0", *more]
        subprocess.run(argv, cwd=ROOT, env=os.environ | environment, check=True, stdout=subprocess.DEVNULL)  # noqa: S603
    supervisor = Supervisor(grace_s=10.0)
    try:
        supervisor.start(
            "web server",
            [
                *(sys.executable, "-m", "gunicorn", "tools.lighthouse.wsgi:application"),
                *("--bind", f"127.0.0.1:{port}", "--config", "python:config.web_server"),
            ],
            env=os.environ | production | {"SHOP_PROCESS": "web"},
            cwd=ROOT,
        )
        _wait(supervisor, port)
        yield base
    finally:
        supervisor.stop_all()


def _production() -> dict[str, str]:
    """Return what production must be told, with values that are nobody's."""
    return {
        "DEBUG": "off",
        "SECRET_KEY": "lighthouse-only-3f9c1b7a5d2e8046-lighthouse-only-9b1d7e3c5a2f8064",
        "ALLOWED_HOSTS": "127.0.0.1",
        "SECURE_SSL_REDIRECT": "off",
        "MIDTRANS_SERVER_KEY": "lighthouse-only",
        "MIDTRANS_CLIENT_KEY": "lighthouse-only",
        "RESEND_API_KEY": "lighthouse-only",
        "RESEND_FROM_EMAIL": "lighthouse@shop.invalid",
        "ALERT_EMAIL": "lighthouse@shop.invalid",
        "THROTTLING": "off",
    }


def _wait(supervisor: Supervisor, port: int) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        if dead := supervisor.first_dead():
            raise RuntimeError(f"The {dead.name} did not start (exit code {dead.process.returncode}).")
        try:
            if _ask(port, "GET", "/healthz")[0] == 200:
                return
        except (OSError, HTTPException):
            pass
        time.sleep(0.1)
    raise RuntimeError(f"No answer from the web server after {START_S:.0f} s.")


def cookies_of_a_full_cart(base: str) -> str:
    """Put something into a new visitor's cart; return his ``Cookie`` header."""
    port = int(base.rpartition(":")[2])
    path = f"/produk/{PRODUCT}/"
    _, page, given = _ask(port, "GET", path)
    token, variant = _TOKEN.search(page), _VARIANT.search(page)
    if token is None or variant is None:
        raise RuntimeError(f"{path} has no form to buy with.")
    form = urlencode({"csrfmiddlewaretoken": token[1], "varian": variant[1], "jumlah": "1"})
    status, _, more = _ask(port, "POST", "/keranjang/tambah/", form, given)
    if status != 303:
        raise RuntimeError(f"The cart answered {status}.")
    return "; ".join(f"{name}={value}" for name, value in (given | more).items())


def _ask(
    port: int,
    method: str,
    path: str,
    body: str = "",
    cookies: Mapping[str, str] | None = None,
) -> tuple[int, str, dict[str, str]]:
    """Return status, text and cookies of an answer."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Origin": f"http://127.0.0.1:{port}"}
    if cookies:
        headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
    try:
        connection.request(method, path, body or None, headers)
        answer = connection.getresponse()
        text = answer.read().decode(errors="replace")
        given = [line.partition(";")[0].partition("=") for line in answer.headers.get_all("Set-Cookie") or []]
        return answer.status, text, {name: value for name, _, value in given}
    finally:
        connection.close()
