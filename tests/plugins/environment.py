"""What the suite runs in: an environment of its own and a throw-away PostgreSQL, before Django's settings load.

Loaded with ``-p``. With DATABASE_URL set by the caller that server is used (its role needs CREATEDB); else the
controller starts one for all workers, without fsync, and removes it at the end. A pytest that is killed takes its
server along (Linux), and the next run removes what files it left.
"""

from __future__ import annotations

import atexit
import fcntl
import os
import shutil
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PREFIX = "shop-tests-"

_session = ExitStack()


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Prepare before pytest-django looks at the settings."""
    known = early_config.known_args_namespace
    if getattr(known, "help", False) or getattr(known, "version", False):
        return
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
    data_dir = _data_dir()
    if "SHOP_TESTS_DATABASE_URL" not in os.environ:
        os.environ["SHOP_TESTS_DATABASE_URL"] = os.environ.get("DATABASE_URL") or _start_server(data_dir)
    # The suite starts a hundred processes: without bytecode on disk each of them compiles the whole shop again.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    forget_callers_settings()
    os.environ.update(environment(data_dir / worker, database_url=os.environ["SHOP_TESTS_DATABASE_URL"]))
    (data_dir / worker).mkdir(exist_ok=True)


def pytest_unconfigure() -> None:
    """Remove the server and the files; in a worker there is nothing to do."""
    _session.close()


def forget_callers_settings() -> None:
    """Remove every variable of the shop from the environment; nothing of the caller's own shop leaks in."""
    for line in (ROOT / ".env.example").read_text().splitlines():
        name, equals, _ = line.removeprefix("#").partition("=")
        if equals and name.isupper() and name.replace("_", "").isalnum():
            os.environ.pop(name, None)


def environment(data_dir: Path, *, database_url: str) -> dict[str, str]:
    """Return the variables that every test runs under."""
    return {
        "DEBUG": "on",
        "SHOP_ENV_FILE": "none",
        "SECRET_KEY": "tests-only-secret-key-0123456789-0123456789-0123456789",
        "DATABASE_URL": database_url,
        "DATABASE_POOL": "off",
        "DATA_DIR": str(data_dir),
        "THROTTLING": "off",
        "SCHEDULER": "off",
        "RECORD_TRAFFIC": "off",
        "SHOP_PROCESS": "web",
        "SITE_URL": "http://testserver",
        "PORT": "8000",
        "SIMULATOR_PORT": "8001",
        "DJANGO_ALLOW_ASYNC_UNSAFE": "true",
    }


def _data_dir() -> Path:
    """Return the session's folder, the same for the controller and its workers."""
    if "SHOP_TESTS_DATA_DIR" not in os.environ:
        _sweep()
        atexit.register(_session.close)  # when settings do not load, pytest never gets to unconfigure
        folder = Path(tempfile.mkdtemp(prefix=PREFIX)).resolve()
        handle = os.open(folder / "in-use", os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(handle, fcntl.LOCK_EX)
        _session.callback(os.environ.pop, "SHOP_TESTS_DATA_DIR", None)
        _session.callback(os.close, handle)
        _session.callback(shutil.rmtree, folder, ignore_errors=True)
        os.environ["SHOP_TESTS_DATA_DIR"] = str(folder)
    return Path(os.environ["SHOP_TESTS_DATA_DIR"])


def _start_server(data_dir: Path) -> str:
    from config import embedded_postgres

    _session.callback(os.environ.pop, "SHOP_TESTS_DATABASE_URL", None)
    _session.callback(embedded_postgres.destroy, data_dir)
    return embedded_postgres.start(data_dir, throw_away=True)


def _sweep() -> None:
    """Remove folders of sessions that were killed: those whose lock nobody holds."""
    from config import embedded_postgres

    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        try:
            handle = os.open(folder / "in-use", os.O_RDWR)
        except OSError:
            continue
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            embedded_postgres.destroy(folder)
            shutil.rmtree(folder, ignore_errors=True)
        except (BlockingIOError, embedded_postgres.EmbeddedPostgresError):
            continue
        finally:
            os.close(handle)
