"""A real `manage.py run_shop` for tests: its own data folder and ports, its output, its processes."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from config import embedded_postgres
from config.processes import free_port
from tests.support.embedded import eventually

ROOT = Path(__file__).resolve().parents[2]
OPEN = "The shop is open"


class ShopProcess:
    """One run_shop. ``output`` grows while it runs."""

    def __init__(self, data_dir: Path, *, port: int, simulator_port: int, **variables: str) -> None:
        self.data_dir, self.port, self.simulator_port = data_dir, port, simulator_port
        leave_out = {"DATABASE_URL", "DJANGO_SETTINGS_MODULE", "SHOP_PROCESS", "SITE_URL", "SCHEDULER", "DATABASE_POOL"}
        environment = {name: value for name, value in os.environ.items() if name not in leave_out}
        environment |= {"DEBUG": "on", "SHOP_ENV_FILE": "none", "DATA_DIR": str(data_dir), "PYTHONUNBUFFERED": "1"}
        environment |= {"PORT": str(port), "SIMULATOR_PORT": str(simulator_port)} | variables
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "run_shop"],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.output = ""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.output += line
        self.process.stdout.close()

    def wait_until_open(self) -> None:
        """Wait for the banner; fail with the output if it does not come."""
        eventually(lambda: OPEN in self.output or self.process.poll() is not None, within_s=240)
        assert OPEN in self.output, self.output

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and return the exit code."""
        self.process.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        """Return the exit code."""
        code = self.process.wait(timeout=60)
        self._reader.join(timeout=10)
        return code

    def get(self, path: str, *, simulator: bool = False) -> int:
        """Return the status of a page."""
        port = self.simulator_port if simulator else self.port
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return int(answer.status)

    def children(self) -> dict[int, str]:
        """Return pid and command line of every living process that was started for this data folder."""
        found = {}
        for entry in Path("/proc").iterdir():
            try:
                if not entry.name.isdigit() or int(entry.name) == self.process.pid:
                    continue
                if f"DATA_DIR={self.data_dir}".encode() in (entry / "environ").read_bytes().split(b"\0"):
                    found[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
            except (OSError, ProcessLookupError):
                continue
        return {pid: line for pid, line in found.items() if line}

    def child(self, pattern: str) -> int:
        """Return the oldest process whose command line matches."""
        return min(pid for pid, line in self.children().items() if re.search(pattern, line))


@contextmanager
def shop_folder() -> Iterator[Path]:
    """Make a data folder; afterwards remove it and its server."""
    top = Path(tempfile.mkdtemp(prefix="shop-run-")).resolve()
    top.chmod(0o711)
    try:
        yield top / "data"
    finally:
        embedded_postgres.destroy(top / "data")
        shutil.rmtree(top)


@contextmanager
def shop(data_dir: Path, **variables: str) -> Iterator[ShopProcess]:
    """Start a shop on free ports and make sure that it is gone afterwards."""
    running = ShopProcess(data_dir, port=free_port(), simulator_port=free_port(), **variables)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.stop()
