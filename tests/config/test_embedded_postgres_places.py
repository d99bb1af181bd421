"""The embedded server in difficult places: as root, as an ordinary user, without binaries, beside hostile folders."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from config import embedded_postgres
from config.embedded_postgres import account, binaries
from tests.support.embedded import IS_ROOT, ROOT, START, ask, become, data_folder, pid_of, starter

pytestmark = [pytest.mark.processes, pytest.mark.chaos]
only_root = pytest.mark.skipif(not IS_ROOT, reason="about what happens when started as root")


@only_root
def test_started_by_root_the_server_runs_under_a_uid_that_no_account_has():
    with data_folder() as data_dir:
        embedded_postgres.start(data_dir)

        owner = Path(f"/proc/{pid_of(data_dir)}").stat().st_uid
        assert embedded_postgres.home(data_dir) == data_dir / "postgres" / "server"

    assert owner != 0
    with pytest.raises(KeyError):
        pwd.getpwuid(owner)


@only_root
def test_in_a_folder_that_only_root_can_enter_the_files_go_to_a_private_folder_elsewhere():
    with data_folder(mode=0o700) as data_dir:
        url = embedded_postgres.start(data_dir)
        home = embedded_postgres.home(data_dir)

        assert ask(url, "SELECT current_user") == "shop"
        assert not home.is_relative_to(data_dir)
        assert stat.S_IMODE(home.stat().st_mode) == 0o700
        assert stat.S_IMODE(data_dir.parent.stat().st_mode) == 0o700
        embedded_postgres.stop(data_dir)
        assert embedded_postgres.start(data_dir) == url

    assert not home.exists()


@only_root
def test_a_private_folder_that_somebody_else_made_beforehand_is_refused():
    with data_folder(mode=0o700) as data_dir:
        (data_dir / "postgres").mkdir(parents=True)
        home = embedded_postgres.home(data_dir)
        home.mkdir()
        os.chown(home, pwd.getpwnam("games").pw_uid, -1)

        with pytest.raises(embedded_postgres.EmbeddedPostgresError, match="private folder"):
            embedded_postgres.start(data_dir)

        assert not [*home.iterdir()]


@only_root
@pytest.mark.parametrize("trap", ["link", "writable", "foreign"])
def test_a_base_folder_that_is_not_roots_own_is_refused(monkeypatch, tmp_path, trap):
    monkeypatch.setattr(account, "BASES", (tmp_path,))
    base = tmp_path / "infiya-store"
    if trap == "link":
        (tmp_path / "elsewhere").mkdir()
        base.symlink_to(tmp_path / "elsewhere")
    else:
        base.mkdir()
        base.chmod(0o777 if trap == "writable" else 0o755)
        os.chown(base, pwd.getpwnam("games").pw_uid if trap == "foreign" else 0, -1)

    with pytest.raises(embedded_postgres.EmbeddedPostgresError, match="not a folder of root's own"):
        account.private_base()


@only_root
def test_programs_that_the_server_cannot_read_are_copied_with_their_libraries(tmp_path):
    site = tmp_path / "site-packages"  # below a 0700 folder, like a checkout in root's home
    installed = binaries.find().parents[2]
    for name in (binaries.PACKAGE, f"{binaries.PACKAGE}.libs"):
        if (installed / name).is_dir():
            shutil.copytree(installed / name, site / name, symlinks=True)
    programs = site / binaries.PACKAGE / binaries.INSTALLATION / "bin"
    base = Path(tempfile.mkdtemp(prefix="shop-embedded-"))
    base.chmod(0o755)

    try:
        copied = binaries.readable_copy(programs, base)
        again = binaries.readable_copy(programs, base)
        said = subprocess.run(
            [str(copied / "postgres"), "--version"], user=account.SERVER_UID, capture_output=True, text=True, check=True
        )

        assert copied == again
        assert copied.is_relative_to(base)
        assert said.stdout.startswith("postgres (PostgreSQL) 18")
        assert copied.stat().st_uid == 0
    finally:
        shutil.rmtree(base)


def test_an_ordinary_user_gets_a_server_of_his_own():
    if not binaries.can_be_entered_by_others(binaries.find()):
        pytest.skip("this checkout is in a folder that ordinary users cannot enter")
    user = pwd.getpwnam("games") if IS_ROOT else pwd.getpwuid(os.geteuid())

    with data_folder(owner=user) as data_dir:
        process = starter(data_dir, program=(become(user) if IS_ROOT else "") + START)
        out, problem = process.communicate(timeout=60)
        url = out.strip()

        assert process.returncode == 0, problem
        assert ask(url, "SELECT current_user") == "shop"
        assert Path(f"/proc/{pid_of(data_dir)}").stat().st_uid == user.pw_uid
        # Root, coming later, finds the same server, and locks its owner out of nothing.
        embedded_postgres.stop(data_dir)
        assert embedded_postgres.start(data_dir) == url
        assert Path(f"/proc/{pid_of(data_dir)}").stat().st_uid == user.pw_uid
        for name in ("url", "credentials.json", "lock"):
            assert (data_dir / "postgres" / name).stat().st_uid == user.pw_uid


def test_without_a_wheel_the_message_says_what_to_set(monkeypatch, tmp_path):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)

    with pytest.raises(embedded_postgres.EmbeddedPostgresUnavailableError, match="DATABASE_URL=postgres://"):
        embedded_postgres.start(tmp_path / "data")

    assert not (tmp_path / "data").exists()


def test_the_wheel_is_found_without_being_imported():
    code = "import sys; from config.embedded_postgres import binaries as b; b.find(); print(b.PACKAGE in sys.modules)"

    said = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert said.stdout.strip() == "False"


def test_a_data_folder_that_cannot_be_made_is_a_message():
    with pytest.raises(embedded_postgres.EmbeddedPostgresError, match="Set DATA_DIR"):
        embedded_postgres.start(Path("/proc/nowhere"))
