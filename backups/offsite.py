"""The copy elsewhere: a bucket of S3 or of anything that speaks it.

boto3 is large and is imported only where a bucket is configured; ``backup_db`` leaves it to a process of its own
(``courier``). A copy counts when it was read back and has the manifest's SHA-256; S3's own checksum of a large file is
not that. The manifest goes up last, as on the disk.
"""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.files.base import ContentFile, File

from backups import manifest as manifests
from backups.dump import private
from backups.errors import (
    BackupCorruptError,
    BackupFailedError,
    BackupInterruptedError,
    BackupOffsiteError,
    BackupUsageError,
)
from backups.manifest import NAME, SUFFIX, Manifest, Offsite
from backups.processes import CHUNK, ShouldStop, never
from backups.storage import Store
from config.durable import PARTIAL, sync_folder

if TYPE_CHECKING:
    from storages.backends.s3 import S3Storage

    _File = File[bytes]
else:
    _File = File

logger = logging.getLogger(__name__)

_PART = 8 << 20  # bytes that an upload holds in memory
_METADATA = "sha256"


def is_configured() -> bool:
    """Return whether backups are to be copied elsewhere."""
    return bool(settings.BACKUP_S3_BUCKET)


def is_missing(manifest: Manifest) -> bool:
    """Return whether a good backup has no copy in the bucket that is configured now."""
    there = manifest.offsite
    return manifest.is_verified and (there is None or bool(there.error) or there.bucket != settings.BACKUP_S3_BUCKET)


@dataclass(frozen=True)
class Inventory:
    """What a bucket holds: backups, newest first, and the names of what looks like one and cannot be read, with why."""

    manifests: list[Manifest]
    unreadable: dict[str, str]


