"""How long a backup takes against pg_dump alone, and how much memory. By hand only: writing the orders takes a minute.

``python -m tests.bench --only backups``; BENCH_ORDERS says how many orders. What counts is the shortest of interleaved
rounds: other work on the machine only ever adds. Memory is the highest of a whole ``manage.py backup_db``.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable

from django.conf import settings
from django.db import connection

from backups import programs
from backups.dump import Packing, dump
from backups.facts import exported_snapshot
from backups.lock import held
from backups.making import back_up
from backups.packing import GZIP, NONE, ZSTD
from backups.storage import Store
from backups.target import Target, shop_database
from tests.bench.report import BenchError, Fact, say, stop_asked
from tests.bench.sandbox import ROOT
from tests.bench.sections import Bench
from tests.support import history
from tests.support.s3 import a_bucket

NEEDS_SERVERS = False
ROUNDS = 5
GZIP_MOST, ZSTD_MOST, WHOLE_MOST, MEMORY_MOST = 130, 50, 130, 64
REFERENCE = "pg_dump -Fc"


def run(bench: Bench) -> None:
    """Write the orders, then dump them in every way, one after the other, round after round."""
    orders = int(os.environ.get("BENCH_ORDERS", "300000"))
    begun = time.monotonic()
    users = tuple(customer.pk for customer in bench.world.customers)
    history.write(orders, variants=bench.world.variants, users=users)
    size = _megabytes()
    say(f"  {orders} orders written in {time.monotonic() - begun:.0f} s, {size} MB")
    target, store = shop_database(), Store(settings.DATA_DIR / "bench-backups")
    store.prepare()
    ways = _ways(target, store)
    rounds = 1 if bench.rounds == 1 else ROUNDS
    best = dict.fromkeys(ways, float("inf"))
    for _ in range(rounds):
        for name, way in ways.items():
            if stop_asked.is_set():
                raise KeyboardInterrupt
            begun = time.perf_counter()
            way()
            best[name] = min(best[name], time.perf_counter() - begun)
    facts, reference = bench.report.facts, best[REFERENCE]
    note = f"{orders} orders, {size} MB; shortest of {rounds} interleaved; load {os.getloadavg()[0]:.1f}"
    facts.append(Fact("backups", f"ms: {REFERENCE}", round(reference * 1000), None, note))
    most = {"the dump, gzip": GZIP_MOST, "the dump, zstd": ZSTD_MOST, "and read back, gzip": WHOLE_MOST}
    for name, took in best.items():
        if name != REFERENCE:
            facts.append(Fact("backups", f"%: {name}", round(100 * took / reference), most.get(name)))
    with a_bucket() as bucket:
        for compression in (GZIP, ZSTD):
            for more, variables in (("", {}), (", with a bucket", bucket)):
                peak = _peak_of_a_command(bench, compression, variables)
                facts.append(Fact("backups", f"MB of memory: backup_db, {compression}{more}", peak, MEMORY_MOST))


def _ways(target: Target, store: Store) -> dict[str, Callable[[], object]]:
    pg_dump, major = programs.find("pg_dump", server=_server_major(target))
    reader, _ = programs.find("pg_restore", server=0, archive=major)
    plain = store.folder / "plain.dump"

    def alone() -> None:
        with target.environment() as env:
            subprocess.run([str(pg_dump), "-Fc", "-w", "-f", str(plain)], env=env, check=True)
        plain.unlink()

    def only_dump(compression: str) -> Callable[[], None]:
        def once() -> None:
            to = store.folder / "one.dump"
            with exported_snapshot(target) as (_, snapshot, _at):
                dump(target, program=pg_dump, snapshot=snapshot, to=to, packing=Packing(compression, (), reader))
            to.unlink()

        return once

    def whole(compression: str, *, verify_it: bool) -> Callable[[], None]:
        def once() -> None:
            with held(store.folder, target):
                store.remove(back_up(target, store, compression=compression, verify_it=verify_it))

        return once

    ways: dict[str, Callable[[], object]] = {REFERENCE: alone}
    for compression in (GZIP, ZSTD, NONE):
        ways[f"the dump, {compression}"] = only_dump(compression)
    for compression in (GZIP, ZSTD):
        ways[f"with content hashes, {compression}"] = whole(compression, verify_it=False)
        ways[f"and read back, {compression}"] = whole(compression, verify_it=True)
    return ways


def _server_major(target: Target) -> int:
    with target.connect() as session:
        return session.info.server_version // 10_000


def _megabytes() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database()) / 1000000")
        row = cursor.fetchone()
    assert row is not None
    return int(row[0])


_PROGRAM = """
import sys
from django.core.management import execute_from_command_line
execute_from_command_line(sys.argv)
status = open("/proc/self/status").read()  # not ru_maxrss: that remembers what the caller had before exec
print("peak", status.partition("VmHWM:")[2].split()[0])
"""


def _peak_of_a_command(bench: Bench, compression: str, variables: dict[str, str]) -> int:
    """Return the most memory (MB) that a backup_db of its own process takes; pg_dump and who copies are not counted."""
    folder = bench.sandbox.folder / f"memory-{compression}"
    environment = os.environ | bench.sandbox.environment(pool=False)
    environment |= {"SHOP_PROCESS": "command", "BACKUP_DIR": str(folder)} | variables
    argv = [sys.executable, "-c", _PROGRAM, "backup_db", "--compress", compression]
    done = subprocess.run(argv, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    shutil.rmtree(folder, ignore_errors=True)
    if done.returncode != 0:
        raise BenchError(f"backup_db failed: {done.stderr[-500:]}")
    return int(done.stdout.split()[-1]) * 1024 // 1_000_000
