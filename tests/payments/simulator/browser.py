"""A customer with a browser that has no scripts: opens pages, fills in forms, presses buttons."""

from __future__ import annotations

from html.parser import HTMLParser
from urllib.parse import parse_qs, urljoin, urlsplit

import requests

DESKTOP = "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"
PHONE = "Mozilla/5.0 (Linux; Android 15) Mobile Safari/537.36"


def query_of(url: str) -> dict[str, str]:
    """What a URL carries after its question mark."""
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


class Form:
    """A form as it stands on the page."""

    def __init__(self, action: str) -> None:
        self.action = action
        self.fields: dict[str, str] = {}
        self.buttons: list[tuple[str, str, str]] = []  # words, name, value


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.links: dict[str, str] = {}
        self.words: list[str] = []
        self.tags: list[str] = []
        self._form: Form | None = None
        self._button: tuple[str, str] | None = None
        self._href = ""
        self._inside: list[str] = []

    def handle_starttag(self, tag, attrs):
        attributes = {name: value or "" for name, value in attrs}
        self.tags.append(tag)
        if tag == "form":
            self._form = Form(attributes["action"])
            self.forms.append(self._form)
        elif tag == "input" and self._form:
            self._form.fields[attributes["name"]] = attributes.get("value", "")
        elif tag == "button":
            self._button, self._inside = (attributes.get("name", ""), attributes.get("value", "")), []
        elif tag == "a":
            self._href, self._inside = attributes["href"], []

    def handle_endtag(self, tag):
        words = " ".join(self._inside)
        if tag == "form":
            self._form = None
        elif tag == "button" and self._form and self._button:
            self._form.buttons.append((words, *self._button))
        elif tag == "a":
            self.links[words] = self._href

    def handle_data(self, data):
        if data.strip():
            self.words.append(data.strip())
            self._inside.append(data.strip())


class Customer:
    """Does not follow redirects out of the simulator: ``left_to`` is where the shop would take over."""

    def __init__(self, url: str, agent: str = PHONE) -> None:
        self._agent = agent
        self._home = urljoin(url, "/")
        self.left_to = ""
        self.open(url)

    def open(self, url: str) -> None:
        self._take(requests.get(url, headers={"User-Agent": self._agent}, timeout=5, allow_redirects=False))

    def press(self, words: str, **typed: str) -> None:
        """Fill in the form around the button with these words, and press it."""
        for form in self._page.forms:
            for label, name, value in form.buttons:
                if words in label:
                    fields = form.fields | typed | ({name: value} if name else {})
                    url = urljoin(self.url, form.action)
                    headers = {"User-Agent": self._agent}
                    self._take(requests.post(url, data=fields, headers=headers, timeout=5, allow_redirects=False))
                    return
        raise AssertionError(f"no button {words!r} in {self.text}")

    def follow(self, words: str) -> None:
        [target] = [href for label, href in self._page.links.items() if words in label]
        url = urljoin(self.url, target)
        if url.startswith(self._home):
            self.open(url)
        else:
            self.left_to = url

    @property
    def text(self) -> str:
        return " ".join(self._page.words)

    @property
    def tags(self) -> list[str]:
        return self._page.tags

    def _take(self, answer: requests.Response) -> None:
        self.left_to = ""
        if answer.is_redirect:
            assert answer.status_code == 303
            target = urljoin(answer.url, answer.headers["Location"])
            if not target.startswith(self._home):
                self.left_to = target
                return
            self.open(target)
            return
        self.url, self.status, self.headers, self.source = answer.url, answer.status_code, answer.headers, answer.text
        self._page = _Reader()
        self._page.feed(answer.text)
