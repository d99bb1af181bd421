"""Back to a moment: the right base backup, the WAL after it, a scratch cluster, and out of it a normal backup."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from backups import programs
from backups.errors import BackupFailedError, BackupRefusedError
from backups.making import back_up
from backups.manifest import Manifest
from backups.pitr import bases, scratch
from backups.pitr.archive import Archive
from backups.pitr.bases import Base
from backups.pitr.checking import Chain, Survey, damaged, survey
from backups.pitr.reading import last_transaction
from backups.pitr.replaying import Reached, replayed
from backups.pitr.scratch import Goal, Scratch
from backups.pitr.segments import Segment, parse_lsn
from backups.pitr.server import close_segment
from backups.pitr.taking import verify
from backups.pitr.windows import choose, joined
from backups.processes import ShouldStop, never
from backups.storage import Store
from backups.target import Target
from config.embedded_postgres.account import Account

logger = logging.getLogger(__name__)

KIND = "pitr"
_MARGIN = 1.2

Say = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """From what, along which WAL, to where. ``segments`` are those that will be replayed."""

    chain: Chain
    goal: Goal
    segments: Sequence[Segment]

    @property
    def base(self) -> Base:
        """Return the base backup to start from."""
        return self.chain.base


def make_plan(archive: Archive, moment: datetime | None, *, should_stop: ShouldStop = never) -> Plan:
    """Find the way to ``moment``, or to the last archived transaction (None), and read all WAL on it.

    Raises BackupRefusedError, with what can be reached instead, when there is no way.
    """
    without: dict[str, str] = {}
    while True:
        seen = _survey(archive, without, should_stop)
        chain, goal = _choose(seen, moment)
        segments = _needed(archive, chain, goal)
        bad = damaged(archive, segments, chain.base, should_stop=should_stop)
        if not bad:
            return Plan(chain, goal, segments)
        # As if they were missing: perhaps an older or a newer base backup leads around them.
        without |= bad


def close_gap_to_now(admin: Target, archive: Archive, moment: datetime | None, *, should_stop: ShouldStop) -> str:
    """When the moment may be in WAL that is not archived yet, have the live server archive it; return what was done.

    A server that is away has archived what it could. Raises BackupInterruptedError.
    """
    ends = [window.end for window in _survey(archive, {}, should_stop).windows]
    if moment is not None and ends and moment < max(ends):
        return ""
    try:
        name = close_segment(admin, archive, should_stop=should_stop)
    except (BackupFailedError, BackupRefusedError) as error:
        logger.warning("pitr.segment_not_closed", extra={"error": str(error)})
        return f"The live server's newest WAL is not in the archive: {error}"
    return f"The live server has closed its WAL segment {name}."


def said_about(seen: Survey) -> str:
    """Return in words what can be recovered, and what stands in the way of more."""
    spans = joined(seen.windows)
    can = "; ".join(f"from {_words(start)} to {_words(end)}" for start, end in spans)
    text = f"Recoverable is {can}." if spans else "Nothing can be recovered: no verified base backup with WAL after it."
    if seen.missing:
        more = f" and {len(seen.missing) - 3} more" if len(seen.missing) > 3 else ""
        text += f" Missing WAL: {', '.join(seen.missing[:3])}{more}."
    for name, count in list(seen.wrong_size.items())[:3]:
        text += f" {name} has the wrong size ({count} bytes)."
    for name, what in list(seen.damaged.items())[:3]:
        text += f" Damaged WAL: {name} ({what})."
    return text


@contextlib.contextmanager
def recovered(
    archive: Archive,
    plan: Plan,
    *,
    user: str,
    into: Path | None = None,
    should_stop: ShouldStop = never,
    say: Say = lambda _text: None,
) -> Iterator[tuple[Scratch, Reached]]:
    """Have a scratch cluster, read-only and exactly at the plan's goal, during the block.

    Afterwards it is stopped, and removed unless it is ``into`` a folder of the caller's and all went well. The caller
    holds the lock. Raises BackupError; BackupFailedError also when it stopped anywhere else than at the goal.
    """
    base = plan.base
    say(f"Reading the base backup {base.name} to its end ...")
    verify(archive, base, should_stop=should_stop)
    programs.find_exact("postgres", major=base.major)
    scratch.sweep(archive)
    account = archive.server_account()
    _require_readable(archive, plan, account)
    place = scratch.make_folder(archive, account, into)
    keep = False
    try:
        _require_space(place.folder, base)
        say(f"Copying it to {place.folder} ...")
        scratch.copy_base(bases.folder_of(archive, base), place, account, should_stop=should_stop)
        scratch.configure(
            place, account, archive, goal=plan.goal, timeline=plan.chain.timeline.number, limits=base.limits
        )
        say(f"Replaying {len(plan.segments)} segments of WAL ...")
        with replayed(place, account, major=base.major, user=user, should_stop=should_stop) as reached:
            yield place, _compare(plan.goal, reached)
        keep = into is not None
    finally:
        if not keep:
            scratch.remove(place)


@dataclass(frozen=True)
class Outcome:
    """What a recovery brought: the backup to restore, and what moment it is of."""

    plan: Plan
    reached: Reached
    manifest: Manifest
    seconds: float


def bring_back(
    archive: Archive,
    plan: Plan,
    target: Target,
    store: Store,
    *,
    into: Path | None = None,
    should_stop: ShouldStop = never,
    say: Say = lambda _text: None,
) -> Outcome:
    """Recover and dump ``target``'s database, as it was, into a normal backup in ``store``, verified.

    Its manifest says that it was taken at the last transaction in it: what customers did later is what a restore must
    ask the gateway about. The caller holds the lock of ``store``. Raises BackupError.
    """
    started = time.monotonic()
    with recovered(archive, plan, user=target.user, into=into, should_stop=should_stop, say=say) as (place, reached):
        say(f"Backing up {target.name} as it was then ...")
        manifest = back_up(
            place.target(target.user, target.name),
            store,
            kind=KIND,
            taken_at=(reached.last_at or plan.base.complete_at).astimezone(UTC),
            should_stop=should_stop,
        )
    outcome = Outcome(plan, reached, manifest, round(time.monotonic() - started, 1))
    logger.warning(
        "pitr.recovered",
        extra={
            "backup": manifest.name,
            "base": plan.base.name,
            "goal": plan.goal.moment.isoformat(),
            "reached": reached.last_at.isoformat() if reached.last_at else None,
            "seconds": outcome.seconds,
        },
    )
    return outcome


def _survey(archive: Archive, without: dict[str, str], should_stop: ShouldStop) -> Survey:
    try:
        return survey(archive, read=False, without=without, should_stop=should_stop)
    except OSError as error:
        raise BackupFailedError(f"The WAL archive {archive.wal} cannot be read: {error.strerror}.") from error


def _choose(seen: Survey, moment: datetime | None) -> tuple[Chain, Goal]:
    windows = seen.windows
    if moment is None:
        newest = max(windows, key=lambda window: (window.end, window.start), default=None)
        if newest is None:
            raise BackupRefusedError(said_about(seen))
        chain = next(chain for chain in seen.chains if chain.base.name == newest.base)
        assert chain.last is not None
        return chain, Goal(chain.last.at, chain.last.lsn_text)
    window = choose(windows, moment)
    if window is None:
        raise BackupRefusedError(f"{_words(moment)} cannot be recovered. {said_about(seen)}")
    return next(chain for chain in seen.chains if chain.base.name == window.base), Goal(moment)


def _needed(archive: Archive, chain: Chain, goal: Goal) -> list[Segment]:
    """Return the chain's segments up to the one with the first transaction after the goal."""
    segments = chain.segments
    if goal.lsn:
        return segments
    program = programs.find_exact("pg_waldump", major=chain.base.major)

    def is_later(index: int) -> bool:
        """Return whether the last transaction up to and including this segment is later than the goal."""
        for segment in segments[index::-1]:
            found = last_transaction(archive.wal / segment.name(chain.base.segment_size), program)
            if found is not None:
                return found.at > goal.moment
        return False

    low, high = 0, len(segments) - 1
    while low < high:
        middle = (low + high) // 2
        if is_later(middle):
            high = middle
        else:
            low = middle + 1
    return segments[: low + 1]


