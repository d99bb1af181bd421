"""The network-free changes of an order: paid, packed, shipped, completed, closed, held."""

from __future__ import annotations

from functools import partial

import pytest
from django.db import transaction
from django.utils import timezone

from config.errors import InvalidInputError
from config.models import OutgoingMail
from orders.errors import ShipmentRefusedError, TransitionNotAllowedError
from orders.models import Order, OrderEvent, Shipment
from orders.services import clear_hold, close_order, complete_order, mark_paid, set_hold, ship_order, start_processing
from orders.states import OrderStatus
from shop.models import Reservation, Variant
from shop.services import stock
from tests.support.races import race
from tests.support.stock_states import shelf
from tests.support.tables import nothing_written
from tests.support.world import make_order, make_variant

# Orders are paid here without a payment, against the law that money must have come.
pytestmark = [pytest.mark.django_db, pytest.mark.breaks_laws]

S = OrderStatus
RESI = "JNE0012345678"


@pytest.fixture
def variant() -> Variant:
    return make_variant(on_hand=5)


@pytest.fixture
def unpaid(variant: Variant) -> Order:
    return make_order((variant, 2))


@pytest.fixture
def paid(unpaid: Order) -> Order:
    pay(unpaid)
    return unpaid


def pay(order: Order) -> None:
    with transaction.atomic():
        mark_paid(order, actor="midtrans", paid_at=timezone.now())
        stock.sell(reference=order.number, actor="midtrans")


def ship(order: Order, *, courier: str = "JNE", resi: str = RESI) -> Shipment:
    return ship_order(order_id=order.pk, courier=courier, tracking_number=resi, actor="gudang")


def mails(order: Order) -> list[str]:
    return list(OutgoingMail.objects.filter(reference=order.number).order_by("pk").values_list("kind", flat=True))


# --- paid -------------------------------------------------------------------------------------------------------------


def test_a_paid_order_has_its_time_its_event_and_its_mail(unpaid):
    paid_at = timezone.now()

    mark_paid(unpaid, actor="midtrans", paid_at=paid_at, reason="pembayaran terlambat")

    unpaid.refresh_from_db()
    assert (unpaid.status, unpaid.paid_at) == (S.PAID, paid_at)
    assert OrderEvent.objects.get(to_status=S.PAID).reason == "pembayaran terlambat"
    assert mails(unpaid) == ["order_received", "order_paid"]


def test_marking_it_paid_leaves_the_stock_to_the_caller(unpaid, variant):
    mark_paid(unpaid, actor="midtrans", paid_at=timezone.now())

    assert shelf(variant) == (5, 2)


# --- closed -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("to", "mail"), [(S.EXPIRED, "order_expired"), (S.CANCELLED, "order_cancelled")])
def test_closing_an_unpaid_order_releases_its_stock_and_tells_the_customer(unpaid, variant, to, mail):
    close_order(unpaid, to, actor="system", reason="tidak dibayar")

    assert (unpaid.status, shelf(variant)) == (to, (5, 0))
    assert mails(unpaid) == ["order_received", mail]


@pytest.mark.parametrize("packed", [False, True], ids=["paid", "processing"])
def test_cancelling_a_paid_order_brings_its_goods_back(paid, variant, packed):
    if packed:
        start_processing(order_id=paid.pk, actor="gudang")
        paid.refresh_from_db()

    close_order(paid, S.CANCELLED, actor="owner", reason="dana kembali")

    assert (paid.status, shelf(variant)) == (S.CANCELLED, (5, 0))
    assert mails(paid)[-1] == "order_cancelled"


def test_cancelling_a_paid_order_releases_a_line_that_was_short(unpaid, variant):
    mark_paid(unpaid, actor="midtrans", paid_at=timezone.now())
    stock.mark_short(reference=unpaid.number)

    close_order(unpaid, S.CANCELLED, actor="owner", reason="dana kembali")

    assert shelf(variant) == (5, 0)
    assert Reservation.objects.get().state == "RELEASED"


def test_giving_the_money_of_a_shipped_order_back_leaves_the_stock_alone(paid, variant):
    ship(paid)
    paid.refresh_from_db()

    close_order(paid, S.REFUNDED, actor="owner", reason="dana kembali")

    assert (paid.status, shelf(variant)) == (S.REFUNDED, (3, 0))


def test_goods_of_an_order_whose_money_went_back_come_back_as_a_parcel(paid, variant):
    ship(paid)
    paid.refresh_from_db()
    close_order(paid, S.REFUNDED, actor="owner", reason="dana kembali")

    with transaction.atomic():
        stock.receive_return(
            reference=paid.number,
            return_reference="RET-1",
            quantities={variant.pk: 2},
            actor="gudang",
            reason="retur",
        )

    assert shelf(variant) == (5, 0)


def test_an_order_is_closed_once(unpaid):
    close_order(unpaid, S.CANCELLED, actor="owner", reason="batal")

    with nothing_written(), pytest.raises(TransitionNotAllowedError):
        close_order(unpaid, S.CANCELLED, actor="owner", reason="batal")


# --- packed, shipped, completed ---------------------------------------------------------------------------------------


def test_an_order_goes_from_paid_over_packed_and_shipped_to_completed(paid):
    start_processing(order_id=paid.pk, actor="gudang")
    shipment = ship(paid)
    complete_order(order_id=paid.pk, actor="kasir")

    paid.refresh_from_db()
    assert paid.status == S.COMPLETED
    assert (shipment.order, shipment.courier, shipment.tracking_number, shipment.shipped_by) == (
        paid,
        "JNE",
        RESI,
        "gudang",
    )
    assert mails(paid) == ["order_received", "order_paid", "order_shipped"]


