"""The real cron, from the installed table to the owner's mail: a bare environment, `.env` alone, no help from us."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from config.processes import free_port
from tests.support import real_cron
from tests.support.embedded import eventually
from tests.support.real_cron import Cron, cron
from tests.support.requirements import require_or_skip

pytestmark = [pytest.mark.cron, pytest.mark.processes]

ROOT = Path(__file__).resolve().parents[2]
FOREIGN = "5 4 * * 1 /bin/true # somebody else's"
FIVE_MINUTES_AND_A_HALF = 330.0
BARE = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "HOME": "/root", "LANG": "C.UTF-8"}


class Installation:
    """A checkout with its own `.env`, database and data folder, as an operator would have it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.data = folder, folder / "data"
        tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
        for name in filter(None, tracked.split("\0")):
            if not name.startswith("tests/") and (ROOT / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / name, folder / name)
        lines = {
            "DEBUG": "on",
            "SECRET_KEY": "cron-only-0123456789-0123456789-0123456789-0123456789",
            "DATA_DIR": str(self.data),
            "ALERT_EMAIL": "owner@example.com",
            "PORT": str(free_port()),
            "SIMULATOR_PORT": str(free_port()),
        }
        (folder / ".env").write_text("".join(f"{name}={value}\n" for name, value in lines.items()))

    def python(self, *argv: str, beside: Cron | None = None, check: bool = True) -> str:
        """Run python there with a bare environment, from the root folder as cron does; return what it printed."""
        line = ["env", f"--chdir={self.folder}", sys.executable, *argv]
        done = subprocess.run(
            beside.command(*line) if beside else line, env=BARE, check=False, capture_output=True, text=True
        )
        assert done.returncode == 0 or not check, done.stdout + done.stderr
        return done.stdout

    def sql(self, statement: str) -> list[tuple[object, ...]]:
        """Run a statement in the shop's database."""
        url = self.python("-m", "config.embedded_postgres", "url").strip()
        with psycopg.connect(url, autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def doctor(self, beside: Cron) -> dict[str, str]:
        """Return what `doctor` says of each thing in the group of cron."""
        answer = self.python("manage.py", "doctor", "--only", "scheduler", "--format", "json", beside=beside)
        return {row["name"]: f"{row['level']}: {row['says']}" for row in json.loads(answer)["answers"]}

    def alerts(self) -> list[str]:
        """Return the mails to the owner, as text."""
        return [path.read_text(errors="replace") for path in (self.data / "mail").rglob("*") if path.is_file()]


@pytest.fixture
def installation() -> Iterator[Installation]:
    top = Path(tempfile.mkdtemp(prefix="shop-cron-")).resolve()
    top.chmod(0o711)
    made = Installation(top)
    try:
        made.python("-m", "config.embedded_postgres", "start")
        made.python("manage.py", "migrate", "--verbosity", "0")
        made.python("manage.py", "seed_demo")
        yield made
    finally:
        made.python("-m", "config.embedded_postgres", "destroy", check=False)
        shutil.rmtree(top, ignore_errors=True)


def test_cron_tells_the_owner_within_five_and_a_half_minutes_and_doctor_knows_the_table(
    installation: Installation,
) -> None:
    require_or_skip("cron (as root)", install=real_cron.INSTALL, present=real_cron.is_possible())
    with cron() as beside:
        beside.table = [FOREIGN]
        assert installation.doctor(beside)["crontab"].startswith("warning: not installed")

        installation.python("manage.py", "crontab", "add", "-v", "0", beside=beside)

        assert FOREIGN in beside.table
        assert installation.doctor(beside)["crontab"].startswith("ok: ")

        installation.sql("UPDATE shop_variant SET reserved = on_hand + 3 WHERE id = (SELECT min(id) FROM shop_variant)")
        broken_at = time.monotonic()

        def told() -> bool:
            return any("Negative Stock" in mail or "stock_negative" in mail for mail in installation.alerts())

        assert eventually(told, within_s=FIVE_MINUTES_AND_A_HALF), _why(installation)
        print(f"\nThe owner was told {time.monotonic() - broken_at:.0f} s after it broke.")  # noqa: T201 - what the target is for

        rows = installation.sql("SELECT DISTINCT job, ok FROM monitoring_jobrun WHERE ok IS NOT NULL")
        assert {("run_monitors", True), ("expire_orders", True)} <= set(rows)
        said = installation.doctor(beside)
        assert said["run_monitors"].startswith("ok: ran ")

        installation.python("manage.py", "crontab", "remove", "-v", "0", beside=beside)
        assert [line for line in beside.table if line] == [FOREIGN]
        assert installation.doctor(beside)["crontab"].startswith("warning: not installed")


def _why(installation: Installation) -> str:
    log = installation.data / "cron.log"
    return log.read_text() if log.exists() else f"cron ran nothing: {sorted(installation.data.iterdir())}"
