"""The outbox for staff: what was written to whom, and whether it reached Resend. Read-only but for "Kirim ulang"."""

from __future__ import annotations

from django.conf import settings
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from config.models import MailState, OutgoingMail
from config.outbox import send_again
from config.staff import ReadOnlyAdmin, actor_of
from config.staff.show import Tone, badge, when

BADGES: dict[str, tuple[Tone, str]] = {
    MailState.PENDING: ("menunggu", "clock"),
    MailState.SENDING: ("dikirim", "mail"),
    MailState.SENT: ("selesai", "check"),
    MailState.FAILED: ("batal", "circle-alert"),
}


@admin.register(OutgoingMail)
class OutgoingMailAdmin(ReadOnlyAdmin[OutgoingMail]):
    """Lists mails. Their bodies stay hidden outside DEBUG: they hold links that open a customer's order or account."""

    list_display = ("written", "state_badge", "subject", "to", "attempts", "sent")
    list_display_links = ("written", "subject")
    list_filter = ("state", "kind")
    search_fields = ("to", "reference", "subject", "=idempotency_key", "=provider_id")
    search_help_text = "Alamat e-mail, nomor pesanan, perihal, kunci, atau id Resend"
    date_hierarchy = "created_at"
    list_before_template = "admin/config/mail_examples.html"
    actions = ("resend",)  # type: ignore[assignment]  # the base class offers none
    fields = (
        "state_badge",
        "kind",
        "reference",
        "to",
        "from_email",
        "reply_to",
        "subject",
        "idempotency_key",
        "written",
        "sent",
        "provider_id",
        "attempts",
        "first_attempt",
        "next_attempt",
        "last_error",
        "rendered",
    )
    readonly_fields = fields

    def has_change_permission(self, request: HttpRequest, obj: OutgoingMail | None = None) -> bool:
        """Nothing in a mail can be edited; the permission itself is what "Kirim ulang" asks for."""
        return obj is None and request.user.has_perm("config.change_outgoingmail")

    @admin.display(description="status", ordering="state")
    def state_badge(self, mail: OutgoingMail) -> SafeString:
        """Return the state as a coloured word."""
        tone, icon = BADGES[mail.state]
        return badge(MailState(mail.state).label, tone, icon)

    @admin.display(description="ditulis", ordering="created_at")
    def written(self, mail: OutgoingMail) -> SafeString:
        """Return when the shop wrote it."""
        return when(mail.created_at)

    @admin.display(description="terkirim", ordering="sent_at")
    def sent(self, mail: OutgoingMail) -> SafeString:
        """Return when Resend took it."""
        return when(mail.sent_at)

    @admin.display(description="percobaan pertama")
    def first_attempt(self, mail: OutgoingMail) -> SafeString:
        """Return when it was first tried; a day later Resend no longer knows its key."""
        return when(mail.first_attempt_at)

    @admin.display(description="percobaan berikutnya")
    def next_attempt(self, mail: OutgoingMail) -> SafeString:
        """Return when it will be tried again, while it waits."""
        return when(mail.next_attempt_at if mail.state == MailState.PENDING else None)

    @admin.display(description="isi")
    def rendered(self, mail: OutgoingMail) -> str:
        """Link to the mail as rendered, where that may be shown."""
        if not settings.DEBUG:
            return "Hanya pada mesin pengembang"
        try:
            url = reverse("mail:preview", args=[mail.pk])
        except NoReverseMatch:  # the site does not include config.mail_urls
            return "-"
        return format_html('<a href="{}">Lihat seperti yang diterima</a>', url)

    @admin.action(description="Kirim ulang yang gagal", permissions=["change"])
    def resend(self, request: HttpRequest, queryset: QuerySet[OutgoingMail]) -> None:
        """Put the chosen FAILED mails back into the queue, with their old keys."""
        chosen = list(queryset.values_list("pk", flat=True))
        moved = send_again(chosen, actor=actor_of(request))
        if moved:
            self.message_user(request, f"{moved} mail masuk antrean lagi.", messages.SUCCESS)
        if skipped := len(chosen) - moved:
            text = f"{skipped} mail dilewati: hanya yang berstatus Gagal yang dapat dikirim ulang."
            self.message_user(request, text, messages.WARNING)
