"""Stock through the admin: booked once, with a reason and a name, and never over what happened meanwhile."""

from __future__ import annotations

from functools import partial

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from shop.models import Reservation, SiteState, StockMovement, Variant
from shop.services.site import require_sweep
from tests.support.simulator import Simulator
from tests.support.staff import begin, buttons, login, make_staff, page_url, paid_order, press, said
from tests.support.threads import run_together
from tests.support.world import make_order, make_variant, notify, start

pytestmark = pytest.mark.django_db(transaction=True)


def on_hand(variant: Variant) -> int:
    variant.refresh_from_db()
    return variant.on_hand


def test_goods_that_arrive_are_booked_with_who_and_why() -> None:
    variant = make_variant(on_hand=2)
    worker = make_staff("gudang")

    answer = press(login(worker), variant, "barang-masuk", amount="12", note="Surat jalan 77")

    movement = StockMovement.objects.get(variant=variant, delta=12)
    assert on_hand(variant) == 14
    assert (movement.kind, movement.reason, movement.actor) == (
        "RECEIVE",
        "Surat jalan 77",
        f"staff:{worker.pk} {worker.email}",
    )
    assert said(answer) == [f"{variant.sku}: 12 unit masuk, tercatat 14 yang belum terjual."]


def test_the_same_delivery_sent_twice_is_booked_once() -> None:
    variant = make_variant(on_hand=2)
    client = login("gudang")
    form = begin(client, variant, "barang-masuk") | {"amount": "12"}

    client.post(page_url(variant, "barang-masuk"), form)
    second = client.post(page_url(variant, "barang-masuk"), form)

    assert on_hand(variant) == 14
    assert "tidak ada yang dicatat" in said(second)[-1]


def test_two_clicks_at_once_book_one_delivery() -> None:
    variant = make_variant(on_hand=2)
    clients = [login("gudang") for _ in range(3)]
    form = begin(clients[0], variant, "barang-masuk") | {"amount": "12"}

    answers = run_together([partial(client.post, page_url(variant, "barang-masuk"), form) for client in clients])

    assert {answer.status_code for answer in answers} == {302}
    assert on_hand(variant) == 14


def test_a_sale_meanwhile_does_not_stop_a_delivery_or_a_difference_but_stops_a_count(simulator: Simulator) -> None:
    variant = make_variant(on_hand=9)
    order = make_order((variant, 2))
    payment = start(order)
    client = login("gudang")
    arrival = begin(client, variant, "barang-masuk") | {"amount": "5"}
    count = begin(client, variant, "sesuaikan") | {"how": "hitungan", "amount": "9", "reason": "opname"}
    notify(payment, simulator.event(payment.gateway_id, "settle", deliver=False))

    client.post(page_url(variant, "barang-masuk"), arrival)
    counted = client.post(page_url(variant, "sesuaikan"), count)

    assert on_hand(variant) == 12
    assert "tidak ada yang dicatat" in said(counted)[-1]


def test_a_delivery_serves_who_waits_for_it(simulator: Simulator) -> None:
    variant = make_variant(on_hand=2)
    order = make_order((variant, 2))
    payment = start(order)
    client = login("gudang")
    press(client, variant, "sesuaikan", how="selisih", amount="-2", reason="hilang")
    notify(payment, simulator.event(payment.gateway_id, "settle", deliver=False))
    waiting = Reservation.objects.get(reference=order.number).state

    press(client, variant, "barang-masuk", amount="3")

    assert waiting == "SHORT"
    assert Reservation.objects.get(reference=order.number).state == "SOLD"
    assert on_hand(variant) == 1


@pytest.mark.parametrize(
    ("how", "amount", "after"),
    [("hitungan", "7", 7), ("hitungan", "0", 0), ("selisih", "-3", 7), ("selisih", "4", 14)],
)
def test_the_books_are_corrected_by_a_count_or_a_difference(how: str, amount: str, after: int) -> None:
    variant = make_variant(on_hand=10)

    press(login("gudang"), variant, "sesuaikan", how=how, amount=amount, reason="opname", note="Rak 3")

    assert on_hand(variant) == after
    movement = StockMovement.objects.filter(variant=variant).first()
    assert movement is not None
    assert (movement.kind, movement.reason) == ("ADJUST", "opname: Rak 3")


