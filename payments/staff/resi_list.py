"""Many parcels at once: a list of order numbers and resi, pasted from a spreadsheet or a courier's file.

``read`` judges every line and writes nothing; ``ship`` sends the lines that were good, each in a transaction of its own
through the same service as the single button, so that one line that comes too late takes no other with it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from config.errors import InvalidInputError, ShopError
from orders.couriers import clean_resi
from orders.models import Order, Shipment, ShippingMethod
from orders.services import ship_order
from orders.states import PAID_UNSENT, OrderStatus
from payments.staff import ship_gate

MAX_LINES = 200
MAX_CELL = 60
S = OrderStatus


@dataclass(frozen=True)
class Line:
    """One line as it was read. ``problem`` says why it is left out; ``order`` is None when nobody knows the number."""

    position: int
    number: str
    courier: str
    resi: str
    order: Order | None = None
    problem: str = ""
    outcome: str = ""

    @property
    def is_good(self) -> bool:
        return not self.problem


def read(text: str) -> list[Line]:
    """Return every line of ``text`` with its verdict: seven queries, however many lines.

    Two columns (order number, resi) or three (order number, courier, resi), separated by tab, semicolon or comma; a
    heading is skipped. Raises InvalidInputError (``text``) for nothing and for too much.
    """
    rows = [_cells(line) for line in text.splitlines() if line.strip(" \t,;")]
    if rows and "ORD-" not in rows[0][0].upper():
        rows = rows[1:] if any("resi" in cell.lower() for cell in rows[0]) else rows
    if not rows:
        raise InvalidInputError("text", "Tempel daftarnya: nomor pesanan dan resi, satu pesanan satu baris.")
    if len(rows) > MAX_LINES:
        raise InvalidInputError("text", f"Paling banyak {MAX_LINES} baris sekaligus; ini {len(rows)}.")
    return _judged([_line(position, cells) for position, cells in enumerate(rows, start=1)])


def fingerprint(lines: Sequence[Line]) -> str:
    """Return what must not have changed between showing the verdicts and confirming them."""
    told = "\n".join(f"{line.number}|{line.courier}|{line.resi}|{line.problem}" for line in lines)
    return hashlib.sha256(told.encode()).hexdigest()


def ship(lines: Sequence[Line], *, actor: str) -> list[Line]:
    """Send the good lines and return all of them, each with what became of it."""
    return [_shipped(line, actor) if line.is_good else line for line in lines]


def _shipped(line: Line, actor: str) -> Line:
    assert line.order is not None
    try:
        parcel = ship_order(
            order_id=line.order.pk,
            courier=line.courier,
            tracking_number=line.resi,
            actor=actor,
            objection=ship_gate.why_not_unseen,  # once more, under its lock: somebody may give the money back meanwhile
        )
    except ShopError as error:
        return replace(line, problem=str(error))
    return replace(line, outcome=f"Dikirim dengan {parcel}")


def _cells(line: str) -> list[str]:
    separator = next((one for one in ("\t", ";", ",") if one in line), None)
    return [cell.strip().strip("'\"").strip()[:MAX_CELL] for cell in (line.split(separator) if separator else [line])]


def _line(position: int, cells: Sequence[str]) -> Line:
    filled = [cell for cell in cells if cell]
    number = re.sub(r"\s+", "", filled[0]).upper() if filled else ""
    if len(filled) == 2:
        return Line(position, number, "", filled[1])
    if len(filled) == 3:
        return Line(position, number, filled[1], filled[2])
    return Line(position, number, "", "", problem="Isi dua kolom (nomor pesanan, resi) atau tiga (dengan kurir).")


def _judged(lines: Sequence[Line]) -> list[Line]:
    """Return the lines with their orders and what stands against them."""
    orders = {order.number: order for order in Order.objects.filter(number__in={line.number for line in lines})}
    gate = ship_gate.reasons_unseen(orders.values())
    couriers: dict[str, str] = {}
    by_code: dict[str, str] = {}
    for method in ShippingMethod.objects.order_by("position", "code"):
        couriers.setdefault(method.courier.upper(), method.courier)
        by_code[method.code] = method.courier
    shaped = [_shaped(line, orders.get(line.number), couriers, by_code) for line in lines]
    wanted = {line.resi for line in shaped if line.is_good}
    used = set(Shipment.objects.filter(tracking_number__in=wanted).values_list("courier", "tracking_number"))
    seen_orders: dict[str, int] = {}
    seen_resi: dict[tuple[str, str], int] = {}
    found = []
    for line in shaped:
        problem = line.problem or _against(line, gate, used)
        if not problem:
            first = seen_orders.setdefault(line.number, line.position)
            same = seen_resi.setdefault((line.courier, line.resi), line.position)
            if first != line.position:
                problem = f"Pesanan ini sudah ada di baris {first}."
            elif same != line.position:
                problem = f"Resi ini sudah ada di baris {same}."
        found.append(replace(line, problem=problem))
    return found


def _shaped(line: Line, order: Order | None, couriers: dict[str, str], by_code: dict[str, str]) -> Line:
    """Return a line with its order, the courier as it is written here, and the resi as it would be stored."""
    if line.problem:
        return line
    if order is None:
        return replace(line, problem="Nomor pesanan tidak dikenal.")
    chosen = by_code.get(order.shipping_method, "") or order.courier
    courier = couriers.get(line.courier.upper(), "") if line.courier else chosen
    if not courier:
        return replace(line, order=order, problem=f"Kurir “{line.courier}” tidak dipakai toko ini.")
    try:
        resi = clean_resi(courier, line.resi)
    except InvalidInputError as error:
        return replace(line, order=order, courier=courier, problem=str(error))
    return replace(line, order=order, courier=courier, resi=resi)


def _against(line: Line, gate: dict[int, str], used: set[tuple[str, str]]) -> str:
    order = line.order
    assert order is not None
    if order.status == S.SHIPPED:
        return "Sudah dikirim."
    if order.status not in PAID_UNSENT:
        return f"Tidak dapat dikirim: statusnya {S(order.status).label}."
    if reason := gate.get(order.pk):
        return reason
    return f"Resi {line.resi} sudah dipakai untuk kiriman lain." if (line.courier, line.resi) in used else ""
