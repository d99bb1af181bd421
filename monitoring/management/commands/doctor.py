"""What is wrong with this installation, and what to try."""

from __future__ import annotations

import argparse
import json
from typing import Any

from django.core.management.base import CommandError

from config.commands import FINDINGS, ShopCommand
from monitoring.doctor import GROUPS, Answer, Level, Visit, examine


class Command(ShopCommand):
    """Looks at everything that the shop stands on. Read-only, always; never prints a secret."""

    help = "Look at settings, database, mail, gateway, cron and data; say what to try for each thing that is wrong."
    requires_system_checks = ()  # it is the one to say what is wrong
    changes_something = False
    examples = """\
examples:
  manage.py doctor                               everything
  manage.py doctor --only scheduler --only email two groups
  manage.py doctor --deploy --fail-on error      before customers come; exit 3 when something is wrong
  manage.py doctor --offline                     ask nobody outside this machine
"""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare where to look and when to fail."""
        super().add_arguments(parser)
        parser.add_argument("--only", action="append", choices=list(GROUPS), metavar="GROUP", help=", ".join(GROUPS))
        parser.add_argument("--deploy", action="store_true", help="judge it as a shop with customers")
        parser.add_argument("--offline", action="store_true", help="ask nobody outside this machine")
        parser.add_argument("--fail-on", choices=["warning", "error"], help="exit 3 on such findings")

    def handle(self, *args: Any, **options: Any) -> None:
        """Look and print. Raises CommandError with exit code 3 for findings, if that was asked for."""
        visit = Visit(offline=options["offline"], deploy=options["deploy"])
        found: list[tuple[str, Answer]] = []
        for group, answer in examine(options["only"] or list(GROUPS), visit):
            found.append((group, answer))
            if options["format"] == "text":
                self._say(group, answer)
        counts = {level: sum(answer.level is level for _, answer in found) for level in Level}
        if options["format"] == "json":
            self.stdout.write(json.dumps({"schema": 1, "answers": [_as_json(*row) for row in found]}))
        else:
            self.stdout.write(f"{counts[Level.OK]} ok, {counts[Level.WARNING]} warnings, {counts[Level.ERROR]} errors")
        limit = {"warning": Level.WARNING, "error": Level.ERROR}.get(options["fail_on"])
        if limit is not None and any(answer.level >= limit for _, answer in found):
            raise CommandError("There are findings.", returncode=FINDINGS)

    def _say(self, group: str, answer: Answer) -> None:
        paint = {Level.OK: self.style.SUCCESS, Level.WARNING: self.style.WARNING, Level.ERROR: self.style.ERROR}
        word = paint[answer.level](answer.level.name.lower())
        self.stdout.write(f"{group}: {answer.name} ... {word}: {answer.says}")
        if answer.attempt:
            self.stdout.write(f"    Coba: {answer.attempt}")


def _as_json(group: str, answer: Answer) -> dict[str, str]:
    return {
        "group": group,
        "name": answer.name,
        "level": answer.level.name.lower(),
        "says": answer.says,
        "try": answer.attempt,
    }
