"""What a visitor may have meant: words become a query, and when it finds nothing, words that are like them.

``read`` asks for every word, or what begins with it. ``mend`` looks at each word that nothing begins with: at its stem
(PostgreSQL's Indonesian stemmer: "minuman" -> "minum"), then at the words of the catalogue that are spelled like it.
Only words that the catalogue has are ever proposed.

No extension is needed: servers differ in what they offer, and a dump with one could not be restored
everywhere (ADR 10).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from shop.spelling import Vocabulary, current_vocabulary
from shop.written import fetch

MAX_WORDS = 8
MAX_LETTERS = 40
SHORTEST_PREFIX = 2
SHORTEST_STEM = 3
_WORD = re.compile(r"[^\W_]+")

_STEMS_SQL = """
SELECT word, coalesce((ts_lexize('indonesian_stem', word))[1], word) FROM unnest(%s::text[]) AS typed (word)
"""
_OCCURS_SQL = """
SELECT EXISTS (SELECT FROM shop_listing WHERE lowest_price IS NOT NULL AND words @@ asked.query::tsquery)
  FROM unnest(%s::text[]) WITH ORDINALITY AS asked (query, place) ORDER BY asked.place
"""


@dataclass(frozen=True)
class Reading:
    """A way to understand what was typed: the tsquery (empty: nothing to look for) and its words as one shows them."""

    query: str
    words: str


def words_of(text: str) -> tuple[str, ...]:
    """Return the words that are looked for, without doubles: at most eight, of forty letters each."""
    found = dict.fromkeys(word[:MAX_LETTERS] for word in _WORD.findall(text.lower()))
    return tuple(found)[:MAX_WORDS]


def read(text: str) -> Reading:
    """Return what was typed, taken by its word."""
    words = words_of(text)
    return Reading(" & ".join(map(_beginning, words)), " ".join(words))


def mend(text: str) -> Reading | None:
    """Return what may have been meant, when nothing was found; None when no other words are like these."""
    words = words_of(text)
    stems: dict[str, str] = dict(fetch(_STEMS_SQL, [list(words)]))
    occurs = _occurring([*words, *stems.values()])
    vocabulary: Vocabulary | None = None
    parts, shown = [], []
    for word in words:
        stem = stems[word]
        if word in occurs:
            alternatives: tuple[str, ...] = (word,)
        elif len(stem) >= SHORTEST_STEM and stem in occurs:
            alternatives = (stem,)
        else:
            vocabulary = vocabulary or current_vocabulary()
            alternatives = vocabulary.like(word)
        if not alternatives:
            return None
        parts.append("(" + " | ".join(map(_beginning, alternatives)) + ")")
        shown.append(alternatives[0])
    mended = Reading(" & ".join(parts), " ".join(dict.fromkeys(shown)))
    return mended if mended.words != " ".join(words) else None


def proposals(text: str, most: int = 4) -> tuple[str, ...]:
    """Return words to try instead: those of ``text`` that occur alone, then the ones like the others."""
    words = words_of(text)
    if not words:
        return ()
    occurs = _occurring(words)
    found: dict[str, None] = {}
    if len(words) > 1:
        found.update(dict.fromkeys(word for word in words if word in occurs and len(word) > SHORTEST_STEM))
    for word in words:
        if word not in occurs:
            found.update(dict.fromkeys(current_vocabulary().like(word, loosely=True)))
    return tuple(found)[:most]


def _occurring(words: Iterable[str]) -> set[str]:
    """Return those of ``words`` that something on sale has, or begins with (one statement)."""
    asked = list(dict.fromkeys(words))
    answers = fetch(_OCCURS_SQL, [[_beginning(word) for word in asked]])
    return {word for word, (found,) in zip(asked, answers, strict=True) if found}


def _beginning(word: str) -> str:
    """Return the tsquery of a word and of what begins with it; a number or a single letter only means itself.

    Words hold letters and digits alone (``words_of``, ``spelling``), so nothing in them ends the quotes.
    """
    if word.isdigit() or len(word) < SHORTEST_PREFIX:
        return f"'{word}'"
    return f"'{word}':*"
