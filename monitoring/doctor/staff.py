"""Whether the staff groups hold what this release gives them."""

from __future__ import annotations

from collections.abc import Iterator

from django.conf import settings

from monitoring.doctor.base import Answer, Visit, error, ok, warning
from payments.groups import GROUPS, held_permissions


def look_at_staff(visit: Visit) -> Iterator[Answer]:
    """Compare the groups with the release: after an upgrade, new buttons stay hidden until somebody sets them up."""
    held = held_permissions()
    say = error if visit.deploy or not settings.DEBUG else warning
    for name, given in GROUPS.items():
        if name not in held:
            yield say(f"group {name}", "does not exist", "manage.py setup_groups")
        elif wrong := _differences(set(given), held[name]):
            yield say(f"group {name}", ", ".join(wrong), "manage.py setup_groups")
        else:
            yield ok(f"group {name}", f"{len(held[name])} permissions")


def _differences(given: set[str], held: set[str]) -> list[str]:
    return [f"lacks {one}" for one in sorted(given - held)] + [f"has {one} too much" for one in sorted(held - given)]
