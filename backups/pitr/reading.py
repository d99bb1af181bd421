"""Reading archived WAL with pg_waldump: is a segment whole, and what time is it inside."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from backups.errors import BackupFailedError
from backups.pitr.segments import parse_lsn

_TIMEOUT_S = 300
_END = re.compile(
    r"lsn: ([0-9A-F]+/[0-9A-F]+), .*desc: (?:COMMIT|ABORT)(?:_PREPARED)? (?:\S+ )??"
    r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?) UTC"
)


@dataclass(frozen=True)
class Ended:
    """The end of a transaction: when, by the server's clock, and where in the WAL."""

    at: datetime
    lsn: int
    lsn_text: str


def last_transaction(path: Path, program: Path) -> Ended | None:
    """Return the last commit or rollback in a segment, None when there is none.

    What is unreadable at the end is not judged here: see ``complaint_about``.
    """
    last = None
    for line in _run(program, "--rmgr=Transaction", str(path))[1].splitlines():
        if found := _END.search(line):
            last = found
    if last is None:
        return None
    at = datetime.fromisoformat(last[2]).replace(tzinfo=UTC)
    return Ended(at, parse_lsn(last[1]), last[1])


def complaint_about(path: Path, program: Path) -> str:
    """Read a segment to its end; return what pg_waldump says against it, nothing when it is whole.

    A segment that was closed early ends with zeros, which is its end and no damage.
    """
    code, _, said = _run(program, "--quiet", str(path))
    return "" if code == 0 else said


def _run(program: Path, *arguments: str) -> tuple[int, str, str]:
    try:
        done = subprocess.run(  # noqa: S603 - a program that we found, no shell
            [str(program), *arguments],
            env={"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC", "PGTZ": "UTC"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BackupFailedError(f"{program} did not read {arguments[-1]}: {error}.") from error
    return done.returncode, done.stdout, " ".join(done.stderr.split())[:300]
