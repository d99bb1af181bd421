"""The database's own rate for the rows of an order: pgbench, prepared statements, one statement after the other."""

from __future__ import annotations

import os
import re
import subprocess
import zlib
from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

from tests.bench import cpu
from tests.bench import statements as sql
from tests.bench.report import BenchError, Load
from tests.bench.sandbox import Sandbox
from tests.bench.world import CUSTOMERS, World

CLIENTS = 8
_CUSTOMER = (
    "SELECT 'pembeli' || (:number)::text || '@example.com' AS email,"
    r" '+62812' || lpad((:number)::text, 8, '0') AS phone \gset"
)
_RATE = re.compile(r"^tps = ([0-9.]+) \(without initial connection time\)", re.MULTILINE)
_COUNT = re.compile(r"^number of transactions actually processed: ([0-9]+)", re.MULTILINE)
_FAILED = re.compile(r"^number of failed transactions: ([0-9]+)", re.MULTILINE)


def place_script(world: World, *, hot: bool) -> str:
    """Return the script of one order: three different variants in id order, the hot one (if wanted) last."""
    first, last = world.variants[0], world.variants[-1]
    third = (last - first) // 3
    lines = [
        rf"\set user random({world.customers[0].pk}, {world.customers[0].pk + CUSTOMERS - 1})",
        r"\set number :user - 1",
        r"\set nonce random(1, 9000000000000000)",
        rf"\set v1 random({first}, {first + third})",
        rf"\set v2 random({first + third + 1}, {first + 2 * third})",
        rf"\set v3 {world.hot}" if hot else rf"\set v3 random({first + 2 * third + 1}, {last})",
        _CUSTOMER,
        *(f"{statement};" for statement in sql.PLACE_BEFORE),
        "BEGIN;",
        *(f"{statement};" for statement in sql.PLACE_UNTIL_ORDER),
        rf"{sql.INSERT_ORDER.removesuffix('RETURNING id')} RETURNING id AS order_id \gset",
        *(f"{statement};" for statement in sql.PLACE_AFTER_ORDER),
        "COMMIT;",
    ]
    return "\n".join(lines) + "\n"


def run(sandbox: Sandbox, script: str, *, seconds: float, seed: str, values: Mapping[str, str]) -> Load:
    """Run a script with 8 clients; the CPU is that of pgbench and of PostgreSQL. Raises BenchError when one fails."""
    path = sandbox.folder / "place.pgbench"
    path.write_text(script)
    url = urlsplit(sandbox.database_url)
    environment = os.environ | {
        "PGHOST": url.hostname or "127.0.0.1",
        "PGPORT": str(url.port),
        "PGUSER": unquote(url.username or ""),
        "PGPASSWORD": unquote(url.password or ""),
        "PGDATABASE": url.path.lstrip("/"),
    }
    argv = [str(sandbox.programs / "pgbench"), "-n", "-M", "prepared", "-c", str(CLIENTS), "-j", "2"]
    argv += ["-T", str(max(1, round(seconds))), "-f", str(path), f"--random-seed={zlib.crc32(seed.encode())}"]
    argv += [part for name, value in values.items() for part in ("-D", f"{name}={value}")]
    with cpu.metered(sandbox.postmaster, os.getpid()) as meter:
        done = subprocess.run(argv, env=environment, capture_output=True, text=True, timeout=seconds + 60, check=False)
    rate, failed = _RATE.search(done.stdout), _FAILED.search(done.stdout)
    if done.returncode != 0 or rate is None or (failed and int(failed[1])):
        raise BenchError(f"pgbench failed ({done.returncode}):\n{done.stdout[-1500:]}\n{done.stderr[-1500:]}")
    count = _COUNT.search(done.stdout)
    transactions = int(count[1]) if count else 0
    return Load(transactions, transactions / float(rate[1]), meter.seconds)
