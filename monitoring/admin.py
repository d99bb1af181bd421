"""Incidents in the staff admin: what is wrong, what to do, who is at it. ``monitoring.incidents`` does the writing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from config.staff import ActionAdmin, Done, ObjectAction, ReadOnlyAdmin, StaffForm
from config.staff.show import NOTHING, Tone, badge, when
from monitoring import incidents
from monitoring.models import Incident, IncidentEvent, IncidentState, MonitorRun, Severity
from monitoring.monitors import BY_NAME

_SEVERITY: dict[str, tuple[Tone, str]] = {
    Severity.CRITICAL: ("batal", "circle-alert"),
    Severity.HIGH: ("menunggu", "triangle-alert"),
}
_STATE: dict[str, tuple[Tone, str]] = {
    IncidentState.OPEN: ("batal", "bell"),
    IncidentState.ACKNOWLEDGED: ("dikemas", "user"),
    IncidentState.RESOLVED: ("dibayar", "check"),
}
_LATE = "Insiden ini sudah selesai atau sudah ditangani orang lain."


def actor_of(request: HttpRequest) -> str:
    """Return who acts, for the incident's history."""
    return f"staff:{request.user.pk} {request.user}"[:80]


class _IncidentAction(ObjectAction[Incident]):
    permissions = ("monitoring.handle_incident",)
    states: ClassVar[tuple[str, ...]] = (IncidentState.OPEN, IncidentState.ACKNOWLEDGED)

    def refusal(self, obj: Incident) -> str:
        return "" if obj.state in self.states else _LATE

    def seen(self, obj: Incident) -> str:
        return obj.state


class Acknowledge(_IncidentAction):
    """Take it on: reminders stop, and colleagues see who is at it."""

    name = "ambil"
    label = "Ambil"
    look = "main"
    states = (IncidentState.OPEN,)

    def explain(self, obj: Incident) -> list[str]:
        return ["Pengingat lewat e-mail berhenti, dan rekan kerja melihat bahwa kamu yang menanganinya."]

    def run(self, obj: Incident, data: dict[str, Any], request: HttpRequest) -> Done:
        done = incidents.acknowledge(incident_id=obj.pk, actor=actor_of(request))
        return Done("Insiden ini kamu tangani." if done else _LATE)


class SnoozeForm(StaffForm):
    """For how long."""

    hours = forms.TypedChoiceField(
        label="Tunda pengingat",
        coerce=int,
        choices=[(1, "1 jam"), (4, "4 jam"), (24, "1 hari"), (72, "3 hari")],
        initial=4,
    )


class Snooze(_IncidentAction):
    """Send no reminders for a while."""

    name = "tunda"
    label = "Tunda"
    form_class = SnoozeForm

    def explain(self, obj: Incident) -> list[str]:
        return ["Insiden tetap terbuka dan tetap diperiksa; hanya e-mail pengingatnya yang menunggu."]

    def run(self, obj: Incident, data: dict[str, Any], request: HttpRequest) -> Done:
        until = timezone.now() + timedelta(hours=data["hours"])
        done = incidents.snooze(incident_id=obj.pk, until=until, actor=actor_of(request))
        return Done(f"Pengingat ditunda {data['hours']} jam." if done else _LATE)


