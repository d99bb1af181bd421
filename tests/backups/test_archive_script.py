"""The archive script, run as PostgreSQL runs it: what is archived once stays as it is."""

from __future__ import annotations

import hashlib
import stat
import subprocess
from pathlib import Path

import pytest

from backups.pitr import script
from config.durable import PARTIAL

SEGMENT = "000000010000000000000007"


class Desk:
    """A server's folder of finished WAL, and an archive."""

    def __init__(self, top: Path) -> None:
        self.source = top / "pg wal"
        self.archive = top / "the archive"
        self.program = top / "archive_wal.sh"
        self.source.mkdir()
        self.archive.mkdir()
        (self.archive / script.MARK).touch()
        self.program.write_text(script.text(self.archive))

    def finished(self, content: bytes, name: str = SEGMENT) -> Path:
        path = self.source / name
        path.write_bytes(content)
        return path

    def run(self, path: Path, name: str | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["sh", str(self.program), str(path), name or path.name],
            env={"PATH": "/usr/bin:/bin"} | environment,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    def files(self) -> list[str]:
        return sorted(path.name for path in self.archive.iterdir() if path.name != script.MARK)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_a_segment_is_archived_privately_with_its_checksum_and_without_the_zeros(desk: Desk) -> None:
    content = b"wal" * 5000 + bytes(4 << 20)

    done = desk.run(desk.finished(content))

    archived = desk.archive / SEGMENT
    assert (done.returncode, done.stderr) == (0, "")
    assert archived.read_bytes() == content
    assert archived.stat().st_blocks * 512 < 1 << 20
    assert desk.files() == [SEGMENT, f"{SEGMENT}.sha256"]
    told = (desk.archive / f"{SEGMENT}.sha256").read_text()
    assert told == f"{hashlib.sha256(content).hexdigest()}  {SEGMENT}\n"
    assert {stat.S_IMODE(path.stat().st_mode) for path in desk.archive.glob("0*")} == {0o600}


def test_the_same_segment_again_is_no_trouble_and_another_one_is_refused(desk: Desk) -> None:
    desk.run(desk.finished(b"first"))

    again = desk.run(desk.finished(b"first"))
    other = desk.run(desk.finished(b"other"))

    assert again.returncode == 0
    assert other.returncode == 1
    assert "another file of that name" in other.stderr
    assert (desk.archive / SEGMENT).read_bytes() == b"first"
    assert desk.files() == [SEGMENT, f"{SEGMENT}.sha256"]


def test_what_a_killed_run_left_is_replaced(desk: Desk) -> None:
    (desk.archive / f"{PARTIAL}{SEGMENT}").write_bytes(b"half")
    (desk.archive / f"{SEGMENT}.sha256").write_text("of a run that got that far\n")

    done = desk.run(desk.finished(b"whole"))

    assert done.returncode == 0
    assert (desk.archive / SEGMENT).read_bytes() == b"whole"
    assert desk.files() == [SEGMENT, f"{SEGMENT}.sha256"]
    assert (desk.archive / f"{SEGMENT}.sha256").read_text().startswith(hashlib.sha256(b"whole").hexdigest())


def test_a_disk_that_is_not_mounted_is_noticed(desk: Desk) -> None:
    (desk.archive / script.MARK).unlink()

    done = desk.run(desk.finished(b"wal"))

    assert done.returncode == 1
    assert "not mounted" in done.stderr
    assert desk.files() == []


@pytest.mark.parametrize("name", ["../escape", ".hidden", "a/b", "$(id)", "a b"])
def test_a_name_that_is_none_of_wals_is_refused(desk: Desk, name: str) -> None:
    done = desk.run(desk.finished(b"wal"), name)

    assert done.returncode == 1
    assert desk.files() == []
    assert not (desk.archive.parent / "escape").exists()


@pytest.mark.parametrize("broken", ["dd", "sync", "mv", "sha256sum"])
def test_whatever_step_fails_the_segment_is_not_called_archived(desk: Desk, tmp_path: Path, broken: str) -> None:
    """As on a full or failing disk: each program fails once, then all is well again."""
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / broken).write_text("#!/bin/sh\nexit 1\n")
    (tools / broken).chmod(0o755)

    failed = desk.run(desk.finished(b"wal"), PATH=f"{tools}:/usr/bin:/bin")
    repaired = desk.run(desk.source / SEGMENT)

    assert failed.returncode == 1
    assert "archive_wal: " in failed.stderr
    assert repaired.returncode == 0
    assert desk.files() == [SEGMENT, f"{SEGMENT}.sha256"]


def test_the_folders_group_may_read_when_it_shall(desk: Desk) -> None:
    desk.program.write_text(script.text(desk.archive, for_group=True))

    desk.run(desk.finished(b"wal"))

    assert stat.S_IMODE((desk.archive / SEGMENT).stat().st_mode) == 0o640
