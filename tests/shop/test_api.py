"""Who calls the API: tokens, sessions, and nobody."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher, PBKDF2SHA1PasswordHasher, make_password
from django.test import Client, override_settings
from django.utils import timezone

from shop.models import ApiToken, User
from shop.services.account import issue_token, token_digest
from tests.support.api import ADDRESS_BODY, POSTS, PRIVATE, ApiClient, fields_of, problem_of
from tests.support.world import make_customer

pytestmark = pytest.mark.django_db
PASSWORD = "kata-sandi-panjang"


def test_a_token_opens_the_api_and_only_its_hash_is_kept():
    user = make_customer()

    answer = ApiClient().post("/api/auth/token", {"email": str(user.email).upper(), "password": PASSWORD})

    assert answer.status_code == 200
    assert set(answer.json()) == {"token", "expiresAt"}
    assert "no-store" in answer["Cache-Control"]
    token = answer.json()["token"]
    assert ApiToken.objects.get().digest == token_digest(token)
    assert Client().get("/api/addresses", headers={"authorization": f"bearer {token}"}).status_code == 200


def test_unknown_address_wrong_password_inactive_and_guest_get_the_same_answer():
    user, gone = make_customer(), make_customer(is_active=False)
    User.objects.create_guest()

    answers = [
        ApiClient().post("/api/auth/token", {"email": email, "password": password})
        for email, password in [
            (user.email, "salah-sekali-ini"),
            ("tidak-ada@example.com", PASSWORD),
            (gone.email, PASSWORD),
            ("bukan e-mail", PASSWORD),
        ]
    ]

    assert len({answer.content for answer in answers}) == 1
    problem_of(answers[0], 401)
    assert answers[0]["WWW-Authenticate"].startswith("Bearer")
    assert not ApiToken.objects.exists()


def test_a_new_password_ends_every_token_of_the_account_and_of_no_other():
    user, other = ApiClient(changed := make_customer()), ApiClient(make_customer())

    changed.set_password("kata-sandi-yang-baru")
    changed.save()

    problem_of(user.get("/api/addresses"), 401)
    assert other.get("/api/addresses").status_code == 200


@override_settings(
    PASSWORD_HASHERS=[
        "django.contrib.auth.hashers.PBKDF2SHA1PasswordHasher",
        "django.contrib.auth.hashers.MD5PasswordHasher",
    ],
)
def test_a_password_that_is_only_hashed_anew_ends_no_token(monkeypatch):
    monkeypatch.setattr(PBKDF2SHA1PasswordHasher, "iterations", 1)
    user = make_customer()
    User.objects.filter(pk=user.pk).update(password=make_password(PASSWORD, hasher="md5"))
    client = ApiClient(user)

    answer = ApiClient().post("/api/auth/token", {"email": user.email, "password": PASSWORD})

    assert answer.status_code == 200
    assert User.objects.get(pk=user.pk).password.startswith("pbkdf2_sha1")
    assert client.get("/api/addresses").status_code == 200


@override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.PBKDF2PasswordHasher"])
def test_the_time_does_not_tell_whether_an_address_is_known(monkeypatch):
    monkeypatch.setattr(PBKDF2PasswordHasher, "iterations", 200_000)
    user = make_customer()

    def fastest(email: str) -> float:
        times = []
        for _ in range(3):
            begin = time.thread_time()
            ApiClient().post("/api/auth/token", {"email": email, "password": "salah-sekali-ini"})
            times.append(time.thread_time() - begin)
        return min(times)

    known, unknown = fastest(user.email or ""), fastest("tidak-ada@example.com")

    assert 0.5 < known / unknown < 2


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"email": "a@b.id"},
        {"email": "a@b.id", "password": 1},
        {"email": ["a"], "password": "x"},
        {"email": "", "password": ""},
    ],
)
def test_a_token_needs_two_texts(body):
    assert fields_of(ApiClient().post("/api/auth/token", body))


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer inf_nope",
        "Bearer a b",
        "Bearer \xff",
        "Basic YTpi",
        "Token x",
        "Bearer " + "x" * 5000,
    ],
)
def test_no_or_odd_credentials_are_a_401(header):
    answer = Client().get("/api/addresses", headers={"authorization": header} if header else {})

    problem_of(answer, 401)
    assert answer["WWW-Authenticate"].startswith("Bearer")


def test_expired_tokens_inactive_accounts_and_guests_are_strangers():
    expired, inactive = make_customer(), make_customer()
    guest = User.objects.create_guest()
    tokens = [issue_token(user=user).token for user in (expired, inactive, guest)]
    ApiToken.objects.filter(user=expired).update(expires_at=timezone.now() - timedelta(seconds=1))
    User.objects.filter(pk=inactive.pk).update(is_active=False)

    answers = [Client().get("/api/addresses", headers=bearer(token)) for token in tokens]

    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.content for answer in answers}) == 1


@pytest.mark.parametrize(("method", "path"), PRIVATE)
def test_private_routes_are_closed_to_strangers(method, path):
    problem_of(Client().generic(method, path, b"{}", content_type="application/json"), 401)


def signed_in() -> Client:
    client = Client(enforce_csrf_checks=True)
    client.force_login(make_customer())
    return client


@pytest.mark.parametrize("path", [path for path in POSTS if path != "/api/auth/token"])
@pytest.mark.parametrize("slash", ["", "/"])
def test_a_session_cannot_write_without_its_csrf_token(path, slash):
    body = problem_of(signed_in().post(path + slash, b"{}", content_type="application/json"), 403)

    assert body["code"] == "csrf_failed"


def test_a_session_reads_without_and_writes_with_its_csrf_token():
    client = signed_in()
    token = "x" * 32
    client.cookies["csrftoken"] = token

    assert client.get("/api/addresses").status_code == 200
    answer = client.post(
        "/api/addresses", ADDRESS_BODY, content_type="application/json", headers={"x-csrftoken": token},
    )  # fmt: skip
    assert answer.status_code == 201


def test_a_bad_token_is_not_saved_by_a_good_session():
    problem_of(signed_in().get("/api/addresses", headers=bearer("inf_nope")), 401)
