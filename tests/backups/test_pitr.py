"""Back to a moment, on real servers: what arrives there, and what refuses to go. ``make drills`` runs these."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from pytest_django import Settings

from backups import programs
from backups.errors import (
    BackupCorruptError,
    BackupFailedError,
    BackupInterruptedError,
    BackupRefusedError,
    BackupUsageError,
)
from backups.lock import held
from backups.pitr import bases, copy_check, keeping, report, scratch, script, taking
from backups.pitr.archive import place
from backups.pitr.checking import survey
from backups.pitr.drilling import drill, last_drill
from backups.pitr.restoring import Plan, bring_back, make_plan, recovered
from backups.pitr.scratch import Goal
from backups.pitr.segments import Segment, parse
from backups.storage import Store
from tests.support import system_postgres
from tests.support.backups import children_named, is_alive
from tests.support.embedded import eventually
from tests.support.pitr import PitrShop, debian_shop, embedded_shop, leftovers, quick_disk, segments
from tests.support.requirements import require_or_skip

pytestmark = pytest.mark.drills


@pytest.fixture(scope="session")
def shop18() -> Iterator[PitrShop]:
    """The embedded server with a history of five rows, ten rows, none, one."""
    with embedded_shop() as shop:
        yield shop


@pytest.fixture(scope="session")
def shop15() -> Iterator[PitrShop]:
    """The same on the oldest version that we support, set up by hand."""
    try:
        system_postgres.programs(15)
    except system_postgres.MissingPostgresError:
        require_or_skip("PostgreSQL 15", install="apt-get install postgresql-15", present=False)
    with debian_shop(15) as shop:
        yield shop


@pytest.fixture(params=[18, 15])
def shop(request: pytest.FixtureRequest) -> PitrShop:
    """Either of the two."""
    found: PitrShop = request.getfixturevalue(f"shop{request.param}")
    return found


@pytest.fixture
def copy(shop18: PitrShop) -> Iterator[PitrShop]:
    """The embedded server's archive, to be damaged."""
    with quick_disk(), shop18.copy() as shop:
        yield shop


@pytest.fixture
def store(tmp_path: Path, settings: Settings) -> Store:
    """An empty folder for backups, and the settings of commands that run here."""
    settings.DATA_DIR = tmp_path / "data"
    settings.BACKUP_DIR = tmp_path / "backups"
    found = Store(settings.BACKUP_DIR)
    found.prepare()
    return found


def rows_at(shop: PitrShop, store: Store, plan: Plan) -> int:
    """Go there and return how many rows there were; nothing of it must be left."""
    with held(store.folder, None):
        done = bring_back(shop.archive, plan, shop.target, store)
    assert leftovers(shop.archive) == []
    return done.manifest.facts.rows["public.seen"]


# --- arriving ---


@pytest.mark.parametrize(("moment", "rows"), [("five", 5), ("ten", 10), ("none", 0)])
def test_what_was_committed_before_the_moment_is_there_and_nothing_after_it(
    shop: PitrShop, store: Store, moment: str, rows: int
) -> None:
    target = shop.moments[moment]
    with held(store.folder, None):
        done = bring_back(shop.archive, make_plan(shop.archive, target), shop.target, store)

    assert done.manifest.facts.rows["public.seen"] == rows
    assert done.manifest.is_verified
    assert done.manifest.kind == "pitr"
    assert done.reached.last_at is not None
    assert done.reached.next_at is not None
    assert done.reached.last_at <= target < done.reached.next_at
    assert target - done.reached.last_at < timedelta(seconds=10)
    assert done.manifest.taken_at == done.reached.last_at
    assert leftovers(shop.archive) == []


def test_the_last_archived_transaction_can_be_reached_too(shop18: PitrShop, store: Store) -> None:
    with shop18.copy() as shop:
        plan = make_plan(shop.archive, None)

        with held(store.folder, None):
            done = bring_back(shop.archive, plan, shop.target, store)

    assert done.manifest.facts.rows["public.seen"] == 1
    assert done.reached.last_at == plan.goal.moment
    assert done.reached.next_at is None


