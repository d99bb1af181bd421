"""The cron jobs without cron: for `make run`, containers, and machines where systemd shall run them."""

from __future__ import annotations

import time
from typing import Any

from config.commands import CommandWithExamples
from config.processes import Supervisor
from monitoring.schedule import system_now
from monitoring.scheduler import Scheduler

# A tick this soon after the minute, like cron's own; and how often a stop is looked for.
_POLL_S = 0.2


class Command(CommandWithExamples):
    """Runs CRONJOBS minute by minute until it is told to stop."""

    help = (
        "Run the jobs of CRONJOBS on their schedule (the machine's time zone, as cron does), each as a process of its "
        "own, until SIGTERM or Ctrl-C. For `make run`, containers and systemd; elsewhere cron (manage.py crontab add)."
    )
    examples = """\
examples:
  manage.py run_scheduler         run the cron jobs on time until Ctrl-C or SIGTERM
"""
    exit_codes = "exit codes: 0 stopped as asked"
    requires_system_checks = ()

    def handle(self, **options: Any) -> None:
        """Loop. Needs no database itself."""
        supervisor = Supervisor(grace_s=10.0)
        supervisor.listen()
        scheduler = Scheduler(supervisor)
        try:
            seen = system_now().replace(second=0, microsecond=0)  # the minute that is half over is not ours
            while not supervisor.stop_asked:
                now = system_now().replace(second=0, microsecond=0)
                if now != seen:
                    seen = now
                    scheduler.tick(now)
                else:
                    scheduler.reap()
                time.sleep(_POLL_S)
        finally:
            supervisor.stop_all()
