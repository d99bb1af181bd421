"""Writes ``docs/runbook.md`` from the monitors' own texts: ``python -m tools.runbook``. A test compares the two."""

from __future__ import annotations

import os
from pathlib import Path

RUNBOOK = Path(__file__).resolve().parents[1] / "docs" / "runbook.md"

_HEAD = """# Runbook
One paragraph for each monitor: what its alert means, what to do, and the command that helps. An alert quotes its
paragraph. The texts stand in `monitoring/monitors/`; this page is written from them (`python -m tools.runbook`).

A mail comes when an incident opens, again every 30 minutes (CRITICAL) or four hours (HIGH) while nobody acknowledges
it in the admin, and once when two checks in a row find it right again. More than five findings of one monitor come as
one digest; above 30 mails an hour the rest waits, and one mail says so.

`manage.py run_monitors` looks every five minutes, `--full` every night without time windows. `manage.py doctor` says
what is wrong with the installation itself.
"""


def text() -> str:
    """Return the page."""
    from monitoring.monitors import MONITORS

    parts = [_HEAD]
    for monitor in MONITORS:
        book = monitor.runbook
        parts.append(
            f"## {monitor.name}\n"
            f"**{monitor.severity.value}: {monitor.title}.** {monitor.description}. Grace: {monitor.grace}.\n\n"
            f"{book.means} {book.do}\n\n"
            f"    {book.command}\n",
        )
    return "\n".join(parts)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    RUNBOOK.write_text(text())
