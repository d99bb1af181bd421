"""What counts as a plain read: that alone may be tried again, or have a stand-in."""

from __future__ import annotations

import pytest

from config.database.statements import is_read


@pytest.mark.parametrize(
    ("statement", "reads"),
    [
        ("SELECT 1", True),
        ("  (select 1) union (select 2)", True),
        ("VALUES (1)", True),
        ("SELECT 1 FROM x FOR NO KEY UPDATE", False),
        ("SELECT 1 FROM x FOR KEY SHARE SKIP LOCKED", False),
        ("WITH x AS (SELECT 1) SELECT * FROM x", False),
        ("INSERT INTO x SELECT 1", False),
        ("SET x = 1", False),
        ("SELECTED", False),
    ],
)
def test_what_counts_as_a_read(statement, reads):
    assert is_read(statement) is reads
