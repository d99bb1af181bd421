"""The staff's page about the state of the shop, as people see it: no barrier, nothing sideways, in both themes."""

from __future__ import annotations

import pytest

from tests.factories import PASSWORD
from tests.journeys.watch import PHONE, photograph, show_theme, too_wide, violations
from tests.support.incidents import make_incident
from tests.support.staff import make_staff

pytestmark = [pytest.mark.browser, pytest.mark.sweep, pytest.mark.django_db(transaction=True)]

WIDE = (1280, 900)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_dashboard_and_an_incident_have_no_barriers(base, shelf, visit, dark):
    incident = make_incident()
    page, _ = visit(dark=dark, size=WIDE)
    page.goto(f"{base}/admin/pemantauan/")
    page.fill("[name=username]", str(make_staff("owner").email))
    page.fill("[name=password]", PASSWORD)
    page.click("[type=submit]")
    page.wait_for_url("**/admin/pemantauan/")
    found = []
    for name, path in (("dashboard", "pemantauan/"), ("incident", f"monitoring/incident/{incident.pk}/change/")):
        page.goto(f"{base}/admin/{path}")
        show_theme(page, dark=dark)
        found += [f"{name}: {line}" for line in violations(page)]
        photograph(page, "staff", name, dark=dark)
        page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
        found += [f"{name} on a phone: {line}" for line in too_wide(page)]
        page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})

    assert found == []
