"""The second step of a staff login: a code of the phone (TOTP, RFC 6238), or one of ten recovery codes.

The device's row is locked for every try, so that two tries at once are judged one after the other and no code counts
twice; each wrong one doubles the wait before the next (django-otp's throttle), recovery codes included.
"""

from __future__ import annotations

import math
import secrets
import time
from functools import partial

from django.contrib.admin.models import CHANGE, LogEntry
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django_otp.oath import TOTP
from django_otp.plugins.otp_totp.models import TOTPDevice

from config.database import unit_of_work
from config.errors import InvalidInputError
from shop.models import RecoveryCode, User

CODES = 10
CODE_LENGTH = 10
ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"  # nothing that is misread on paper
STEP_S = 30
WRONG = "Kode ini salah atau sudah lewat. Tunggu kode berikutnya, lalu coba lagi."


def device_of(user_id: int) -> TOTPDevice | None:
    """Return the phone of a member of staff, if one is enrolled."""
    return TOTPDevice.objects.filter(user_id=user_id, confirmed=True).order_by("pk").first()


def new_key() -> str:
    """Return a fresh secret for a phone, as hex: 160 random bits."""
    return secrets.token_hex(20)


def enrol(*, user: User, key: str, code: str) -> tuple[TOTPDevice, list[str]]:
    """Write down the phone that holds ``key``, once it has shown so by a ``code``; returns it and new recovery codes.

    The codes exist in plain only in what is returned. Raises InvalidInputError (``code``).
    """
    return unit_of_work(partial(_enrol, user, key, code))


def _enrol(user: User, key: str, code: str) -> tuple[TOTPDevice, list[str]]:
    User.objects.select_for_update(of=("self",), no_key=True).get(pk=user.pk)
    if device_of(user.pk) is not None:
        raise InvalidInputError("code", "Akun ini sudah punya perangkat. Minta pemilik toko menyetel ulang dulu.")
    clock = TOTP(bytes.fromhex(key), STEP_S)
    clock.time = time.time()
    digits = _digits(code)
    if len(digits) != 6 or not clock.verify(int(digits), tolerance=1):
        raise InvalidInputError("code", WRONG)
    device = TOTPDevice.objects.create(user=user, name="ponsel", key=key, confirmed=True, last_t=clock.t())
    _log(user, user, "Langkah kedua diaktifkan")
    return device, _fresh_codes(user)


def verify(*, user: User, code: str) -> TOTPDevice:
    """Return the user's device when ``code`` is its current one, or a recovery code that nobody has used.

    Raises InvalidInputError (``code``), also while further tries have to wait.
    """
    found, refusal = unit_of_work(partial(_verify, user, code))
    if found is None:
        raise InvalidInputError("code", refusal)
    return found


def _verify(user: User, code: str) -> tuple[TOTPDevice | None, str]:
    """Judge under the device's lock. A refusal is returned, not raised: the count of wrong tries must be committed."""
    devices = TOTPDevice.objects.select_for_update(of=("self",), no_key=True)
    device = devices.filter(user=user, confirmed=True).order_by("pk").first()
    if device is None:
        return None, "Akun ini belum punya perangkat."
    allowed, details = device.verify_is_allowed()
    if not allowed:
        until = (details or {}).get("locked_until") or timezone.now()
        wait = max(1, math.ceil((until - timezone.now()).total_seconds()))
        return None, f"Terlalu banyak kode salah. Tunggu {wait} detik, lalu coba lagi."
    digits = _digits(code)
    if len(digits) == 6 and len(code.strip()) <= 7:
        return (device, "") if device.verify_token(digits) else (None, WRONG)
    if _use_code(user, code):
        device.throttle_reset()
        _log(user, user, "Kode pemulihan dipakai untuk masuk")
        return device, ""
    device.throttle_increment()
    return None, WRONG


def renew_codes(*, user: User) -> list[str]:
    """Replace all recovery codes of a user by new ones and return them; the old ones open nothing any more."""

    def body() -> list[str]:
        User.objects.select_for_update(of=("self",), no_key=True).get(pk=user.pk)
        _log(user, user, "Kode pemulihan dibuat baru")
        return _fresh_codes(user)

    return unit_of_work(body)


def codes_left(user: User) -> int:
    """Return how many recovery codes nobody has used."""
    return RecoveryCode.objects.filter(user=user, used_at__isnull=True).count()


def reset(*, user: User, by: User, reason: str) -> None:
    """Forget the phone and the codes of a colleague, who enrols anew at the next login. Ends verified sessions.

    Raises InvalidInputError without a reason, and for one's own phone.
    """
    if not reason.strip():
        raise InvalidInputError("reason", "Tulis alasannya.")
    if user.pk == by.pk:
        raise InvalidInputError("reason", "Perangkatmu sendiri disetel ulang oleh rekan lain.")

    def body() -> None:
        User.objects.select_for_update(of=("self",), no_key=True).get(pk=user.pk)
        TOTPDevice.objects.filter(user=user).delete()
        RecoveryCode.objects.filter(user=user).delete()
        _log(by, user, f"Langkah kedua disetel ulang: {reason.strip()}")

    unit_of_work(body)


def _fresh_codes(user: User) -> list[str]:
    codes = ["".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH)) for _ in range(CODES)]
    RecoveryCode.objects.filter(user=user).delete()
    RecoveryCode.objects.bulk_create(RecoveryCode(user=user, digest=_digest(user, code)) for code in codes)
    return [f"{code[:5]}-{code[5:]}" for code in codes]


def _use_code(user: User, code: str) -> bool:
    """Spend a recovery code; of two who send the same one at once, one gets in."""
    plain = "".join(letter for letter in code.lower() if letter in ALPHABET)
    mine = RecoveryCode.objects.filter(user=user, digest=_digest(user, plain), used_at__isnull=True)
    return len(plain) == CODE_LENGTH and mine.update(used_at=timezone.now()) == 1


def _digest(user: User, code: str) -> str:
    """Return what is stored of a code: 50 random bits, so a plain hash could be searched, a keyed one cannot."""
    return salted_hmac("shop.recovery-code", f"{user.pk}:{code}", algorithm="sha256").hexdigest()


def _digits(code: str) -> str:
    return "".join(letter for letter in code if letter.isascii() and letter.isdigit())


def _log(by: User, about: User, text: str) -> None:
    rows = User.objects.filter(pk=about.pk)
    LogEntry.objects.log_actions(by.pk, rows, CHANGE, change_message=text, single_object=True)
