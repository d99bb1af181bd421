"""What a law is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

ALL: Final = "IS NOT NULL"
LATELY: Final = "> (SELECT coalesce(max(id), 0) - 2000 FROM {table})"
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
        """Return the query over the newest rows."""
        return self.query.replace("{among}", LATELY.format(table=self.over))

    def named(self) -> str:
        """Return the query over the rows in the parameter ``ids``."""
        return self.query.replace("{among}", NAMED)
