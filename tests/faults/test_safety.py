"""``with_database_safety``: the report's promise, on a real database."""

from __future__ import annotations

import threading

import pytest
from django.db import DatabaseError, IntegrityError, OperationalError, connection, transaction

from config.database import (
    DatabaseConnectionError,
    Trouble,
    WriteRefusedError,
    classify,
    unit_of_work,
    with_database_safety,
)
from shop.models import Category
from tests.faults.conftest import A_MINUTE_AT_MOST, Shelf, end_own_session, shelves, sql, within
from tests.support.pg_proxy import PostgresProxy
from tests.support.races import background

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def no_long_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """The backoff of 1 s and 2 s, in a hundredth of the time."""
    monkeypatch.setattr("config.database.safety.BACKOFF_S", 0.01)


class Reader:
    """A read before which ``trouble(run)`` happens."""

    def __init__(self, trouble) -> None:
        self.runs = 0
        self._trouble = trouble

    def __call__(self) -> int:
        self.runs += 1
        self._trouble(self.runs)
        return Category.objects.count()


def test_what_works_is_returned():
    Category.objects.create(name="there", slug="there")

    assert with_database_safety(Category.objects.count, operation_name="Count") == 1


def test_a_query_beyond_its_time_is_a_timeout_in_the_reports_words_and_is_not_tried_again():
    reader = Reader(lambda run: sql("SELECT pg_sleep(20)"))
    connection.ensure_connection()

    with within(2), pytest.raises(DatabaseConnectionError, match=r"^Database Query timeout after 300ms$") as stopped:
        with_database_safety(reader, timeout=0.3)

    assert (reader.runs, stopped.value.status, stopped.value.outcome_unknown) == (1, 503, False)
    assert with_database_safety(Category.objects.count) == 0


def test_the_operation_is_named():
    connection.ensure_connection()

    with pytest.raises(DatabaseConnectionError, match=r"^Fetch Orders timeout after 100ms$"):
        with_database_safety(lambda: sql("SELECT pg_sleep(20)"), timeout=0.1, operation_name="Fetch Orders")


def test_a_lost_connection_is_tried_again_on_a_new_one_until_it_works():
    reader = Reader(lambda run: end_own_session() if run < 3 else None)

    assert with_database_safety(reader, retries=3) == 0
    assert reader.runs == 3


def test_an_error_of_the_driver_without_a_code_is_a_lost_connection():
    def fails(run: int) -> None:
        if run < 3:
            raise OperationalError("Connection failed")

    reader = Reader(fails)

    assert with_database_safety(reader, retries=3) == 0
    assert reader.runs == 3


def test_after_two_retries_it_is_said_to_be_away():
    reader = Reader(lambda run: end_own_session())

    with within(5), pytest.raises(DatabaseConnectionError, match=r"^Database Query failed: connection$") as away:
        with_database_safety(reader)

    assert (reader.runs, away.value.retry_after) == (3, 60)


def test_conflicts_and_locks_come_out_unchanged():
    for sqlstate, trouble in (("40P01", Trouble.CONFLICT), ("55P03", Trouble.LOCK_TIMEOUT)):
        reader = Reader(
            lambda run, state=sqlstate: sql(f"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{state}'; END $$")
        )

        with pytest.raises(DatabaseError) as unchanged:
            with_database_safety(reader)

        assert classify(unchanged.value) is trouble
        assert reader.runs == 1


