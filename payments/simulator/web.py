"""A request as the handlers see it, and the reply they give back: no sockets here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message
from typing import Any
from urllib.parse import parse_qs

JSON = dict[str, Any]


@dataclass(frozen=True)
class Request:
    """One HTTP request, its body already read."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Message
    body: bytes
    base_url: str

    def header(self, name: str) -> str:
        return self.headers.get(name) or ""

    def form(self) -> dict[str, str]:
        """The fields of a posted form; the last one of a name wins."""
        text = self.body.decode("utf-8", "replace")
        return {name: values[-1] for name, values in parse_qs(text, keep_blank_values=True).items()}


@dataclass
class Reply:
    """What goes back over the wire."""

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    manner: str = "whole"  # or close (say nothing), hang (say nothing for ``seconds``), drip (spread over them)
    seconds: float = 0.0


def json_reply(status: int, payload: object) -> Reply:
    return Reply(status, json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode())


def redirect(location: str, status: int = 303) -> Reply:
    return Reply(status, content_type="text/html; charset=utf-8", headers={"Location": location})


def strict_json(text: bytes) -> object:
    """The JSON value in ``text``; raises ValueError, also for NaN and Infinity."""

    def refuse(name: str) -> object:
        raise ValueError(name)

    try:
        return json.loads(text, parse_constant=refuse)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
