"""Wrong passwords: who tried what from where, which pairs are locked, and the button that releases a lock."""

from __future__ import annotations

from typing import Any

from axes.models import AccessAttempt
from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.models import DELETION, LogEntry
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString

from config.staff import ActionAdmin, Done, ObjectAction, ReadOnlyAdmin, StaffForm, staff_id
from config.staff.show import NOTHING, badge, number, when


def is_locked(attempt: AccessAttempt) -> bool:
    """Return whether this row alone locks its e-mail from its address. Only browsers tell rows of one pair apart."""
    recent = attempt.attempt_time > timezone.now() - settings.AXES_COOLOFF_TIME
    return bool(recent and attempt.failures_since_start >= settings.AXES_FAILURE_LIMIT)


class LockedFilter(admin.SimpleListFilter):
    """Locked now, or only counted."""

    title = "keadaan"
    parameter_name = "keadaan"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("terkunci", "Terkunci")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[AccessAttempt]) -> QuerySet[AccessAttempt]:
        if self.value() != "terkunci":
            return queryset
        since = timezone.now() - settings.AXES_COOLOFF_TIME
        return queryset.filter(attempt_time__gt=since, failures_since_start__gte=settings.AXES_FAILURE_LIMIT)


class ReleaseForm(StaffForm):
    """Why."""

    reason = forms.CharField(
        label="Alasan",
        max_length=150,
        help_text="Misalnya “Dewi menelepon, lupa kata sandi”.",
        error_messages={"required": "Tulis alasannya."},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class Release(ObjectAction[AccessAttempt]):
    """Forget the wrong passwords of one e-mail from one address."""

    name = "lepas"
    label = "Lepas kunci"
    permissions = ("axes.delete_accessattempt",)
    look = "main"
    form_class = ReleaseForm

    def explain(self, obj: AccessAttempt) -> list[str]:
        return [
            f"{obj.username or NOTHING} dari {obj.ip_address or NOTHING} dapat mencoba masuk lagi sekarang.",
            "Pastikan dulu bahwa orangnya sendiri yang meminta: bisa jadi orang lain sedang menebak kata sandinya.",
        ]

    def run(self, obj: AccessAttempt, data: dict[str, Any], request: HttpRequest) -> Done:
        pair = AccessAttempt.objects.filter(username=obj.username, ip_address=obj.ip_address)
        text = f"Kunci masuk {obj.username} dari {obj.ip_address} dilepas: {data['reason']}"
        LogEntry.objects.log_actions(
            staff_id(request), AccessAttempt.objects.filter(pk=obj.pk), DELETION, change_message=text,
            single_object=True,
        )  # fmt: skip
        pair.delete()
        return Done(f"{obj.username} dapat mencoba masuk lagi.")


@admin.register(AccessAttempt)
class LoginAttemptAdmin(ActionAdmin[AccessAttempt], ReadOnlyAdmin[AccessAttempt]):
    """Counted by django-axes. What was typed as a password is not kept."""

    object_actions = (Release(),)
    list_display = ("tried", "username", "address", "failures", "state")
    list_display_links = ("tried", "username")
    list_filter = (LockedFilter,)
    search_fields = ("username", "=ip_address")
    search_help_text = "E-mail atau alamat IP"
    ordering = ("-attempt_time",)
    fields = ("tried", "username", "address", "failures", "state", "path", "browser")
    readonly_fields = fields

    def page_of(self, obj: AccessAttempt) -> str:
        """Lead back to the list: the row is gone then."""
        return reverse("admin:axes_accessattempt_changelist")

    @admin.display(description="terakhir dicoba", ordering="attempt_time")
    def tried(self, attempt: AccessAttempt) -> SafeString:
        """Return when it was last tried."""
        return when(attempt.attempt_time)

    @admin.display(description="dari", ordering="ip_address")
    def address(self, attempt: AccessAttempt) -> str:
        """Return the address, of IPv6 the network."""
        return attempt.ip_address or NOTHING

    @admin.display(description="kali salah", ordering="failures_since_start")
    def failures(self, attempt: AccessAttempt) -> SafeString:
        """Return the number of wrong passwords."""
        return number(attempt.failures_since_start)

    @admin.display(description="keadaan")
    def state(self, attempt: AccessAttempt) -> SafeString:
        """Say whether the pair is locked."""
        return badge("Terkunci", "batal", "lock") if is_locked(attempt) else badge("Dihitung", "selesai", "clock")

    @admin.display(description="halaman")
    def path(self, attempt: AccessAttempt) -> str:
        """Return which login it was."""
        return str(attempt.path_info)

    @admin.display(description="peramban")
    def browser(self, attempt: AccessAttempt) -> str:
        """Return what the visitor's program calls itself."""
        return str(attempt.user_agent)
