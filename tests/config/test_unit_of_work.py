"""One durable transaction: what is tried again, what never is, and what happens when COMMIT's answer is lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import psycopg
import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from config.database import (
    CONFLICT_RETRIES,
    CONNECTION_RETRIES,
    DatabaseConnectionError,
    Trouble,
    classify,
    unit_of_work,
    violated_constraint,
)
from shop.models import Cart, Category
from tests.support.pg_proxy import Fault, PostgresProxy, through_proxy
from tests.support.races import background, end_session, race

pytestmark = pytest.mark.django_db(transaction=True)
rolled_back = pytest.mark.django_db(transaction=False)  # one connection suffices, and that is faster

A_MINUTE_AT_MOST = 60


class Shelf:
    """A body for ``unit_of_work``: writes one category and counts how often it was run."""

    def __init__(self, *, before: Callable[[int], object] = lambda run: None) -> None:
        self.runs = 0
        self._before = before

    def __call__(self) -> str:
        self.runs += 1
        Category.objects.create(name=f"run {self.runs}", slug="shelf")
        self._before(self.runs)
        Category.objects.filter(slug="shelf").update(description="whole")
        return f"run {self.runs}"


def find_shelf() -> str | None:
    """Tell what a lost COMMIT did."""
    return Category.objects.filter(slug="shelf").values_list("name", flat=True).first()


def shelves() -> list[tuple[str, str]]:
    return list(Category.objects.values_list("name", "description"))


def end_own_session() -> None:
    """Let somebody else end this connection's session, as ``pg_terminate_backend`` or a fail-over does."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        pid = cursor.fetchone()[0]
    background(lambda: end_session(pid)).result(A_MINUTE_AT_MOST)


@pytest.fixture
def proxy() -> Iterator[PostgresProxy]:
    with through_proxy() as proxy:
        yield proxy


# --- what it does --------------------------------------------------------------------------------------------------


@rolled_back
def test_what_the_body_wrote_and_returned_is_there_afterwards():
    body = Shelf()

    assert unit_of_work(body) == "run 1"
    assert shelves() == [("run 1", "whole")]


@rolled_back
def test_inside_another_transaction_it_refuses_to_run():
    body = Shelf()

    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        unit_of_work(body)

    assert body.runs == 0


@rolled_back
def test_inside_another_unit_of_work_it_refuses_to_run():
    body = Shelf()

    with pytest.raises(RuntimeError, match="durable"):
        unit_of_work(lambda: unit_of_work(body))

    assert body.runs == 0


@rolled_back
def test_an_error_of_the_body_comes_out_unchanged_and_nothing_is_kept():
    def fails(run: int) -> None:
        raise ZeroDivisionError

    body = Shelf(before=fails)

    with pytest.raises(ZeroDivisionError):
        unit_of_work(body)

    assert (body.runs, shelves()) == (1, [])


@rolled_back
def test_a_violated_constraint_is_not_tried_again_and_is_known_by_name():
    Category.objects.create(name="first", slug="shelf")
    body = Shelf()

    with pytest.raises(IntegrityError) as refused:
        unit_of_work(body)

    assert violated_constraint(refused.value) == "shop_category_slug_key"
    assert body.runs == 1


def test_a_constraint_that_is_checked_at_commit_is_not_tried_again():
    runs = []

    def body() -> None:
        runs.append(1)
        Cart.objects.create(user_id=0)

    with pytest.raises(IntegrityError):
        unit_of_work(body, resolve=lambda: pytest.fail("the outcome is known: it was refused"))

    assert (len(runs), Cart.objects.count()) == (1, 0)


@rolled_back
def test_a_statement_that_takes_too_long_is_not_tried_again():
    def too_slow(run: int) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = '50ms'")
            cursor.execute("SELECT pg_sleep(30)")

    body = Shelf(before=too_slow)

    with pytest.raises(DatabaseError) as stopped:
        unit_of_work(body)

    assert classify(stopped.value) is Trouble.STATEMENT_TIMEOUT
    assert (body.runs, shelves()) == (1, [])