def test_the_command_goes_back_and_hands_over_to_restore_db(shop: PitrShop, tmp_path: Path) -> None:
    """The whole way of an operator: back to ten rows, restored into the live server, and undone."""
    into = shop.archive.folder / "look at me"
    there = {"BACKUP_DIR": str(tmp_path / "backups")}
    before = shop.ask_shop("SELECT count(*) FROM seen")
    try:
        done = shop.run(
            *("restore", "--to", shop.moments["ten"].isoformat(), "--into", str(into), "--format", "json"), **there
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        facts = json.loads(done.stdout)
        conf = (into / "data" / "postgresql.conf").read_text()
    finally:
        shutil.rmtree(into, ignore_errors=True)

    assert facts["backup"] in facts["said"]
    assert "manage.py restore_db" in facts["said"]
    assert datetime.fromisoformat(facts["reached"]) <= shop.moments["ten"] < datetime.fromisoformat(facts["next"])
    assert "archive_mode = off" in conf
    assert re.search(r"restore_command = 'cp \"/", conf)
    assert not any(secret in done.stdout + done.stderr for secret in shop.secrets)
    assert shop.ask_shop("SELECT count(*) FROM seen") == before


def test_a_moment_of_a_minute_ago_is_reached_because_the_live_server_closes_its_segment(
    shop18: PitrShop, tmp_path: Path
) -> None:
    shop18.execute("INSERT INTO seen VALUES (12)")
    shop18.remember("now")
    moment = shop18.moments["now"].isoformat()
    there = {"BACKUP_DIR": str(tmp_path / "backups")}

    before = shop18.run("restore", "--to", moment, "--dry-run", **there)
    done = shop18.run("restore", "--to", moment, **there)

    assert before.returncode == 5
    assert done.returncode == 0, done.stderr
    assert "has closed its WAL segment" in done.stdout


def test_the_drill_goes_there_and_back_and_leaves_nothing(shop: PitrShop, tmp_path: Path) -> None:
    before = {base.name for base in bases.all_bases(shop.archive)}

    done = shop.run("drill", "--format", "json", BACKUP_DIR=str(tmp_path / "backups"))

    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    told = last_drill(shop.archive)
    assert told is not None
    assert told.ok
    assert told.target is not None
    assert told.reached is not None
    assert timedelta(0) <= told.target - told.reached < timedelta(seconds=10)
    assert facts["reached"] == told.reached.isoformat()
    assert leftovers(shop.archive) == []
    assert {base.name for base in bases.all_bases(shop.archive)} == before | {facts["base"]}
    assert shop.ask("SELECT count(*) FROM pg_database WHERE datname ~ '__pitr_'") == 0
    assert not any(secret in done.stdout + done.stderr for secret in shop.secrets)


def test_a_drill_that_is_interrupted_leaves_the_last_result_and_nothing_else(shop18: PitrShop, store: Store) -> None:
    before = last_drill(shop18.archive)
    steps: list[str] = []

    with held(store.folder, None), pytest.raises(BackupInterruptedError):
        # Asked to stop as soon as the scratch cluster replays: the last and longest step.
        drill(shop18.admin, shop18.target, shop18.archive, say=steps.append, should_stop=lambda: len(steps) > 4)

    assert steps[-1].startswith("Replaying")
    assert last_drill(shop18.archive) == before
    assert leftovers(shop18.archive) == []
    assert shop18.ask("SELECT count(*) FROM pg_database WHERE datname ~ '__pitr_'") == 0


# --- what the table of faults asks for ---


def refusal(shop: PitrShop, moment: datetime) -> str:
    """Return why there is no way to a moment."""
    with pytest.raises(BackupRefusedError) as refused:
        make_plan(shop.archive, moment)
    return str(refused.value)


def test_a_target_after_the_end_of_the_wal_is_refused_with_what_can_be_reached(copy: PitrShop) -> None:
    said = refusal(copy, copy.moments["none"] + timedelta(days=1))

    assert "cannot be recovered" in said
    assert f"Recoverable is from {copy.base.complete_at:%Y-%m-%d %H:%M:%S}" in said


def test_a_target_before_the_base_backup_was_complete_is_refused(copy: PitrShop) -> None:
    """PostgreSQL itself says nothing: it goes on to a moment at which the copy was complete, later than asked for."""
    long_before = copy.base.started_at - timedelta(days=1)

    assert "cannot be recovered" in refusal(copy, long_before)
    assert "cannot be recovered" in refusal(copy, copy.base.complete_at - timedelta(microseconds=1))
    go_without_asking(copy, Goal(long_before))


def go_without_asking(shop: PitrShop, goal: Goal) -> None:
    """Recover to a goal that a plan would have refused: the last line of defence is the comparison."""
    chain = survey(shop.archive, read=False).chains[0]
    with recovered(shop.archive, Plan(chain, goal, chain.segments), user="shop"):
        pass


def test_a_target_after_the_end_that_nobody_refused_fails_with_the_logs_words(copy: PitrShop) -> None:
    with pytest.raises(BackupFailedError, match="ended before configured recovery target was reached"):
        go_without_asking(copy, Goal(copy.moments["none"] + timedelta(days=1)))
    assert leftovers(copy.archive) == []


def test_a_missing_segment_closes_what_lies_behind_it_and_nothing_before(copy: PitrShop, store: Store) -> None:
    lost = segments_after_base(copy)[1]
    lost.unlink()

    said = refusal(copy, copy.moments["none"])

    assert f"Missing WAL: {lost.name}" in said
    assert rows_at(copy, store, make_plan(copy.archive, copy.moments["five"])) == 5
    assert f"the first is {lost.name}" in said_by_check(copy)


@pytest.mark.parametrize("trouble", ["missing", "damaged"])
def test_without_a_whole_segment_and_without_a_target_nothing_is_promoted(
    copy: PitrShop, store: Store, trouble: str
) -> None:
    """PostgreSQL would promote there and call it success; ``latest`` is the last transaction before it."""
    segment = segments_after_base(copy)[1]
    if trouble == "missing":
        segment.unlink()
    else:
        damage(segment, offset=120)

    plan = make_plan(copy.archive, None)

    assert plan.goal.moment < copy.moments["ten"]
    assert rows_at(copy, store, plan) == 10


@pytest.mark.parametrize("with_checksum", [True, False])
def test_a_damaged_page_is_found_before_anything_is_started(
    copy: PitrShop, store: Store, *, with_checksum: bool
) -> None:
    bad = segments_after_base(copy)[1]
    damage(bad, offset=120)
    if not with_checksum:
        bad.with_name(f"{bad.name}.sha256").unlink()

    assert f"Damaged WAL: {bad.name}" in refusal(copy, copy.moments["none"])
    assert rows_at(copy, store, make_plan(copy.archive, copy.moments["five"])) == 5
    assert bad.name in said_by_check(copy)


def test_a_truncated_segment_is_found_by_its_size(copy: PitrShop) -> None:
    bad = segments_after_base(copy)[1]
    with bad.open("r+b") as file:
        file.truncate(1_000_000)

    said = refusal(copy, copy.moments["none"])

    assert f"{bad.name} has the wrong size (1000000 bytes)" in said
    assert "has 1000000 bytes instead of 16777216" in said_by_check(copy, read=False)


def test_wal_of_another_server_is_not_replayed(copy: PitrShop) -> None:
    other = segments_after_base(copy)[1]
    data = bytearray(other.read_bytes())
    data[24:32] = (1234567890123456789).to_bytes(8, "little")
    other.write_bytes(data)

    assert "belongs to another server" in refusal(copy, copy.moments["none"])


def test_a_damaged_base_backup_is_found_noted_and_never_used_again(copy: PitrShop, store: Store) -> None:
    file = next(bases.folder_of(copy.archive, copy.base).glob("global/*"))
    damage(file, offset=10)

    with held(store.folder, None), pytest.raises(BackupCorruptError, match="SHA-256"):
        bring_back(copy.archive, make_plan(copy.archive, copy.moments["five"]), copy.target, store)

    assert "no verified base backup" in refusal(copy, copy.moments["five"])
    assert "is bad" in said_by_check(copy, read=False)
    assert leftovers(copy.archive) == []


def test_a_relative_folder_is_refused(settings: Settings) -> None:
    settings.PITR_DIR = "pitr"

    with pytest.raises(BackupUsageError, match="must be an absolute path"):
        place()


def test_the_command_refuses_it_too_before_a_server_is_started(copy: PitrShop) -> None:
    """The server would look for the WAL beside its own files, and find none."""
    done = copy.run("restore", "--to", "latest", PITR_DIR="pitr")

    assert done.returncode == 2
    assert "must be an absolute path" in done.stderr
    assert leftovers(copy.archive) == []


def test_check_says_so_by_its_exit_code_when_asked(copy: PitrShop) -> None:
    fine = copy.run("check", "--quick", "--format", "json")
    segments_after_base(copy)[1].unlink()
    bad = copy.run("check", "--fail-on", "error", "--format", "json")

    assert (fine.returncode, bad.returncode) == (0, 3)
    assert json.loads(fine.stdout)["windows"]
    assert len(json.loads(bad.stdout)["missing"]) == 1


def said_by_check(shop: PitrShop, *, read: bool = True) -> str:
    return "\n".join(report.make(shop.archive, shop.target, read=read).lines)


def segments_after_base(shop: PitrShop) -> list[Path]:
    """Return the segments behind the one in which the base backup ends."""
    size = shop.base.segment_size
    chain = survey(shop.archive, read=False).chains[0]
    return [shop.archive.wal / segment.name(size) for segment in chain.segments[1:]]


def damage(path: Path, *, offset: int) -> None:
    """Turn a few bytes around."""
    with path.open("r+b") as file:
        file.seek(offset)
        found = file.read(16)
        file.seek(offset)
        file.write(bytes(255 - one for one in found))


def test_after_a_promotion_recovery_follows_the_new_timeline(copy: PitrShop, store: Store, tmp_path: Path) -> None:
    """As when an administrator has brought the whole server back to five rows, and the shop went on from there."""
    program = tmp_path / "archive_wal.sh"
    program.write_text(script.text(copy.archive.wal))
    plan = make_plan(copy.archive, copy.moments["five"])
    with held(store.folder, None), recovered(copy.archive, plan, user="shop") as (place, _reached):
        with contextlib.closing(place.target("postgres", "shop").connect()) as session:
            session.execute("SELECT pg_wal_replay_resume()")
            assert eventually(
                lambda: session.execute("SELECT pg_is_in_recovery()").fetchone() == (False,), within_s=180
            )
            session.execute("INSERT INTO seen VALUES (100)")
            row = session.execute("SELECT clock_timestamp(), pg_sleep(0.02)").fetchone()
            assert row is not None
            session.execute("SELECT pg_current_xact_id()")
            switched = session.execute("SELECT pg_walfile_name(pg_switch_wal())").fetchone()
            assert switched is not None
        for name in ("00000002.history", str(switched[0])):
            path = place.data / "pg_wal" / name
            subprocess.run(["sh", str(program), str(path), name], check=True)

    onwards = make_plan(copy.archive, row[0])
    if os.geteuid() == 0:  # what root has put there is not for the server's user
        with held(store.folder, None), pytest.raises(BackupRefusedError, match="chown -R"):
            bring_back(copy.archive, onwards, copy.target, store)
        copy.archive.server_account().give_tree(copy.archive.wal)

    assert onwards.chain.timeline.number == 2
    assert rows_at(copy, store, onwards) == 6


# --- the archive refuses, the server fails ---


def test_an_archive_that_refuses_is_seen_by_everybody_who_needs_it(shop18: PitrShop) -> None:
    """As when two servers share a folder: a file of the next segment's name is there already, with other content."""
    size = shop18.base.segment_size
    previous = parse(shop18.close_segment(), size)
    taken = shop18.archive.wal / Segment(previous.timeline, previous.number + 1).name(size)
    taken.write_bytes(b"another server's")
    try:
        with pytest.raises(BackupFailedError, match="archive_command fails"):
            shop18.close_segment()
        seen = [str(problem) for problem in report.make(shop18.archive, shop18.target, read=False).problems]
        assert taken.read_bytes() == b"another server's"
    finally:
        taken.unlink()
    shop18.close_segment()

    assert any("archive_command fails" in problem for problem in seen)
    assert any(f"{taken.name} has 16 bytes" in problem for problem in seen)
    assert report.make(shop18.archive, shop18.target, read=False).level == report.Level.OK
    assert survey(shop18.archive).missing == []


def test_a_server_that_is_not_ours_is_told_about_and_not_touched(shop15: PitrShop) -> None:
    printed = shop15.run("setup")
    applied = shop15.run("setup", "--apply")

    assert printed.returncode == 0
    assert "ALTER SYSTEM SET archive_command" in printed.stdout
    assert "systemctl restart" not in printed.stdout  # nothing is left to restart for
    assert applied.returncode == 5


def test_setting_up_again_changes_nothing(shop18: PitrShop) -> None:
    done = shop18.run("setup", "--apply", "--format", "json")

    facts = json.loads(done.stdout)
    assert (facts["settings"], facts["done"], facts["restart"]) == ({}, [], False)


def test_nothing_set_up_is_no_trouble_for_cron_and_refused_by_hand(shop15: PitrShop, tmp_path: Path) -> None:
    elsewhere = {"PITR_DIR": "", "BACKUP_DIR": str(tmp_path / "backups")}

    by_cron = shop15.run("drill", "--if-set-up", **elsewhere)
    by_hand = shop15.run("drill", **elsewhere)

    assert by_cron.returncode == 0
    assert "WAL archiving is not set up" in by_cron.stdout
    assert by_hand.returncode == 5


# --- base backups ---


def test_two_at_once_are_one_too_many(shop18: PitrShop, store: Store) -> None:
    with held(store.folder, None):
        done = shop18.run("base", BACKUP_DIR=str(store.folder))

    assert done.returncode == 4
    assert "Another backup" in done.stderr


def test_a_wrong_password_leaves_nothing_and_is_not_repeated(shop18: PitrShop, tmp_path: Path) -> None:
    wrong = shop18.admin_url.replace(str(shop18.admin.password), "wrong-secret-word")
    before = sorted(path.name for path in shop18.archive.bases.iterdir())

    done = shop18.run("base", PITR_URL=wrong, BACKUP_DIR=str(tmp_path / "backups"))

    assert done.returncode == 1
    assert "password authentication failed" in done.stderr
    assert "wrong-secret-word" not in done.stdout + done.stderr
    assert sorted(path.name for path in shop18.archive.bases.iterdir()) == before


@pytest.mark.parametrize("victim", ["pg_basebackup", "ourselves"])
def test_a_killed_base_backup_is_none_and_the_next_one_clears_it_away(
    shop18: PitrShop, tmp_path: Path, victim: str
) -> None:
    before = {base.name for base in bases.all_bases(shop18.archive)}
    there = {"BACKUP_DIR": str(tmp_path / "backups")}
    checkpointer = shop18.ask("SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'")
    assert isinstance(checkpointer, int)
    os.kill(checkpointer, signal.SIGSTOP)  # every base backup begins with a checkpoint: this one does not get further
    making = shop18.start("base", "--keep-all", **there)
    try:
        assert eventually(lambda: list(shop18.archive.bases.glob(".partial-*")) and copying(making.pid), within_s=180)
        (child,) = copying(making.pid)
        arguments = Path(f"/proc/{child}/cmdline").read_bytes() + Path(f"/proc/{child}/environ").read_bytes()
        if victim == "ourselves":
            making.kill()
        else:
            os.kill(child, signal.SIGKILL)
        out, err = making.communicate(timeout=180)
    finally:
        os.kill(checkpointer, signal.SIGCONT)
        making.kill()
        making.wait()

    assert not any(secret.encode() in arguments for secret in shop18.secrets)
    assert not any(secret in out + err for secret in shop18.secrets)
    assert making.returncode == (1 if victim == "pg_basebackup" else -signal.SIGKILL)
    assert eventually(lambda: not is_alive(child))
    assert eventually(lambda: shop18.ask("SELECT count(*) FROM pg_stat_replication") == 0)
    assert {base.name for base in bases.all_bases(shop18.archive)} == before
    left = list(shop18.archive.bases.glob(".partial-*"))
    assert bool(left) == (victim == "ourselves")

    again = shop18.run("base", "--keep-all", **there)

    assert again.returncode == 0, again.stderr
    assert leftovers(shop18.archive) == []
    assert list(shop18.data_dir.glob(".pgpass-*")) == []


def copying(parent: int) -> list[int]:
    """Return the pg_basebackup that copies; one that is asked for its version does not count."""
    found = children_named("pg_basebackup", of=parent)
    return [pid for pid in found if b"--pgdata" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def test_a_recovery_that_is_killed_takes_its_server_along(copy: PitrShop, store: Store) -> None:
    going = copy.start("restore", "--to", copy.moments["ten"].isoformat(), BACKUP_DIR=str(store.folder))
    try:
        log = copy.archive.folder
        assert eventually(lambda: list(log.glob(".scratch-*/recovery.log")), within_s=180)
        assert eventually(lambda: children_named("postgres", of=going.pid), within_s=180)
        (server,) = children_named("postgres", of=going.pid)
    finally:
        going.kill()
        going.communicate()

    assert eventually(lambda: not is_alive(server))
    assert len(list(copy.archive.folder.glob(".scratch-*"))) == 1
    assert rows_at(copy, store, make_plan(copy.archive, copy.moments["ten"])) == 10


def test_the_real_pg_verifybackup_agrees_with_ours(shop15: PitrShop) -> None:
    """Ours is used everywhere because not every installation has one that runs."""
    with shop15.copy() as shop:
        folder = bases.folder_of(shop.archive, shop.base)
        theirs = [str(programs.find_exact("pg_verifybackup", major=15)), str(folder)]

        taking.verify(shop.archive, shop.base)
        assert run(theirs) == 0

        damage(folder / "global" / "pg_control", offset=100)
        with pytest.raises(BackupCorruptError):
            copy_check.check(folder)
        assert run(theirs) != 0


def run(argv: list[str]) -> int:
    return subprocess.run(argv, capture_output=True, check=False).returncode


def test_a_program_of_another_version_is_named_with_its_package(
    shop18: PitrShop, shop15: PitrShop, tmp_path: Path
) -> None:
    only15 = str(programs.find_exact("pg_basebackup", major=15).parent)

    done = shop18.run("base", PG_BIN_DIR=only15, BACKUP_DIR=str(tmp_path / "backups"))

    assert done.returncode == 1
    assert "apt-get install postgresql-client-18" in done.stderr


def test_wal_goes_only_when_no_base_backup_needs_it(copy: PitrShop, settings: Settings) -> None:
    settings.PITR_KEEP_BASES, settings.PITR_KEEP_DAYS = 1, 0
    foreign = copy.archive.wal / "notes.txt"
    foreign.touch()
    bases.write(copy.archive, bases.Base(**{**vars(copy.base), "name": "base-20200101T000000Z-000000",
                                            "complete_at": copy.base.complete_at - timedelta(days=99)}))  # fmt: skip
    shutil.copytree(bases.folder_of(copy.archive, copy.base), copy.archive.bases / "base-20200101T000000Z-000000")
    first = copy.base.first_segment

    planned = keeping.prune(copy.archive, dry_run=True)
    done = keeping.prune(copy.archive)

    assert planned == done
    assert [base.name for base in done[0]] == ["base-20200101T000000Z-000000"]
    size = copy.base.segment_size
    assert all(int(name[16:24], 16) < first for name in done[1])
    assert segments(copy.archive)[0].name == f"{1:08X}{0:08X}{first:08X}"
    assert size == 16 << 20
    assert foreign.exists()
    assert make_plan(copy.archive, copy.moments["none"]).segments


def test_the_scratch_cluster_lets_nobody_in_over_the_network(copy: PitrShop, store: Store) -> None:
    plan = make_plan(copy.archive, copy.moments["five"])
    with held(store.folder, None), recovered(copy.archive, plan, user="shop") as (place, reached):
        with contextlib.closing(place.target("shop", "shop").connect()) as session:
            listening = session.execute("SHOW listen_addresses").fetchone()
            archiving = session.execute("SHOW archive_mode").fetchone()
            with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
                session.execute("DELETE FROM seen")
        modes = [path.stat().st_mode & 0o777 for path in (place.folder, place.socket, place.data)]

    assert (listening, archiving) == (("",), ("off",))
    assert modes == [0o700] * 3
    assert reached.next_at is not None
    assert scratch.PREFIX in place.folder.name
    assert not place.folder.exists()
