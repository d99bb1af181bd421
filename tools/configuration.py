"""Write docs/configuration.md from .env.example: ``python -m tools.configuration > docs/configuration.md``.

.env.example is the one list of settings (a test holds it against what the code reads); this makes tables of it.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HEAD = """\
# Configuration
Made from `.env.example` (`python -m tools.configuration`); a test keeps the two equal. Settings come from the
environment, or from `.env` beside `manage.py`; the environment wins. **Required** ones stop a production start (`DEBUG`
off) with one list of everything that is missing. Switches are `on` or `off`.
"""
SECTION = re.compile(r"# --- (?P<title>.+) ---$")
SETTING = re.compile(r"(?P<optional>#?)(?P<name>[A-Z][A-Z0-9_]+)=(?P<value>.*)$")


def main() -> int:
    """Print the document."""
    sys.stdout.write(document((ROOT / ".env.example").read_text()))
    return 0


def document(example: str) -> str:
    """Return the document for the text of an .env.example: a table for each of its sections.

    A comment belongs to all settings that follow it without another comment between.
    """
    return HEAD + "".join(_lines(example))


def _lines(example: str) -> Iterator[str]:
    comment: list[str] = []
    open_comment = False
    in_section = False
    for line in example.splitlines():
        if found := SECTION.match(line):
            in_section = True
            title = found["title"]
            yield f"\n## {title[0].upper()}{title[1:]}\n| setting | default | what it does |\n|---|---|---|\n"
            comment, open_comment = [], False
        elif not in_section:
            continue
        elif found := SETTING.match(line):
            yield _row(found, " ".join(comment))
            open_comment = False
        elif line.startswith("# "):
            comment = [*comment, line[2:]] if open_comment else [line[2:]]
            open_comment = True


def _row(setting: re.Match[str], comment: str) -> str:
    value = f"`{setting['value']}`" if setting["value"] else ""
    default = value if setting["optional"] else "**required**"
    return f"| `{setting['name']}` | {default} | {comment.replace('|', chr(92) + '|')} |\n"


if __name__ == "__main__":
    sys.exit(main())