def test_a_constraint_and_a_bug_come_out_unchanged():
    Category.objects.create(name="there", slug="there")

    with pytest.raises(IntegrityError):
        with_database_safety(lambda: Category.objects.create(name="again", slug="there"))
    with pytest.raises(ZeroDivisionError):
        with_database_safety(lambda: 1 // 0)


def test_writes_outside_a_unit_of_work_are_not_repeated_and_their_outcome_is_unknown():
    runs = []

    def writes_twice() -> None:
        runs.append(1)
        Category.objects.create(name="first", slug=f"first-{len(runs)}")
        end_own_session()
        Category.objects.create(name="second", slug="second")

    with pytest.raises(DatabaseConnectionError) as lost:
        with_database_safety(writes_twice)

    assert lost.value.outcome_unknown
    assert (len(runs), Category.objects.count()) == (1, 1)


def test_a_unit_of_work_does_its_own_retries_and_nobody_repeats_them(proxy: PostgresProxy):
    proxy.refusing = True
    runs = []

    def work() -> str:
        runs.append(1)
        return unit_of_work(Shelf())

    with within(5), pytest.raises(DatabaseConnectionError, match="cannot be reached"):
        with_database_safety(work)

    assert len(runs) == 1
    proxy.refusing = False
    assert with_database_safety(work) == "run 1"
    assert shelves() == [("run 1", "whole")]


# --- fallbacks ------------------------------------------------------------------------------------------------------


def test_a_fallback_stands_in_for_a_slow_read():
    connection.ensure_connection()

    with within(2):
        assert with_database_safety(lambda: sql("SELECT pg_sleep(20)"), timeout=0.2, fallback=None) is None


def test_a_fallback_stands_in_for_a_database_that_is_away_and_is_a_copy(proxy: PostgresProxy):
    proxy.refusing = True
    nothing: list[str] = []

    found = with_database_safety(
        lambda: list(Category.objects.values_list("name", flat=True)), retries=0, fallback=nothing
    )

    assert found == []
    assert found is not nothing


def test_a_fallback_is_not_needed_when_all_is_well():
    assert with_database_safety(Category.objects.count, fallback=-1) == 0


def test_a_fallback_hides_no_bug():
    with pytest.raises(ZeroDivisionError):
        with_database_safety(lambda: 1 // 0, fallback=0)


def test_work_with_a_fallback_may_not_write():
    Category.objects.create(name="there", slug="there")

    for write in (
        lambda: Category.objects.create(name="x", slug="x"),
        lambda: Category.objects.update(name="x"),
        lambda: sql("WITH gone AS (DELETE FROM shop_category RETURNING 1) SELECT count(*) FROM gone"),
        lambda: sql("SELECT 1 FROM shop_category FOR UPDATE"),
        lambda: unit_of_work(Shelf()),
    ):
        with pytest.raises(WriteRefusedError):
            with_database_safety(write, fallback=None)

    assert shelves() == [("there", "")]


# --- inside a transaction -------------------------------------------------------------------------------------------


def test_inside_a_transaction_nothing_is_repeated_and_nothing_made_up():
    reader = Reader(lambda run: end_own_session())

    with pytest.raises(DatabaseError), transaction.atomic():
        with_database_safety(reader, fallback=0)

    assert reader.runs == 1


def still_waiting() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM pg_stat_activity"
            " WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0",
        )
        return cursor.fetchone() is not None


def test_a_lock_that_somebody_holds_ends_at_the_operations_time_limit():
    Category.objects.create(name="wanted", slug="wanted")
    held, may_end = threading.Event(), threading.Event()

    def holder() -> None:
        with transaction.atomic():
            Category.objects.select_for_update().get(slug="wanted")
            held.set()
            assert may_end.wait(A_MINUTE_AT_MOST)

    holding = background(holder)
    assert held.wait(A_MINUTE_AT_MOST)
    connection.ensure_connection()
    try:
        with within(2), pytest.raises(DatabaseConnectionError, match=r"^Rename timeout after 200ms$") as late:
            with_database_safety(
                lambda: Category.objects.filter(slug="wanted").update(name="mine"),
                timeout=0.2,
                operation_name="Rename",
            )
        # Had the lock come free before the server noticed that nobody waits, it would have done the update.
        assert late.value.outcome_unknown
        while still_waiting():
            pass
    finally:
        may_end.set()
        holding.result(A_MINUTE_AT_MOST)

    assert shelves() == [("wanted", "")]
