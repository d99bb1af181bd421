"""``manage.py`` as a real process, on the database of the running test."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

from django.db import connection

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 180


def database_url() -> str:
    """Return the address of the database that this test uses."""
    facts = connection.settings_dict
    user, password = quote(facts["USER"], safe=""), quote(facts["PASSWORD"], safe="")
    return f"postgres://{user}:{password}@{facts['HOST']}:{facts['PORT']}/{quote(facts['NAME'], safe='')}"


def command_environment(**extra: str) -> dict[str, str]:
    """Return the environment of a command on the test's database; ``extra`` wins."""
    url = database_url()
    return os.environ | {"DATABASE_URL": url, "DATABASE_DIRECT_URL": url, "SHOP_PROCESS": "command"} | extra


def start_command(*arguments: str, **extra: str) -> subprocess.Popen[str]:
    """Start ``manage.py`` with ``arguments``; ``extra`` are environment variables. End it, or wait for it."""
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "manage.py", *arguments],
        cwd=ROOT,
        env=command_environment(**extra),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run_command(*arguments: str, **extra: str) -> subprocess.CompletedProcess[str]:
    """Run ``manage.py`` with ``arguments`` to its end. PATIENCE_S is for busy machines, no promise of ours."""
    process = start_command(*arguments, **extra)
    try:
        out, err = process.communicate(timeout=PATIENCE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    return subprocess.CompletedProcess(arguments, process.returncode, out, err)
