"""Finding pg_dump and pg_restore that fit the server.

pg_dump refuses a server newer than itself. From version 17 on, what these programs write for a server older than 17
holds a setting that such a server does not know, so a strict restore would fail. The best is the server's own version.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from django.conf import settings

from backups.errors import BackupFailedError
from config.embedded_postgres import EmbeddedPostgresUnavailableError, binaries

_SYSTEM = (Path("/usr/lib/postgresql"), "*/bin"), (Path("/usr"), "pgsql-*/bin")
_NEW_SETTING = 17


def find(program: str, *, server: int, archive: int = 0) -> tuple[Path, int]:
    """Return the program and its major version, fit for a server's major and for an archive's pg_dump's major.

    Raises BackupFailedError that says what to install.
    """
    found: dict[int, Path] = {}
    for path in _candidates(program):
        major = version_of(path)
        if major:
            found.setdefault(major, path)
    best = choose(found, server=server, archive=archive)
    if best is None:
        seen = ", ".join(str(major) for major in sorted(found)) or "none"
        wanted = max(server, archive)
        raise BackupFailedError(
            f"No {program} fits PostgreSQL {wanted} (found: {seen}). Install it (Debian: apt-get install "
            f"postgresql-client-{wanted}) or set PG_BIN_DIR to the folder that holds it."
        )
    return found[best], best


# Debian splits a version in two: these come with the server's package.
_OF_THE_SERVER = {"postgres", "pg_waldump"}


def find_exact(program: str, *, major: int) -> Path:
    """Return the program of exactly this major version: the files of a cluster are read by no other.

    Raises BackupFailedError that says what to install.
    """
    found: dict[int, Path] = {}
    for path in _candidates(program):
        found.setdefault(version_of(path), path)
    if major in found:
        return found[major]
    seen = ", ".join(str(one) for one in sorted(found) if one) or "none"
    package = f"postgresql-{major}" if program in _OF_THE_SERVER else f"postgresql-client-{major}"
    raise BackupFailedError(
        f"{program} of PostgreSQL {major} is needed (found: {seen}). Install it (Debian: apt-get install {package}) or "
        "set PG_BIN_DIR to the folder that holds it."
    )


def choose(majors: Iterable[int], *, server: int, archive: int = 0) -> int | None:
    """Return the major to use: the server's own, else the oldest that works. ``server`` 0: none is asked."""
    fitting = [
        major for major in majors if major >= server and major >= archive and not (0 < server < _NEW_SETTING <= major)
    ]
    return min(fitting, default=None)


@cache
def version_of(path: Path) -> int:
    """Return a program's major version, 0 when it does not run."""
    try:
        said = subprocess.run(  # noqa: S603 - a program that we found, no shell
            [str(path), "--version"],
            env={"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C"},  # ours may hold secrets
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return 0
    number = re.search(r"\(PostgreSQL\)\s+(\d+)", said)
    return int(number[1]) if number else 0


def _candidates(program: str) -> Iterator[Path]:
    folders: list[Path] = []
    if settings.PG_BIN_DIR:
        folders.append(Path(settings.PG_BIN_DIR))
    else:
        try:
            embedded = binaries.find()
        except EmbeddedPostgresUnavailableError:
            pass
        else:
            folders.append(embedded)
            folders.extend(sorted(embedded.parents[1].glob("pginstall*/bin")))
        for base, pattern in _SYSTEM:
            folders.extend(sorted(base.glob(pattern)))
        if on_path := shutil.which(program):
            folders.append(Path(on_path).parent)
    for folder in folders:
        if (path := folder / program).is_file():
            yield path
