"""Who is told when: opened once, reminded by severity, quiet while somebody is at it, resolved once; never a flood."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction

from config.models import OutgoingMail
from monitoring import alerts, incidents
from monitoring.models import Incident, IncidentEvent, IncidentState, Severity
from monitoring.monitors import Finding, Look, Monitor, Runbook

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
CRITICAL = Monitor(
    name="example",
    title="Example Trouble",
    severity=Severity.CRITICAL,
    description="Something is wrong",
    action="Do something.",
    grace="none",
    runbook=Runbook(means="It means this.", do="Do that.", command="manage.py doctor"),
    look=lambda scope: Look(),
)
HIGH = Monitor(**vars(CRITICAL) | {"severity": Severity.HIGH})


def finding(key: str = "thing:1", **changes) -> Finding:
    return Finding(**{"key": key, "subject": f"about {key}", "details": (("Thing", key),)} | changes)


def step(
    minutes: float,
    *findings: Finding,
    clean: Iterable[str] = (),
    monitor: Monitor = CRITICAL,
    total: int = 0,
) -> list[str]:
    """Let a run happen ``minutes`` after noon; return the kinds of the mails that it wrote."""
    before = set(OutgoingMail.objects.values_list("pk", flat=True))
    now = NOON + timedelta(minutes=minutes)
    with transaction.atomic():
        incidents.record(monitor, findings, clean=list(clean), now=now)
        alerts.notify(monitor, total=max(total, len(findings)), now=now)
    new = OutgoingMail.objects.exclude(pk__in=before).order_by("pk")
    return [mail.idempotency_key.split("/")[2] for mail in new]


def incident() -> Incident:
    return Incident.objects.get()


@pytest.mark.parametrize(("monitor", "every"), [(CRITICAL, 30), (HIGH, 240)])
def test_nobody_at_it_means_a_reminder_after_half_an_hour_or_four(monitor, every):
    assert step(0, finding(), monitor=monitor) == ["opened"]
    assert step(5, finding(), monitor=monitor) == []
    assert step(every - 5, finding(), monitor=monitor) == []
    assert step(every, finding(), monitor=monitor) == ["repeat"]
    assert step(every + 5, finding(), monitor=monitor) == []
    assert step(2 * every, finding(), monitor=monitor) == ["repeat"]


def test_acknowledged_means_no_reminder_and_still_a_word_when_it_is_over():
    step(0, finding())
    assert incidents.acknowledge(incident_id=incident().pk, actor="Ratna")

    assert step(300, finding()) == []
    assert step(305, clean=["thing:1"]) == []
    assert step(310, clean=["thing:1"]) == ["resolved"]
    assert incident().acknowledged_by == "Ratna"
    assert not incidents.acknowledge(incident_id=incident().pk, actor="Budi")


def test_snoozed_means_quiet_until_then(time_machine):
    time_machine.move_to(NOON)
    step(0, finding())
    assert incidents.snooze(incident_id=incident().pk, until=NOON + timedelta(hours=2), actor="Ratna")

    assert step(60, finding()) == []
    assert step(125, finding()) == ["repeat"]


def test_critical_and_unanswered_reaches_one_more_and_then_all(settings):
    settings.ALERT_ESCALATION_EMAIL = ["second@infiya.store", "third@infiya.store"]

    def told(minutes: int) -> list[str]:
        OutgoingMail.objects.all().delete()
        step(minutes, finding())
        return list(OutgoingMail.objects.order_by("pk").values_list("to", flat=True))

    assert told(0) == ["owner@infiya.store"]
    assert told(25) == []
    assert told(30) == ["owner@infiya.store", "second@infiya.store"]
    assert told(60) == ["owner@infiya.store", "second@infiya.store"]
    assert told(120) == ["owner@infiya.store", "second@infiya.store", "third@infiya.store"]
    step(125, clean=["thing:1"])
    OutgoingMail.objects.all().delete()
    assert step(130, clean=["thing:1"]) == ["resolved"] * 3


def test_high_does_not_escalate(settings):
    settings.ALERT_ESCALATION_EMAIL = ["second@infiya.store"]
    step(0, finding(), monitor=HIGH)
    step(240, finding(), monitor=HIGH)

    assert set(OutgoingMail.objects.values_list("to", flat=True)) == {"owner@infiya.store"}


def test_one_clean_look_is_not_enough_and_trouble_in_between_counts_anew():
    step(0, finding())

    assert step(5, clean=["thing:1"]) == []
    assert step(10, finding()) == []
    assert step(15, clean=["thing:1"]) == []
    assert incident().state == IncidentState.OPEN
    assert step(20, clean=["thing:1"]) == ["resolved"]


def test_what_is_neither_found_nor_looked_at_again_stays_open():
    step(0, finding())

    assert [step(minutes) for minutes in (5, 10, 15)] == [[], [], []]
    assert incident().state == IncidentState.OPEN


def test_what_comes_and_goes_is_one_incident_and_no_fresh_alarm_each_time():
    step(0, finding())
    step(5, clean=["thing:1"])
    assert step(10, clean=["thing:1"]) == ["resolved"]

    assert step(15, finding()) == []
    assert incident().reopened_count == 1
    assert step(40, finding()) == ["reopened"]


def test_what_comes_back_later_is_a_new_incident():
    step(0, finding())
    step(5, clean=["thing:1"])
    step(10, clean=["thing:1"])

    assert step(45, finding()) == ["opened"]
    assert Incident.objects.count() == 2


def test_closed_by_a_person_and_not_gone_it_opens_again(time_machine):
    time_machine.move_to(NOON + timedelta(minutes=2))
    step(0, finding())
    assert incidents.resolve(incident_id=incident().pk, actor="Ratna", reason="salah lihat")

    assert step(5, finding()) == []
    assert incident().state == IncidentState.OPEN
    assert incident().resolved_how == ""
    assert [event.kind for event in IncidentEvent.objects.order_by("pk")] == [
        "OPENED", "NOTIFIED", "RESOLVED", "REOPENED",
    ]  # fmt: skip


def test_closed_by_a_person_and_gone_the_others_are_told(time_machine):
    time_machine.move_to(NOON + timedelta(minutes=2))
    step(0, finding())
    incidents.resolve(incident_id=incident().pk, actor="Ratna", reason="dana dikembalikan")

    assert step(5) == ["resolved"]
    assert "by Ratna: dana dikembalikan" in OutgoingMail.objects.latest("pk").text


def test_more_than_five_are_one_digest_with_the_first_twenty_and_the_number():
    many = [finding(f"thing:{number}") for number in range(25)]

    assert step(0, *many, total=700) == ["digest-opened"]

    mail = OutgoingMail.objects.get()
    assert mail.subject == "🚨 [CRITICAL] Example Trouble (700) - infiya.store"
    assert "- about thing:0 (INC-" in mail.text
    assert "about thing:20 " not in mail.text
    assert "- and 680 more" in mail.text
    assert step(5, *many) == []
    keys = [row.key for row in many]
    step(10, clean=keys)
    assert step(15, clean=keys) == ["digest-resolved"]


def test_five_are_five_mails():
    assert step(0, *[finding(f"thing:{number}") for number in range(5)]) == ["opened"] * 5


def test_never_more_than_thirty_an_hour_and_what_is_held_back_follows():
    for number in range(28):
        alerts_before(number)

    assert step(0, *[finding(f"thing:{number}") for number in range(4)]) == ["opened"] * 2
    with transaction.atomic():
        assert alerts.tell_capped(held_back=2, now=NOON) == 1
        assert alerts.tell_capped(held_back=2, now=NOON) == 0
    OutgoingMail.objects.filter(kind="alert").update(created_at=NOON - timedelta(hours=2))
    assert step(5, *[finding(f"thing:{number}") for number in range(4)]) == ["opened"] * 2


def alerts_before(number: int) -> None:
    with transaction.atomic():
        mail = {"subject": "s", "text": "t", "html": ""}
        alerts.queue_alert(key=f"alert/x/opened/{number}", reference="x", to=["a@example.com"], mail=mail)


def test_every_address_gets_its_own_mail(settings):
    settings.ALERT_EMAIL = "owner@infiya.store, gudang@infiya.store"

    assert step(0, finding()) == ["opened", "opened"]
    assert OutgoingMail.objects.values("idempotency_key").distinct().count() == 2


def test_what_customers_typed_is_neither_markup_nor_a_further_header():
    evil = finding(
        subject="a\r\nBcc: b@example.com", details=(("Product Name", "<img src=x onerror=alert(1)>\r\n\r\nX"),)
    )

    step(0, evil)

    mail = OutgoingMail.objects.get()
    assert "\n" not in mail.subject
    assert "<img" not in mail.html
    assert "&lt;img src=x onerror=alert(1)&gt;" in mail.html
    assert "- Product Name: <img src=x onerror=alert(1)> X\n" in mail.text
    assert "\n" not in incident().subject


def test_the_fingerprint_names_the_subject_and_nothing_that_changes():
    step(0, finding(subject="1 minute"))
    step(5, finding(subject="6 minutes", details=(("Amount", "Rp 2"),)))

    assert incident().seen_count == 2
    assert incident().subject == "6 minutes"