def _compare(goal: Goal, reached: Reached) -> Reached:
    """Return where recovery stopped, or raise BackupFailedError when that is not the goal."""
    if goal.lsn:
        # The server does not count the transaction at which it stops among the replayed ones; its location tells.
        wrong, reached = reached.lsn <= parse_lsn(goal.lsn), replace(reached, last_at=goal.moment)
    else:
        wrong = (
            (reached.last_at is not None and reached.last_at > goal.moment)
            or reached.next_at is None
            or reached.next_at <= goal.moment
        )
    if wrong:
        last = _words(reached.last_at) if reached.last_at else "nothing"
        raise BackupFailedError(f"Recovery stopped elsewhere: asked for {_words(goal.moment)}, reached {last}.")
    return reached


def _require_readable(archive: Archive, plan: Plan, account: Account) -> None:
    """Refuse, as root, an archive that we can read and the scratch cluster's user cannot: one that was copied here."""
    if os.geteuid() != 0:
        return
    histories = [archive.wal / f"{plan.chain.timeline.number:08X}.history"]
    for path in [archive.wal / one.name(plan.base.segment_size) for one in plan.segments] + histories:
        with contextlib.suppress(FileNotFoundError):
            told = path.stat()
            if told.st_uid != account.uid and not told.st_mode & 0o004:
                raise BackupRefusedError(
                    f"{path} cannot be read by the user of the WAL archive (uid {account.uid}): "
                    f"chown -R --reference={archive.wal} {archive.wal}"
                )


def _require_space(folder: Path, base: Base) -> None:
    free, needed = shutil.disk_usage(folder).free, int(base.size * _MARGIN) + 16 * base.segment_size
    if free < needed:
        raise BackupFailedError(
            f"{folder} has {free // 2**20} MB free, {needed // 2**20 + 1} MB are needed. Free some space, or name "
            "another place with --into."
        )


def _words(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f} UTC"
