"""Whether a piece of work only reads: that decides what may be tried again, and where a fallback is allowed."""

from __future__ import annotations

import re
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from django.db import connection

# Anything else counts as a write, WITH included: it may hold an UPDATE. Locks are for transactions, not for reads.
_READ = re.compile(r"\s*(\(\s*)*(SELECT|VALUES|SHOW|DECLARE|FETCH|CLOSE)\b", re.IGNORECASE)
_LOCK = re.compile(r"\bFOR\s+(NO\s+KEY\s+)?(UPDATE|SHARE|KEY\s+SHARE)\b", re.IGNORECASE)


class WriteRefusedError(ValueError):
    """Work that has a fallback tried to write: a bug, for an answer made up must never stand for a write."""


class StatementWatch:
    """Watches the statements of this thread's connection in a ``with`` block."""

    def __init__(self, *, refuse_writes: bool = False) -> None:
        self.wrote = False
        """Whether anything but a plain read was sent."""
        self._refuse = refuse_writes
        self._wrapper = connection.execute_wrapper(self._see)

    def __enter__(self) -> Self:
        self._wrapper.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._wrapper.__exit__(kind, error, traceback)

    def _see(self, execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any) -> Any:
        text = sql if isinstance(sql, str) else str(sql)
        if not is_read(text):
            if self._refuse:
                raise WriteRefusedError(f"a fallback is for reads only, not for: {text[:60]}")
            self.wrote = True
        return execute(sql, params, many, context)


def is_read(sql: str) -> bool:
    """Say whether ``sql`` is a plain read: no write, no row lock, and nothing that could hide one."""
    return _READ.match(sql) is not None and _LOCK.search(sql) is None
