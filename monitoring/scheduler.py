"""Cron for `make run`: each due job as a child process, never the same job twice at once."""

from __future__ import annotations

import logging
import os
import sys
from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings

from config.processes import Child, Supervisor
from monitoring.schedule import ScheduledJob, scheduled_jobs

logger = logging.getLogger(__name__)


@dataclass
class Scheduler:
    """Starts what is due. The children die with this process and are stopped by ``supervisor.stop_all()``."""

    supervisor: Supervisor
    jobs: list[ScheduledJob] = field(default_factory=scheduled_jobs)

    def tick(self, now: datetime) -> list[str]:
        """Start every job that is due in the minute of ``now`` (the machine's time zone); return their labels.

        A job whose last run still goes on is left out, with a log line.
        """
        self.reap()
        running = {child.name for child in self.supervisor.children}
        started = []
        for job in self.jobs:
            if not job.schedule.is_due(now):
                continue
            if job.label in running:
                logger.warning("scheduler.still_running", extra={"job": job.label})
                continue
            argv = [sys.executable, "manage.py", "run_job", job.command, *job.arguments]
            env = {**os.environ, "SHOP_PROCESS": "command"}
            self.supervisor.start(job.label, argv, env=env, cwd=settings.BASE_DIR)
            running.add(job.label)
            started.append(job.label)
        return started

    def reap(self) -> list[Child]:
        """Forget the children that have ended, and return them. How a job ended, run_job has recorded and logged."""
        ended = [child for child in self.supervisor.children if child.process.poll() is not None]
        for child in ended:
            self.supervisor.children.remove(child)
        return ended
