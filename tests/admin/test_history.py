"""Who changed what: every page that can change something writes it down, readably, with the value before and after."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from config.models import MailState, OutgoingMail
from config.staff.history import ReadableHistory
from config.staff.tables import EditableAdmin
from orders.demo import seed_shipping
from orders.models import ShippingRate
from tests.support.staff import login, make_staff, make_superuser, page_url

pytestmark = pytest.mark.django_db(transaction=True)


def newest() -> LogEntry:
    return LogEntry.objects.latest("pk")


def test_every_page_with_a_form_writes_a_readable_history() -> None:
    mute = [
        model._meta.label
        for model, page in admin.site._registry.items()
        if isinstance(page, EditableAdmin) and not isinstance(page, ReadableHistory)
    ]

    assert mute == []


def test_a_changed_rate_is_told_with_both_prices_and_its_writer() -> None:
    seed_shipping()
    rate = ShippingRate.objects.order_by("pk")[0]
    owner = make_staff("owner")
    client = login(owner)
    page = client.get(page_url(rate)).context["adminform"].form
    given = {name: page[name].value() for name in page.fields} | {"first_kg": rate.first_kg + 500}

    client.post(page_url(rate), given)

    entry = newest()
    assert entry.user_id == owner.pk
    assert f"{rate.first_kg} → {rate.first_kg + 500}" in entry.get_change_message()
    listed = login("auditor").get(reverse("admin:admin_logentry_changelist")).content.decode()
    assert f"{rate.first_kg} → {rate.first_kg + 500}" in listed
    assert str(owner.email) in listed


def test_a_colleague_who_was_switched_off_is_in_the_history() -> None:
    colleague = make_staff("kasir")
    client = login(make_superuser())

    client.post(page_url(colleague), {"is_staff": "on", "groups": [group.pk for group in colleague.groups.all()]})

    colleague.refresh_from_db()
    assert not colleague.is_active
    assert "aktif: True → False" in newest().get_change_message()


def test_a_mail_sent_again_is_in_the_history() -> None:
    mail = OutgoingMail.objects.create(
        kind="x", to="a@example.com", subject="x", text="x", idempotency_key="x/1", state=MailState.FAILED
    )
    client = login(make_superuser())

    client.post(reverse("admin:config_outgoingmail_changelist"), {"action": "resend", "_selected_action": [mail.pk]})

    mail.refresh_from_db()
    assert mail.state == MailState.PENDING
    assert (newest().object_id, newest().get_change_message()) == (str(mail.pk), "Dikirim ulang")


def test_the_history_itself_cannot_be_changed_or_deleted_by_anybody() -> None:
    colleague = make_staff("kasir")
    client = login(make_superuser())
    entry = LogEntry.objects.create(user=colleague, action_flag=2, object_repr="uji")

    answers = [
        client.get(reverse("admin:admin_logentry_add")).status_code,
        client.post(page_url(entry, "delete"), {"post": "yes"}).status_code,
        client.post(page_url(entry), {"object_repr": "lain"}).status_code,
    ]

    assert answers == [403, 403, 403]
    assert LogEntry.objects.get(pk=entry.pk).object_repr == "uji"
