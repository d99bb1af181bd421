"""What a law is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

ALL: Final = "IS NOT NULL"
LATELY: Final = "> %(after)s"
NEWEST = 2000
NAMED: Final = "= ANY(%(ids)s::bigint[])"


@dataclass(frozen=True)
class Law:
    """One law: its number, what it says, and the query of the rows that break it (id, then words that name the row).

    ``{among}`` in the query stands behind a column with ids of ``over`` and says which rows are judged: all, the
    newest two thousand, or some by name. Without a table to count in (``over`` empty) the law is only asked whole.
    """

    number: str
    says: str
    query: str
    over: str = ""

    def everywhere(self) -> str:
        """Return the query over all rows."""
        return self.query.replace("{among}", ALL)

    def lately(self) -> str:
        """Return the query over the rows with an id above the parameter ``after``: a number, so that the planner sees
        how few they are."""
        return self.query.replace("{among}", LATELY)

    def named(self) -> str:
        """Return the query over the rows in the parameter ``ids``."""
        return self.query.replace("{among}", NAMED)
