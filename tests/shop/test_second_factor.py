"""The second step of a staff login: nobody past it without a code, no code twice, and a way back for a lost phone."""

from __future__ import annotations

import re
from datetime import timedelta
from functools import partial

import pytest
import time_machine
from django.contrib.admin.models import LogEntry
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.test import Client, override_settings
from django.urls import reverse
from django.utils import timezone
from django_otp.oath import TOTP
from django_otp.plugins.otp_totp.models import TOTPDevice

from config.errors import InvalidInputError
from shop.models import RecoveryCode, User
from shop.second_factor import VALID_FOR_S
from shop.services import second_factor
from tests.support.staff import login, make_staff, make_superuser, page_url, press, said
from tests.support.threads import run_together
from tests.support.world import make_customer

pytestmark = pytest.mark.django_db(transaction=True)

CONFIRM, ENROL, MANAGE = "/admin/langkah-kedua/kode/", "/admin/langkah-kedua/pasang/", "/admin/langkah-kedua/"
required = override_settings(STAFF_SECOND_FACTOR="required")
optional = override_settings(STAFF_SECOND_FACTOR="optional")


def code_of(key: str, *, steps: int = 0) -> str:
    clock = TOTP(bytes.fromhex(key), drift=steps)
    return f"{clock.token():06d}"


def enrolled(group: str = "kasir") -> tuple[User, str, list[str]]:
    """Return a member of staff with a phone, the phone's secret, and the recovery codes."""
    user, key = make_staff(group), second_factor.new_key()
    with time_machine.travel(timezone.now(), tick=False):  # the oldest code that counts, however slow this is
        _, codes = second_factor.enrol(user=user, key=key, code=code_of(key, steps=-1))
    return user, key, codes


@required
def test_a_first_login_leads_to_enrolment_and_then_to_where_it_was_going() -> None:
    client = login("kasir")

    sent_on = client.get("/admin/orders/order/?tampilan=kirim")
    page = client.get(sent_on["Location"])
    key = client.session["second_factor_key"]
    done = client.post(ENROL, {"code": code_of(key)})

    assert sent_on["Location"].startswith(ENROL)
    assert "<svg" in page.content.decode()
    assert len(re.findall(r"\b[2-9a-z]{5}-[2-9a-z]{5}\b", done.content.decode())) >= 10
    assert client.get("/admin/orders/order/?tampilan=kirim").status_code == 200
    assert not client.session.has_key("second_factor_key")


@required
@pytest.mark.parametrize("method", ["get", "post"])
def test_no_staff_page_opens_before_the_second_step(method: str) -> None:
    user, _, _ = enrolled("owner")
    client = login(user)
    urls = ["/admin/", "/admin/shop/product/add/", "/admin/pemantauan/", "/admin/x/y/", "/staf/mail/", MANAGE]

    answers = [getattr(client, method)(url) for url in urls]

    assert [answer["Location"].split("?")[0] for answer in answers] == [CONFIRM] * len(urls)


@required
def test_a_code_of_the_phone_opens_the_way_and_ends_the_old_session_key() -> None:
    user, key, _ = enrolled()
    client = login(user)
    before = client.session.session_key

    answer = client.post(CONFIRM, {"code": code_of(key), "next": "/admin/shop/variant/"})

    assert (answer.status_code, answer["Location"]) == (302, "/admin/shop/variant/")
    assert client.session.session_key != before
    assert client.get("/admin/shop/variant/").status_code == 200


