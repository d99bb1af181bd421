"""The stock services in any order, against a model in plain Python; the laws hold after every single step."""

from __future__ import annotations

import itertools
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, assume, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from monitoring.invariants import LAWS, check_invariants
from shop.errors import InsufficientStockError, StockRuleError
from shop.models import Reservation, StockMovement, Variant
from shop.services import stock
from tests.support.world import make_variant

pytestmark = pytest.mark.django_db(transaction=True)

STOCK_LAWS = [law for law in LAWS if law.number in {"I1", "I2", "I2b", "I3b", "I8"}]
HELD, SHORT, SOLD, RELEASED = "HELD", "SHORT", "SOLD", "RELEASED"
LIVE = (HELD, SHORT)
_references = itertools.count(1)

shelves = st.integers(0, 1)
a_few = st.integers(1, 4)
orders = st.integers(0, 9)


@dataclass
class Line:
    """What one reference has of one shelf. ``age`` is the order of creation."""

    reference: str
    shelf: int
    quantity: int
    age: int
    state: str = HELD
    attempts: int = 0
    due: bool = False
    cancelled: bool = False


@dataclass
class Model:
    """What the shelves and the lines should be, worked out without a database."""

    on_hand: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    lines: list[Line] = field(default_factory=list)
    parcels: dict[tuple[str, int], int] = field(default_factory=lambda: defaultdict(int))

    def of(self, reference: str, *states: str) -> list[Line]:
        return [line for line in self.lines if line.reference == reference and line.state in states]

    def reserved(self, shelf: int) -> int:
        return sum(line.quantity for line in self.lines if line.shelf == shelf and line.state in LIVE)

    def available(self, shelf: int) -> int:
        return self.on_hand[shelf] - self.reserved(shelf)

    def sell(self, line: Line) -> None:
        self.on_hand[line.shelf] -= line.quantity
        line.state, line.due = SOLD, False

    def postpone(self, line: Line) -> None:
        line.state, line.due = SHORT, False
        line.attempts += 1

    def serve_waiting(self, shelf: int) -> int:
        """Sell SHORT lines oldest first, until one is not covered."""
        waiting = [line for line in self.lines if line.shelf == shelf and line.state == SHORT]
        served = 0
        for line in sorted(waiting, key=lambda line: line.age):
            if line.quantity > self.on_hand[shelf]:
                break
            self.sell(line)
            served += 1
        return served

    def put(self, shelf: int, quantity: int) -> None:
        self.on_hand[shelf] += quantity
        if quantity > 0:
            self.serve_waiting(shelf)


