"""What every command of the shop has in common: options, exit codes, one summary, a lock, a clean end on SIGTERM."""

from __future__ import annotations

import argparse
import json
import secrets
import signal
import textwrap
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any, ClassVar

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, InterfaceError

from config.checks import SETTINGS
from config.database import DatabaseConnectionError, advisory_lock
from config.errors import ShopError

FAILED, USAGE, FINDINGS, LOCKED, REFUSED, INTERRUPTED = 1, 2, 3, 4, 5, 130

EXIT_CODES = """
exit codes: 0 done, 1 failed, 2 wrong use, 4 another run holds the lock, 5 refused for safety, 130 interrupted
"""


def positive(text: str) -> int:
    """Read a whole number from 1 to 100000, for argparse."""
    if text.isascii() and text.isdigit() and 1 <= int(text) <= 100_000:
        return int(text)
    raise argparse.ArgumentTypeError(f"not a number from 1 to 100000: {text!r}")


class CommandWithExamples(BaseCommand):
    """Lets --help begin with what the command does and with ``examples``, whose line breaks are kept."""

    examples: ClassVar[str] = ""
    exit_codes: ClassVar[str] = ""

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        """Put the examples before the options, and the exit codes last."""
        parser = super().create_parser(prog_name, subcommand, epilog=self.exit_codes, **kwargs)
        parser.description = f"{textwrap.fill(self.help, 110)}\n\n{self.examples.strip()}"
        parser.formatter_class = argparse.RawDescriptionHelpFormatter
        return parser


class ShopCommand(CommandWithExamples):
    """Runs ``work`` under the lock named after the command, and prints what it returns as one line or as JSON.

    A subclass gives ``examples`` (shown by ``--help``), ``lock_name`` (None: may run several times at once) and
    ``work``, which returns the facts of the run; ``summary`` makes the line of them.
    """

    exit_codes = EXIT_CODES
    # Django's own checks load every page and form, each minute again; `make lint` and `check --deploy` run them.
    requires_system_checks: tuple[str, ...] = (SETTINGS,)
    lock_name: ClassVar[str | None] = None
    changes_something: ClassVar[bool] = True

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the options that every command has."""
        parser.add_argument("--format", choices=["text", "json"], default="text", help="text (default) or json")
        if self.changes_something:
            mode = parser.add_mutually_exclusive_group()
            mode.add_argument("--dry-run", action="store_true", help="say what would be done, change nothing")
            mode.add_argument("--apply", action="store_true", help="do it; this is the default")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run once. Raises CommandError with the exit code."""
        started = time.monotonic()
        run_id = secrets.token_hex(4)
        try:
            with ExitStack() as stack:
                stopping = stack.enter_context(stop_requests())
                if self.lock_name and not stack.enter_context(advisory_lock(f"command:{self.lock_name}")):
                    raise CommandError(f"Another {self.lock_name} is running.", returncode=LOCKED)
                facts = self.work(stopping=stopping, **options)
        except (DatabaseConnectionError, DatabaseError, InterfaceError) as error:
            raise CommandError(
                f"The database is away or refused: {type(error).__name__}.",
                returncode=FAILED,
            ) from error
        except KeyboardInterrupt as error:
            raise CommandError("Interrupted in the middle, as asked.", returncode=INTERRUPTED) from error
        except ShopError as error:
            raise CommandError(f"Refused: {error} ({error.code})", returncode=REFUSED) from error
        seconds = time.monotonic() - started
        dry = bool(options.get("dry_run"))
        if options["format"] == "json":
            head = {"schema": 1, "run_id": run_id, "dry_run": dry, "duration_ms": round(seconds * 1000)}
            self.stdout.write(json.dumps(head | dict(facts), default=str))
        else:
            note = " (not run)" if dry else ""
            self.stdout.write(f"{self.summary(facts)}{note} ({seconds:.1f} s) run={run_id}")
        if stopping.is_set():
            raise CommandError("Interrupted; what was in hand was finished.", returncode=INTERRUPTED)

    def work(self, *args: Any, **options: Any) -> Mapping[str, Any]:
        """Do the command's work and return its facts. Gets ``stopping`` (an Event) and the parsed options."""
        raise NotImplementedError

    def summary(self, facts: Mapping[str, Any]) -> str:
        """Return the facts as one line."""
        shown = {name: value for name, value in facts.items() if value not in {"", None}}
        return ", ".join(f"{value} {name.replace('_', ' ')}" for name, value in shown.items())


@contextmanager
def stop_requests() -> Iterator[threading.Event]:
    """Turn SIGTERM and SIGINT into a flag while the block runs; a second one interrupts what is in hand.

    Only the main thread may; elsewhere nothing changes.
    """
    stopping = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stopping
        return

    def stop(*_: object) -> None:
        if stopping.is_set():
            raise KeyboardInterrupt
        stopping.set()

    signals = (signal.SIGTERM, signal.SIGINT)
    before = [signal.signal(number, stop) for number in signals]
    try:
        yield stopping
    finally:
        for number, handler in zip(signals, before, strict=True):
            signal.signal(number, handler)
