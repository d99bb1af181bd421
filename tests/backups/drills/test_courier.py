"""Who copies to the bucket has a process of its own: whatever becomes of that, the backup here is good."""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from backups.storage import Store
from backups.target import Target
from tests.support.backups import children_named, is_alive
from tests.support.embedded import eventually
from tests.support.operator import Done, Operator, Started, assert_said

pytestmark = pytest.mark.drills

SECRET = "s3cr3t-of-the-bucket"


class SilentBucket:
    """A place that takes calls and never answers."""

    def __init__(self, server: socket.socket) -> None:
        self._server = server
        self._calls: list[socket.socket] = []

    @property
    def variables(self) -> dict[str, str]:
        return {
            "BACKUP_S3_BUCKET": "toko",
            "BACKUP_S3_ENDPOINT_URL": f"http://127.0.0.1:{self._server.getsockname()[1]}",
            "BACKUP_S3_REGION": "ap-southeast-3",
            "BACKUP_S3_ACCESS_KEY_ID": "id",
            "BACKUP_S3_SECRET_ACCESS_KEY": SECRET,
        }

    def called_by(self, backup: Started) -> int:
        """Wait for a call; return the process that copies."""
        self._calls.append(self._server.accept()[0])
        (pid,) = children_named(Path(sys.executable).name[:15], of=backup.pid)
        assert SECRET.encode() not in Path(f"/proc/{pid}/cmdline").read_bytes()
        return pid

    def close(self) -> None:
        for call in self._calls:
            call.close()


@pytest.fixture
def silent_bucket() -> Iterator[SilentBucket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(180)
        bucket = SilentBucket(server)
        yield bucket
        bucket.close()


def good_but_not_copied(store: Store, done: Done) -> bool:
    (manifest,) = store.manifests()
    assert SECRET not in done.said
    return manifest.is_verified and store.is_there(manifest) and not manifest.is_offsite


def test_a_copy_that_is_asked_to_stop_ends_soon_with_130(
    quiet_shop: Target, store: Store, silent_bucket: SilentBucket, operator: Callable[[Target], Operator]
) -> None:
    backup = operator(quiet_shop).start("backup_db", **silent_bucket.variables)
    courier = silent_bucket.called_by(backup)

    done = backup.send(signal.SIGTERM)

    assert done.code == 130, done.said
    assert_said("Interrupted while copying; the backup here is as it was", done.err)
    assert good_but_not_copied(store, done)
    assert not is_alive(courier)


def test_when_the_process_that_copies_is_killed_the_backup_is_good_and_says_so(
    quiet_shop: Target, store: Store, silent_bucket: SilentBucket, operator: Callable[[Target], Operator]
) -> None:
    backup = operator(quiet_shop).start("backup_db", **silent_bucket.variables)
    os.kill(silent_bucket.called_by(backup), signal.SIGKILL)

    done = backup.end()

    assert done.code == 1, done.said
    assert_said(
        r"is made and verified, but NOT off-site\. The process that copies ended without an answer \(signal 9\)",
        done.err,
    )
    assert good_but_not_copied(store, done)


def test_the_process_that_copies_does_not_outlive_a_backup_that_is_killed(
    quiet_shop: Target, store: Store, silent_bucket: SilentBucket, operator: Callable[[Target], Operator]
) -> None:
    backup = operator(quiet_shop).start("backup_db", **silent_bucket.variables)
    courier = silent_bucket.called_by(backup)

    done = backup.kill()

    assert done.code == -signal.SIGKILL
    assert eventually(lambda: not is_alive(courier))
    assert good_but_not_copied(store, done)
