"""The proxy, a user of its own, reads the pictures under DATA_DIR and nothing else there."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.mail import EmailMessage

from backups.storage import Store
from config.mail import FileBackend
from monitoring import run_lock
from payments import journal
from payments.personal_data import tombstones
from tests.deploy.test_deploy_files import ROOT, UNITS

NOW = datetime(2026, 1, 5, tzinfo=UTC)
UMASKS = {unit.stem: re.search(r"(?m)^UMask=(\d+)$", unit.read_text())[1] for unit in UNITS}  # type: ignore[index]


@pytest.fixture(params=[*sorted(set(UMASKS.values())), "0022"])
def data(request: Any, settings: Any, tmp_path: Path) -> Iterator[Path]:
    """A data folder as install.md makes it, for a process under the umask of a unit, or of cron."""
    settings.DATA_DIR = tmp_path / "data"
    settings.MEDIA_ROOT = settings.DATA_DIR / "media"
    settings.EMAIL_FILE_PATH = settings.DATA_DIR / "mail"
    settings.PAYMENT_JOURNAL_DIR = settings.DATA_DIR / "payment-journal"
    settings.ERASURE_DIR = settings.DATA_DIR / "erasures"
    settings.DATA_DIR.mkdir()
    settings.DATA_DIR.chmod(0o711)
    before = os.umask(int(request.param, 8))
    yield settings.DATA_DIR
    os.umask(before)


def for_others(path: Path) -> int:
    """Return what somebody may do with a path who is neither its owner nor in its group: 4 reads, 1 passes."""
    return stat.S_IMODE(path.stat().st_mode) & stat.S_IRWXO


def test_a_picture_is_read_by_others_whatever_the_umask(data: Path) -> None:
    name = default_storage.save("products/bowl-640.webp", ContentFile(b"a picture"))

    folders = {path: for_others(path) for path in (data / "media", data / "media/products")}
    assert set(folders.values()) == {5}
    assert for_others(data / "media" / name) == 4


def test_everything_else_is_closed_to_others_whatever_the_umask(data: Path) -> None:
    journal.write(gateway_id="a", order_number="ORD-1", amount=1, at=NOW)
    tombstones.write(user_id=1, joined_at=NOW, at=NOW)
    FileBackend().send_messages([EmailMessage("subject", "text", "a@example.com", ["b@example.com"])])
    Store(data / "backups").prepare()
    run_lock.folder()

    folders = {path.name: for_others(path) for path in data.iterdir()}

    assert folders == dict.fromkeys(["payment-journal", "erasures", "mail", "backups", "monitoring"], 0)


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_systemd_leaves_the_way_through_that_the_page_on_installing_makes(unit: Path) -> None:
    """StateDirectoryMode is set at every start, over whatever the folder had."""
    page = (ROOT / "docs/install.md").read_text()
    made = re.search(r"install -d -o infiya -g infiya -m (\d+) /var/lib/infiya\n", page)
    mode = re.search(r"(?m)^StateDirectoryMode=(\d+)$", unit.read_text())

    assert made
    assert mode
    assert mode[1] == made[1]
    assert int(mode[1], 8) & stat.S_IRWXO == stat.S_IXOTH
