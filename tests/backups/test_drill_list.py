"""The list of troubles in ``drills/README.md`` is true: what it names exists, and it names every drill."""

from __future__ import annotations

import ast
import re
from pathlib import Path

HERE = Path(__file__).parent
LIST = HERE / "drills" / "README.md"
_NAMED = re.compile(r"(\*suite\*: )?`([\w/]+\.py)(?:::(\w+))?`")


def names_in(path: Path) -> set[str]:
    """Return the names of a file's tests."""
    return {
        node.name
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


def drills_of(path: Path) -> set[str]:
    """Return those that ``make drills`` runs: marked one by one, or all of the file."""
    tree = ast.parse(path.read_text())
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node) == "pytestmark = pytest.mark.drills":
            return names_in(path)
    return {
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
        and any(ast.unparse(decorator) == "pytest.mark.drills" for decorator in node.decorator_list)
    }


def named() -> list[tuple[bool, Path, str]]:
    """Return what the tables name: in the suite or not, file, test (empty: the whole file)."""
    rows = [line for line in LIST.read_text().splitlines() if line.startswith("| ")]
    found = [match.groups() for row in rows for match in _NAMED.finditer(row)]
    return [(bool(suite), HERE / file, test or "") for suite, file, test in found]


def test_every_test_that_the_list_names_exists_and_runs_where_it_says() -> None:
    wrong = []
    for in_suite, path, test in named():
        drills = drills_of(path) if path.is_file() else set()
        known = (names_in(path) - drills if in_suite else drills) if path.is_file() else set()
        if not known or (test and test not in known):
            wrong.append(f"{path.name}::{test}")

    assert len(named()) > 50
    assert wrong == []


def test_every_drill_of_the_folder_is_in_the_list() -> None:
    whole = {path for _, path, test in named() if not test}
    listed = {(path, test) for _, path, test in named()}

    missing = [
        f"{path.name}::{test}"
        for path in sorted((HERE / "drills").glob("test_*.py"))
        if path not in whole
        for test in sorted(names_in(path))
        if (path, test) not in listed
    ]

    assert missing == []


def test_every_row_names_a_test_or_the_one_above_it() -> None:
    rows = [line for line in LIST.read_text().splitlines() if line.startswith("| ") and "| trouble |" not in line]

    assert len(rows) > 50
    assert [row for row in rows if not _NAMED.search(row) and not re.search(r"the (same two|first test)", row)] == []
