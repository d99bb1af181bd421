"""Which backup ``--latest`` means, what was passed over for it, and what is left when the chosen one is bad.

It is the newest that was found good. Whatever newer there is, in the folder or in the bucket, readable or not, is named
with the reason why it is not that one: nobody shall get an older state than he thinks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from backups import offsite
from backups.errors import BackupOffsiteError, BackupRefusedError, BackupUsageError
from backups.manifest import DAILY, SAFETY, Manifest, moment_in
from backups.offsite import Bucket
from backups.storage import Store, is_of

_SHOWN = 5


@dataclass(frozen=True)
class Candidate:
    """A backup and why it is not taken (empty: it can be).

    ``by_rule``: because ``--latest`` never means one of its kind. Otherwise something is wrong with it, or it is not
    here, and passing it over loses what it holds. ``manifest`` is None when that cannot be read.
    """

    name: str
    taken_at: datetime
    manifest: Manifest | None
    why_not: str = ""
    by_rule: bool = False


@dataclass(frozen=True)
class Choice:
    """What is taken, and the newer ones that are not, newest first."""

    manifest: Manifest
    passed_over: tuple[Candidate, ...] = ()

    @property
    def lost(self) -> Candidate | None:
        """Return the newest of those that would have been taken if nothing were wrong with them."""
        return next((one for one in self.passed_over if not one.by_rule), None)

    @property
    def words(self) -> list[str]:
        """Return a sentence about each that was passed over."""
        said = [f"Passed over {one.name}: {one.why_not}." for one in self.passed_over[:_SHOWN]]
        if (more := len(self.passed_over) - _SHOWN) > 0:
            said.append(f"Passed over {more} more that are newer than the one that is taken.")
        return said

    def refuse_a_loss(self) -> None:
        """Raise BackupRefusedError when there is a newer one that only its trouble keeps from being taken."""
        if lost := self.lost:
            raise BackupRefusedError(
                f"{self.manifest.name} is not the newest: {lost.name} is passed over, because {lost.why_not}. Nothing "
                "was changed. To go back to the older one all the same: --accept-older, or its name, not --latest."
            )


@dataclass(frozen=True)
class Shelf:
    """Where one is chosen: all that is there, newest first, and what cannot be read there, with the reason.

    ``lost`` are those whose file is not what it was; ``elsewhere`` newer ones that would have to be fetched first, from
    the place ``beyond``. Then the commands that list it and that check one of it.
    """

    place: str
    backups: Sequence[Manifest]
    lists: str
    checks: str
    when_empty: str
    unreadable: Mapping[str, str] = field(default_factory=dict)
    lost: frozenset[str] = frozenset()
    elsewhere: Sequence[Manifest] = ()
    beyond: str = ""

    def candidates(self, database: str) -> Iterator[Candidate]:
        """Yield every backup of a database, newest first."""
        found = [self._judged(one) for one in self.backups if one.database == database]
        for one in self.elsewhere:
            if one.database == database:
                why, by_rule = _why_not(one, self.checks)
                only = f"it is in {self.beyond} only; to have it: manage.py restore_db --from-offsite {one.name}"
                found.append(Candidate(one.name, one.taken_at, one, why or only, by_rule))
        for name, why in self.unreadable.items():
            moment = moment_in(name)
            if is_of(name, database) and moment is not None:
                found.append(Candidate(name, moment, None, why))
        yield from sorted(found, key=lambda one: (one.taken_at, one.name), reverse=True)

    def _judged(self, manifest: Manifest) -> Candidate:
        why, by_rule = _why_not(manifest, self.checks)
        if not by_rule and manifest.name in self.lost:
            why = "its file is missing, or has another size than it had"
        return Candidate(manifest.name, manifest.taken_at, manifest, why, by_rule)


def in_folder(store: Store) -> Shelf:
    """Return what a folder holds."""
    found = store.manifests()
    return Shelf(
        str(store.folder),
        found,
        lists="list_backups --all",
        checks="verify_backup",
        when_empty="It holds no backup at all: is BACKUP_DIR the right folder?",
        unreadable=store.unreadable(),
        lost=frozenset(one.name for one in found if not store.is_there(one)),
    )


def in_bucket(bucket: Bucket) -> Shelf:
    """Return what the bucket holds: a manifest is copied after its dump. Raises BackupOffsiteError."""
    found = bucket.look()
    return Shelf(
        f"the bucket {bucket.name}",
        found.manifests,
        lists="list_backups --from-offsite",
        checks="restore_db --from-offsite",
        when_empty="It holds no backup at all: are BACKUP_S3_BUCKET and BACKUP_S3_PREFIX right?",
        unreadable=found.unreadable,
    )


def with_the_bucket(shelf: Shelf, database: str) -> tuple[Shelf, list[str]]:
    """Add what the bucket has and the folder has not, if it is newer than all that is good there.

    Without a bucket the shelf comes back as it is. A bucket that is away prevents no restore: that is a sentence.
    """
    if not offsite.is_configured():
        return shelf, []
    bucket = Bucket()
    here = {one.name for one in shelf.backups} - shelf.lost
    good = _newest_good(shelf, database)
    since = good.taken_at if good else datetime.min.replace(tzinfo=UTC)

    def is_wanted(name: str) -> bool:
        moment = moment_in(name)
        return name not in here and moment is not None and moment > since

    try:
        found = bucket.look(is_wanted)
    except BackupOffsiteError as error:
        return shelf, [f"Whether the bucket has a newer one cannot be said: {error}"]
    known = {one.name for one in found.manifests}
    both = replace(
        shelf,
        backups=[one for one in shelf.backups if one.name not in known],
        unreadable={name: why for name, why in shelf.unreadable.items() if name not in known},
        elsewhere=found.manifests,
        beyond=f"the bucket {bucket.name}",
    )
    return both, []


def newest_good(shelf: Shelf, database: str) -> Choice:
    """Return the newest backup that was found good, and each newer one that is passed over.

    Never the copy that an earlier restore made of what it replaced: that is what somebody wanted to be rid of. Raises
    BackupUsageError that says what there is instead.
    """
    passed_over: list[Candidate] = []
    for one in shelf.candidates(database):
        if one.manifest is not None and not one.why_not:
            return Choice(one.manifest, tuple(passed_over))
        passed_over.append(one)
    raise BackupUsageError(
        f"No backup of {database!r} in {shelf.place} was found good. {_instead(shelf, database, passed_over)}"
    )


def without_a_key(shelf: Shelf, database: str) -> str:
    """Return what can be restored although the newest is encrypted and nobody has brought the key; nothing, if none."""
    for one in shelf.candidates(database):
        if one.manifest is not None and not one.why_not and not one.manifest.is_encrypted:
            return (
                f"The newest good one that is not encrypted is from {one.taken_at:%Y-%m-%d %H:%M} UTC: manage.py "
                f"restore_db {one.name}"
            )
    return ""


def what_is_left(store: Store, database: str) -> str:
    """Return what an operator can do when the backup that he wanted has turned out to be bad."""
    shelf = in_folder(store)
    found = _newest_good(shelf, database)
    if found is None:
        return f"No other one was found good. {_instead(shelf, database, list(shelf.candidates(database)))}"
    key = " --identity FILE" if found.is_encrypted else ""
    return f"The newest one that was found good is {found.name}: manage.py restore_db {found.name}{key}"


def _newest_good(shelf: Shelf, database: str) -> Manifest | None:
    return next((one.manifest for one in shelf.candidates(database) if one.manifest and not one.why_not), None)


def _why_not(manifest: Manifest, checks: str) -> tuple[str, bool]:
    """Say why it is not taken (nothing when it can be), and whether that is by rule."""
    if manifest.kind == SAFETY:
        return "a restore made it of what it replaced; to have that back, restore it by its name", True
    if manifest.kind != DAILY:
        return "it is of a moment that somebody went back to; to have that, restore it by its name", True
    if manifest.taken_at > datetime.now(UTC):
        return "it is from the future, so some clock is wrong", False
    if manifest.verified is None:
        return f"nobody has checked it (manage.py {checks} {manifest.name})", False
    if not manifest.verified.ok:
        return f"it was found bad: {manifest.verified.message.rstrip('.')}", False
    return "" if manifest.is_verified else "only its checksum was compared", False


def _instead(shelf: Shelf, database: str, found: Sequence[Candidate]) -> str:
    """Say what the place holds."""
    if shelf.elsewhere and (there := [one for one in found if one.manifest in shelf.elsewhere]):
        return f"{there[0].name} is in {shelf.beyond}: manage.py restore_db --from-offsite {there[0].name}"
    if there := [one for one in found if one.manifest is not None]:
        return f"Check one: manage.py {shelf.checks} {there[0].name}"
    if found:
        return f"{found[0].name}: {found[0].why_not}."
    if others := sorted({one.database for one in shelf.backups}):
        names = ", ".join(repr(name) for name in others[:_SHOWN])
        return f"It holds backups of {names}; manage.py {shelf.lists} names them, restore_db takes any by name."
    return shelf.when_empty