class Bucket:
    """The bucket of BACKUP_S3_BUCKET. Every method raises BackupOffsiteError when it is away or says no."""

    def __init__(self) -> None:
        if not is_configured():
            raise BackupUsageError("No bucket is configured: set BACKUP_S3_BUCKET.")
        self.name: str = settings.BACKUP_S3_BUCKET

    @cached_property
    def _storage(self) -> S3Storage:
        from boto3.s3.transfer import TransferConfig
        from botocore.config import Config
        from storages.backends.s3 import S3Storage

        endpoint = settings.BACKUP_S3_ENDPOINT_URL or None
        return S3Storage(
            bucket_name=self.name,
            endpoint_url=endpoint,
            region_name=settings.BACKUP_S3_REGION or None,
            access_key=settings.BACKUP_S3_ACCESS_KEY_ID or None,
            secret_key=settings.BACKUP_S3_SECRET_ACCESS_KEY or None,
            location=settings.BACKUP_S3_PREFIX,
            file_overwrite=False,
            transfer_config=TransferConfig(multipart_chunksize=_PART, multipart_threshold=_PART, use_threads=False),
            client_config=Config(
                connect_timeout=5,
                read_timeout=60,
                retries={"max_attempts": 3, "mode": "standard"},
                # Others than Amazon rarely have a host name for each bucket.
                s3={"addressing_style": "path" if endpoint else "auto"},
            ),
        )

    def push(self, store: Store, manifest: Manifest, *, should_stop: ShouldStop = never) -> Manifest:
        """Copy a backup, read the copy back, and return the manifest that says so; it is written in ``store`` too."""
        with self._honest():
            name, version = self._put_dump(store.path_of(manifest), manifest, should_stop)
            copied = Offsite(self.name, datetime.now(UTC), name=name, version=version)
            text = replace(manifest, offsite=copied).to_json().encode()
            kept_as = self._storage.save(f"{manifest.name}{SUFFIX}", ContentFile(text))
            entry = self._object(kept_as)
            copied = replace(copied, manifest_name=kept_as, manifest_version=entry.version_id or "")
        told = replace(manifest, offsite=copied)
        _write(told, store)
        logger.info("backup.offsite", extra={"backup": manifest.name, "bucket": self.name, "object": copied.name})
        return told

    def remove(self, manifest: Manifest) -> str:
        """Delete the copy; return why it is still there, or nothing. A lock on it is somebody's intention."""
        there = manifest.offsite
        if there is None or there.error:
            return ""
        if there.bucket != self.name:
            return f"its copy is in another bucket ({there.bucket})"
        try:
            with self._honest():
                for name, version in ((there.name, there.version), (there.manifest_name, there.manifest_version)):
                    if name:
                        # Of a version that is not named the bucket would only hide it, and keep the bytes.
                        self._object(name).delete(**({"VersionId": version} if version else {}))
        except BackupOffsiteError as error:
            return str(error)
        return ""

    def manifests(self) -> list[Manifest]:
        """Return the backups in the bucket, newest first. What is none of ours is passed over."""
        return self.look().manifests

    def look(self, is_wanted: Callable[[str], bool] = lambda _name: True) -> Inventory:
        """Return the backups in the bucket whose names are wanted; of the others nothing is read."""
        found: dict[str, Manifest] = {}
        unreadable: dict[str, str] = {}
        with self._honest():
            for name in self._storage.listdir("")[1]:
                if not name.endswith(SUFFIX) or not is_wanted(name.removesuffix(SUFFIX)):
                    continue
                try:
                    one = manifests.parse(self._object(name).get()["Body"].read().decode(errors="replace"), name)
                except BackupCorruptError:
                    logger.warning("backup.offsite_manifest_unreadable", extra={"object": name})
                    unreadable[name.removesuffix(SUFFIX)] = "its manifest in the bucket is damaged"
                    continue
                if NAME.fullmatch(one.name) and one.offsite is not None:
                    found[one.name] = replace(one, offsite=replace(one.offsite, bucket=self.name, manifest_name=name))
        newest_first = sorted(found.values(), key=lambda one: (one.taken_at, one.name), reverse=True)
        return Inventory(newest_first, unreadable)

    def fetch(self, manifest: Manifest, store: Store, *, should_stop: ShouldStop = never) -> Manifest:
        """Bring a copy into ``store``, the manifest last. The caller holds the lock.

        What killed runs left in the folder is removed first. Raises BackupCorruptError when it is not what its manifest
        says; nothing of it is left then.
        """
        assert manifest.offsite is not None
        store.sweep()
        store.require_space(manifest.file.size)
        path = store.path_of(manifest)
        scratch = path.with_name(f"{PARTIAL}{path.name}")
        try:
            with self._honest(), private(scratch) as file:
                found = self._read(manifest.offsite.name, manifest.offsite.version, should_stop, file)
                file.flush()
                os.fsync(file.fileno())
            if found != manifest.file.sha256:
                raise BackupCorruptError(f"The copy of {manifest.name} in {self.name} is not what was backed up.")
            scratch.rename(path)
            sync_folder(store.folder)
            _write(manifest, store)
        except OSError as error:
            raise BackupFailedError(f"Cannot write {path}: {error.strerror or error}.") from error
        finally:
            scratch.unlink(missing_ok=True)
        logger.info("backup.fetched", extra={"backup": manifest.name, "bucket": self.name})
        return manifest

    # --- inside ---

    def _put_dump(self, path: Path, manifest: Manifest, should_stop: ShouldStop) -> tuple[str, str]:
        """Upload unless an interrupted run did; return name and version of what was read back and found equal."""
        name = path.name
        if not self._has(path.name, manifest):
            self._storage.object_parameters = {
                "Metadata": {_METADATA: manifest.file.sha256},
                "ContentType": "application/octet-stream",  # or it would be called gzip's contents and unpacked
                "ChecksumAlgorithm": "SHA256",
            }
            with path.open("rb") as file:
                name = self._storage.save(path.name, _Stoppable(file, should_stop))
            self._storage.object_parameters = {}
        version: str = self._object(name).version_id or ""
        if self._read(name, version, should_stop) != manifest.file.sha256:
            raise BackupOffsiteError(f"Read back from {self.name}, {name} is not what was sent.")
        return name, version

    def _has(self, name: str, manifest: Manifest) -> bool:
        if not self._storage.exists(name):
            return False
        entry = self._object(name)
        known = (entry.content_length, entry.metadata.get(_METADATA))
        return known == (manifest.file.size, manifest.file.sha256)

    def _object(self, name: str) -> Any:
        return self._storage.bucket.Object(f"{self._storage.location}/{name}".lstrip("/"))

    def _read(self, name: str, version: str, should_stop: ShouldStop, to: Any = None) -> str:
        """Return the SHA-256 of an object, and write it to ``to``."""
        found = hashlib.sha256()
        answer = self._object(name).get(**({"VersionId": version} if version else {}))
        for chunk in answer["Body"].iter_chunks(CHUNK):
            _check(should_stop)
            found.update(chunk)
            if to is not None:
                to.write(chunk)
        return found.hexdigest()

    @contextmanager
    def _honest(self) -> Iterator[None]:
        """Turn boto's errors into ours; none of them repeats a key."""
        from boto3.exceptions import Boto3Error
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            yield
        except ClientError as error:
            said = error.response.get("Error", {})
            raise BackupOffsiteError(
                f"The bucket {self.name} refused: {said.get('Code', '?')} {said.get('Message', '')}".strip()
            ) from error
        except (Boto3Error, BotoCoreError) as error:
            raise BackupOffsiteError(f"The bucket {self.name} cannot be used: {error}".rstrip()) from error


def push_missing(store: Store, found: list[Manifest], *, should_stop: ShouldStop = never) -> list[str]:
    """Copy every good backup that has no copy yet, newest first; return what went wrong, a sentence each.

    Their manifests say so either way, and a later call tries again. After the first trouble with the bucket itself the
    others are left for that.
    """
    bucket = Bucket()
    trouble: list[str] = []
    for manifest in found:
        if not is_missing(manifest) or not store.is_there(manifest):
            continue
        if trouble:
            break
        try:
            bucket.push(store, manifest, should_stop=should_stop)
        except BackupOffsiteError as error:
            trouble.append(f"{manifest.name}: {error}")
            logger.error("backup.not_offsite", extra={"backup": manifest.name, "error": str(error)})  # noqa: TRY400
            _write(replace(manifest, offsite=Offsite(bucket.name, datetime.now(UTC), error=str(error)[:300])), store)
    return trouble


def _write(manifest: Manifest, store: Store) -> None:
    try:
        manifests.write(manifest, store.folder)
    except OSError as error:
        raise BackupFailedError(f"Cannot write to {store.folder}: {error.strerror or error}.") from error


def _check(should_stop: ShouldStop) -> None:
    if should_stop():
        raise BackupInterruptedError("Interrupted while copying; the backup here is as it was.")


class _Stoppable(_File):
    """A file whose reading ends when a stop is asked for."""

    def __init__(self, file: Any, should_stop: ShouldStop) -> None:
        super().__init__(file)
        self._should_stop = should_stop

    def read(self, size: int = -1) -> bytes:
        _check(self._should_stop)
        data: bytes = super().read(size)
        return data
