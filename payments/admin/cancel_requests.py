"""The two answers to a customer who wants a paid order cancelled."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from config.staff import Done, actor_of
from orders.models import Order
from orders.services import accept_cancellation, decline_cancellation
from orders.services.cancel_requests import open_request
from payments.admin.order_actions import OrderAction
from payments.admin.order_endings import Cancel
from payments.admin.order_forms import CancelForm

NOBODY_ASKS = "Tidak ada permintaan batal yang menunggu jawaban; mungkin sudah dijawab atau ditarik."


def _is_asked(order: Order) -> bool:
    """Say whether the order, as this page read it (``lists.with_facts``), has a request that waits."""
    return bool(getattr(order, "asks_cancel", False))


def _asked(order: Order) -> str:
    request = open_request(order)
    return f"Pelanggan menulis: “{request.reason}”." if request else ""


class AcceptCancelRequest(Cancel):
    """Yes: what cancelling a paid order always is, and the customer is told."""

    name = "setujui-batal"
    label = "Setujui permintaan batal"
    look = "danger"
    form_class = CancelForm

    def title(self, obj: Order) -> str:
        return self.label

    def refusal(self, obj: Order) -> str:
        return super().refusal(obj) if _is_asked(obj) else NOBODY_ASKS

    def explain(self, obj: Order) -> list[str]:
        return [_asked(obj), *super().explain(obj), "Pelanggan mendapat e-mail bahwa permintaannya disetujui."]

    def run(self, obj: Order, data: dict[str, Any], request: HttpRequest) -> Done:
        done = super().run(obj, data, request)  # first the money: a request that cannot be met stays open
        accept_cancellation(order_id=obj.pk, actor=actor_of(request), answer=data["reason"])
        return done


class DeclineCancelRequest(OrderAction):
    """No, with a reason that the customer reads."""

    name = "tolak-batal"
    label = "Tolak permintaan batal"
    permissions = ("orders.cancel_order",)
    form_class = CancelForm

    def refusal(self, obj: Order) -> str:
        return "" if _is_asked(obj) else NOBODY_ASKS

    def explain(self, obj: Order) -> list[str]:
        return [_asked(obj), "Pesanan berjalan terus, dan pelanggan mendapat e-mail dengan alasanmu."]

    def run(self, obj: Order, data: dict[str, Any], request: HttpRequest) -> Done:
        decline_cancellation(order_id=obj.pk, answer=data["reason"], actor=actor_of(request))
        return Done(f"Permintaan batal pesanan {obj.number} ditolak.")
