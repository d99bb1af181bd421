"""The copy elsewhere, in an S3 that answers over HTTP: it counts when it was read back."""

from __future__ import annotations

import hashlib
import io
import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from pytest_django import Settings

from backups import manifest as manifests
from backups.errors import BackupCorruptError, BackupOffsiteError
from backups.manifest import Manifest, Verification
from backups.offsite import Bucket, push_missing
from backups.storage import Store
from tests.support.commands import ROOT, command_environment

pytestmark = pytest.mark.drills

BUCKET = "toko-cadangan"


@pytest.fixture
def client(s3_url: str) -> Any:
    return boto3.client(
        "s3", endpoint_url=s3_url, region_name="ap-southeast-3", aws_access_key_id="id", aws_secret_access_key="s3cr3t"
    )


@pytest.fixture
def bucket(client: Any, s3_url: str, settings: Settings) -> Iterator[str]:
    """Configure a fresh bucket, and return its name."""
    client.create_bucket(
        Bucket=BUCKET,
        CreateBucketConfiguration={"LocationConstraint": "ap-southeast-3"},
        ObjectLockEnabledForBucket=True,
    )
    settings.BACKUP_S3_BUCKET = BUCKET
    settings.BACKUP_S3_ENDPOINT_URL = s3_url
    settings.BACKUP_S3_REGION = "ap-southeast-3"
    settings.BACKUP_S3_PREFIX = "toko/harian"
    settings.BACKUP_S3_ACCESS_KEY_ID = "id"
    settings.BACKUP_S3_SECRET_ACCESS_KEY = "s3cr3t"
    yield BUCKET
    found = client.list_object_versions(Bucket=BUCKET)
    for entry in [*found.get("Versions", []), *found.get("DeleteMarkers", [])]:
        client.delete_object(
            Bucket=BUCKET, Key=entry["Key"], VersionId=entry["VersionId"], BypassGovernanceRetention=True
        )
    client.delete_bucket(Bucket=BUCKET)


def names(client: Any) -> list[str]:
    return sorted(entry["Key"] for entry in client.list_objects_v2(Bucket=BUCKET).get("Contents", []))


def run(*arguments: str) -> dict[str, Any]:
    output = io.StringIO()
    call_command(*arguments, "--format", "json", stdout=output)
    facts: dict[str, Any] = json.loads(output.getvalue().splitlines()[-1])
    return facts


def refusal(*arguments: str) -> tuple[int, str]:
    with pytest.raises(CommandError) as refused:
        run(*arguments)
    return refused.value.returncode, str(refused.value)


def test_a_copy_is_read_back_and_its_name_and_hash_are_kept(
    backup: Manifest, store: Store, client: Any, bucket: str
) -> None:
    told = Bucket().push(store, backup)

    key = f"toko/harian/{backup.file_name}"
    entry = client.get_object(Bucket=BUCKET, Key=key)
    assert names(client) == [key, f"toko/harian/{backup.name}.json"]
    assert hashlib.sha256(entry["Body"].read()).hexdigest() == backup.file.sha256
    assert (entry["Metadata"], entry.get("ContentEncoding")) == ({"sha256": backup.file.sha256}, None)
    assert told.offsite is not None
    assert (told.offsite.name, told.offsite.version) == (backup.file_name, entry["VersionId"])
    assert store.manifests() == [told]
    assert push_missing(store, store.manifests()) == []
    assert len(client.list_object_versions(Bucket=BUCKET)["Versions"]) == 2


def test_a_large_file_goes_up_in_parts_and_comes_back_whole(
    backup: Manifest, store: Store, client: Any, bucket: str
) -> None:
    content = bytes(range(256)) * 80_000  # 20 MB
    store.path_of(backup).write_bytes(content)
    big = replace(backup, file=replace(backup.file, size=len(content), sha256=hashlib.sha256(content).hexdigest()))

    told = Bucket().push(store, big)
    store.remove(told)
    fetched = Bucket().fetch(Bucket().manifests()[0], store)

    assert client.head_object(Bucket=BUCKET, Key=f"toko/harian/{big.file_name}")["ETag"].endswith('-3"')
    assert store.path_of(fetched).read_bytes() == content


def test_a_name_that_is_taken_by_something_else_is_left_alone(
    backup: Manifest, store: Store, client: Any, bucket: str
) -> None:
    taken = f"toko/harian/{backup.file_name}"
    client.put_object(Bucket=BUCKET, Key=taken, Body=b"somebody else's")

    told = Bucket().push(store, backup)
    store.remove(told)
    fetched = Bucket().fetch(Bucket().manifests()[0], store)

    assert client.get_object(Bucket=BUCKET, Key=taken)["Body"].read() == b"somebody else's"
    assert told.offsite is not None
    assert told.offsite.name != backup.file_name
    assert hashlib.sha256(store.path_of(fetched).read_bytes()).hexdigest() == backup.file.sha256