def test_a_lock_that_is_not_had_in_time_is_not_tried_again():
    Category.objects.create(name="wanted", slug="wanted")
    held, may_end = threading.Event(), threading.Event()

    def holder() -> None:
        with transaction.atomic():
            Category.objects.select_for_update().get(slug="wanted")
            held.set()
            assert may_end.wait(A_MINUTE_AT_MOST)

    holding = background(holder)
    assert held.wait(A_MINUTE_AT_MOST)

    def locks(run: int) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '50ms'")
        Category.objects.select_for_update().get(slug="wanted")

    body = Shelf(before=locks)
    with pytest.raises(DatabaseError) as stopped:
        unit_of_work(body)
    may_end.set()
    holding.result(A_MINUTE_AT_MOST)

    assert classify(stopped.value) is Trouble.LOCK_TIMEOUT
    assert body.runs == 1


# --- conflicts -----------------------------------------------------------------------------------------------------


def test_the_victim_of_a_real_deadlock_runs_again_and_both_sides_succeed():
    one = Category.objects.create(name="one", slug="one")
    two = Category.objects.create(name="two", slug="two")
    both_hold_one = threading.Barrier(2)
    runs = []

    def crossing(first: Category, second: Category) -> Callable[[], None]:
        def body() -> None:
            runs.append(first.name)
            Category.objects.filter(pk=first.pk).update(position=first.position)
            if runs.count(first.name) == 1:
                both_hold_one.wait(A_MINUTE_AT_MOST)
            Category.objects.filter(pk=second.pk).update(description=first.name)

        return lambda: unit_of_work(body)

    outcomes = race([crossing(one, two), crossing(two, one)])

    assert outcomes.errors == []
    assert outcomes.sqlstates == {"40P01": 1}
    assert len(runs) == 3
    assert set(Category.objects.values_list("name", "description")) == {("one", "two"), ("two", "one")}


def overtaken(run: int) -> None:
    """Make the transaction's snapshot old: somebody else changes the row that the body changes next."""
    background(lambda: Category.objects.filter(slug="counter").update(name=f"overtaken {run}")).result(A_MINUTE_AT_MOST)
    Category.objects.filter(slug="counter").update(description="mine")


def in_one_snapshot(body: Shelf) -> Callable[[], str]:
    def run() -> str:
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        return body()

    return run


def test_after_a_serialization_failure_the_body_runs_again():
    Category.objects.create(name="counter", slug="counter")
    body = Shelf(before=lambda run: overtaken(run) if run <= CONFLICT_RETRIES else None)

    assert unit_of_work(in_one_snapshot(body)) == "run 4"
    assert ("run 4", "whole") in shelves()


def test_after_three_repetitions_a_conflict_comes_out_and_nothing_is_kept():
    Category.objects.create(name="counter", slug="counter")
    body = Shelf(before=overtaken)

    with pytest.raises(DatabaseError) as refused:
        unit_of_work(in_one_snapshot(body))

    assert classify(refused.value) is Trouble.CONFLICT
    assert body.runs == 1 + CONFLICT_RETRIES
    assert find_shelf() is None


# --- connections lost before COMMIT --------------------------------------------------------------------------------


@pytest.mark.parametrize("ends", [1, CONNECTION_RETRIES])
def test_a_session_ended_in_the_middle_is_replaced_and_the_work_is_done_once(ends):
    body = Shelf(before=lambda run: end_own_session() if run <= ends else None)

    assert unit_of_work(body, resolve=lambda: pytest.fail("COMMIT was never sent")) == f"run {ends + 1}"
    assert shelves() == [(f"run {ends + 1}", "whole")]


