"""After an upgrade the staff groups hold what the release gives them, and the people in them stay."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.management import call_command

from payments.groups import GROUPS, set_up_groups
from tests.support.staff import make_staff

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> dict[str, Any]:
    out = StringIO()
    call_command("setup_groups", "--format", "json", *arguments, stdout=out)
    answer: dict[str, Any] = json.loads(out.getvalue())
    return answer


def test_what_is_missing_is_added_and_what_is_too_much_is_taken() -> None:
    clerk = make_staff("kasir")
    set_up_groups()
    kasir, auditor = Group.objects.get(name="kasir"), Group.objects.get(name="auditor")
    one = kasir.permissions.get(codename="cancel_order")
    kasir.permissions.remove(one)
    auditor.permissions.add(one)

    planned = run("--dry-run")
    assert not kasir.permissions.filter(pk=one.pk).exists()
    done = run()

    assert (planned["permissions_added"], planned["permissions_removed"]) == (1, 1)
    assert (done["permissions_added"], done["permissions_removed"]) == (1, 1)
    assert kasir.permissions.filter(pk=one.pk).exists()
    assert set(auditor.permissions.values_list("codename", flat=True)) == set(GROUPS["auditor"])
    assert clerk.groups.get() == kasir
    assert run()["permissions_added"] == 0
