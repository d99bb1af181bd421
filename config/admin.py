"""The outbox for staff (read-only but for "Kirim ulang"), and the log of what staff changed."""

from __future__ import annotations

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from config.models import MailState, OutgoingMail
from config.outbox import send_again
from config.staff import ReadOnlyAdmin, actor_of, staff_id
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
        failed = list(queryset.filter(state=MailState.FAILED).values_list("pk", flat=True))
        moved = send_again(chosen, actor=actor_of(request))
        if moved:
            again = OutgoingMail.objects.filter(pk__in=failed)
            LogEntry.objects.log_actions(staff_id(request), again, CHANGE, change_message="Dikirim ulang")
            self.message_user(request, f"{moved} mail masuk antrean lagi.", messages.SUCCESS)
        if skipped := len(chosen) - moved:
            text = f"{skipped} mail dilewati: hanya yang berstatus Gagal yang dapat dikirim ulang."
            self.message_user(request, text, messages.WARNING)


_FLAGS: dict[int, tuple[str, Tone, str]] = {
    ADDITION: ("Dibuat", "dibayar", "plus"),
    CHANGE: ("Diubah", "dikemas", "sliders-horizontal"),
    DELETION: ("Dihapus", "batal", "trash-2"),
}


@admin.register(LogEntry)
class LogEntryAdmin(ReadOnlyAdmin[LogEntry]):
    """What staff changed on these pages, before and after; orders and stock have ledgers of their own."""

    list_display = ("time", "user", "flag", "kind", "object_repr", "message")
    list_display_links = ("time",)
    list_filter = ("action_flag", ("user", admin.RelatedOnlyFieldListFilter))
    search_fields = ("object_repr", "change_message", "user__email")
    search_help_text = "Nama data, isi perubahan, atau e-mail staf"
    list_select_related = ("user", "content_type")
    date_hierarchy = "action_time"
    fields = ("time", "user", "flag", "kind", "object_repr", "message")
    readonly_fields = fields

    @admin.display(description="waktu", ordering="action_time")
    def time(self, row: LogEntry) -> SafeString:
        """Return when it happened."""
        return when(row.action_time)

    @admin.display(description="tindakan", ordering="action_flag")
    def flag(self, row: LogEntry) -> SafeString:
        """Return what kind of change it was."""
        text, tone, icon = _FLAGS[row.action_flag]
        return badge(text, tone, icon)

    @admin.display(description="jenis")
    def kind(self, row: LogEntry) -> str:
        """Return what was changed."""
        return str(row.content_type.name) if row.content_type else "-"

    @admin.display(description="perubahan")
    def message(self, row: LogEntry) -> str:
        """Return the change in words."""
        return row.get_change_message()
