"""The outbox for staff: what was written to whom, and whether it arrived at Resend. Read-only but for "Kirim ulang"."""

from __future__ import annotations

from django.conf import settings
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from unfold.admin import ModelAdmin
from unfold.decorators import display

from config.models import MailState, OutgoingMail
from config.outbox import send_again

BADGES = {
    MailState.PENDING.label: "info",
    MailState.SENDING.label: "warning",
    MailState.SENT.label: "success",
    MailState.FAILED.label: "danger",
}


@admin.register(OutgoingMail)
class OutgoingMailAdmin(ModelAdmin):
    """Lists mails. Their bodies stay hidden outside DEBUG: they hold links that open a customer's order or account."""

    list_display = ("created_at", "badge", "kind", "reference", "to", "subject", "attempts", "sent_at")
    list_display_links = ("created_at", "subject")
    list_filter = ("state", "kind")
    search_fields = ("to", "reference", "subject", "=idempotency_key", "=provider_id")
    search_help_text = "Alamat e-mail, nomor pesanan, perihal, kunci, atau id Resend"
    date_hierarchy = "created_at"
    list_per_page = 50
    show_full_result_count = False
    actions = ("resend",)
    fields = (
        "badge",
        "kind",
        "reference",
        "to",
        "from_email",
        "reply_to",
        "subject",
        "idempotency_key",
        "attempts",
        "created_at",
        "first_attempt_at",
        "next_attempt_at",
        "lease_until",
        "sent_at",
        "provider_id",
        "last_error",
        "rendered",
    )
    readonly_fields = fields

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Mails are written by the shop only."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: OutgoingMail | None = None) -> bool:
        """A mail that was sent stays on record."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: OutgoingMail | None = None) -> bool:
        """Nothing in a mail can be edited; the permission itself is what "Kirim ulang" asks for."""
        return obj is None and super().has_change_permission(request)

    @display(description="status", ordering="state", label=BADGES)
    def badge(self, mail: OutgoingMail) -> str:
        """Return the state as a coloured word."""
        return MailState(mail.state).label

    @admin.display(description="isi")
    def rendered(self, mail: OutgoingMail) -> str:
        """Link to the mail as rendered, where that may be shown."""
        if settings.DEBUG:
            try:
                url = reverse("mail:preview", args=[mail.pk])
            except NoReverseMatch:
                return "-"
            return format_html('<a href="{}">Lihat seperti yang diterima</a>', url)
        return "Hanya pada mesin pengembang"

    @admin.action(description="Kirim ulang yang gagal", permissions=["change"])
    def resend(self, request: HttpRequest, queryset: QuerySet[OutgoingMail]) -> None:
        """Put the chosen FAILED mails back into the queue, with their old keys."""
        chosen = list(queryset.values_list("pk", flat=True))
        moved = send_again(chosen, actor=str(request.user))
        if moved:
            self.message_user(request, f"{moved} mail masuk antrean lagi.", messages.SUCCESS)
        if skipped := len(chosen) - moved:
            text = f"{skipped} mail dilewati: hanya yang berstatus Gagal yang dapat dikirim ulang."
            self.message_user(request, text, messages.WARNING)
