"""Customers and staff. The owner switches accounts off; only a superuser makes staff and sets passwords."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString
from django_otp.plugins.otp_totp.admin import TOTPDevice

from config.staff import ActionAdmin, Done, ObjectAction
from config.staff.history import ReadableHistory
from config.staff.show import NOTHING, badge, when
from config.staff.tables import EditableAdmin
from shop.admin.logins import ReleaseForm
from shop.models import User
from shop.services import second_factor

if TYPE_CHECKING:
    from django.contrib.auth.forms import AdminPasswordChangeForm, AdminUserCreationForm

    _Base = DjangoUserAdmin[User]
    UserCreationForm = AdminUserCreationForm[User]
    PasswordForm = AdminPasswordChangeForm[User]
else:
    from unfold.forms import AdminPasswordChangeForm as PasswordForm
    from unfold.forms import UserCreationForm

    _Base = DjangoUserAdmin

# Groups are made by code (payments.groups), so that a test can hold them to their table.
admin.site.unregister(Group)
# Its own page would show the secret of a phone; ours resets it.
admin.site.unregister(TOTPDevice)


class StaffCreationForm(UserCreationForm):
    """A staff login: e-mail, name, groups, password."""

    class Meta:
        model = User
        fields = ("email", "name", "groups")


class KindFilter(admin.SimpleListFilter):
    """Staff, members, or the nameless owners of guests' orders."""

    title = "jenis"
    parameter_name = "jenis"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("staf", "Staf"), ("pelanggan", "Pelanggan"), ("tamu", "Tamu")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        match self.value():
            case "staf":
                return queryset.filter(is_staff=True)
            case "pelanggan":
                return queryset.filter(is_staff=False, is_guest=False)
            case "tamu":
                return queryset.filter(is_guest=True)
        return queryset


class ResetForm(ReleaseForm):
    """Why, for the history of the account."""


class ResetSecondFactor(ObjectAction[User]):
    """A colleague lost the phone: forget it, so that the next login enrols a new one."""

    name = "setel-ulang-langkah-kedua"
    label = "Setel ulang langkah kedua"
    permissions = ("shop.change_user",)
    look = "danger"
    form_class = ResetForm

    def permitted(self, user: Any, obj: User) -> bool:
        out_of_reach = obj.pk == user.pk or (obj.is_superuser and not user.is_superuser)
        return super().permitted(user, obj) and not out_of_reach

    def refusal(self, obj: User) -> str:
        return "" if second_factor.device_of(obj.pk) is not None else "Akun ini belum memasang langkah kedua."

    def explain(self, obj: User) -> list[str]:
        return [
            f"Ponsel dan kode pemulihan {obj} tidak berlaku lagi, dan sesinya harus dikonfirmasi ulang.",
            "Pastikan dulu lewat telepon atau tatap muka bahwa orangnya sendiri yang meminta.",
        ]

    def run(self, obj: User, data: dict[str, Any], request: HttpRequest) -> Done:
        assert isinstance(request.user, User)
        second_factor.reset(user=obj, by=request.user, reason=data["reason"])
        return Done(f"Langkah kedua {obj} disetel ulang. Saat masuk lagi, ia memasang ponselnya.")


@admin.register(User)
class UserAdmin(ReadableHistory, _Base, ActionAdmin[User], EditableAdmin[User]):
    """Who has an account. No password is ever shown, hashed or not."""

    object_actions = (ResetSecondFactor(),)
    add_form = StaffCreationForm
    change_password_form = PasswordForm
    ordering = ("-pk",)
    list_display = ("who", "name", "phone", "kind", "active_badge", "group_names", "joined", "seen")
    list_display_links = ("who",)
    list_filter = (KindFilter, "is_active", "groups")
    search_fields = ("email", "name", "phone")
    search_help_text = "E-mail, nama, atau telepon (+62…)"
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": ("email", "name", "phone", "is_active", "is_staff", "groups", "step", "joined", "seen")}),
    )
    add_fieldsets = ((None, {"fields": ("email", "name", "groups", "password1", "password2")}),)

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """Fetch the groups with the page."""
        return super().get_queryset(request).prefetch_related("groups")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Staff accounts are made by a superuser."""
        return is_superuser(request)

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Nobody switches himself off, and a superuser is out of the owner's reach."""
        if obj is not None and (obj.pk == request.user.pk or (obj.is_superuser and not is_superuser(request))):
            return False
        return super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Orders and books name people for ever."""
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        """Leave the owner the one tick; a superuser the role as well."""
        if obj is None:
            return ()
        everybodys = ("email", "name", "phone", "step", "joined", "seen")
        if is_superuser(request) and not obj.is_guest:
            return everybodys
        return (*everybodys, "is_staff", "groups")

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Write only what was edited; a new account is a staff account."""
        if change:
            edited = set(form.changed_data) & {"is_active", "is_staff"}
            if edited:
                obj.save(update_fields=edited)
        else:
            obj.is_staff = True
            obj.save()

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        """Let a superuser set a staff member's password, nobody else's."""
        user = self.get_object(request, id)
        if not is_superuser(request) or user is None or not user.is_staff:
            raise PermissionDenied
        return super().user_change_password(request, id, form_url)

    @admin.display(description="e-mail", ordering="email")
    def who(self, user: User) -> str:
        """Return the address, or the guest's number."""
        return str(user)

    @admin.display(description="jenis")
    def kind(self, user: User) -> SafeString:
        """Return what kind of account it is."""
        if user.is_staff:
            return badge("Staf", "dikemas", "shield-check")
        return badge("Tamu", "selesai", "user") if user.is_guest else badge("Pelanggan", "dikirim", "user")

    @admin.display(description="aktif", ordering="is_active")
    def active_badge(self, user: User) -> SafeString:
        """Say whether the account may log in."""
        return badge("Aktif", "dibayar", "check") if user.is_active else badge("Nonaktif", "batal", "lock")

    @admin.display(description="langkah kedua")
    def step(self, user: User) -> SafeString:
        """Say whether a phone confirms this person's logins."""
        if second_factor.device_of(user.pk) is None:
            return badge("Belum dipasang", "selesai", "x")
        return badge("Terpasang", "dibayar", "shield-check")

    @admin.display(description="grup")
    def group_names(self, user: User) -> str:
        """Return the groups."""
        return ", ".join(group.name for group in user.groups.all()) or NOTHING

    @admin.display(description="terdaftar", ordering="date_joined")
    def joined(self, user: User) -> SafeString:
        """Return when the account was made."""
        return when(user.date_joined)

    @admin.display(description="terakhir masuk", ordering="last_login")
    def seen(self, user: User) -> SafeString:
        """Return when it was last used to log in."""
        return when(user.last_login)


def is_superuser(request: HttpRequest) -> bool:
    """Return whether a superuser asks."""
    return bool(request.user.is_active and request.user.is_superuser)
