"""The tests' settings with jobs that end in every way; for tests of the wrapper and for its child processes."""

from tests.settings import *  # noqa: F403

JOB = "job_behaves"
CRONJOBS = [
    ("* * * * *", "monitoring.jobs.run_job", [JOB, "works"]),
    ("* * * * *", "monitoring.jobs.run_job", [JOB, "waits"]),
    ("0 4 * * *", "monitoring.jobs.run_job", [JOB, "crashes"]),
    ("0 4 * * *", "monitoring.jobs.run_job", [JOB, "loses-connection"]),
    ("0 4 * * *", "monitoring.jobs.run_job", [JOB, "fails", "--code", "5"]),
    ("0 4 * * *", "monitoring.jobs.run_job", [JOB, "fails", "--code", "4"]),
    ("0 4 * * *", "monitoring.jobs.run_job", [JOB, "exits", "--code", "3"]),
]