def test_counting_less_than_is_promised_is_recorded_and_shown() -> None:
    variant = make_variant(on_hand=3)
    make_order((variant, 2))
    client = login("gudang")

    press(client, variant, "sesuaikan", how="hitungan", amount="1", reason="rusak")
    listed = client.get(reverse("admin:shop_variant_changelist"), {"stok": "kurang"}).content.decode()

    assert on_hand(variant) == 1
    assert variant.sku in listed
    assert "Kurang stok" in listed


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"amount": "5", "how": "selisih"}, "Pilih alasannya"),
        ({"amount": "0", "how": "selisih", "reason": "opname"}, "Tidak ada selisih"),
        ({"amount": "10", "how": "hitungan", "reason": "opname"}, "Tidak ada selisih"),
        ({"amount": "-11", "how": "selisih", "reason": "rusak"}, "tinggal 10"),
        ({"amount": "-1", "how": "hitungan", "reason": "rusak"}, "tidak dapat kurang dari nol"),
        ({"amount": "1.5", "how": "selisih", "reason": "rusak"}, "bilangan bulat"),
        ({"amount": "99999999999999999999", "how": "selisih", "reason": "opname"}, "Paling banyak 100.000"),
        ({"amount": "1", "how": "selisih", "reason": "karena"}, "Pilih alasan dari daftar"),
    ],
)
def test_a_correction_that_makes_no_sense_is_refused_in_words(given: dict[str, str], sentence: str) -> None:
    variant = make_variant(on_hand=10)

    answer = press(login("gudang"), variant, "sesuaikan", **given)

    assert answer.status_code == 400
    assert sentence in answer.content.decode()
    assert on_hand(variant) == 10


@pytest.mark.parametrize("amount", ["0", "-1", "100001", "1e3", "", "satu"])
def test_an_arrival_of_nothing_or_too_much_is_refused(amount: str) -> None:
    variant = make_variant(on_hand=10)

    answer = press(login("gudang"), variant, "barang-masuk", amount=amount)

    assert answer.status_code == 400
    assert on_hand(variant) == 10


def test_a_form_that_was_tampered_with_books_nothing() -> None:
    variant = make_variant(on_hand=10)
    client = login("gudang")

    for seen in ("", "abc", "0:0:0", ":::"):
        client.post(page_url(variant, "barang-masuk"), {"amount": "5", "seen": seen})

    assert on_hand(variant) == 10


def test_the_page_of_a_variant_shows_its_ledger_and_who_waits(simulator: Simulator) -> None:
    variant = make_variant(on_hand=10)
    order = make_order((variant, 2))
    client = login("kasir")

    page = client.get(page_url(variant)).content.decode()

    assert order.number in page
    assert "stok awal" in page
    assert buttons(client, variant) == set()


def test_without_the_permission_nobody_books_anything() -> None:
    variant = make_variant(on_hand=10)

    for group in ("kasir", "auditor"):
        assert login(group).post(page_url(variant, "barang-masuk"), {"amount": "5"}).status_code == 403
    assert Client().post(page_url(variant, "barang-masuk"), {"amount": "5"}).status_code == 302
    assert on_hand(variant) == 10


# --- the shop as a whole --------------------------------------------------------------------------------------


def test_the_owner_closes_and_opens_the_shop_and_the_log_knows_it() -> None:
    owner = make_staff("owner")
    client = login(owner)
    shop = SiteState(pk=1)

    empty = press(client, shop, "tutup")
    press(client, shop, "tutup", reason="Opname gudang")
    closed = SiteState.objects.get()
    public = Client().get(reverse("shop:home")).status_code
    press(client, shop, "buka")

    assert empty.status_code == 400
    assert (closed.is_open, closed.reason) == (False, "Opname gudang")
    assert public == 200
    assert SiteState.objects.get().is_open
    texts = list(LogEntry.objects.filter(user=owner).order_by("pk").values_list("change_message", flat=True))
    assert texts == ["Toko ditutup: Opname gudang", "Toko dibuka"]


def test_closing_a_closed_shop_says_so() -> None:
    client = login("owner")
    shop = SiteState(pk=1)
    press(client, shop, "tutup", reason="Opname gudang")

    answer = client.get(page_url(shop, "tutup"))

    assert said(answer)[-1] == "Toko sudah tutup."


def test_while_payments_are_being_looked_at_money_moves_nowhere(simulator: Simulator) -> None:
    order, transaction = paid_order(simulator, method="qris")
    require_sweep(since=order.created_at)
    client = login("owner")

    answer = press(client, transaction, "kembalikan", reason="uji")

    assert said(answer) == ["Toko sedang memeriksa pembayaran. Coba lagi nanti."]
    assert "sedang diperiksa" in client.get(page_url(SiteState(pk=1))).content.decode()
