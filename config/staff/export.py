"""A list as CSV: what the filters leave, streamed, bounded, safe to open in a spreadsheet, and logged.

Read in pages by key, each a short statement of its own: no server-side cursor (a pooler may stand between), no long
transaction, no more than a page in memory.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from django.contrib import messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from config.staff.tables import staff_id

M = TypeVar("M", bound=Model)

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin

    class _Base(ModelAdmin[M]):
        """What the mixin is mixed into."""
else:
    from typing import Generic

    class _Base(Generic[M]):
        """What the mixin is mixed into."""


MAX_ROWS = 50_000
PAGE = 1000
BOM = "\ufeff"  # or spreadsheets read the letters wrongly
# The full-width forms too: spreadsheets set to an East Asian language take them for the others.
_FORMULA = r"[=+\-@\uff1d\uff0b\uff0d\uff20]"
# Where a cell begins: at its start, and wherever a spreadsheet with another separator (in Indonesia ";", since
# the comma is the decimal sign) begins a new one in the middle of ours, quotes or no quotes.
_RUNS = re.compile(rf"(^|[;\t\r\n])((?:[^\S\t\r\n]|[\"'\u200b\ufeff])*)(?={_FORMULA})")
_STARTS_OTHERWISE = ("\t", "\r", "\n")


@dataclass(frozen=True)
class Column:
    """One column: its heading, and what stands in it for a row."""

    heading: str
    value: Callable[[Any], object]


def cell(value: object) -> str | int:
    """Return a value as it may stand in a cell: a text that a spreadsheet would run as a formula gets an apostrophe.

    Numbers of ours stay numbers; whatever a customer can have typed is text.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "ya" if value else "tidak"
    if isinstance(value, int):
        return value
    if isinstance(value, datetime):
        return timezone.localtime(value).strftime("%Y-%m-%d %H:%M:%S")
    text = _RUNS.sub(_harmless, str(value).replace("\x00", ""))
    return f"'{text}" if text.startswith(_STARTS_OTHERWISE) else text


def _harmless(found: re.Match[str]) -> str:
    """Put an apostrophe before what a spreadsheet would skip in front of a formula."""
    return f"{found[1]}'{found[2]}"


class _Echo:
    """Takes what the csv module writes and gives it back."""

    def write(self, line: str) -> str:
        return line


def csv_lines(columns: Sequence[Column], rows: Iterator[Any]) -> Iterator[str]:
    """Return the lines of the file, the mark for UTF-8 first."""
    writer = csv.writer(_Echo(), lineterminator="\r\n")
    yield BOM + str(writer.writerow([column.heading for column in columns]))
    for row in rows:
        yield str(writer.writerow([cell(column.value(row)) for column in columns]))


def in_pages(rows: QuerySet[M]) -> Iterator[M]:
    """Return up to MAX_ROWS rows, newest first, a page at a time."""
    last: int | None = None
    found = 0
    while found < MAX_ROWS:
        page = list((rows if last is None else rows.filter(pk__lt=last)).order_by("-pk")[: min(PAGE, MAX_ROWS - found)])
        if not page:
            return
        yield from page
        found += len(page)
        last = page[-1].pk


class CsvExport(_Base[M]):
    """Mixin of a list: ``.../ekspor/`` with the list's own filters. GET says what would go out, POST sends it.

    ``export_permission`` is a right of its own, beside that to see the list.
    """

    export_permission = ""
    export_columns: Sequence[Column] = ()

    def export_rows(self, rows: QuerySet[M]) -> QuerySet[M]:
        """Return the rows with what the columns need, so that they cause no query each."""
        return rows

    def may_export(self, request: HttpRequest) -> bool:
        """Return whether this person may take the list along."""
        return self.has_view_permission(request) and request.user.has_perm(self.export_permission)

    def export_url(self, request: HttpRequest) -> str:
        """Return where the export of the list as it is shown begins; nothing for who may not."""
        if not self.may_export(request):
            return ""
        query = request.GET.copy()
        query.pop("p", None)
        address = reverse(f"admin:{self._export_name}")
        return f"{address}?{query.urlencode()}" if query else address

    @property
    def _export_name(self) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_export"

    def get_urls(self) -> list[URLPattern]:
        """Put the export before a row's own address."""
        view = self.admin_site.admin_view(self.export_view)
        return [path("ekspor/", view, name=self._export_name), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Offer the export over the list."""
        return super().changelist_view(request, {"export_url": self.export_url(request), **(extra_context or {})})

    def export_view(self, request: HttpRequest) -> HttpResponseBase:
        """Say how many rows would go out; send them once confirmed."""
        if not self.may_export(request):
            raise PermissionDenied
        if request.method not in {"GET", "HEAD", "POST"}:
            return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
        changes = self.get_changelist_instance(request)
        rows = changes.get_queryset(request)
        count = rows.order_by().values("pk")[: MAX_ROWS + 1].count()
        back = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")
        query = request.GET.urlencode()
        back = f"{back}?{query}" if query else back
        if request.method != "POST":
            return self._ask_export(request, count, back)
        if not 0 < count <= MAX_ROWS:
            self.message_user(request, "Tidak diekspor: persempit dulu saringannya.", messages.WARNING)
            return HttpResponseRedirect(back)
        self._log_export(request, count, query)
        lines = csv_lines(self.export_columns, in_pages(self.export_rows(rows)))
        answer = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
        name = f"{self.opts.model_name}-{timezone.localtime():%Y%m%d-%H%M}.csv"
        answer["Content-Disposition"] = f'attachment; filename="{name}"'
        answer["Cache-Control"] = "no-store"
        return answer

    def _ask_export(self, request: HttpRequest, count: int, back: str) -> HttpResponse:
        too_many = count > MAX_ROWS
        context = {
            **self.admin_site.each_context(request),
            "title": "Ekspor CSV",
            "opts": self.opts,
            "count": min(count, MAX_ROWS),
            "too_many": too_many,
            "columns": [column.heading for column in self.export_columns],
            "back": back,
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/staff/export.html", context)

    def _log_export(self, request: HttpRequest, count: int, query: str) -> None:
        """Write down who took how much with which filters; it is about the list, not about one row."""
        LogEntry.objects.create(
            user_id=staff_id(request),
            content_type=ContentType.objects.get_for_model(self.model),
            object_id="",
            object_repr=f"Ekspor CSV {self.opts.verbose_name}",
            action_flag=CHANGE,
            change_message=f"{count} baris diekspor; saringan: {query or 'tidak ada'}"[:2000],
        )
