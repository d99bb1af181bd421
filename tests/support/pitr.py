"""Shops with a WAL archive, on real servers, with moments that one can go back to."""

from __future__ import annotations

import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from backups.pitr import script
from backups.pitr.archive import Archive
from backups.pitr.bases import Base, all_bases
from backups.pitr.server import close_segment
from backups.target import Target, target_of
from config import embedded_postgres
from config.durable import PARTIAL
from config.env import env
from tests.support import system_postgres
from tests.support.commands import run_command, start_command
from tests.support.embedded import data_folder


@dataclass
class PitrShop:
    """A shop's server, its archive, and how commands find both. ``moments``: by name, on the server's clock."""

    version: int
    data_dir: Path
    archive: Archive
    url: str
    admin_url: str
    environment: dict[str, str]
    moments: dict[str, datetime] = field(default_factory=dict)
    pristine: Path | None = None
    """The archive as it was after the disaster, whatever tests did since."""

    @property
    def target(self) -> Target:
        return target_of(env.db_url_config(self.url))

    @property
    def admin(self) -> Target:
        return target_of(env.db_url_config(self.admin_url))

    @property
    def base(self) -> Base:
        """Return the newest base backup."""
        return all_bases(self.archive)[0]

    @property
    def secrets(self) -> set[str]:
        return {str(urlsplit(url).password) for url in (self.url, self.admin_url)}

    def run(self, *arguments: str, **extra: str) -> subprocess.CompletedProcess[str]:
        return run_command("pitr", *arguments, **(self.environment | extra))

    def start(self, *arguments: str, **extra: str) -> subprocess.Popen[str]:
        return start_command("pitr", *arguments, **(self.environment | extra))

    def execute(self, statement: str) -> None:
        with closing(self.target.connect()) as session:
            session.execute(statement)

    def ask(self, query: str) -> object:
        with closing(self.admin.connect()) as session:
            row = session.execute(query).fetchone()
        assert row is not None
        return row[0]

    def ask_shop(self, query: str) -> object:
        with closing(self.target.connect()) as session:
            row = session.execute(query).fetchone()
        assert row is not None
        return row[0]

    def remember(self, name: str) -> None:
        """Call this moment by a name."""
        with closing(self.target.connect()) as session:
            row = session.execute("SELECT clock_timestamp(), pg_sleep(0.02)").fetchone()
        assert row is not None
        self.moments[name] = row[0].astimezone(UTC)

    def close_segment(self) -> str:
        return close_segment(self.admin, self.archive)

    def live_through_a_disaster(self) -> None:
        """Make a base backup and a history in three segments: five rows, ten rows, none, one."""
        self.execute("CREATE TABLE seen (n int)")
        done = self.run("base", "--keep-all")
        assert done.returncode == 0, done.stderr
        self.execute("INSERT INTO seen SELECT generate_series(1, 5)")
        self.remember("five")
        self.execute("INSERT INTO seen SELECT generate_series(6, 10)")
        self.close_segment()
        self.remember("ten")
        self.execute("DELETE FROM seen")
        self.close_segment()
        self.remember("none")
        self.execute("INSERT INTO seen VALUES (11)")
        self.close_segment()
        self.pristine = self.archive.folder.with_name("pristine")
        _copy(self.archive.folder, self.pristine)

    @contextmanager
    def copy(self) -> Iterator[PitrShop]:
        """Yield the shop as it was after the disaster, with a copy of its archive to damage."""
        top = Path(tempfile.mkdtemp(prefix="shop-pitr-copy-"))
        top.chmod(0o711)
        folder = top / "pitr"
        try:
            assert self.pristine is not None
            _copy(self.pristine, folder)
            environment = self.environment | {
                "PITR_DIR": str(folder), "PITR_URL": self.admin_url, "DATA_DIR": str(top / "data"),
            }  # fmt: skip
            yield PitrShop(
                self.version, top / "data", Archive(folder), self.url, self.admin_url, environment, dict(self.moments)
            )
        finally:
            shutil.rmtree(top, ignore_errors=True)


def _copy(folder: Path, to: Path) -> None:
    subprocess.run(["cp", "-a", "--sparse=always", str(folder), str(to)], check=True)