def test_what_an_interrupted_run_has_uploaded_is_not_uploaded_again(
    backup: Manifest, store: Store, client: Any, bucket: str
) -> None:
    Bucket().push(store, backup)
    manifests.write(backup, store.folder)  # as if it had died before its manifest said so

    assert push_missing(store, store.manifests()) == []

    versions = client.list_object_versions(Bucket=BUCKET)["Versions"]
    assert sum(entry["Key"].endswith(backup.file_name) for entry in versions) == 1


def test_a_copy_that_was_changed_is_not_taken_for_the_backup(
    backup: Manifest, store: Store, client: Any, bucket: str, settings: Settings
) -> None:
    Bucket().push(store, backup)
    there = Bucket().manifests()[0]
    key = f"toko/harian/{backup.file_name}"
    version = client.put_object(Bucket=BUCKET, Key=key, Body=b"x" * backup.file.size)["VersionId"]
    store.remove(backup)

    assert there.offsite is not None
    with pytest.raises(BackupCorruptError, match="not what was backed up"):
        Bucket().fetch(replace(there, offsite=replace(there.offsite, version=version)), store)

    assert [path.name for path in store.folder.iterdir() if path.name != ".lock"] == []
    assert Bucket().fetch(there, store).name == backup.name  # by its version the right one is still there


def test_what_a_killed_fetch_left_is_not_in_the_way_of_the_next(
    backup: Manifest, store: Store, client: Any, bucket: str
) -> None:
    Bucket().push(store, backup)
    there = Bucket().manifests()[0]
    store.remove(backup)
    (store.folder / f".partial-{backup.file_name}").write_bytes(b"half")

    assert Bucket().fetch(there, store).name == backup.name

    assert sorted(path.name for path in store.folder.iterdir()) == [backup.file_name, f"{backup.name}.json"]


@pytest.mark.django_db
def test_while_the_bucket_is_away_the_backup_is_good_and_the_next_run_copies_both(
    store: Store, client: Any, bucket: str, settings: Settings, s3_url: str
) -> None:
    settings.BACKUP_S3_ENDPOINT_URL = f"http://127.0.0.1:{closed_port()}"
    code, said = refusal("backup_db")
    first = store.manifests()[0]

    assert code == 1
    assert "is made and verified, but NOT off-site" in said
    assert "Could not connect to the endpoint URL" in said
    assert "s3cr3t" not in said
    assert first.is_verified
    assert not first.is_offsite
    assert first.offsite is not None
    assert "endpoint" in first.offsite.error

    settings.BACKUP_S3_ENDPOINT_URL = s3_url
    made = run("backup_db")

    assert made["offsite"] == store.manifests()[0].file_name
    assert [one.is_offsite for one in store.manifests()] == [True, True]
    assert len(names(client)) == 4
    assert run("backup_db", "--only-offsite")["copied"] == []


def closed_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
    return port


@pytest.mark.django_db
def test_a_lock_on_the_old_copy_is_told_and_stops_nothing(
    backup: Manifest, store: Store, client: Any, bucket: str
) -> None:
    lock = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}}
    client.put_object_lock_configuration(Bucket=BUCKET, ObjectLockConfiguration=lock)
    name = connection.settings_dict["NAME"]
    old = renamed(backup, store, name, days_ago=45)
    for days in (3, 2, 1):
        renamed(backup, store, name, days_ago=days)
    Bucket().push(store, old)
    store.remove(backup)

    made = run("backup_db")

    assert made["still_offsite"].keys() == {old.name}
    assert "AccessDenied" in made["still_offsite"][old.name]
    assert not store.path_of(old).exists()
    assert f"toko/harian/{old.file_name}" in names(client)


@pytest.mark.django_db
def test_without_a_lock_the_old_copy_goes_with_the_backup(
    backup: Manifest, store: Store, client: Any, bucket: str
) -> None:
    name = connection.settings_dict["NAME"]
    old = Bucket().push(store, renamed(backup, store, name, days_ago=45))
    for days in (3, 2, 1):
        renamed(backup, store, name, days_ago=days)
    store.remove(backup)

    made = run("backup_db")

    assert old.name in made["removed"]
    assert made["still_offsite"] == {}
    versions = client.list_object_versions(Bucket=BUCKET)
    assert not any(old.name in entry["Key"] for entry in versions["Versions"])
    assert versions.get("DeleteMarkers", []) == []


