"""Buttons of the staff admin: each has a page that says what will happen (GET) and does it once confirmed (POST).

An action never decides by what the page showed: it is judged again when it is confirmed, and the service it calls
judges once more under its locks. Who comes late, twice or second reads a sentence and changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, TypeVar

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponseNotAllowed, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from config.errors import InvalidInputError, ShopError
from config.staff.tables import ModelAdmin

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.contrib.auth.models import AnonymousUser

M = TypeVar("M", bound=Model)
Look = Literal["main", "quiet", "danger"]

STALE = "Data ini berubah sejak halaman tadi dibuka, jadi tidak ada yang dijalankan. Periksa lagi keadaannya."


class StaffForm(forms.Form):
    """A form on an action's page. ``seen`` is what the page knew when it was shown."""

    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():  # the summary names the field, since it stands far from it
            if field.label and field.error_messages["required"] == forms.Field.default_error_messages["required"]:
                label = str(field.label)
                field.error_messages["required"] = f"Isi {label[0].lower()}{label[1:]}."


@dataclass(frozen=True)
class Done:
    """What an action tells whoever ran it."""

    text: str
    level: int = messages.SUCCESS


@dataclass(frozen=True)
class Button:
    """An action that may be begun now."""

    name: str
    label: str
    url: str
    look: Look


class ObjectAction(Generic[M]):
    """One thing that staff may do with one row. Subclasses say when, explain, and call one service.

    ``permissions`` are all needed. ``look`` is ``main`` for the one next step, ``danger`` for what cannot be undone.
    One that is not ``listed`` has its page and no button: another page leads to it.
    """

    name: ClassVar[str]
    label: ClassVar[str]
    permissions: ClassVar[tuple[str, ...]]
    look: ClassVar[Look] = "quiet"
    gives_file: ClassVar[bool] = False
    """Whether the answer is a download: the page stays, so its button comes back."""
    listed: ClassVar[bool] = True
    form_class: ClassVar[type[StaffForm]] = StaffForm

    def permitted(self, user: AbstractBaseUser | AnonymousUser, obj: M) -> bool:
        """Return whether ``user`` may do this with ``obj``."""
        return all(user.has_perm(permission) for permission in self.permissions)  # type: ignore[union-attr]

    def refusal(self, obj: M) -> str:
        """Return why this cannot be done now, as a sentence; empty when it can."""
        return ""

    def title(self, obj: M) -> str:
        """Return the heading of the page, and the words on its button."""
        return self.label

    def look_for(self, obj: M) -> Look:
        """Return how its button looks beside this row's others."""
        return self.look

    def explain(self, obj: M) -> Sequence[str]:
        """Return what will happen, one sentence per paragraph."""
        return ()

    def seen(self, obj: M) -> str:
        """Return what must not have changed between showing the page and confirming it."""
        return ""

    def is_stale(self, obj: M, data: dict[str, Any]) -> bool:
        """Return whether the page that was confirmed had shown something else."""
        return bool(data["seen"] != self.seen(obj))

    def form(self, obj: M, data: Any = None) -> StaffForm:
        """Return the form; its fields are what ``run`` gets."""
        return self.form_class(data, initial={"seen": self.seen(obj)})

    def run(self, obj: M, data: dict[str, Any], request: HttpRequest) -> Done | HttpResponseBase:
        """Call the service; returns what to say, or the answer itself (a file). Raises ShopError when it says no."""
        raise NotImplementedError

    def lands_on(self, obj: M) -> str:
        """Return where it leads when it was done; empty for the row's own page."""
        return ""


class ActionAdmin(ModelAdmin[M]):
    """An admin page with buttons."""

    object_actions: Sequence[ObjectAction[M]] = ()
    change_form_outer_before_template = "admin/staff/buttons.html"

    def get_urls(self) -> list[URLPattern]:
        """Put the actions' pages before Django's own."""
        wrap = self.admin_site.admin_view
        return [
            path(
                f"<int:object_id>/{action.name}/",
                wrap(partial(self.action_view, action=action)),
                name=self._url_name(action),
            )
            for action in self.object_actions
        ] + super().get_urls()

    def _url_name(self, action: ObjectAction[M]) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_{action.name}"

    def buttons(self, request: HttpRequest, obj: M) -> list[Button]:
        """Return the actions that this person may begin on this row now."""
        return [
            Button(
                action.name,
                action.title(obj),
                reverse(f"admin:{self._url_name(action)}", args=[obj.pk]),
                action.look_for(obj),
            )
            for action in self.object_actions
            if action.listed and action.permitted(request.user, obj) and not action.refusal(obj)
        ]

    def not_there(self, request: HttpRequest) -> HttpResponseRedirect:
        """Say that there is no such row for this person, and lead to the list."""
        self.message_user(request, "Data ini tidak ada, atau bukan untuk dilihat akunmu.", messages.WARNING)
        return HttpResponseRedirect(reverse("admin:index"))

    def page_of(self, obj: M) -> str:
        """Return where an action leads back to."""
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[obj.pk])

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Show the row with its buttons."""
        context = dict(extra_context or {})
        if object_id is not None and (obj := self.get_object(request, object_id)) is not None:
            context["staff_buttons"] = self.buttons(request, obj)
        return super().changeform_view(request, object_id, form_url, context)

    def action_view(self, request: HttpRequest, object_id: int, *, action: ObjectAction[M]) -> HttpResponseBase:
        """Show the page of an action, or run it."""
        if request.method not in {"GET", "HEAD", "POST"}:
            return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
        if not self.has_view_permission(request):
            raise PermissionDenied
        obj = self.get_object(request, str(object_id))
        if obj is None:
            return self.not_there(request)
        if not action.permitted(request.user, obj):
            raise PermissionDenied
        back = HttpResponseRedirect(self.page_of(obj))
        if refusal := action.refusal(obj):
            self.message_user(request, refusal, messages.WARNING)
            return back
        if request.method != "POST":
            return self._ask(request, obj, action, action.form(obj))
        form = action.form(obj, request.POST)
        form.files = request.FILES
        if not form.is_valid():
            return self._ask(request, obj, action, form)
        if action.is_stale(obj, form.cleaned_data):
            self.message_user(request, STALE, messages.WARNING)
            return back
        try:
            done = action.run(obj, form.cleaned_data, request)
        except InvalidInputError as error:
            form.add_error(error.field if error.field in form.fields else None, str(error))
            return self._ask(request, obj, action, form)
        except ShopError as error:
            self.message_user(request, str(error), messages.ERROR)
            return back
        if isinstance(done, HttpResponseBase):
            return done
        self.message_user(request, done.text, done.level)
        onward = action.lands_on(obj)
        return HttpResponseRedirect(onward) if onward else back

    def _ask(self, request: HttpRequest, obj: M, action: ObjectAction[M], form: StaffForm) -> TemplateResponse:
        title = action.title(obj)
        context = {
            **self.admin_site.each_context(request),
            "title": f"Kesalahan: {title}" if form.errors else title,
            "heading": title,
            "opts": self.opts,
            "object": obj,
            "action": action,
            "form": form,
            "explain": action.explain(obj),
            "back": self.page_of(obj),
            "media": form.media,  # the page's own would bring the scripts of the list's filters along
        }
        request.current_app = self.admin_site.name
        status = 400 if form.errors else 200
        return TemplateResponse(request, "admin/staff/confirm.html", context, status=status)
