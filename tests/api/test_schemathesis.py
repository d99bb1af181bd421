"""The API does what its schema says, whatever is sent: schemathesis, with all its checks, against a running shop."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.support.shop_process import shop, shop_folder

pytestmark = [pytest.mark.sweep, pytest.mark.processes]

CONFIG = Path(__file__).with_name("schemathesis.toml")
PROGRAM = Path(sys.executable).with_name("schemathesis")
LOGIN = {"email": "pelanggan@infiya.store", "password": "demo-pelanggan"}


def token(base: str) -> str:
    """Log the demo's customer in."""
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{base}/api/auth/token", json.dumps(LOGIN).encode(), headers)
    with urllib.request.urlopen(request, timeout=20) as answer:
        return str(json.load(answer)["token"])


def test_the_api_keeps_its_contract() -> None:
    with shop_folder() as folder, shop(folder, SCHEDULER="off", THROTTLING="off") as running:
        running.wait_until_open()
        base = f"http://127.0.0.1:{running.port}"
        argv = [
            *(str(PROGRAM), f"--config-file={CONFIG}", "run", f"{base}/api/schema", f"--url={base}", "--checks=all"),
            *("--max-examples=12", "--seed=1", "--no-color", "-H", f"Authorization: Bearer {token(base)}"),
        ]
        done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=500, cwd=folder)

    assert done.returncode == 0, done.stdout[-8000:]
    assert "Tested: 10" in done.stdout
