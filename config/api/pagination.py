"""Lists in pages: newest first, by a cursor that stays right while rows come and go."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import remove_query_param, replace_query_param

from config.api.serializers import MAX_BIGINT
from config.errors import InvalidInputError

_CURSOR = re.compile(rb"([np])([0-9]{1,19})")


class NewestFirst(BasePagination):
    """Pages of ``limit`` rows by descending id; an index scan per page, however far back it lies."""

    default_limit = 20
    max_limit = 100

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        """Return the rows of the page that ``cursor`` and ``limit`` ask for. Raises InvalidInputError."""
        limit = self._limit(request)
        backwards, start = self._cursor(request)
        rows = queryset.order_by("pk" if backwards else "-pk")
        if start is not None:
            rows = rows.filter(pk__gt=start) if backwards else rows.filter(pk__lt=start)
        found = list(rows[: limit + 1])
        more, page = len(found) > limit, found[:limit]
        if backwards:
            page.reverse()
        self.url = remove_query_param(request.build_absolute_uri(), "cursor")
        self.next = self._link("n", page[-1].pk) if page and (more or backwards) else None
        self.previous = self._link("p", page[0].pk) if page and (more if backwards else start is not None) else None
        return page

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"results": data, "next": self.next, "previous": self.previous})

    def _link(self, direction: str, pk: int) -> str:
        token = base64.urlsafe_b64encode(f"{direction}{pk}".encode()).decode().rstrip("=")
        return replace_query_param(self.url, "cursor", token)

    def _limit(self, request: Request) -> int:
        text = request.query_params.get("limit", "")
        if not text:
            return self.default_limit
        if not re.fullmatch(r"[0-9]{1,4}", text) or not 1 <= int(text) <= self.max_limit:
            raise InvalidInputError("limit", f"Isi dengan 1 sampai {self.max_limit}.")
        return int(text)

    def _cursor(self, request: Request) -> tuple[bool, int | None]:
        text = request.query_params.get("cursor", "")
        if not text:
            return False, None
        try:
            found = _CURSOR.fullmatch(base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4)))
        except (ValueError, binascii.Error):
            found = None
        if found is None or int(found.group(2)) > MAX_BIGINT:
            raise InvalidInputError("cursor", "Kursor ini tidak valid.")
        return found.group(1) == b"p", int(found.group(2))

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """Describe the query parameters for OpenAPI."""
        limit = {"type": "integer", "minimum": 1, "maximum": self.max_limit, "default": self.default_limit}
        return [
            {
                "name": "cursor",
                "in": "query",
                "description": "Where the page begins; take it from `next` or `previous`, never build it.",
                "schema": {"type": "string"},
            },
            {"name": "limit", "in": "query", "description": "Rows per page.", "schema": limit},
        ]

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Describe the answer for OpenAPI."""
        link = {"type": "string", "format": "uri", "nullable": True, "example": None}
        return {
            "type": "object",
            "required": ["results", "next", "previous"],
            "properties": {
                "results": schema,
                "next": link | {"example": "https://infiya.store/api/…?cursor=bjQx"},
                "previous": link,
            },
        }


class AllAtOnce(NewestFirst):
    """One page with every row, in the rows' own order: for lists that are short by rule."""

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        """Return every row."""
        self.next = self.previous = None
        return list(queryset)

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        return []
