"""Which backups may go. Pure: backups, a rule and a clock in, backups out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Generic, Protocol, TypeVar

from backups.errors import BackupUsageError
from backups.manifest import DAILY

KEEP_VERIFIED = 3
TOO_OLD = timedelta(hours=50)  # two nights without a good backup


class Backup(Protocol):
    """What the rule asks of a backup."""

    @property
    def name(self) -> str:
        """Tells it from others."""

    @property
    def kind(self) -> str:
        """What it was made for."""

    @property
    def taken_at(self) -> datetime:
        """Of what moment it is."""

    @property
    def made_at(self) -> datetime:
        """When it was made."""

    @property
    def is_verified(self) -> bool:
        """Whether it was found good."""

    @property
    def pinned(self) -> str:
        """Why it must stay; empty: it need not."""


B = TypeVar("B", bound=Backup)


@dataclass(frozen=True)
class Rule:
    """Everything younger than ``days`` stays; beyond that the last one of so many days, weeks and months (UTC).

    Days, weeks and months without a good backup do not count. 0 asks for none. Raises BackupUsageError.
    """

    days: int
    daily: int = 0
    weekly: int = 0
    monthly: int = 0

    def __post_init__(self) -> None:
        """Refuse what can only be a mistake: it would delete."""
        if self.days < 1:
            raise BackupUsageError("BACKUP_RETENTION_DAYS must be at least 1.")
        if min(self.daily, self.weekly, self.monthly) < 0:
            raise BackupUsageError("BACKUP_KEEP_DAILY, _WEEKLY and _MONTHLY must not be below 0.")


@dataclass(frozen=True)
class Verdict(Generic[B]):
    """What may go, oldest first; ``spared_because``: why none may, although the rule would let some go."""

    gone: list[B]
    spared_because: str = ""


def expired(backups: Sequence[B], *, now: datetime, rule: Rule) -> list[B]:
    """Return the backups that may go, oldest first: see ``judge``."""
    return judge(backups, now=now, rule=rule).gone


def judge(backups: Sequence[B], *, now: datetime, rule: Rule) -> Verdict[B]:
    """Return the backups that the rule does not keep and nothing protects.

    Only verified ones ever go: what was never found good, or was found bad, is for a person to judge. Protected are
    pinned ones and the newest three good daily ones; and everything while backups are failing, for then the old ones
    are all there is, or while the clock may be wrong: it decides what is old. What restores and recoveries have made
    goes by its age, and counts as none of the three, nor as the last of a day, week or month. Ones from the future are
    neither counted nor returned.
    """
    good = sorted(
        (one for one in backups if one.is_verified and one.taken_at <= now), key=lambda one: (one.taken_at, one.name)
    )
    daily = [one for one in good if one.kind == DAILY]
    safe = {one.name for one in daily[-KEEP_VERIFIED:]}
    safe |= _last_of_each(daily, rule.daily, lambda moment: moment.toordinal())
    safe |= _last_of_each(daily, rule.weekly, lambda moment: moment.isocalendar()[:2])
    safe |= _last_of_each(daily, rule.monthly, lambda moment: (moment.year, moment.month))
    limit = now - timedelta(days=rule.days)
    gone = [
        one
        for one in good
        # One of an earlier moment may have been made a minute ago.
        if max(one.taken_at, one.made_at) < limit and not one.pinned and one.name not in safe
    ]
    why = _why_none_may_go(daily, now=now, rule=rule) if gone else ""
    return Verdict([], why) if why else Verdict(gone)


def _why_none_may_go(daily: Sequence[Backup], *, now: datetime, rule: Rule) -> str:
    """Say what is odd about the good daily backups, oldest first; nothing when nothing is."""
    allowed = f"{TOO_OLD.total_seconds() / 3600:.0f} hours"
    if not daily or now - daily[-1].taken_at > TOO_OLD:
        return f"there is no good backup of the last {allowed}"
    needed = min(KEEP_VERIFIED, rule.days)
    young = sum(now - one.taken_at <= timedelta(days=rule.days) for one in daily)
    if young < needed:
        return f"only {young} good backups are younger than {rule.days} days, and {needed} must be"
    for before, after in pairwise(daily[-KEEP_VERIFIED - 1 :]):
        if after.taken_at - before.taken_at > TOO_OLD:
            return (
                f"{after.name} was taken more than {allowed} after the good one before it: backups have failed, or a "
                "clock is wrong"
            )
    return ""


def _last_of_each(good: Sequence[Backup], count: int, period: Callable[[datetime], object]) -> set[str]:
    """Return the names of the last backups of the last ``count`` periods that have one."""
    names = list({period(one.taken_at.astimezone(UTC)): one.name for one in good}.values())
    return set(names[-count:]) if count else set()
