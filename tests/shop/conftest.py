"""A page as a reader of its HTML sees it, and shelves with goods."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from django.http import HttpResponse

from tests.factories import CategoryFactory
from tests.shop.goods import product

VOID = {"input", "img", "meta", "link", "br", "hr", "path", "use", "circle", "rect", "line"}


class Page(HTMLParser):
    """The elements of a page in order, each with its attributes and the text inside."""

    def __init__(self, response: HttpResponse) -> None:
        super().__init__()
        self.html = response.content.decode()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []
        self._open: list[int] = []
        self._inside: dict[int, list[str]] = {}
        self.feed(self.html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        index = len(self.elements) - 1
        self._inside[index] = []
        if tag not in VOID:
            self._open.append(index)

    def handle_endtag(self, tag: str) -> None:
        for place in reversed(range(len(self._open))):
            if self.elements[self._open[place]][0] == tag:
                del self._open[place:]
                return

    def handle_data(self, data: str) -> None:
        for index in self._open:
            self._inside[index].append(data)

    def all(self, tag: str, **attrs: str) -> list[dict[str, str]]:
        """Return the attributes of every such element."""
        return [self.elements[index][1] for index in self._find(tag, attrs)]

    def one(self, tag: str, **attrs: str) -> dict[str, str]:
        """Return the attributes of the only such element."""
        (found,) = self.all(tag, **attrs)
        return found

    def text(self, tag: str, **attrs: str) -> str:
        """Return the text inside the first such element."""
        return " ".join("".join(self._inside[self._find(tag, attrs)[0]]).split())

    @property
    def title(self) -> str:
        return self.text("title")

    def _find(self, tag: str, attrs: dict[str, str]) -> list[int]:
        wanted = {name.strip("_").replace("_", "-"): value for name, value in attrs.items()}
        return [
            index
            for index, (name, given) in enumerate(self.elements)
            if name == tag and all(given.get(key) == value for key, value in wanted.items())
        ]


@pytest.fixture
def read():
    """Return the function that parses an answer."""
    return Page


@pytest.fixture
def shelf():
    return CategoryFactory.create(name="Keramik", slug="keramik", description="Dibentuk dengan tangan.")


@pytest.fixture
def stocked(shelf):
    """Two shelves with enough to fill two pages of a list."""
    other = CategoryFactory.create(name="Kopi", slug="kopi")
    for number in range(26):
        product(f"Mangkuk {number}", category=shelf, slug=f"mangkuk-no-{number}", prices=(90_000 + number,))
    product("Kopi Gayo", category=other, slug="kopi-gayo")


@pytest.fixture
def small(shelf):
    """One product on each of two shelves."""
    product(category=shelf)
    product("Kopi Gayo", category=CategoryFactory.create(name="Kopi", slug="kopi"), slug="kopi-gayo")