@contextmanager
def quick_disk() -> Iterator[None]:
    """Have temporary folders in memory, where there is room: these tests write and sync gigabytes."""
    memory = Path("/dev/shm")
    before = tempfile.tempdir
    if memory.is_dir() and shutil.disk_usage(memory).free > 4 << 30:
        tempfile.tempdir = str(memory)
    try:
        yield
    finally:
        tempfile.tempdir = before


def segments(archive: Archive) -> list[Path]:
    """Return the archived segments in order."""
    return sorted(path for path in archive.wal.iterdir() if len(path.name) == 24)


def leftovers(archive: Archive) -> list[str]:
    """Return what a command should have removed: scratch clusters, unfinished files, folders of sockets."""
    found = [path.name for path in archive.folder.glob(".scratch-*")]
    found += [path.name for path in archive.bases.glob(f"{PARTIAL}*")]
    return found + [path.name for path in Path("/tmp").glob("shop-pitr-[!c]*")]


@contextmanager
def embedded_shop() -> Iterator[PitrShop]:
    """Set up the embedded server as its owner does: by the command, and a restart."""
    with quick_disk(), data_folder() as folder:
        embedded_postgres.start(folder, throw_away=True)
        shop = _embedded(folder)
        done = shop.run("setup", "--apply")
        assert done.returncode == 0, done.stderr
        assert "must be restarted" in done.stdout
        embedded_postgres.stop(folder)
        embedded_postgres.start(folder, throw_away=True)
        shop = _embedded(folder)
        shop.live_through_a_disaster()
        yield shop


def _embedded(folder: Path) -> PitrShop:
    url, admin = embedded_postgres.url_of_running_server(folder), embedded_postgres.superuser_url(folder)
    assert url
    assert admin
    archive = Archive(embedded_postgres.home(folder) / "pitr")
    environment = {"DATA_DIR": str(folder), "DATABASE_URL": url, "DATABASE_DIRECT_URL": url}
    return PitrShop(18, folder, archive, url, admin, environment)


@contextmanager
def debian_shop(version: int) -> Iterator[PitrShop]:
    """Set a server of the system's up as its administrator does, step by step, with a role of few rights."""
    with quick_disk():
        yield from _debian_shop(version)


def _debian_shop(version: int) -> Iterator[PitrShop]:
    top = Path(tempfile.mkdtemp(prefix="shop-pitr-copy-debian-"))
    top.chmod(0o711)
    archive = Archive(top / "pitr")
    program = top / "archive_wal.sh"
    try:
        account = system_postgres.account()
        for path, mode in ((archive.folder, 0o711), (archive.wal, 0o770), (archive.bases, 0o700)):
            path.mkdir()
            path.chmod(mode)
        (archive.wal / script.MARK).touch()
        account.give_tree(archive.wal)
        environment = {"PITR_DIR": str(archive.folder), "DATA_DIR": str(top / "data")}
        printed = run_command("pitr", "setup", "--print-script", **environment)
        program.write_text(printed.stdout)
        program.chmod(0o755)
        options = {
            "archive_mode": "on",
            "archive_timeout": "60s",
            "archive_command": script.command(program),
            "max_connections": "250",
        }
        with system_postgres.cluster(version, **options) as url:
            superuser = urlsplit(url)._replace(
                netloc=urlsplit(url).netloc.replace("shop:", "postgres:"), path="/postgres"
            )
            password = secrets.token_urlsafe(24)
            with psycopg.connect(superuser.geturl(), autocommit=True) as session:
                session.execute(f"CREATE ROLE shop_replication LOGIN REPLICATION PASSWORD '{password}'")
                session.execute("GRANT EXECUTE ON FUNCTION pg_switch_wal() TO shop_replication")
            netloc = f"shop_replication:{password}@{superuser.hostname}:{superuser.port}"
            admin = superuser._replace(netloc=netloc).geturl()
            environment |= {"PITR_URL": admin, "DATABASE_URL": url, "DATABASE_DIRECT_URL": url}
            shop = PitrShop(version, top / "data", archive, url, admin, environment)
            shop.live_through_a_disaster()
            yield shop
    finally:
        shutil.rmtree(top, ignore_errors=True)
