"""A restore beside what it is made of: gunzip to a file, pg_restore with two jobs, the comparison. By hand only.

``python -m tests.bench --only restoring``; BENCH_ORDERS says of how many orders (300,000). Both begin with the same
file and end with a database that was compared with the manifest; ours also checks the file, migrates, runs the hooks,
gathers statistics and swaps. What counts is the quickest of the rounds: a busy machine only ever adds.
"""

from __future__ import annotations

import contextlib
import gzip
import os
import shutil
import subprocess
import time
from pathlib import Path

from backups import database, programs
from backups.lock import held
from backups.making import back_up
from backups.manifest import Manifest
from backups.restore import look, refuse_unfit, restore
from backups.restoring import compare
from backups.storage import Store
from backups.target import Target, shop_database
from tests.bench.report import Fact, Load, Row, say
from tests.bench.sections import Bench
from tests.support import history

NEEDS_SERVERS = False
ROUNDS = 5
AT_MOST = 1.1


def run(bench: Bench) -> None:
    """Write the orders, back them up, then restore them in turns: as restore_db does, and by hand."""
    orders = int(os.environ.get("BENCH_ORDERS", "300000"))
    begun = time.monotonic()
    users = tuple(customer.pk for customer in bench.world.customers)
    history.write(orders, variants=bench.world.variants, users=users)
    say(f"  {orders} orders written in {time.monotonic() - begun:.0f} s")
    target = shop_database()
    store = Store(bench.sandbox.folder / "bench-backups")
    store.prepare()
    with held(store.folder, target):
        manifest = back_up(target, store)
        copy = target.at("restored")
        rounds = max(bench.rounds, ROUNDS) if bench.seconds > 1 else 1
        pairs = []
        for number in range(rounds):
            pairs.append((_ours(manifest, store, copy), _by_hand(manifest, store, target.at("by_hand"))))
            say(f"  round {number + 1}: {pairs[-1][0]:.1f} s, by hand {pairs[-1][1]:.1f} s")
    quickest = [min(times) for times in zip(*pairs, strict=True)]
    note = "; ".join(f"{ours:.1f} s against {by_hand:.1f} s" for ours, by_hand in pairs)
    bench.report.rows.append(
        Row("restoring", "restore_db", "gunzip, pg_restore -j2, compare", target=round(1 / AT_MOST, 3),
            rounds=((Load(1, quickest[0]), Load(1, quickest[1])),), note=note)
    )  # fmt: skip
    facts = bench.report.facts
    facts.append(Fact("restoring", "MB: the archive", manifest.file.raw_size // 10**6, note=f"{manifest.rows} rows"))
    facts.append(Fact("restoring", "load while it ran", f"{os.getloadavg()[0]:.1f}"))


def _ours(manifest: Manifest, store: Store, target: Target) -> float:
    """Restore into a database that is not there yet, as on a new machine; return the seconds."""
    begun = time.monotonic()
    refuse_unfit(manifest, target, migrate=True)
    restore(manifest, store, target, own=store, live=look(target), safety=False)
    took = time.monotonic() - begun
    _forget(target)
    return took


def _by_hand(manifest: Manifest, store: Store, target: Target) -> float:
    """Do with PostgreSQL's own programs what nobody could do without; return the seconds."""
    begun = time.monotonic()
    raw = store.folder / "by-hand.dump"
    program, _ = programs.find("pg_restore", server=manifest.facts.major, archive=manifest.pg_dump_major)
    with contextlib.closing(target.connect_for_maintenance()) as session:
        database.create(session, target.name, like=manifest.settings)
    _gunzip(store.path_of(manifest), raw)
    with target.environment() as env:
        argv = [str(program), "--exit-on-error", "--no-password", "--jobs=2", f"--dbname={target.name}", str(raw)]
        subprocess.run(argv, env=env, check=True)
    raw.unlink()
    compare(manifest, target)
    took = time.monotonic() - begun
    _forget(target)
    return took


def _gunzip(packed: Path, to: Path) -> None:
    if program := shutil.which("gunzip"):
        with to.open("wb") as file:
            subprocess.run([program, "-c", str(packed)], stdout=file, check=True)
        return
    with gzip.open(packed) as source, to.open("wb") as file:
        shutil.copyfileobj(source, file, 1 << 20)


def _forget(target: Target) -> None:
    with contextlib.closing(target.connect_for_maintenance()) as session:
        database.drop(session, target.name)
