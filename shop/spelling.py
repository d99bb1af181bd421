"""The words of the catalogue, and which of them are spelled like a given one."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from threading import Lock

from shop.written import fetch

MOST_WORDS = 50_000
SHORTEST = 3
KEPT_S = 300.0
# From which length on how many letters may differ: with two of six, shoes ("sepatu") would be like one ("satu").
_NEAR = ((4, 1), (8, 2))
_LOOSE = ((4, 1), (6, 2))

_FACTS_SQL = "SELECT count(*), max(updated_at) FROM shop_product"
_WORDS_SQL = """
SELECT word FROM ts_stat('SELECT words FROM shop_listing WHERE lowest_price IS NOT NULL')
 WHERE length(word) >= %s AND word ~ '^[[:alpha:]]+$' ORDER BY ndoc DESC, word LIMIT %s
"""


class Vocabulary:
    """Words, the most used first, found by the pairs of letters they share with another."""

    def __init__(self, words: Iterable[str]) -> None:
        self._words = tuple(words)
        self._by_pair: dict[str, list[int]] = {}
        for index, word in enumerate(self._words):
            for pair in _pairs(word):
                self._by_pair.setdefault(pair, []).append(index)

    def __len__(self) -> int:
        return len(self._words)

    def like(self, word: str, *, loosely: bool = False, most: int = 3) -> tuple[str, ...]:
        """Return the words that differ least from ``word``, and few enough letters; the most used first."""
        limit = _limit(word, loosely=loosely)
        if limit == 0:
            return ()
        shared = Counter(index for pair in _pairs(word) for index in self._by_pair.get(pair, ()))
        # An edit takes at most two pairs away, a swap of neighbours three.
        least = max(1, len(_pairs(word)) - 3 * limit)
        near: list[tuple[int, int]] = []
        for index, count in shared.items():
            candidate = self._words[index]
            if count < least or abs(len(candidate) - len(word)) > limit:
                continue
            if (differing := distance(word, candidate, limit)) <= limit:
                near.append((differing, index))
        near.sort()
        best = near[0][0] if near else 0
        return tuple(self._words[index] for differing, index in near if loosely or differing == best)[:most]


def distance(one: str, other: str, limit: int) -> int:
    """Return how many letters were added, left out, mistaken or swapped with their neighbour; above ``limit``, more."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        before, above, row = row, before, [i]
        for j, there in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != there))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == there:
                cost = min(cost, above[j - 2] + 1)
            row.append(cost)
        if min(row) > limit:
            return limit + 1
    return row[-1]


def _pairs(word: str) -> set[str]:
    framed = f"^{word}$"
    return {framed[i : i + 2] for i in range(len(framed) - 1)}


def _limit(word: str, *, loosely: bool) -> int:
    steps = _LOOSE if loosely else _NEAR
    return max((letters for length, letters in steps if len(word) >= length), default=0)


_lock = Lock()
_kept: tuple[tuple[object, ...], float, Vocabulary] | None = None


def current_vocabulary() -> Vocabulary:
    """Return the words of what is on sale, as this process last read them.

    Read anew after a product was edited, and after five minutes at most: it only serves proposals, and what is
    proposed is looked up before it is shown.
    """
    global _kept  # noqa: PLW0603 - one for the process, replaced as a whole
    facts = fetch(_FACTS_SQL, ())[0]
    with _lock:
        now = time.monotonic()
        if _kept is None or _kept[0] != facts or now - _kept[1] > KEPT_S:
            words = (str(word) for (word,) in fetch(_WORDS_SQL, [SHORTEST, MOST_WORDS]))
            _kept = facts, now, Vocabulary(words)
        return _kept[2]
