"""The embedded server: one cluster's life, from the first start to kill -9."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys

import psycopg
import pytest

from config import embedded_postgres
from tests.support.embedded import ROOT, ask, data_folder, eventually, pid_of, port_of, starter, superuser_url, write

pytestmark = [pytest.mark.processes, pytest.mark.chaos]


@pytest.fixture
def data_dir():
    with data_folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def shared():
    """A started server that the tests below only ask questions."""
    with data_folder() as folder:
        yield folder, embedded_postgres.start(folder)


def test_the_application_connects_as_an_ordinary_role_that_owns_its_database(shared):
    _, url = shared

    assert ask(url, "SELECT current_user") == "shop"
    assert ask(url, "SELECT rolsuper OR rolcreaterole OR rolreplication FROM pg_roles WHERE rolname = 'shop'") is False
    assert ask(url, "SELECT rolcreatedb FROM pg_roles WHERE rolname = 'shop'") is True
    assert ask(url, "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'shop'") == "shop"


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("server_version_num", "18"),
        ("server_encoding", "UTF8"),
        ("fsync", "on"),
        ("synchronous_commit", "on"),
        ("full_page_writes", "on"),
        ("max_connections", "200"),
        ("password_encryption", "scram-sha-256"),
        ("scram_iterations", "4096"),
        ("statement_timeout", "10s"),
        ("lock_timeout", "3s"),
        ("idle_in_transaction_session_timeout", "15s"),
        ("listen_addresses", "127.0.0.1"),
        ("unix_socket_directories", ""),
        ("TimeZone", "UTC"),
    ],
)
def test_the_server_is_set_as_promised(shared, setting, value):
    folder, url = shared
    # What the role may see and has set for it, else what only the superuser may see.
    url = superuser_url(folder) if setting == "unix_socket_directories" else url

    assert str(ask(url, f"SHOW {setting}")).startswith(value)


def test_letters_beyond_ascii_change_case_the_same_everywhere(shared):
    _, url = shared

    assert ask(url, "SELECT upper('é ß ж')") == "É ß Ж"


def test_a_wrong_password_is_refused_for_both_roles(shared):
    _, url = shared
    port = port_of(url)

    for user in ("shop", "postgres"):
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(f"postgres://{user}:wrong@127.0.0.1:{port}/shop")


def test_the_superuser_may_replicate_and_nobody_else_gets_in(shared):
    folder, _ = shared
    url = superuser_url(folder)

    assert ask(url, "SELECT rolsuper AND rolreplication FROM pg_roles WHERE rolname = current_user") is True
    rules = ask(url, "SELECT string_agg(DISTINCT auth_method, ',') FROM pg_hba_file_rules")
    assert rules == "scram-sha-256"


def test_what_the_launcher_remembers_is_private(shared):
    folder, _ = shared

    for name in ("url", "credentials.json", "lock"):
        assert stat.S_IMODE((folder / "postgres" / name).stat().st_mode) == 0o600
    home = embedded_postgres.home(folder)
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert stat.S_IMODE((home / "server.log").stat().st_mode) == 0o600
    assert home.stat().st_uid != 0


def test_the_settings_stand_in_the_cluster_where_a_base_backup_takes_them_along(shared):
    folder, url = shared

    assert ask(url, "SELECT count(*) FROM pg_settings WHERE source = 'command line' AND name <> 'data_directory'") == 0
    text = (embedded_postgres.home(folder) / "data" / "postgresql.conf").read_text()
    assert "max_connections = 200" in text


def test_a_start_of_a_running_server_changes_nothing(shared):
    folder, url = shared
    before = pid_of(folder)

    assert embedded_postgres.start(folder) == url
    assert embedded_postgres.url_of_running_server(folder) == url
    assert pid_of(folder) == before


def test_looking_for_the_url_loads_neither_django_nor_a_driver():
    code = "import sys, config.embedded_postgres as e; print(sorted({'django', 'psycopg'} & set(sys.modules)))"

    said = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert said.stdout.strip() == "[]"


def test_stopping_is_clean_and_may_be_repeated(data_dir):
    assert embedded_postgres.stop(data_dir) is False
    embedded_postgres.start(data_dir)

    assert embedded_postgres.stop(data_dir) is True
    assert embedded_postgres.stop(data_dir) is False

    assert embedded_postgres.url_of_running_server(data_dir) is None
    assert "database system is shut down" in (embedded_postgres.home(data_dir) / "server.log").read_text()


def test_a_restart_keeps_data_port_and_password(data_dir):
    url = embedded_postgres.start(data_dir)
    write(url, "CREATE TABLE kept AS SELECT 1 AS one")

    embedded_postgres.stop(data_dir)

    assert embedded_postgres.start(data_dir) == url
    assert ask(url, "SELECT one FROM kept") == 1


def test_a_port_that_somebody_took_meanwhile_is_replaced(data_dir):
    url = embedded_postgres.start(data_dir)
    embedded_postgres.stop(data_dir)
    taken = port_of(url)

    with socket.create_server(("127.0.0.1", taken)):
        other = embedded_postgres.start(data_dir)

    assert other != url
    assert ask(other, "SELECT 1") == 1
    assert embedded_postgres.start(data_dir) == other


def test_a_killed_server_starts_again_with_all_that_was_committed(data_dir):
    url = embedded_postgres.start(data_dir)
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n")

    postmaster = pid_of(data_dir)
    assert postmaster is not None

    with psycopg.connect(url):  # its backend is still there when the postmaster is not
        os.kill(postmaster, signal.SIGKILL)
        again = embedded_postgres.start(data_dir)

    assert ask(again, "SELECT count(*) FROM kept") == 1000


def test_a_pid_file_whose_number_now_belongs_to_another_process_is_seen_through(data_dir):
    url = embedded_postgres.start(data_dir)
    embedded_postgres.stop(data_dir)
    stranger = subprocess.Popen(["sleep", "60"])
    pid_file = embedded_postgres.home(data_dir) / "data" / "postmaster.pid"
    pid_file.write_text(f"{stranger.pid}\n{pid_file.parent}\n1\n5432\n\n127.0.0.1\n 1 1\nready\n")

    try:
        assert embedded_postgres.stop(data_dir) is False
        assert stranger.poll() is None
        assert embedded_postgres.start(data_dir) == url
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_two_first_starts_at_once_make_one_server(data_dir):
    both = [starter(data_dir), starter(data_dir)]
    said = [process.communicate(timeout=60) for process in both]

    assert [process.returncode for process in both] == [0, 0], said
    assert said[0][0] == said[1][0]
    assert ask(said[0][0].strip(), "SELECT 1") == 1


def test_a_first_start_that_was_killed_half_way_leaves_nothing_behind(data_dir):
    first = starter(data_dir)
    assert eventually(lambda: [*data_dir.glob("postgres/server-new-*/data/base/1/*")])

    first.kill()
    first.communicate()

    assert ask(embedded_postgres.start(data_dir), "SELECT 1") == 1
    assert not [*data_dir.glob("postgres/server-new-*")]


def test_lost_credentials_are_replaced_and_the_data_stays(data_dir):
    url = embedded_postgres.start(data_dir)
    write(url, "CREATE TABLE kept AS SELECT 1 AS one")
    embedded_postgres.stop(data_dir)
    (data_dir / "postgres" / "credentials.json").unlink()

    other = embedded_postgres.start(data_dir)

    assert other != url
    assert ask(other, "SELECT one FROM kept") == 1


def test_a_cluster_of_another_major_version_is_not_touched(data_dir):
    embedded_postgres.start(data_dir)
    embedded_postgres.stop(data_dir)
    (embedded_postgres.home(data_dir) / "data" / "PG_VERSION").write_text("17\n")

    with pytest.raises(embedded_postgres.EmbeddedPostgresError, match="made by PostgreSQL 17"):
        embedded_postgres.start(data_dir)


def test_the_last_of_several_users_stops_the_server(data_dir):
    with embedded_postgres.running(data_dir) as url:
        with embedded_postgres.running(data_dir) as same:
            assert same == url
        assert ask(url, "SELECT 1") == 1

    assert pid_of(data_dir) is None


def test_a_server_that_somebody_started_by_hand_outlives_its_users(data_dir):
    embedded_postgres.start(data_dir)

    with embedded_postgres.running(data_dir) as url:
        pass

    assert ask(url, "SELECT 1") == 1


def test_a_user_that_was_killed_does_not_keep_the_server_up_for_ever(data_dir):
    program = "import sys, time; from pathlib import Path; from config import embedded_postgres as e\n"
    program += "with e.running(Path(sys.argv[1])) as url: print(url, flush=True); time.sleep(60)"
    user = starter(data_dir, program=program)
    assert user.stdout is not None
    url = user.stdout.readline().strip()
    user.kill()
    user.communicate()
    assert ask(url, "SELECT 1") == 1

    with embedded_postgres.running(data_dir) as same:
        assert same == url

    assert pid_of(data_dir) is None


def test_a_failing_block_stops_the_server_too(data_dir):
    with pytest.raises(ZeroDivisionError), embedded_postgres.running(data_dir):
        1 / 0  # noqa: B018

    assert pid_of(data_dir) is None


def test_a_throw_away_server_dies_with_its_owner_and_cannot_be_mistaken_for_a_durable_one(data_dir):
    program = "import sys, time; from pathlib import Path; from config import embedded_postgres as e\n"
    program += "print(e.start(Path(sys.argv[1]), throw_away=True), flush=True); time.sleep(60)"
    owner = starter(data_dir, program=program)
    assert owner.stdout is not None
    url = owner.stdout.readline().strip()
    assert ask(url, "SHOW fsync") == "off"
    assert ask(url, "SHOW scram_iterations") == "1"
    with pytest.raises(embedded_postgres.EmbeddedPostgresError, match="throw-away"):
        embedded_postgres.start(data_dir)

    owner.kill()
    owner.communicate()

    assert eventually(lambda: pid_of(data_dir) is None)


def test_destroying_removes_every_file(data_dir):
    embedded_postgres.start(data_dir)
    home = embedded_postgres.home(data_dir)

    embedded_postgres.destroy(data_dir)
    embedded_postgres.destroy(data_dir)

    assert not home.exists()
    assert not (data_dir / "postgres").exists()
