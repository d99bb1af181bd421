"""Wrong passwords: one e-mail from one address is locked, nobody else, and staff can see and release it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from axes.models import AccessAttempt
from django.contrib.admin.models import LogEntry
from django.core.cache import cache
from django.test import Client, override_settings
from django.urls import reverse
from django.utils import timezone

from monitoring.cleaning import clean_up
from shop.login_guard import check_proxies
from tests.support.staff import login, make_staff, press, said
from tests.support.world import make_customer

pytestmark = pytest.mark.django_db(transaction=True)

PASSWORD = "kata-sandi-panjang"
LIMIT = 4


@pytest.fixture(autouse=True)
def guarded() -> Iterator[None]:
    cache.clear()
    with override_settings(THROTTLING=True, AXES_ENABLED=True, AXES_FAILURE_LIMIT=LIMIT):
        yield
    cache.clear()


def try_staff(email: str, password: str, *, address: str = "10.0.0.1", **headers: Any) -> int:
    form = {"username": email, "password": password, "next": "/admin/"}
    return Client().post(reverse("admin:login"), form, REMOTE_ADDR=address, **headers).status_code


def try_customer(email: str, password: str, *, address: str = "10.0.0.1") -> int:
    form = {"email": email, "password": password, "next": "/akun/"}
    return Client().post("/masuk/", form, REMOTE_ADDR=address).status_code


def try_token(email: str, password: str, *, address: str = "10.0.0.1") -> int:
    body = json.dumps({"email": email, "password": password})
    return Client().post("/api/auth/token", body, content_type="application/json", REMOTE_ADDR=address).status_code


def lock(email: str, *, address: str = "10.0.0.1") -> None:
    for _ in range(LIMIT):
        try_staff(email, "salah-sekali", address=address)


def test_every_door_counts_for_every_other_and_a_locked_pair_stays_out_with_the_right_password() -> None:
    email = str(make_staff("kasir").email)
    tries = [try_staff(email, "salah"), try_customer(email.upper(), "salah"), try_token(f" {email}", "salah")]
    for _ in range(LIMIT - len(tries)):
        try_staff(email, "salah")

    assert tries == [200, 400, 401]
    assert [try_staff(email, PASSWORD), try_customer(email, PASSWORD), try_token(email, PASSWORD)] == [429, 429, 429]


def test_the_page_of_a_lock_is_in_indonesian_and_says_when_to_come_back() -> None:
    email = str(make_customer().email)
    lock(email)

    answer = Client().post("/masuk/", {"email": email, "password": PASSWORD}, REMOTE_ADDR="10.0.0.1")
    problem = Client().post(
        "/api/auth/token", json.dumps({"email": email, "password": PASSWORD}), content_type="application/json",
        REMOTE_ADDR="10.0.0.1",
    )  # fmt: skip

    assert "Terlalu banyak percobaan masuk" in answer.content.decode()
    assert answer["Retry-After"] == "900"
    assert problem["Content-Type"] == "application/problem+json"
    assert "15 menit" in problem.json()["error"]


def test_one_address_locks_out_neither_the_shop_nor_anybody_elsewhere() -> None:
    locked, colleague = str(make_staff("owner").email), str(make_staff("kasir").email)
    lock(locked)

    assert try_staff(colleague, PASSWORD) == 302
    assert try_customer(str(make_customer().email), PASSWORD) == 303
    assert try_staff(locked, PASSWORD, address="10.0.0.2") == 302


@pytest.mark.parametrize(("proxies", "status"), [(1, 302), (0, 429)])
def test_behind_a_proxy_the_address_is_what_the_proxy_vouches_for(settings, proxies: int, status: int) -> None:
    settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {"NUM_PROXIES": proxies}
    email = str(make_staff("kasir").email)
    for number in range(LIMIT):  # the client's own part of the header is different each time, and never believed
        try_staff(email, "salah", address="10.9.9.9", HTTP_X_FORWARDED_FOR=f"1.1.1.{number}, 203.0.113.7")

    assert try_staff(email, PASSWORD, address="10.9.9.9", HTTP_X_FORWARDED_FOR="9.9.9.9, 203.0.113.7") == 429
    assert try_staff(email, PASSWORD, address="10.9.9.9", HTTP_X_FORWARDED_FOR="203.0.113.8") == status


@pytest.mark.parametrize(("header", "proxies", "told"), [(None, 0, []), (True, 1, []), (True, 0, ["shop.W002"])])
def test_a_shop_that_takes_its_proxy_for_every_visitor_is_told(settings, header: Any, proxies: int, told: Any) -> None:
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if header else None
    settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {"NUM_PROXIES": proxies}

    assert [message.id for message in check_proxies()] == told


def test_another_browser_from_the_same_place_is_the_same_guesser() -> None:
    email = str(make_staff("kasir").email)
    for number in range(LIMIT):
        try_staff(email, "salah", HTTP_USER_AGENT=f"agent {number}")

    assert try_staff(email, PASSWORD, HTTP_USER_AGENT="one more") == 429


def test_going_on_while_locked_prolongs_nothing_and_writes_nothing() -> None:
    email = str(make_staff("kasir").email)
    with time_machine.travel(timezone.now(), tick=False) as clock:
        lock(email)
        before = list(AccessAttempt.objects.values())
        clock.shift(timedelta(minutes=14))
        for _ in range(5):
            try_staff(email, "salah")
        assert list(AccessAttempt.objects.values()) == before
        clock.shift(timedelta(minutes=2))

        assert try_staff(email, PASSWORD) == 302


def test_the_right_password_forgets_the_wrong_ones() -> None:
    email = str(make_staff("kasir").email)
    for _ in range(LIMIT - 1):
        try_staff(email, "salah")
    assert try_staff(email, PASSWORD) == 302

    assert try_staff(email, "salah") == 200
    assert try_staff(email, PASSWORD) == 302


def test_no_password_token_or_address_of_a_page_is_kept() -> None:
    email = str(make_staff("kasir").email)
    try_staff(email, "rahasia-yang-salah-ketik")

    row = AccessAttempt.objects.get()

    assert "rahasia" not in f"{row.post_data}{row.get_data}"
    assert "next=/" not in row.post_data
    assert row.username == email


def test_the_owner_sees_a_lock_and_releases_it_with_a_reason() -> None:
    email = str(make_staff("kasir").email)
    lock(email)
    owner = make_staff("owner")
    client = login(owner)

    listed = client.get("/admin/axes/accessattempt/", {"keadaan": "terkunci"}).content.decode()
    answer = press(client, AccessAttempt.objects.get(), "lepas", reason="Dewi menelepon")

    assert email in listed
    assert said(answer) == [f"{email} dapat mencoba masuk lagi."]
    assert try_staff(email, PASSWORD) == 302
    entry = LogEntry.objects.latest("pk")
    assert (entry.user_id, "Dewi menelepon" in entry.change_message, email in entry.change_message) == (
        owner.pk, True, True,
    )  # fmt: skip
    assert "Dewi menelepon" in client.get("/admin/admin/logentry/").content.decode()


def test_old_tries_are_forgotten_at_night() -> None:
    try_staff("siapa@example.com", "salah")
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(days=2))

    assert clean_up()["login_attempts"] == 1
