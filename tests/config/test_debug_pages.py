"""While DEBUG is on, who looks for what is not there sees the shop's own page, with a note."""

from __future__ import annotations

import pytest
from django.test import override_settings

pytestmark = pytest.mark.django_db


@pytest.fixture
def _debug(settings):
    settings.DEBUG = True


@pytest.mark.usefixtures("_debug")
@pytest.mark.parametrize(
    ("path", "note"),
    [("/tidak/ada/", "Tidak ada rute untuk /tidak/ada/"), ("/produk/tidak-ada/", "shop:product")],
)
def test_the_note_says_why(client, path, note):
    answer = client.get(path)
    page = answer.content.decode()

    assert answer.status_code == 404
    assert "Halaman ini tidak ada" in page
    assert note in page
    assert "Using the URLconf" not in page


@pytest.mark.usefixtures("_debug")
def test_a_program_gets_a_problem(client):
    answer = client.get("/api/tidak-ada")

    assert answer.status_code == 404
    assert answer["Content-Type"].startswith("application/problem+json")


@pytest.mark.usefixtures("_debug")
def test_a_missing_slash_is_still_added(client):
    assert client.get("/produk")["Location"] == "/produk/"


def test_without_debug_there_is_no_note(client):
    with override_settings(DEBUG=False):
        assert "DEBUG" not in client.get("/tidak/ada/").content.decode()
