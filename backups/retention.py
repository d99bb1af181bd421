"""Which backups may go. Pure: backups, a rule and a clock in, backups out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol, TypeVar

from backups.errors import BackupUsageError

KEEP_VERIFIED = 3
TOO_OLD = timedelta(hours=50)  # two nights without a good backup


class Backup(Protocol):
    """What the rule asks of a backup."""

    @property
    def name(self) -> str:
        """Tells it from others."""

    @property
    def taken_at(self) -> datetime:
        """When it was taken."""

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


def expired(backups: Sequence[B], *, now: datetime, rule: Rule) -> list[B]:
    """Return the backups that the rule does not keep and nothing protects, oldest first.

    Only verified ones ever go: what was never found good, or was found bad, is for a person to judge. Protected are
    pinned ones, the newest three verified ones, and everything while the newest verified one is too old: when backups
    are failing the old ones are all there is. Ones from the future are neither counted nor returned.
    """
    good = sorted(
        (one for one in backups if one.is_verified and one.taken_at <= now), key=lambda one: (one.taken_at, one.name)
    )
    if not good or now - good[-1].taken_at > TOO_OLD:
        return []
    safe = {one.name for one in good[-KEEP_VERIFIED:]}
    safe |= _last_of_each(good, rule.daily, lambda moment: moment.toordinal())
    safe |= _last_of_each(good, rule.weekly, lambda moment: moment.isocalendar()[:2])
    safe |= _last_of_each(good, rule.monthly, lambda moment: (moment.year, moment.month))
    limit = now - timedelta(days=rule.days)
    return [one for one in good if one.taken_at < limit and not one.pinned and one.name not in safe]


def _last_of_each(good: Sequence[Backup], count: int, period: Callable[[datetime], object]) -> set[str]:
    """Return the names of the last backups of the last ``count`` periods that have one."""
    names = list({period(one.taken_at.astimezone(UTC)): one.name for one in good}.values())
    return set(names[-count:]) if count else set()
