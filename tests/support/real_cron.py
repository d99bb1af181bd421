"""Debian's cron, alone with a crontab of its own: nothing of this machine's tables is read or written.

cron has its folders built in, so it runs in a mount namespace where they are empty. That needs root.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.support.embedded import eventually

EMPTIED = ("/var/spool/cron/crontabs", "/etc/cron.d", "/run")
INSTALL = "apt-get install cron"


class Cron:
    """One cron daemon and its crontab. ``run`` starts a program where ``crontab`` means that table."""

    def __init__(self, holder: int) -> None:
        self._holder = holder

    def command(self, *argv: str) -> list[str]:
        """Return the command line that runs ``argv`` beside this cron."""
        return ["nsenter", f"--target={self._holder}", "--mount", "--wd=/", "--", *argv]

    def run(
        self, *argv: str, env: Mapping[str, str] | None = None, text: str = "", check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Run a program beside this cron and return what it said."""
        return subprocess.run(self.command(*argv), env=env, input=text, check=check, capture_output=True, text=True)

    @property
    def table(self) -> list[str]:
        """Return the lines of the crontab."""
        return self.run("crontab", "-l", check=False).stdout.splitlines()

    @table.setter
    def table(self, lines: list[str]) -> None:
        self.run("crontab", "-", text="".join(f"{line}\n" for line in lines))


def is_possible() -> bool:
    """Return whether this machine has cron and lets us give it folders of its own."""
    if os.geteuid() != 0 or not Path("/usr/sbin/cron").exists():
        return False
    return subprocess.run(["unshare", "--mount", "true"], check=False, capture_output=True).returncode == 0


@contextmanager
def cron() -> Iterator[Cron]:
    """Run a cron with an empty table while the block lasts, with the bare environment that cron gives its jobs."""
    mounts = " && ".join(f"mount -t tmpfs -o mode=1755 shop-cron {folder}" for folder in EMPTIED)
    script = f"{mounts} && mount --bind /dev/null /etc/crontab && echo ready && exec sleep infinity"
    holder = subprocess.Popen(
        ["unshare", "--mount", "--propagation=private", "sh", "-c", script], stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "ready\n"
        beside = Cron(holder.pid)
        daemon = subprocess.Popen(beside.command("/usr/sbin/cron", "-f"), env={"PATH": "/usr/bin:/bin"})
        try:
            assert eventually(lambda: beside.run("test", "-s", "/run/crond.pid", check=False).returncode == 0)
            yield beside
        finally:
            daemon.terminate()
            daemon.wait(timeout=10)
    finally:
        holder.kill()
        holder.wait(timeout=10)
        if holder.stdout is not None:
            holder.stdout.close()
