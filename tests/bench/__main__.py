"""``python -m tests.bench``: measure everything, print the table, write test-artifacts/bench.json."""

from __future__ import annotations

import argparse
import importlib
import os
import platform
import random
import signal
import sys
import time
from pathlib import Path
from types import ModuleType

from tests.bench.report import BenchError, Report, say, stop_asked
from tests.bench.sandbox import ROOT, Sandbox, sandbox

SECTIONS = ("placing", "api", "notification", "pages", "queries", "rush")
BY_HAND = ("monitors", "backups", "restoring")
"""Only when asked for by name: they write very many orders first."""
OUTPUT = ROOT / "test-artifacts" / "bench.json"


def main(arguments: list[str] | None = None) -> int:
    """Run the chosen sections. Exit codes: 0 done, 1 a section failed, 3 a target was missed (with --fail-on)."""
    options = _parser().parse_args(arguments)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop)
    begun = time.monotonic()
    with sandbox() as place:
        report = _measure(place, options)
    report.settings["took"] = f"{time.monotonic() - begun:.0f} s"
    report.print()
    if options.markdown:
        say("")
        report.print_markdown()
    if float(report.machine["load before"].split(",")[0]) > float(report.machine["cores"]):
        say("The machine was busy before we began: work that needs the CPU then loses more than work that waits for")
        say("the disk, so ratios against pgbench come out too low. Measure again on a quiet machine.")
    report.write(options.output)
    say(f"Written to {os.path.relpath(options.output)}.")
    if any(why.startswith("FAILED") for why in report.missing.values()):
        return 1
    return 3 if options.fail_on and not report.all_met else 0


def _stop(*_: object) -> None:
    """End the run so that everything is taken down on the way out.

    The note is for an exception that Python drops, as it does in the callbacks around a fork.
    """
    stop_asked.set()
    raise KeyboardInterrupt


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench", description="Measure the shop side by side with references."
    )
    parser.add_argument(
        "--only", metavar="NAME", action="append", choices=SECTIONS + BY_HAND, help=", ".join(SECTIONS + BY_HAND)
    )
    parser.add_argument("--quick", action="store_true", help="one short round of everything: does it still run?")
    parser.add_argument("--rounds", type=int, default=3, help="interleaved rounds (default 3)")
    parser.add_argument("--seconds", type=float, default=3.0, help="seconds of each measurement (default 3)")
    parser.add_argument("--seed", type=int, help="repeat the choices of an earlier run")
    parser.add_argument("--markdown", action="store_true", help="print the tables once more, as GitHub's markdown")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="where the JSON goes")
    parser.add_argument("--fail-on", action="store_true", help="exit with 3 when a target is missed")
    return parser


def _measure(place: Sandbox, options: argparse.Namespace) -> Report:
    import django

    django.setup()  # only now: the settings are the sandbox's

    from tests.bench import servers, world
    from tests.bench.sections import Bench, NotBuiltYetError

    rounds, seconds = (1, 1.0) if options.quick else (options.rounds, options.seconds)
    seed = random.SystemRandom().randrange(10**6) if options.seed is None else options.seed
    chosen = [_section(name) for name in SECTIONS + BY_HAND if name in (options.only or SECTIONS)]
    say(f"Seed {seed}; {rounds} rounds of {seconds:g} s. Filling the shop ...")
    found = world.build()
    world.write_facts(found)
    report = Report(
        machine=_machine(),
        settings={"seed": seed, "rounds": rounds, "seconds each": seconds, "fsync": world.setting("fsync"),
                  "synchronous_commit": world.setting("synchronous_commit")},
    )  # fmt: skip
    with servers.maybe(place, wanted=any(section.NEEDS_SERVERS for section in chosen)) as running:
        bench = Bench(place, found, report, running, rounds, seconds, seed)
        for section in chosen:
            name, begun = section.__name__.rpartition(".")[2], time.monotonic()
            try:
                section.run(bench)
            except NotBuiltYetError as error:
                report.missing[name] = f"not built yet: {error}"
            except BenchError as error:
                report.missing[name] = f"FAILED: {error}"
            say(f"  {name}: {report.missing.get(name, 'done')} ({time.monotonic() - begun:.0f} s)")
    return report


def _section(name: str) -> ModuleType:
    return importlib.import_module(f"tests.bench.sections.{name}")


def _machine() -> dict[str, str]:
    from tests.bench import world

    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return {
        "cores": str(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()),
        "machine": platform.machine(),
        "Python": platform.python_version(),
        "PostgreSQL": world.setting("server_version"),
        "load before": load,
    }


if __name__ == "__main__":
    sys.exit(main())
