"""Base classes of the admin pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from django.contrib import messages
from django.contrib.admin import ShowFacets
from django.db import IntegrityError
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from config.staff import dates

# The theme's classes are Django's with another coat; to the type checker they are Django's own.
if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin, StackedInline
    from django.contrib.admin import TabularInline as ThemeTabularInline
    from django.contrib.admin.views.main import ChangeList
else:
    from unfold.admin import ModelAdmin, StackedInline
    from unfold.admin import TabularInline as ThemeTabularInline
    from unfold.views import ChangeList

__all__ = ["EditableAdmin", "ModelAdmin", "ReadOnlyAdmin", "StackedInline", "TabularInline", "actor_of"]

M = TypeVar("M", bound=Model)
C = TypeVar("C", bound=Model)
P = TypeVar("P", bound=Model)

ACTOR_LENGTH = 80  # as long as every ``actor`` column


def actor_of(request: HttpRequest) -> str:
    """Return how the books name whoever is logged in: ``staff:<id> <email>``."""
    return f"staff:{request.user.pk} {request.user}"[:ACTOR_LENGTH]


def staff_id(request: HttpRequest) -> int:
    """Return the number of whoever is logged in; an admin page has nobody else."""
    assert request.user.pk is not None
    return int(request.user.pk)


class TabularInline(ThemeTabularInline[C, P]):
    """Rows in a table: each box carries the name of its column, for those who cannot see what it stands under."""

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Return the field with its name on its box, also where the box stands in another one."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and field.label:
            name_box(field.widget, str(field.label))
        return field


def name_box(widget: Any, label: str) -> None:
    """Write ``label`` on a widget that no label element belongs to."""
    getattr(widget, "widget", widget).attrs["aria-label"] = f"{label[0].upper()}{label[1:]}"


class StaffChangeList(ChangeList):
    """A list that counts once, and whose way through time costs nothing; see ``config.staff.dates``."""

    date_steps: list[tuple[dates.Step, str]]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.date_steps = []
        if self.date_hierarchy:
            rows = self.root_queryset.model._default_manager.all()
            found = dates.steps(self.date_hierarchy, self.params, rows)
            self.date_steps = [(step, self.get_query_string(dict(step.chosen))) for step in found]
            self.date_hierarchy = None  # its filter has been applied; Django need not draw it

    def get_results(self, request: HttpRequest) -> None:
        """Fetch the page; without a search or a filter, what is found is all there is."""
        super().get_results(request)
        dated = self.date_hierarchy and any(str(name).startswith(f"{self.date_hierarchy}__") for name in self.params)
        if not (self.query or self.has_active_filters or dated):
            self.full_result_count = self.result_count


class OfferedFiltersOnly(ModelAdmin[M]):
    """A list that is narrowed by its own filters alone."""

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Allow the filters of the page and no others: a hidden column must not be guessed at through the address."""
        offered = {_name(item) for item in self.get_list_filter(request)} | {self.date_hierarchy, self.opts.pk.name}
        # A filter by range has a word for each of its ends.
        offered |= {f"{name}_{end}" for name in offered for end in ("from", "to")}
        field = lookup.split("__", 1)[0]
        return field in offered and super().lookup_allowed(lookup, value, request)


class ReadOnlyAdmin(OfferedFiltersOnly[M]):
    """Pages that show and never change: nothing is added, edited or deleted here, whoever asks, superusers included."""

    actions = None
    list_per_page = 50
    show_full_result_count = False
    show_facets = ShowFacets.NEVER  # a count per choice is a query over the whole table
    list_before_template = "admin/staff/dates.html"

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """Return the list that counts once."""
        return StaffChangeList

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Rows are written by services only."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        """Rows are changed by services only."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        """What happened is kept."""
        return False


def _name(item: Any) -> str:
    """Return the field that an entry of ``list_filter`` is about, or the word that it has in the address."""
    first = item[0] if isinstance(item, list | tuple) else item
    return first.split("__", 1)[0] if isinstance(first, str) else str(getattr(first, "parameter_name", ""))


class EditableAdmin(OfferedFiltersOnly[M]):
    """Pages with forms. Nothing is deleted in bulk, and two people saving at once never see an error page."""

    actions = None
    list_per_page = 50
    show_full_result_count = False
    show_facets = ShowFacets.NEVER  # a count per choice is a query over the whole table
    warn_unsaved_form = True

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """Return the list that counts once."""
        return StaffChangeList

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Show or save the form; what a constraint refuses after the form had found it good is said, not raised."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except IntegrityError:
            return self._changed_meanwhile(request)

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Ask, then delete; a row that came into use meanwhile stays."""
        try:
            return super().delete_view(request, object_id, extra_context)
        except IntegrityError:
            return self._changed_meanwhile(request)

    def _changed_meanwhile(self, request: HttpRequest) -> HttpResponseRedirect:
        text = "Tidak disimpan: data yang terkait berubah pada saat yang sama. Periksa lagi, lalu ulangi."
        self.message_user(request, text, messages.ERROR)
        return HttpResponseRedirect(request.get_full_path())
