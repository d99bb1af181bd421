"""Answers that must not tell whether something exists: the same work either way, kept only where it is real."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction


@contextmanager
def kept_only_if(real: bool) -> Iterator[None]:
    """Take back what the block writes, unless ``real``; needs an outer transaction, whose commit costs the same then.

    The block runs in a savepoint in either case. A mail that is taken back nudges nobody.
    """
    with transaction.atomic():
        yield
        if not real:
            transaction.set_rollback(True)
