"""The line on top of every staff page while an alert reached nobody or a critical incident waits."""

from __future__ import annotations

import pytest
from django.utils import timezone

from config.models import MailState, OutgoingMail
from monitoring import incidents
from monitoring.models import UndeliveredAlert
from tests.support.incidents import make_incident
from tests.support.staff import login

pytestmark = [pytest.mark.django_db, pytest.mark.breaks_laws]

LIST = "/admin/orders/order/"


def lost_alert() -> None:
    mail = OutgoingMail.objects.create(
        kind="alert",
        from_email="shop@example.com",
        to="owner@example.com",
        state=MailState.FAILED,
        subject="Alarm",
        text="Alarm",
        idempotency_key="alarm-1",
    )
    UndeliveredAlert.objects.create(mail=mail, noticed_at=timezone.now())


def page(group: str, url: str = LIST) -> str:
    return login(group).get(url).content.decode()


def test_an_alert_that_nobody_took_is_on_every_staff_page():
    lost_alert()

    assert "1 e-mail peringatan tidak sampai ke siapa pun" in page("owner")
    assert "1 e-mail peringatan tidak sampai ke siapa pun" in page("auditor")


def test_a_critical_incident_is_announced_until_somebody_takes_it():
    incident = make_incident()
    assert "1 insiden kritis terbuka" in page("owner")

    assert incidents.acknowledge(incident_id=incident.pk, actor="Ratna")

    assert "insiden kritis" not in page("owner")


def test_who_may_not_see_incidents_reads_nothing_of_them():
    make_incident()
    lost_alert()

    assert "st-banner" not in page("kasir")
    assert "st-banner" not in page("gudang")


def test_a_quiet_shop_has_no_banner_and_the_dashboard_never():
    assert "st-banner" not in page("owner")

    make_incident()

    assert "st-banner" not in page("owner", "/admin/pemantauan/")