class StockMachine(RuleBasedStateMachine):
    """Two shelves, and orders that come and go."""

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.references: list[str] = []

    @initialize(first=st.integers(0, 6), second=st.integers(0, 6))
    def stock_up(self, first: int, second: int) -> None:
        self.variants = [make_variant(on_hand=first), make_variant(on_hand=second)]
        self.model.on_hand.update({0: first, 1: second})

    def reference(self, number: int) -> str:
        assume(self.references)
        return self.references[number % len(self.references)]

    # -- orders ----------------------------------------------------------------------------------------------------

    @rule(wanted=st.dictionaries(shelves, a_few, min_size=1))
    def reserve(self, wanted: dict[int, int]) -> None:
        reference = f"M{next(_references)}"
        short = {shelf: self.model.available(shelf) for shelf, n in wanted.items() if self.model.available(shelf) < n}
        try:
            with transaction.atomic():
                stock.reserve(
                    reference=reference,
                    quantities={self.variants[shelf].pk: quantity for shelf, quantity in wanted.items()},
                )
        except InsufficientStockError as refused:
            named = {line.variant_id: line.available for line in refused.lines}
            assert named == {self.variants[shelf].pk: max(0, available) for shelf, available in short.items()}
            return
        assert short == {}
        self.references.append(reference)
        for shelf, quantity in wanted.items():
            self.model.lines.append(Line(reference, shelf, quantity, age=len(self.model.lines)))

    @precondition(lambda self: self.references)
    @rule(number=orders)
    def release(self, number: int) -> None:
        reference = self.reference(number)
        live = self.model.of(reference, *LIVE)

        with transaction.atomic():
            assert stock.release(reference=reference) == len(live)

        for line in live:
            line.state = RELEASED

    @precondition(lambda self: self.references)
    @rule(number=orders)
    def sell(self, number: int) -> None:
        reference = self.reference(number)
        short = []
        for line in self.model.of(reference, *LIVE):
            if line.quantity <= self.model.on_hand[line.shelf]:
                self.model.sell(line)
            else:
                self.model.postpone(line)
                short.append((self.variants[line.shelf].pk, line.quantity))

        with transaction.atomic():
            lines = stock.sell(reference=reference, actor="test")

        assert sorted((line.variant_id, line.quantity) for line in lines) == sorted(short)

    @precondition(lambda self: self.references)
    @rule(number=orders)
    def mark_short(self, number: int) -> None:
        reference = self.reference(number)
        for line in self.model.of(reference, HELD):
            self.model.postpone(line)

        with transaction.atomic():
            stock.mark_short(reference=reference)

    @precondition(lambda self: self.references)
    @rule(number=orders)
    def cancel(self, number: int) -> None:
        reference = self.reference(number)
        for line in self.model.of(reference, *LIVE):
            line.state = RELEASED
        expected = 0
        for line in self.model.of(reference, SOLD):
            rest = line.quantity - self.model.parcels[reference, line.shelf]
            if not line.cancelled and rest > 0:
                line.cancelled = True
                expected += 1
                self.model.parcels[reference, line.shelf] += rest
                self.model.put(line.shelf, rest)

        with transaction.atomic():
            assert stock.return_sold(reference=reference, actor="test", reason="batal") == expected

    @precondition(lambda self: self.references)
    @rule(number=orders, shelf=shelves, quantity=a_few, parcel=st.integers(1, 2))
    def parcel_comes_back(self, number: int, shelf: int, quantity: int, parcel: int) -> None:
        reference = self.reference(number)
        sold = sum(line.quantity for line in self.model.of(reference, SOLD) if line.shelf == shelf)
        known = StockMovement.objects.filter(return_reference=f"{reference}/{parcel}").exists()
        fits = quantity + self.model.parcels[reference, shelf] <= sold
        try:
            with transaction.atomic():
                stock.receive_return(
                    reference=reference,
                    return_reference=str(parcel),
                    quantities={self.variants[shelf].pk: quantity},
                    actor="test",
                    reason="retur",
                )
        except StockRuleError:
            assert known or not fits
            return
        assert fits
        assert not known
        self.model.parcels[reference, shelf] += quantity
        self.model.put(shelf, quantity)

    # -- the warehouse and the clock -------------------------------------------------------------------------------

    @rule(shelf=shelves, quantity=a_few)
    def receive(self, shelf: int, quantity: int) -> None:
        with transaction.atomic():
            stock.receive(variant_id=self.variants[shelf].pk, quantity=quantity, actor="test")

        self.model.put(shelf, quantity)

    @rule(shelf=shelves, delta=st.integers(-5, 3).filter(bool))
    def adjust(self, shelf: int, delta: int) -> None:
        fits = self.model.on_hand[shelf] + delta >= 0
        try:
            with transaction.atomic():
                stock.adjust(variant_id=self.variants[shelf].pk, delta=delta, reason="hitung ulang", actor="test")
        except StockRuleError:
            assert not fits
            return
        assert fits
        self.model.put(shelf, delta)

    @rule()
    def time_passes(self) -> None:
        """Every line that waits is due."""
        Reservation.objects.filter(state=SHORT).update(next_attempt_at=timezone.now() - timedelta(minutes=1))
        for line in self.model.lines:
            line.due = line.state == SHORT

    @rule()
    def retry(self) -> None:
        expected = 0
        for shelf in (0, 1):
            due = [line for line in self.model.lines if line.shelf == shelf and line.state == SHORT and line.due]
            if not any(line.attempts < stock.SHORT_MAX_ATTEMPTS for line in due):
                continue
            expected += self.model.serve_waiting(shelf)
            for line in due:
                if line.state == SHORT and line.attempts < stock.SHORT_MAX_ATTEMPTS:
                    self.model.postpone(line)

        assert stock.retry_short() == expected

    # -- after every step --------------------------------------------------------------------------------------------

    @invariant()
    def the_shelves_are_as_the_model_says(self) -> None:
        if hasattr(self, "variants"):
            rows = Variant.objects.in_bulk([variant.pk for variant in self.variants])
            for shelf, variant in enumerate(self.variants):
                row = rows[variant.pk]
                assert (row.on_hand, row.reserved) == (self.model.on_hand[shelf], self.model.reserved(shelf))

    @invariant()
    def the_lines_are_as_the_model_says(self) -> None:
        rows = Reservation.objects.filter(reference__in=self.references)
        assert sorted(rows.values_list("reference", "variant_id", "quantity", "state", "attempts")) == sorted(
            (line.reference, self.variants[line.shelf].pk, line.quantity, line.state, line.attempts)
            for line in self.model.lines
        )

    @invariant()
    def the_laws_hold(self) -> None:
        assert check_invariants(STOCK_LAWS) == []

    def teardown(self) -> None:
        """Leave nothing that waits: the next example's retries are its own."""
        for reference in self.references:
            with transaction.atomic():
                stock.release(reference=reference)


@pytest.mark.slow
def test_any_order_of_stock_services_does_what_the_model_says():
    run_state_machine_as_test(
        StockMachine,
        settings=settings(
            max_examples=25,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
            database=None,
        ),
    )
