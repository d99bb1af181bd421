"""Backups in the staff admin: what the manifests say, and the file for the owner, by its row and nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.urls import reverse
from pytest_django import Settings

from backups import manifest as manifests
from backups.dump import Dumped
from backups.facts import Facts
from backups.manifest import Manifest, Offsite, Verification
from backups.mirror import mirror
from backups.models import BackupRun
from backups.storage import Store, find
from tests.support.staff import begin, login, page_url, press, said

pytestmark = pytest.mark.django_db

NOW = datetime.now(UTC).replace(microsecond=0)
CONTENT = b"dump" * 1000


@pytest.fixture
def store(tmp_path: Path, settings: Settings) -> Store:
    settings.BACKUP_DIR = tmp_path / "backups"
    found = Store(settings.BACKUP_DIR)
    found.prepare()
    return found


def put(store: Store, number: int, *, there: bool = True, recipients: tuple[str, ...] = ()) -> Manifest:
    """Put a backup of so many hours ago into the folder."""
    taken_at = NOW - timedelta(hours=number)
    one = Manifest(
        name=f"toko-{taken_at:%Y%m%dT%H%M%SZ}-00000{number}",
        database=connection.settings_dict["NAME"],
        kind="daily",
        taken_at=taken_at,
        seconds=2.5,
        file=Dumped(len(CONTENT), "ab" * 32, 9, "cd" * 32, "zstd", recipients),
        pg_dump_major=18,
        facts=Facts(server_version=180000, encoding="UTF8", rows={"public.a": 1234}),
        settings={},
        verified=Verification(2, taken_at, ok=True, seconds=0.1),
    )
    manifests.write(one, store.folder)
    if there:
        store.path_of(one).write_bytes(CONTENT)
    return one


def row(store: Store, manifest: Manifest) -> BackupRun:
    mirror(store, manifest.database)
    return BackupRun.objects.get(name=manifest.name)


def test_the_list_tells_what_is_good_what_is_gone_and_where_the_copies_are(store: Store) -> None:
    good = put(store, 1, recipients=("age1x",))
    manifests.write(replace(good, offsite=Offsite("b", NOW, name="x")), store.folder)
    lost, failed = put(store, 2, there=False), put(store, 3)
    away = Offsite("b", NOW, error="The bucket b cannot be used")
    bad = Verification(2, NOW, ok=False, seconds=1, message="damaged")
    manifests.write(replace(failed, offsite=away, verified=bad), store.folder)
    row(store, lost)
    BackupRun.objects.create(name="toko-old", kind="daily", taken_at=NOW, seconds=1, size=1, rows=1, removed_at=NOW)

    page = login("auditor").get(reverse("admin:backups_backuprun_changelist")).content.decode()

    for word in ("Terbaca utuh", "Belum: terenkripsi", "Berkas hilang", "Rusak", "Gagal disalin", "Sudah dihapus"):
        assert word in page
    assert "1.234" in page


def test_the_owner_downloads_the_file_and_the_history_says_who_did(store: Store) -> None:
    run, client = row(store, put(store, 1)), login("owner")

    answer = press(client, run, "unduh")

    assert b"".join(answer.streaming_content) == CONTENT
    assert answer["Content-Disposition"] == f'attachment; filename="{run.name}.dump.zst"'
    assert answer["Content-Type"] == "application/octet-stream"
    entry = LogEntry.objects.get()
    assert (entry.get_change_message(), entry.object_id) == ("Diunduh", str(run.pk))
    assert "Diunduh" in client.get(page_url(run, "history")).content.decode()


def test_the_two_files_that_the_owner_downloads_are_all_that_a_restore_asks_for(store: Store, tmp_path: Path) -> None:
    manifest, client = put(store, 1), login("owner")
    run, elsewhere = row(store, manifest), tmp_path / "elsewhere"
    elsewhere.mkdir()

    page = client.get(page_url(run, "unduh")).content.decode()
    for action in ("unduh", "unduh-manifes"):
        answer = press(client, run, action)
        name = answer["Content-Disposition"].split('"')[1]
        (elsewhere / name).write_bytes(b"".join(answer.streaming_content))

    assert "memerlukan dua berkas" in page
    assert find(str(elsewhere / manifest.file_name))[1] == manifest
    said_in_history = [entry.get_change_message() for entry in LogEntry.objects.order_by("pk")]
    assert said_in_history == ["Diunduh", "Manifes diunduh"]


@pytest.mark.parametrize("action", ["unduh", "unduh-manifes"])
@pytest.mark.parametrize("group", ["auditor", "kasir", "gudang"])
def test_nobody_else_gets_it(store: Store, group: str, action: str) -> None:
    run, client = row(store, put(store, 1)), login(group)

    for answer in (client.get(page_url(run, action)), client.post(page_url(run, action), {"seen": ""})):
        assert answer.status_code == 403
    assert not LogEntry.objects.exists()
    assert client.get(reverse("admin:backups_backuprun_changelist")).status_code == (200 if group == "auditor" else 403)


def test_a_file_that_is_gone_or_was_cut_is_not_handed_out(store: Store) -> None:
    manifest, client = put(store, 1), login("owner")
    run = row(store, manifest)
    form = begin(client, run, "unduh")
    store.path_of(manifest).write_bytes(b"cut")

    answer = client.post(page_url(run, "unduh"), form)

    assert answer.status_code == 302
    assert "tidak ada di mesin ini" in said(answer)[0]
    assert not LogEntry.objects.exists()


@pytest.mark.parametrize("action", ["unduh", "unduh-manifes"])
@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "toko-20261128T020000Z-../../x"])
def test_a_row_with_a_path_for_a_name_opens_nothing(store: Store, name: str, action: str) -> None:
    run = BackupRun.objects.create(name=name, kind="daily", taken_at=NOW, seconds=1, size=1, rows=1)

    answer = press(login("owner"), run, action)

    assert answer.status_code == 302
    assert not LogEntry.objects.exists()


def test_the_list_is_refreshed_from_the_manifests_by_those_who_see_it(store: Store, settings: Settings) -> None:
    manifest = put(store, 1)
    url = reverse("admin:backups_backuprun_refresh")

    assert login("kasir").post(url).status_code == 403
    assert login("auditor").get(url).status_code == 405
    login("auditor").post(url)
    assert BackupRun.objects.get().name == manifest.name

    store.remove(manifest)
    login("owner").post(url)
    assert BackupRun.objects.get().removed_at is not None

    BackupRun.objects.update(removed_at=None)
    settings.BACKUP_DIR = store.folder / "elsewhere"
    assert "tidak ada di mesin ini" in said(login("owner").post(url))[0]
    assert BackupRun.objects.get().removed_at is None
