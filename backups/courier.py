"""What ``backup_db`` has to do with the bucket, in a process of its own: boto3 takes forty megabytes and keeps them.

``deliver`` starts it and waits; ``main`` is what runs in it. The work comes as JSON on its input, the outcome goes as
JSON to its output. It works on the caller's behalf, who holds the lock of the folder.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.log import configure_logging

from backups import manifest as manifests
from backups.errors import BackupError, BackupFailedError, BackupInterruptedError
from backups.manifest import Manifest
from backups.offsite import Bucket, is_missing, push_missing
from backups.processes import ShouldStop, never
from backups.storage import Store
from config.commands import stop_requests
from config.env import BASE_DIR
from config.processes import die_with_parent

_POLL_S = 0.2
_GRACE_S = 5.0  # to end an upload in order

# Settings may have been changed since the environment was read; the process shall work on what we work on.
_TOLD = (
    "BACKUP_S3_BUCKET",
    "BACKUP_S3_ENDPOINT_URL",
    "BACKUP_S3_REGION",
    "BACKUP_S3_PREFIX",
    "BACKUP_S3_ACCESS_KEY_ID",
    "BACKUP_S3_SECRET_ACCESS_KEY",
)


@dataclass(frozen=True)
class Delivered:
    """A sentence about each copy that could not be made, and why copies that should have gone are still there."""

    trouble: list[str] = field(default_factory=list)
    still_there: dict[str, str] = field(default_factory=dict)


def deliver(
    store: Store, database: str, *, gone: Sequence[Manifest] = (), should_stop: ShouldStop = never
) -> Delivered:
    """Delete the copies of backups that are ``gone``, then copy every good one that has no copy yet.

    The caller holds the lock. Raises BackupInterruptedError, BackupFailedError when the folder cannot be written; what
    is wrong with the bucket, or with the process itself, is in the answer.
    """
    copied = [one for one in gone if one.is_offsite]
    if not copied and not any(is_missing(one) and store.is_there(one) for one in store.manifests(database)):
        return Delivered()
    work = {"folder": str(store.folder), "database": database, "gone": [one.to_json() for one in copied]}
    answer, code = _ask(json.dumps(work), should_stop)
    if answer is None:
        how = f"exit code {code}" if code >= 0 else f"signal {-code}"
        return Delivered([f"The process that copies ended without an answer ({how})."])
    if "interrupted" in answer:
        raise BackupInterruptedError(answer["interrupted"])
    if "failed" in answer:
        raise BackupFailedError(answer["failed"])
    return Delivered(answer["trouble"], answer["still_there"])


def _ask(work: str, should_stop: ShouldStop) -> tuple[dict[str, Any] | None, int]:
    """Run the process to its end; return its answer, None when it gave none, and how it ended."""
    environment = os.environ | {name: str(getattr(settings, name)) for name in _TOLD} | {"SHOP_PROCESS": "command"}
    process = subprocess.Popen(
        # The word after it: settings load what that command needs, and no more.
        [sys.executable, "-m", "backups.courier", "backup_db"],
        cwd=BASE_DIR,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=die_with_parent(signal.SIGKILL),  # noqa: PLW1509 - commands run it in their main thread
    )
    given: str | None = work
    asked_at, said = None, ""
    try:
        while True:
            try:
                said, _ = process.communicate(given, timeout=_POLL_S)
                break
            except subprocess.TimeoutExpired:
                given = None  # it has been taken over
            if asked_at is None and should_stop():
                asked_at = time.monotonic()
                process.terminate()
            elif asked_at is not None and time.monotonic() - asked_at > _GRACE_S:
                process.kill()
    finally:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    if asked_at is not None:
        raise BackupInterruptedError("Interrupted while copying; the backup here is as it was.")
    try:
        return dict(json.loads(said)), process.returncode
    except ValueError:
        return None, process.returncode


def main() -> None:
    """Do the work that is on the input; answer on the output."""
    configure_logging(settings.LOGGING_CONFIG, settings.LOGGING)
    work = json.load(sys.stdin)
    store = Store(Path(work["folder"]))
    answer: dict[str, Any]
    with stop_requests() as stopping:
        try:
            bucket, still_there = Bucket(), {}
            for text in work["gone"]:
                manifest = manifests.parse(text, "what was to be removed")
                if why := bucket.remove(manifest):
                    still_there[manifest.name] = why
            trouble = push_missing(store, store.manifests(work["database"]), should_stop=stopping.is_set)
            answer = {"trouble": trouble, "still_there": still_there}
        except BackupInterruptedError as error:
            answer = {"interrupted": str(error)}
        except BackupError as error:
            answer = {"failed": str(error)}
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