def renamed(backup: Manifest, store: Store, database: str, *, days_ago: int) -> Manifest:
    """Put a copy of a backup into the folder as if it had been made some days ago."""
    taken_at = datetime.now(UTC) - timedelta(days=days_ago)
    one = replace(
        backup,
        name=f"shop-{taken_at:%Y%m%dT%H%M%SZ}-0000{days_ago:02d}",
        database=database,
        taken_at=taken_at,
        verified=Verification(2, taken_at, ok=True, seconds=0.1),
    )
    store.path_of(one).write_bytes(store.path_of(backup).read_bytes())
    manifests.write(one, store.folder)
    return one


@pytest.mark.django_db
def test_a_newer_one_that_is_only_in_the_bucket_is_named_before_an_older_one_is_taken(
    backup: Manifest, store: Store, client: Any, bucket: str, settings: Settings
) -> None:
    name = connection.settings_dict["NAME"]
    older, newer = (renamed(backup, store, name, days_ago=days) for days in (9, 2))
    for one in (older, newer):
        Bucket().push(store, one)
    store.remove(newer)
    agreed = ("--noinput", "--confirm-db", name)

    planned = run("restore_db", "--latest", "--dry-run")
    code, said = refusal("restore_db", "--latest", *agreed)
    settings.BACKUP_S3_ENDPOINT_URL = f"http://127.0.0.1:{closed_port()}"
    unknown = run("restore_db", "--latest", "--dry-run")

    why = f"it is in the bucket {BUCKET} only; to have it: manage.py restore_db --from-offsite {newer.name}"
    assert planned["passed_over"] == [f"Passed over {newer.name}: {why}."]
    assert code == 5
    assert f"{older.name} is not the newest: {newer.name} is passed over, because {why}" in said
    assert unknown["passed_over"] == [], "a bucket that is away stops no restore"


@pytest.mark.django_db
def test_where_the_folder_is_empty_the_bucket_is_pointed_to(
    backup: Manifest, store: Store, client: Any, bucket: str
) -> None:
    mine = renamed(backup, store, connection.settings_dict["NAME"], days_ago=2)
    Bucket().push(store, mine)
    for one in (mine, backup):
        store.remove(one)

    code, said = refusal("restore_db", "--latest", "--dry-run")

    assert code == 2
    assert said.endswith(f"{mine.name} is in the bucket {BUCKET}: manage.py restore_db --from-offsite {mine.name}")


@pytest.mark.django_db
def test_on_a_new_machine_the_backups_are_listed_and_fetched_from_the_bucket(
    backup: Manifest, store: Store, client: Any, bucket: str
) -> None:
    mine = replace(backup, database=connection.settings_dict["NAME"])
    manifests.write(mine, store.folder)
    Bucket().push(store, mine)
    client.put_object(Bucket=BUCKET, Key="toko/harian/junk.json", Body=b"{")
    client.put_object(Bucket=BUCKET, Key="toko/harian/notes.txt", Body=b"hello")
    store.remove(mine)

    listed = run("list_backups", "--from-offsite")
    code, said = refusal("restore_db", "--from-offsite", "shop-20200101T000000Z-000000", "--dry-run")
    newest = run("restore_db", "--from-offsite", "--dry-run")
    assert store.manifests() == []
    Bucket().fetch(Bucket().manifests()[0], store)

    assert [one["backup"] for one in listed["backups"]] == [backup.name]
    assert (code, "list_backups --from-offsite" in said) == (2, True)
    assert newest["database"] == mine.database
    assert store.newest_verified(mine.database) is not None
    assert hashlib.sha256(store.path_of(mine).read_bytes()).hexdigest() == backup.file.sha256


def test_a_wrong_key_or_a_missing_bucket_is_said_plainly(
    backup: Manifest, store: Store, bucket: str, settings: Settings
) -> None:
    settings.BACKUP_S3_BUCKET = "tidak-ada"

    with pytest.raises(BackupOffsiteError, match="The bucket tidak-ada refused"):
        Bucket().push(store, backup)
    assert refusal("list_backups", "--from-offsite")[0] == 1


def test_boto_is_loaded_only_where_a_bucket_is_configured() -> None:
    program = (
        "import sys; sys.argv = ['manage.py', 'backup_db']; import django; django.setup();"
        "import backups.management.commands.backup_db, backups.management.commands.restore_db;"
        "print([name for name in sys.modules if name.startswith(('boto', 'storages'))])"
    )
    environment = command_environment(DJANGO_SETTINGS_MODULE="config.settings", DATABASE_URL="postgres://a@127.0.0.1/x")

    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )

    assert done.stdout == "[]\n", done.stderr