class ResolveForm(StaffForm):
    """What was done about it."""

    reason = forms.CharField(
        label="Apa yang dilakukan",
        max_length=150,
        error_messages={"required": "Tulis apa yang dilakukan."},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class Resolve(_IncidentAction):
    """Close it by hand."""

    name = "selesaikan"
    label = "Tandai selesai"
    form_class = ResolveForm

    def explain(self, obj: Incident) -> list[str]:
        return [
            "Biasanya tidak perlu: insiden selesai sendiri begitu dua pemeriksaan berturut-turut bersih.",
            "Kalau penyebabnya masih ada, pemeriksaan berikut membukanya lagi.",
        ]

    def run(self, obj: Incident, data: dict[str, Any], request: HttpRequest) -> Done:
        done = incidents.resolve(incident_id=obj.pk, actor=actor_of(request), reason=data["reason"])
        return Done("Insiden ditandai selesai." if done else _LATE)


@admin.register(Incident)
class IncidentAdmin(ActionAdmin[Incident], ReadOnlyAdmin[Incident]):
    """What the monitors found, newest first."""

    object_actions = (Acknowledge(), Snooze(), Resolve())
    list_display = ("code", "severity_", "subject", "state_", "first_seen", "last_seen", "acknowledged_by")
    list_filter = ("state", "severity")
    search_fields = ("=code", "subject", "monitor")
    search_help_text = "Kode, nomor pesanan, SKU, atau nama pemantau"
    date_hierarchy = "first_seen_at"
    fields = (
        "code", "severity_", "state_", "subject", "evidence_", "runbook_", "first_seen", "last_seen", "seen_count",
        "notices", "muted_", "healed_", "acknowledged_by", "snoozed_", "resolved_", "history_",
    )  # fmt: skip
    readonly_fields = fields

    @admin.display(description="tingkat", ordering="severity")
    def severity_(self, incident: Incident) -> SafeString:
        """Return how urgent it is."""
        return badge(Severity(incident.severity).label, *_SEVERITY[incident.severity])

    @admin.display(description="keadaan", ordering="state")
    def state_(self, incident: Incident) -> SafeString:
        """Return whether somebody is at it."""
        return badge(IncidentState(incident.state).label, *_STATE[incident.state])

    @admin.display(description="pertama terlihat", ordering="first_seen_at")
    def first_seen(self, incident: Incident) -> SafeString:
        """Return when it began."""
        return when(incident.first_seen_at)

    @admin.display(description="terakhir terlihat", ordering="last_seen_at")
    def last_seen(self, incident: Incident) -> SafeString:
        """Return when it was last found."""
        return when(incident.last_seen_at)

    @admin.display(description="bukti")
    def evidence_(self, incident: Incident) -> SafeString:
        """Return the facts of the last look, as the mail had them."""
        details = incident.evidence.get("details", [])
        return format_html(
            "<p>{}</p><dl class='st-facts'>{}</dl>",
            incident.evidence.get("description", ""),
            format_html_join("", "<div><dt>{}</dt><dd>{}</dd></div>", ((name, value) for name, value in details)),
        )

    @admin.display(description="yang perlu dilakukan")
    def runbook_(self, incident: Incident) -> SafeString | str:
        """Return the runbook's paragraph."""
        monitor = BY_NAME.get(incident.monitor)
        if monitor is None:
            return NOTHING
        book = monitor.runbook
        return format_html("<p>{} {}</p><p><code>{}</code></p>", book.means, book.do, book.command)

    @admin.display(description="diredam oleh")
    def muted_(self, incident: Incident) -> str:
        """Return the incident that this one follows from."""
        return incident.muted_by or NOTHING

    @admin.display(description="pulih sendiri")
    def healed_(self, incident: Incident) -> str:
        """Return what the shop did about it by itself."""
        return incident.healed or NOTHING

    @admin.display(description="pengingat ditunda sampai")
    def snoozed_(self, incident: Incident) -> SafeString:
        """Return until when no reminder goes out."""
        return when(incident.snoozed_until)

    @admin.display(description="selesai")
    def resolved_(self, incident: Incident) -> SafeString | str:
        """Return how it ended."""
        if incident.resolved_at is None:
            return NOTHING
        return format_html("{}<br>{}", when(incident.resolved_at), incident.resolved_how)

    @admin.display(description="riwayat")
    def history_(self, incident: Incident) -> SafeString:
        """Return who did what, newest first."""
        rows = IncidentEvent.objects.filter(incident=incident).order_by("-pk")
        return format_html(
            "<ol class='st-timeline'>{}</ol>",
            format_html_join(
                "",
                "<li>{} {}{}<br><span class='st-muted st-small'>{}, {}</span></li>",
                (
                    (
                        event.get_kind_display(),
                        ": " if event.note else "",
                        event.note,
                        event.actor,
                        when(event.created_at),
                    )
                    for event in rows
                ),
            ),
        )


@admin.register(MonitorRun)
class MonitorRunAdmin(ReadOnlyAdmin[MonitorRun]):
    """Every look of every monitor."""

    list_display = ("time", "monitor", "findings", "duration_ms", "error")
    list_display_links = ("time",)
    list_filter = ()
    search_fields = ("=monitor", "=run_id")
    search_help_text = "Nama pemantau atau nomor pemeriksaan"
    date_hierarchy = "started_at"
    ordering = ("-pk",)
    fields = ("time", "monitor", "run_id", "findings", "duration_ms", "error", "facts")
    readonly_fields = fields

    @admin.display(description="waktu", ordering="pk")
    def time(self, run: MonitorRun) -> SafeString:
        """Return when it looked."""
        return when(run.started_at)
