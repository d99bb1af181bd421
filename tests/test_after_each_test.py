"""What the suite does after each test to keep tests apart is trusted by all of them, so it has tests of its own."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Permission
from django.core.management import call_command
from django.db import connection

from monitoring.invariants import LAWS
from shop.models import Variant
from tests.support.laws import broken_laws
from tests.support.tables import all_rows
from tests.support.world import make_order, make_variant

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def flush(transactional_db: None) -> Callable[[], None]:
    """Call the command as Django's test cases do."""

    def call() -> None:
        call_command("flush", verbosity=0, interactive=False, database="default", reset_sequences=False)

    return call


def triggers_that_sleep() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_trigger WHERE tgenabled = 'D'")
        (count,) = cursor.fetchone()
    return int(count)


def permissions() -> list[tuple[int, str]]:
    return list(Permission.objects.order_by("pk").values_list("pk", "codename"))


def test_nothing_is_left_of_an_order_not_even_what_the_database_keeps_for_ever(flush):
    make_order()

    flush()

    assert not any(all_rows().values())
    assert triggers_that_sleep() == 0


def test_content_types_and_permissions_stay_as_they_are(flush):
    make_variant()
    before = permissions()

    flush()

    assert permissions() == before != []


@pytest.mark.parametrize("change", ["one less", "another name"])
def test_permissions_that_a_test_changed_are_made_anew(flush, change):
    before = {codename for _, codename in permissions()}
    victim = Permission.objects.latest("pk")
    if change == "one less":
        victim.delete()
    else:
        Permission.objects.filter(pk=victim.pk).update(codename="another")

    flush()

    assert {codename for _, codename in permissions()} == before


def test_the_short_question_asks_for_every_law():
    with connection.cursor() as cursor:
        assert broken_laws() == []
        cursor.execute("SELECT statement FROM pg_prepared_statements WHERE name = 'tests_laws_broken'")
        (statement,) = cursor.fetchone()

    assert [law.number for law in LAWS if law.everywhere().replace("%%", "%") not in statement] == []


@pytest.mark.breaks_laws
def test_a_broken_law_is_found_and_told_in_full():
    variant = make_variant(on_hand=3)
    Variant.objects.filter(pk=variant.pk).update(on_hand=4)

    (violation,) = broken_laws()

    assert violation.law.number == "I2"
    assert variant.sku in str(violation)
