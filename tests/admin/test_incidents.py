"""Incidents in the staff admin: who takes them on, and what is kept of it."""

from __future__ import annotations

import pytest

from monitoring.models import IncidentState
from tests.support.incidents import make_incident
from tests.support.staff import buttons, login, make_staff, page_url, press, said

pytestmark = pytest.mark.django_db(transaction=True)

URL = "/admin/pemantauan/"


def test_taking_an_incident_on_names_the_person_and_stays_in_its_history():
    incident, owner = make_incident(), make_staff("owner")

    answer = press(login(owner), incident, "ambil")

    incident.refresh_from_db()
    assert said(answer) == ["Insiden ini kamu tangani."]
    assert (incident.state, incident.acknowledged_by) == (IncidentState.ACKNOWLEDGED, f"staff:{owner.pk} {owner}")
    page = login(owner).get(page_url(incident)).content.decode()
    assert str(owner) in page
    assert "On Hand" in page


def test_snoozing_leaves_it_open():
    incident = make_incident()

    press(login("owner"), incident, "tunda", hours=24)

    incident.refresh_from_db()
    assert incident.state == IncidentState.OPEN
    assert incident.snoozed_until is not None


def test_closing_it_by_hand_needs_to_say_what_was_done():
    incident, client = make_incident(), login("owner")

    assert client.post(page_url(incident, "selesaikan"), {"seen": "OPEN", "reason": ""}).status_code == 400
    press(client, incident, "selesaikan", reason="Stok dihitung ulang")

    incident.refresh_from_db()
    assert incident.state == IncidentState.RESOLVED
    assert "Stok dihitung ulang" in incident.resolved_how
    assert buttons(client, incident) == set()


def test_the_second_of_two_people_is_told_that_somebody_was_first():
    incident, second = make_incident(), login("owner")
    form = {"seen": incident.state}

    press(login("owner"), incident, "ambil")
    answer = second.post(page_url(incident, "ambil"), form)

    assert said(answer) == ["Insiden ini sudah selesai atau sudah ditangani orang lain."]


def test_the_page_of_the_shop_shows_what_is_open_with_its_buttons():
    incident = make_incident()

    for group, takes in (("owner", True), ("auditor", False)):
        page = login(group).get(URL).content.decode()

        assert incident.subject in page
        assert (page_url(incident, "ambil") in page) == takes


def test_monitors_that_never_ran_are_no_good_news():
    page = login("owner").get(URL).content.decode()

    assert "tidak ada kabar bukan kabar baik" in page
