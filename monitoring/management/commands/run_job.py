"""One cron job by hand, through the same wrapper that cron uses."""

from __future__ import annotations

import argparse
import signal
import sys
from argparse import ArgumentParser
from typing import Any, NoReturn

from django.core.management.base import CommandError

from config.commands import CommandWithExamples
from monitoring.jobs import UnknownJobError, run_job
from monitoring.schedule import scheduled_jobs


class Command(CommandWithExamples):
    """Runs a job of CRONJOBS and exits with the job's own code."""

    help = "Run one job of CRONJOBS now, with its heartbeat and record. Without a name: list the jobs."
    examples = """\
examples:
  manage.py run_job                           list the jobs
  manage.py run_job expire_orders             run one of them now, as cron would
  manage.py run_job run_monitors --only backup_age
"""
    exit_codes = "exit codes: the job's own; 2 there is no such job"
    requires_system_checks = ()  # a heartbeat must come even when something else is wrong

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the job as it stands in CRONJOBS."""
        parser.add_argument("job", nargs="?", help="the command's name")
        parser.add_argument("arguments", nargs=argparse.REMAINDER, help="its arguments, as in CRONJOBS")

    def handle(self, *, job: str | None, arguments: list[str], **options: Any) -> None:
        """Run it. Raises CommandError with exit code 2 for an unknown job, else with the job's own."""
        if job is None:
            for scheduled in scheduled_jobs():
                self.stdout.write(scheduled.label)
            return
        signal.signal(signal.SIGTERM, _stop)
        try:
            result = run_job(job, *arguments)
        except UnknownJobError as error:
            raise CommandError(str(error), returncode=2) from error
        if not result.ran:
            self.stdout.write(result.message)
        elif not result.ok:
            raise CommandError(result.message, returncode=result.exit_code)


def _stop(number: int, _frame: object) -> NoReturn:
    """Leave through the wrapper, so that the record says how it ended."""
    sys.exit(128 + number)