def test_a_session_that_is_always_ended_is_a_connection_error_with_a_known_outcome():
    body = Shelf(before=lambda run: end_own_session())

    with pytest.raises(DatabaseConnectionError) as refused:
        unit_of_work(body)

    assert not refused.value.outcome_unknown
    assert (body.runs, shelves()) == (1 + CONNECTION_RETRIES, [])


def test_a_session_that_ends_within_a_savepoint_is_replaced_too():
    def within_a_savepoint(run: int) -> None:
        with transaction.atomic():
            if run == 1:
                end_own_session()
            Category.objects.filter(slug="shelf").update(position=7)

    body = Shelf(before=within_a_savepoint)

    assert unit_of_work(body) == "run 2"
    assert Category.objects.get().position == 7


def test_a_session_that_ends_while_rows_are_streamed_is_replaced_too():
    def streaming(run: int) -> None:
        for _ in Category.objects.iterator(chunk_size=1):
            if run == 1:
                end_own_session()

    body = Shelf(before=streaming)
    Category.objects.bulk_create(Category(name=f"other {i}", slug=f"other-{i}") for i in range(5))

    assert unit_of_work(body) == "run 2"


def test_a_line_broken_in_the_middle_is_replaced_and_the_work_is_done_once(proxy: PostgresProxy):
    body = Shelf(before=lambda run: proxy.break_lines() if run == 1 else None)

    assert unit_of_work(body) == "run 2"
    assert shelves() == [("run 2", "whole")]


def test_a_server_that_refuses_everybody_is_a_connection_error_within_seconds(proxy: PostgresProxy):
    proxy.refusing = True
    body = Shelf()
    started = time.monotonic()

    with pytest.raises(DatabaseConnectionError) as refused:
        unit_of_work(body)

    assert time.monotonic() - started < 5
    assert (body.runs, refused.value.outcome_unknown) == (0, False)
    proxy.refusing = False
    assert unit_of_work(body) == "run 1"


# --- COMMIT was sent -----------------------------------------------------------------------------------------------


def test_when_the_answer_to_commit_is_lost_resolve_finds_the_work_and_it_is_not_done_twice(proxy: PostgresProxy):
    proxy.plan(Fault.LOSE_THE_ANSWER)
    body = Shelf()

    assert unit_of_work(body, resolve=find_shelf) == "run 1"
    assert (body.runs, shelves()) == (1, [("run 1", "whole")])


def test_when_commit_itself_is_lost_the_outcome_is_unknown_and_the_work_is_not_done_again(proxy: PostgresProxy):
    proxy.plan(Fault.LOSE_THE_COMMIT)
    body = Shelf()

    with pytest.raises(DatabaseConnectionError) as lost:
        unit_of_work(body, resolve=find_shelf)

    assert lost.value.outcome_unknown
    assert (body.runs, shelves()) == (1, [])


def test_a_hook_that_meets_a_conflict_after_the_commit_does_not_bring_the_body_back():
    def hook() -> None:
        with connection.cursor() as cursor:
            cursor.execute("DO $$ BEGIN RAISE EXCEPTION 'a deadlock of its own' USING ERRCODE = '40P01'; END $$")

    body = Shelf(before=lambda run: transaction.on_commit(hook))

    with pytest.raises(DatabaseError, match="a deadlock of its own"):
        unit_of_work(body)

    assert (body.runs, shelves()) == (1, [("run 1", "whole")])


def test_without_resolve_the_server_is_asked_and_says_that_it_was_committed(proxy: PostgresProxy):
    proxy.plan(Fault.LOSE_THE_ANSWER)
    body = Shelf()

    assert unit_of_work(body) == "run 1"
    assert (body.runs, shelves()) == (1, [("run 1", "whole")])


def test_without_resolve_a_commit_that_never_arrived_is_done_again(proxy: PostgresProxy):
    proxy.plan(Fault.LOSE_THE_COMMIT)
    body = Shelf()

    assert unit_of_work(body) == "run 2"
    assert (body.runs, shelves()) == (2, [("run 2", "whole")])