def test_a_tracking_number_is_kept_without_spaces_in_capitals(paid):
    assert ship(paid, courier=" JNE ", resi=" jne 0012\t345678 ").tracking_number == RESI


@pytest.mark.parametrize("resi", ["", "   ", "ABC12", "X" * 41, "JNE/0012345", "JNE😀12345"])
def test_a_tracking_number_that_is_none_is_refused_by_its_field(paid, resi):
    with nothing_written(), pytest.raises(InvalidInputError) as refused:
        ship(paid, resi=resi)

    assert refused.value.field == "tracking_number"


def test_a_parcel_needs_a_courier(paid):
    with nothing_written(), pytest.raises(InvalidInputError) as refused:
        ship(paid, courier=" ")

    assert refused.value.field == "courier"


def test_a_tracking_number_pasted_for_a_second_order_is_refused_and_that_order_stays_paid(paid, variant):
    ship(paid)
    second = make_order((variant, 1))
    pay(second)

    with nothing_written(), pytest.raises(InvalidInputError, match=f"Resi {RESI} sudah dipakai"):
        ship(second)
    ship(second, courier="SiCepat")


@pytest.mark.parametrize("step", [start_processing, partial(ship_order, courier="JNE", tracking_number=RESI)])
def test_nothing_is_packed_or_shipped_while_a_line_is_short(unpaid, step):
    mark_paid(unpaid, actor="midtrans", paid_at=timezone.now())
    stock.mark_short(reference=unpaid.number)

    with nothing_written(), pytest.raises(ShipmentRefusedError):
        step(order_id=unpaid.pk, actor="gudang")


@pytest.mark.parametrize("step", [start_processing, partial(ship_order, courier="JNE", tracking_number=RESI)])
def test_nothing_is_packed_or_shipped_while_the_order_is_held(paid, step):
    set_hold(paid, "jumlah tidak sama", actor="midtrans")

    with nothing_written(), pytest.raises(ShipmentRefusedError, match="jumlah tidak sama"):
        step(order_id=paid.pk, actor="gudang")


def test_an_unpaid_order_is_not_shipped(unpaid):
    with nothing_written(), pytest.raises((ShipmentRefusedError, TransitionNotAllowedError)):
        ship(unpaid)


@pytest.mark.django_db(transaction=True)
def test_two_people_who_ship_one_order_at_once_make_one_parcel(paid):
    outcomes = race([partial(ship, paid, resi=f"JNE000000{number}") for number in range(2)])

    assert len(outcomes.refusals(TransitionNotAllowedError)) == 1
    assert Shipment.objects.count() == 1


# --- held -------------------------------------------------------------------------------------------------------------


def holds(order: Order) -> list[str]:
    return list(OrderEvent.objects.filter(order=order, kind="HOLD").order_by("pk").values_list("reason", flat=True))


def reason_of(order: Order) -> str:
    order.refresh_from_db()
    return order.payment_hold


def test_a_hold_is_written_once_with_its_event(unpaid):
    set_hold(unpaid, "ditinjau bank", actor="midtrans")
    set_hold(unpaid, "ditinjau bank", actor="midtrans")

    assert (reason_of(unpaid), holds(unpaid)) == ("ditinjau bank", ["ditinjau bank"])


def test_a_hold_ends_with_its_cause(unpaid):
    set_hold(unpaid, "ditinjau bank", actor="midtrans")
    set_hold(unpaid, "", actor="midtrans")

    assert (reason_of(unpaid), holds(unpaid)) == ("", ["ditinjau bank", "selesai"])


def test_a_hold_that_a_person_set_aside_does_not_come_back_by_itself(unpaid):
    set_hold(unpaid, "ditinjau bank", actor="midtrans")
    clear_hold(order_id=unpaid.pk, actor="owner", reason="sudah ditelepon")
    unpaid.refresh_from_db()

    set_hold(unpaid, "ditinjau bank", actor="midtrans")

    assert (reason_of(unpaid), holds(unpaid)) == ("", ["ditinjau bank", "dilepas: sudah ditelepon"])


def test_another_reason_than_the_one_set_aside_holds_the_order(unpaid):
    set_hold(unpaid, "ditinjau bank", actor="midtrans")
    clear_hold(order_id=unpaid.pk, actor="owner", reason="sudah ditelepon")
    unpaid.refresh_from_db()

    set_hold(unpaid, "jumlah tidak sama", actor="midtrans")

    assert reason_of(unpaid) == "jumlah tidak sama"


def test_the_same_reason_holds_again_after_its_cause_had_ended(unpaid):
    set_hold(unpaid, "ditinjau bank", actor="midtrans")
    clear_hold(order_id=unpaid.pk, actor="owner", reason="sudah ditelepon")
    unpaid.refresh_from_db()
    set_hold(unpaid, "", actor="midtrans")
    unpaid.refresh_from_db()

    set_hold(unpaid, "ditinjau bank", actor="midtrans")

    assert reason_of(unpaid) == "ditinjau bank"


def test_setting_a_hold_aside_needs_a_reason(unpaid):
    set_hold(unpaid, "ditinjau bank", actor="midtrans")

    with nothing_written(), pytest.raises(InvalidInputError):
        clear_hold(order_id=unpaid.pk, actor="owner", reason="  ")


def test_setting_aside_a_hold_that_is_not_there_changes_nothing(unpaid):
    with nothing_written():
        clear_hold(order_id=unpaid.pk, actor="owner", reason="iseng")
