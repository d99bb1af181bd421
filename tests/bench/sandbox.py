"""Where a run happens: a temporary folder with a durable PostgreSQL of its own, and the shop's environment in it."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from config import embedded_postgres
from config.embedded_postgres.postmaster import read_pid_file
from config.processes import free_port
from tests.plugins.environment import forget_callers_settings
from tests.support.simulator import CLIENT_KEY, SERVER_KEY

ROOT = Path(__file__).resolve().parents[2]
PREFIX = "shop-bench-"


@dataclass(frozen=True)
class Sandbox:
    """The folder, the server and the ports of one run."""

    folder: Path
    database_url: str
    shop_port: int
    bare_port: int
    simulator_port: int

    @property
    def programs(self) -> Path:
        """The folder of pgbench and psql."""
        return embedded_postgres.programs(self.folder)

    @property
    def postmaster(self) -> int:
        """The process id of PostgreSQL's first process."""
        found = read_pid_file(embedded_postgres.home(self.folder) / "data")
        assert found is not None
        return found.pid

    def environment(self, *, pool: bool) -> dict[str, str]:
        """Return the shop's variables: production's switches on this machine, no throttle, no limit of unpaid orders.

        Nothing leaves the machine: mails would go to a port where nobody listens, and no process here sends any.
        """
        simulator = f"http://127.0.0.1:{self.simulator_port}"
        return {
            "SHOP_ENV_FILE": "none",
            "DJANGO_SETTINGS_MODULE": "tests.bench.settings",
            "DEBUG": "off",
            "SECRET_KEY": "bench-only-secret-key-0123456789-0123456789-0123456789",
            "ALLOWED_HOSTS": "127.0.0.1,testserver",
            "SITE_URL": f"http://127.0.0.1:{self.shop_port}",
            "SECURE_SSL_REDIRECT": "off",
            "DATABASE_URL": self.database_url,
            "DATABASE_POOL": "on" if pool else "off",
            "DATA_DIR": str(self.folder),
            "STATIC_ROOT": str(self.folder / "static"),
            "THROTTLING": "off",
            "SCHEDULER": "off",
            "SHOP_PROCESS": "web",
            "MAX_UNPAID_ORDERS": "1000000",
            "LOG_LEVEL": "WARNING",
            "MIDTRANS_SERVER_KEY": SERVER_KEY,
            "MIDTRANS_CLIENT_KEY": CLIENT_KEY,
            "MIDTRANS_SNAP_URL": f"{simulator}/snap/v1",
            "MIDTRANS_CORE_URL": simulator,
            "RESEND_API_KEY": "bench-only",
            "RESEND_API_URL": "http://127.0.0.1:1",
            "RESEND_FROM_EMAIL": "shop@example.com",
            "ALERT_EMAIL": "owner@example.com",
        }


@contextmanager
def sandbox() -> Iterator[Sandbox]:
    """Make the folder and the server, put this process into the shop's environment, and remove all of it at the end."""
    _sweep()
    folder = Path(tempfile.mkdtemp(prefix=PREFIX)).resolve()
    handle = os.open(folder / "in-use", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(handle, fcntl.LOCK_EX)
    try:
        (folder / "static").mkdir()
        url = embedded_postgres.start(folder)
        place = Sandbox(folder, url, free_port(), free_port(), free_port())
        forget_callers_settings()
        os.environ.update(place.environment(pool=False))
        yield place
    finally:
        embedded_postgres.destroy(folder)
        shutil.rmtree(folder, ignore_errors=True)
        os.close(handle)


def _sweep() -> None:
    """Remove what runs left that were killed: their lock is nobody's any more."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError, embedded_postgres.EmbeddedPostgresError):
            handle = os.open(folder / "in-use", os.O_RDWR)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                embedded_postgres.destroy(folder)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(handle)
