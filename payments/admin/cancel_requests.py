"""The two answers to a customer who wants a paid order cancelled."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from config.staff import Done, actor_of
from orders.models import Order
from orders.services import accept_cancellation, decline_cancellation
from orders.services.cancel_requests import open_request
from orders.states import PAID_UNSENT
from payments.admin.order_actions import OrderAction
from payments.admin.order_endings import Cancel, give_back, to_give_back, told
from payments.admin.order_forms import CancelForm
from payments.staff.give_back import waits_for_approval

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
        if not _is_asked(obj):
            return NOBODY_ASKS
        return "" if self._is_on_its_way(obj) else super().refusal(obj)

    def explain(self, obj: Order) -> list[str]:
        mailed = "Pelanggan mendapat e-mail bahwa permintaannya disetujui, begitu uangnya pasti akan kembali."
        if self._is_on_its_way(obj):
            return [_asked(obj), "Seluruh uangnya sudah atau sedang dikembalikan.", mailed]
        return [_asked(obj), *super().explain(obj), mailed]

    def run(self, obj: Order, data: dict[str, Any], request: HttpRequest) -> Done:
        """First the money. "Yes" is a promise: it is not given while somebody may still refuse to give it back."""
        done = Done(f"Permintaan batal pesanan {obj.number} disetujui.")
        if not self._is_on_its_way(obj):
            given = give_back(obj, data["reason"], request)
            done = told(obj, given)
            if given.failed or given.to_approve:
                return Done(f"{done.text} Permintaan batalnya belum dijawab.", done.level)
        accept_cancellation(order_id=obj.pk, actor=actor_of(request), answer=data["reason"])
        return done

    def _is_on_its_way(self, order: Order) -> bool:
        """Return whether all money was begun to be given back before, and nobody has yet to approve any of it."""
        return order.status in PAID_UNSENT and to_give_back(order) == 0 and not waits_for_approval(order)


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
