"""Handing out the proof of a transfer: to those who may, and every time on record."""

from __future__ import annotations

import logging
from typing import Any

from django.contrib.admin.models import CHANGE, LogEntry
from django.core.exceptions import ObjectDoesNotExist
from django.http import HttpRequest, HttpResponse
from django.template.defaultfilters import filesizeformat

from config.staff import actor_of, staff_id
from config.staff.show import who
from payments.admin.refund_actions import RefundAction
from payments.models import Refund, RefundProof
from payments.transfer_proof import SUFFIXES

logger = logging.getLogger(__name__)


def proof_of(refund: Refund) -> RefundProof | None:
    """Return the proof beside a refund, without a query when it was fetched with it."""
    try:
        return refund.proof
    except ObjectDoesNotExist:
        return None


class DownloadProof(RefundAction):
    """Hand the slip out as a file that no browser runs, and write down who took it."""

    name = "bukti"
    label = "Unduh bukti transfer"
    permissions = ("payments.view_refundproof",)

    def seen(self, obj: Refund) -> str:
        return ""  # the proof of a refund never changes

    def refusal(self, obj: Refund) -> str:
        proof = proof_of(obj)
        if proof is None:
            return "Pengembalian ini tidak punya bukti transfer."
        return "Bukti transfer ini dihapus bersama data pelanggannya." if proof.erased_at else ""

    def explain(self, obj: Refund) -> list[str]:
        proof = proof_of(obj)
        assert proof is not None
        return [
            "Bukti transfer memuat nama dan rekening pelanggan. Simpan hanya selama dibutuhkan.",
            f"{proof.get_kind_display()}, {filesizeformat(proof.size)}, diunggah {who(proof.added_by)}.",
            "Unduhan ini dicatat di riwayat.",
        ]

    def run(self, obj: Refund, data: dict[str, Any], request: HttpRequest) -> HttpResponse:
        proof = RefundProof.objects.get(refund=obj)
        rows = Refund.objects.filter(pk=obj.pk)
        said = "Bukti transfer diunduh"
        LogEntry.objects.log_actions(staff_id(request), rows, CHANGE, change_message=said, single_object=True)
        logger.warning("refund.proof_downloaded", extra={"refund": obj.refund_key, "actor": actor_of(request)})
        answer = HttpResponse(bytes(proof.content), content_type=proof.kind)
        answer["Content-Disposition"] = f'attachment; filename="bukti-{obj.refund_key}.{SUFFIXES[proof.kind]}"'
        answer["X-Content-Type-Options"] = "nosniff"
        answer["Content-Security-Policy"] = "sandbox; default-src 'none'"
        answer["Cache-Control"] = "no-store"
        return answer
