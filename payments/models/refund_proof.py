"""The proof of a bank transfer back, beside its refund."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from payments.models.refund import Refund
from payments.transfer_proof import MAX_STORED_BYTES, PDF, PICTURE


class RefundProof(models.Model):
    """The slip that shows that a transfer was made: one per refund, written once with its confirmation.

    The bytes are in the database, in a table of their own: a backup has them and a restore brings them back together
    with the refund that they prove, which files in a folder would not do; lists and pages of refunds never read them.
    They are few (a transfer by hand) and small (2 MB at most when uploaded).

    A slip names the customer and his account. When he is erased the bytes go and ``erased_at`` says so; size and
    fingerprint of what it was stay.
    """

    refund = models.OneToOneField(Refund, on_delete=models.PROTECT, related_name="proof", verbose_name="pengembalian")
    content = models.BinaryField("isi")
    kind = models.CharField("jenis", max_length=20, choices=[(PICTURE, "Gambar"), (PDF, "PDF")])
    size = models.PositiveIntegerField("ukuran", help_text="Byte")
    sha256 = models.CharField("sidik jari", max_length=64)
    added_by = models.CharField("diunggah oleh", max_length=80)
    created_at = models.DateTimeField("diunggah", auto_now_add=True)
    erased_at = models.DateTimeField("dihapus", null=True, blank=True)

    class Meta:
        verbose_name = "bukti transfer"
        verbose_name_plural = "bukti transfer"
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(name="refund_proof_kind_known", condition=Q(kind__in=[PICTURE, PDF])),
            models.CheckConstraint(
                name="refund_proof_size_bounded", condition=Q(size__gt=0, size__lte=MAX_STORED_BYTES)
            ),
            models.CheckConstraint(
                name="refund_proof_there_unless_erased",
                condition=Q(erased_at__isnull=False, content=b"") | (Q(erased_at__isnull=True) & ~Q(content=b"")),
            ),
            models.CheckConstraint(name="refund_proof_added_by_given", condition=~Q(added_by="")),
        ]

    def __str__(self) -> str:
        return f"bukti {self.refund_id}"
