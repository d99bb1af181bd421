"""Where a refund by bank transfer goes: an account as staff type it, checked, and shown in whole to few."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from config.errors import InvalidInputError

BANK_LENGTH, NUMBER_LENGTH, NAME_LENGTH = 40, 20, 80
MASK = "****"
_BANK = re.compile(r"[A-Za-z0-9][A-Za-z0-9 .&()'/-]{1,39}")
_NUMBER = re.compile(r"[0-9]{6,20}")
_SEPARATORS = re.compile(r"[ .\-]")


@dataclass(frozen=True)
class BankAccount:
    """An account that a transfer can be made to. ``number`` is digits only."""

    bank: str
    number: str
    name: str

    def __str__(self) -> str:
        return f"{self.bank} {masked_number(self.number)}"

    @property
    def digest(self) -> str:
        """What tells whether it is still the same account, without telling the account."""
        whole = f"{self.bank}\n{self.number}\n{self.name}"
        return hashlib.sha256(whole.encode()).hexdigest()[:16]


def bank_account(*, bank_name: str, account_number: str, account_name: str) -> BankAccount:
    """Return the account that somebody typed. Raises InvalidInputError, named after the argument that is wrong.

    Spaces, dots and hyphens in the number are left out; letters are refused rather than guessed at.
    """
    bank = " ".join(bank_name.split())
    number = _SEPARATORS.sub("", account_number.strip())
    name = " ".join(account_name.split())
    if not _BANK.fullmatch(bank):
        raise InvalidInputError("bank_name", "Isi nama bank, misalnya BCA atau Bank Mandiri.")
    if not _NUMBER.fullmatch(number):
        raise InvalidInputError("account_number", "Nomor rekening terdiri dari 6 sampai 20 angka.")
    if not 2 <= len(name) <= NAME_LENGTH or not name.isprintable() or not any(letter.isalpha() for letter in name):
        raise InvalidInputError("account_name", "Isi nama pemilik rekening seperti di buku tabungannya.")
    return BankAccount(bank, number, name)


def masked_number(number: str) -> str:
    """Return an account number as lists show it: ``****6789``. Masking twice changes nothing."""
    return f"{MASK}{number[-4:]}" if number else ""