@pytest.mark.parametrize("goal", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
@required
def test_the_way_on_never_leads_off_the_site(goal: str) -> None:
    user, key, _ = enrolled()

    answer = login(user).post(CONFIRM, {"code": code_of(key), "next": goal})

    assert answer["Location"] == "/admin/"


def test_without_a_phone_nobody_is_asked_while_it_is_optional_and_with_one_everybody_is() -> None:
    with optional:
        user, _, _ = enrolled()
        assert login("gudang").get("/admin/").status_code == 200
        assert login(user).get("/admin/")["Location"].startswith(CONFIRM)
    with override_settings(STAFF_SECOND_FACTOR="off"):
        assert login(user).get("/admin/").status_code == 200


@required
def test_a_customer_meets_no_second_step() -> None:
    client = Client()
    client.force_login(make_customer())

    assert client.get("/akun/").status_code == 200
    assert client.get("/admin/")["Location"].startswith(reverse("admin:login"))
    assert client.get(ENROL)["Location"].startswith(reverse("admin:login"))


@required
def test_the_same_code_opens_nothing_a_second_time() -> None:
    user, key, _ = enrolled()
    code = code_of(key)
    login(user).post(CONFIRM, {"code": code})

    answer = login(user).post(CONFIRM, {"code": code})

    assert answer.status_code == 400
    assert "salah atau sudah lewat" in answer.content.decode()


def test_two_who_send_one_recovery_code_at_once_get_in_once() -> None:
    user, _, codes = enrolled()

    found = run_together([partial(second_factor.verify, user=user, code=codes[0])] * 4)

    assert len([one for one in found if isinstance(one, TOTPDevice)]) == 1
    assert len([one for one in found if isinstance(one, InvalidInputError)]) == 3
    assert second_factor.codes_left(user) == 9


@required
def test_a_recovery_code_works_once_in_any_spelling_and_is_logged() -> None:
    user, _, codes = enrolled()
    client = login(user)

    assert client.post(CONFIRM, {"code": f" {codes[0].upper()} "}).status_code == 302
    assert login(user).post(CONFIRM, {"code": codes[0]}).status_code == 400
    assert LogEntry.objects.filter(change_message="Kode pemulihan dipakai untuk masuk").count() == 1


def test_wrong_codes_make_the_next_try_wait_longer_and_longer() -> None:
    user, key, codes = enrolled()
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for wait in (1, 2, 4):
            with pytest.raises(InvalidInputError, match="salah"):
                second_factor.verify(user=user, code="aaaaa-aaaaa")
            with pytest.raises(InvalidInputError, match=f"Tunggu {wait} detik"):
                second_factor.verify(user=user, code=codes[0])
            clock.shift(wait + 1)

        assert second_factor.verify(user=user, code=code_of(key))


def test_what_is_stored_of_a_recovery_code_is_not_the_code() -> None:
    _, _, codes = enrolled()

    stored = " ".join(RecoveryCode.objects.values_list("digest", flat=True))

    assert not [code for code in codes if code in stored or code.replace("-", "") in stored]
    assert len(set(RecoveryCode.objects.values_list("digest", flat=True))) == 10


@required
def test_new_recovery_codes_want_a_code_of_the_phone_and_end_the_old_ones() -> None:
    user, key, codes = enrolled()
    client = login(user)
    client.post(CONFIRM, {"code": codes[0]})

    refused = client.post(MANAGE, {"code": codes[1]})
    done = client.post(MANAGE, {"code": code_of(key)})

    assert refused.status_code == 400
    assert done.status_code == 200
    assert second_factor.codes_left(user) == 10
    with pytest.raises(InvalidInputError):
        second_factor.verify(user=user, code=codes[2])


@required
def test_the_confirmation_ends_after_half_a_day_and_with_the_phone() -> None:
    user, key, _ = enrolled()
    client = login(user)
    client.post(CONFIRM, {"code": code_of(key)})
    with time_machine.travel(timezone.now() + timedelta(seconds=VALID_FOR_S + 60)):
        assert client.get("/admin/")["Location"].startswith(CONFIRM)
    assert client.get("/admin/").status_code == 200

    second_factor.reset(user=user, by=make_staff("owner"), reason="ponsel hilang")

    assert client.get("/admin/")["Location"].startswith(ENROL)


@optional
def test_an_owner_resets_a_colleague_with_a_reason_that_is_kept_and_never_himself() -> None:
    user, _, _ = enrolled()
    owner, owners_key, _ = enrolled("owner")
    client = login(owner)
    client.post(CONFIRM, {"code": code_of(owners_key)})

    answer = press(client, user, "setel-ulang-langkah-kedua", reason="ponsel jatuh ke sungai")

    assert "disetel ulang" in said(answer)[0]
    assert second_factor.device_of(user.pk) is None
    assert not RecoveryCode.objects.filter(user=user).exists()
    entry = LogEntry.objects.latest("pk")
    assert (entry.user_id, entry.object_id) == (owner.pk, str(user.pk))
    assert "ponsel jatuh ke sungai" in entry.change_message
    assert client.get(page_url(owner, "setel-ulang-langkah-kedua")).status_code == 403


@optional
def test_an_owner_cannot_reset_a_superuser() -> None:
    root = make_superuser()
    key = second_factor.new_key()
    second_factor.enrol(user=root, key=key, code=code_of(key))

    assert login("owner").get(page_url(root, "setel-ulang-langkah-kedua")).status_code == 403


def test_whoever_has_a_phone_enrols_no_second_one() -> None:
    user, _, _ = enrolled()
    other = second_factor.new_key()

    with pytest.raises(InvalidInputError, match="sudah punya perangkat"):
        second_factor.enrol(user=user, key=other, code=code_of(other))


def test_an_enrolment_that_is_never_finished_leaves_nothing_behind() -> None:
    client = login("kasir")

    client.get(ENROL)
    answer = client.post(ENROL, {"code": "12345x"})

    assert answer.status_code == 400
    assert not TOTPDevice.objects.exists()
    assert "no-store" in answer["Cache-Control"]


def test_the_phones_own_page_of_the_library_is_not_there() -> None:
    assert login(make_superuser()).get("/admin/otp_totp/totpdevice/").status_code == 404


@override_settings(STAFF_SECOND_FACTOR="mungkin")
def test_an_unknown_word_in_the_setting_is_named_and_counts_as_required() -> None:
    with pytest.raises(SystemCheckError, match="STAFF_SECOND_FACTOR"):
        call_command("check")
    assert login("kasir").get("/admin/")["Location"].startswith(ENROL)