def test_without_resolve_work_that_wrote_nothing_is_done_again(proxy: PostgresProxy):
    proxy.plan(Fault.LOSE_THE_ANSWER)
    runs: list[int] = []

    def body() -> int:
        runs.append(Category.objects.count())
        return len(runs)

    assert unit_of_work(body) == 2


def test_without_resolve_a_commit_that_stays_under_way_is_unknown_and_not_done_again(proxy: PostgresProxy):
    proxy.plan(Fault.DELAY_THE_COMMIT)
    body = Shelf()

    with pytest.raises(DatabaseConnectionError) as lost:
        unit_of_work(body)
    proxy.deliver()

    assert lost.value.outcome_unknown
    assert (body.runs, shelves()) == (1, [("run 1", "whole")])


def test_resolve_is_asked_again_while_the_server_is_still_committing(proxy: PostgresProxy):
    proxy.plan(Fault.DELAY_THE_COMMIT)
    seen: list[str | None] = []

    def resolve() -> str | None:
        seen.append(find_shelf())
        if len(seen) == 1:
            proxy.deliver()
        return seen[-1]

    body = Shelf()

    assert unit_of_work(body, resolve=resolve) == "run 1"
    assert (seen, body.runs) == ([None, "run 1"], 1)


def test_resolve_is_asked_again_when_it_meets_a_broken_line_itself(proxy: PostgresProxy):
    proxy.plan(Fault.LOSE_THE_ANSWER)
    asked = []

    def resolve() -> str | None:
        asked.append(1)
        proxy.refusing = len(asked) == 1
        return find_shelf()

    body = Shelf()

    assert unit_of_work(body, resolve=resolve) == "run 1"
    assert (len(asked), body.runs) == (2, 1)


def test_when_nobody_can_be_asked_the_outcome_is_unknown(proxy: PostgresProxy):
    proxy.plan(Fault.LOSE_THE_ANSWER)

    def resolve() -> str | None:
        proxy.refusing = True
        return find_shelf()

    with pytest.raises(DatabaseConnectionError) as lost:
        unit_of_work(Shelf(), resolve=resolve)

    proxy.refusing = False
    assert lost.value.outcome_unknown
    assert shelves() == [("run 1", "whole")]


# --- what an error means -------------------------------------------------------------------------------------------


@rolled_back
@pytest.mark.parametrize(
    ("sqlstate", "trouble"),
    [
        ("57P01", Trouble.CONNECTION),
        ("57P02", Trouble.CONNECTION),
        ("57P03", Trouble.CONNECTION),
        ("25P03", Trouble.IDLE_IN_TRANSACTION),
        ("53300", Trouble.CONNECTION),
        ("08006", Trouble.CONNECTION),
        ("40001", Trouble.CONFLICT),
        ("40P01", Trouble.CONFLICT),
        ("55P03", Trouble.LOCK_TIMEOUT),
        ("57014", Trouble.STATEMENT_TIMEOUT),
        ("53100", Trouble.RESOURCES),
        ("53200", Trouble.RESOURCES),
        ("25006", Trouble.RESOURCES),
        ("58030", Trouble.RESOURCES),
        ("23505", Trouble.OTHER),
        ("22003", Trouble.OTHER),
    ],
)
def test_errors_of_the_server_are_told_apart_by_their_sqlstate(sqlstate, trouble):
    with pytest.raises(DatabaseError) as raised, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '{sqlstate}'; END $$")

    assert classify(raised.value) is trouble


@rolled_back
def test_a_server_that_cannot_be_reached_is_connection_trouble():
    with pytest.raises(psycopg.OperationalError) as raised:
        psycopg.connect(host="127.0.0.1", port=1, connect_timeout=2)

    assert classify(raised.value) is Trouble.CONNECTION


@rolled_back
def test_a_bug_is_not_database_trouble():
    assert classify(ValueError("x")) is Trouble.OTHER
