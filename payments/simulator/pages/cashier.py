"""What a customer's clicks do. Answers with the next address, or refuses with ControlError."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from payments.simulator.clock import Clock
from payments.simulator.errors import ControlError
from payments.simulator.gateway import Gateway
from payments.simulator.methods import METHODS, OTP, TEST_CARDS, card_details, find_method, method_of
from payments.simulator.records import Page, Status, Transaction
from payments.simulator.store import Store

MOST_OTP_FAILURES = 3
MOST_DENIALS = 3
CARD = METHODS["credit_card"]


class ProblemError(Exception):
    """The customer should correct something on the same page; the message says what."""


@dataclass(frozen=True)
class View:
    """What a page has to show: its state in one word, and the attempt that it is about."""

    state: str  # replaced, cancelled, expired, paid, waiting, otp, open
    attempt: Transaction | None = None


class Cashier:
    """Drives the gateway for one customer."""

    def __init__(self, clock: Clock, store: Store, gateway: Gateway, rng: Random) -> None:
        self._clock = clock
        self._store = store
        self._gateway = gateway
        self._rng = rng

    def view(self, page: Page) -> View:
        """The state of ``page`` now."""
        with self._store.lock:
            attempts = self._store.page_attempts(page)
            for attempt in attempts:
                self._gateway.refresh(attempt)
            for attempt in reversed(attempts):
                # An authorised or challenged card has left the customer's hands: the shop decides.
                if attempt.is_paid or (attempt.is_live and attempt.status is not Status.PENDING):
                    return View("paid", attempt)
            for attempt in reversed(attempts):
                if attempt.is_live and not attempt.abandoned:
                    return View("otp" if method_of(attempt).kind == "card" else "waiting", attempt)
            last = attempts[-1] if attempts else None
            if page.state != "open":
                return View(page.state, last)
            return View("expired" if page.deadline <= self._clock.now() else "open", last)

    def denials(self, page: Page) -> int:
        return sum(attempt.status is Status.DENY for attempt in self._store.page_attempts(page))

    def choose(self, page: Page, name: str, *, mobile: bool) -> Transaction:
        """Pick a method. A wallet on a desktop becomes a QR code to scan, as the real page does it."""
        method = find_method(name)
        if method is None or method.kind == "card":
            raise ProblemError("Pilih salah satu cara bayar.")
        with self._store.lock:
            self._gateway.check_payable(page, method)
            wallet = method.key
            if wallet in {"gopay", "shopeepay"} and not mobile:
                method = METHODS["qris"]
            attempt = self._gateway.begin(page, method)
            if wallet == "shopeepay" and not mobile:
                attempt.details |= {"acquirer": "airpay shopee", "issuer": "airpay shopee"}
            self._gateway.notify(attempt)
        return attempt

    def pay(self, page: Page, transaction_id: str) -> Transaction:
        """The customer says that the money was sent."""
        with self._store.lock:
            attempt = self._own(page, transaction_id)
            return self._gateway.apply(attempt, "settle").transaction

    def refuse(self, page: Page, transaction_id: str) -> Transaction:
        """The wallet or the lender says no."""
        with self._store.lock:
            return self._gateway.apply(self._own(page, transaction_id), "deny").transaction

    def card(self, page: Page, number: str, expiry: str, cvv: str) -> Transaction:
        """Pay with a test card: decided at once, or after 3DS when the shop asked for it."""
        digits = "".join(letter for letter in number if letter.isdecimal())
        if digits not in TEST_CARDS:
            raise ProblemError("Simulator hanya menerima kartu uji di bawah. Jangan isi kartu sungguhan.")
        if not self._in_future(expiry):
            raise ProblemError("Masa berlaku harus BB/TT dan belum lewat, misalnya 12/30.")
        if not (cvv.isdecimal() and len(cvv) == 3):
            raise ProblemError("CVV adalah tiga angka, untuk kartu uji 123.")
        options = page.request.get("credit_card")
        three_ds = bool(options.get("secure")) if isinstance(options, dict) else False
        with self._store.lock:
            self._gateway.check_payable(page, CARD)
            attempt = self._gateway.begin(page, CARD)
            attempt.details = card_details(digits, self._rng, three_ds=three_ds)
            attempt.otp_outcome = TEST_CARDS[digits]
            if three_ds:
                self._gateway.notify(attempt)
            else:
                self._decide(page, attempt)
        return attempt

    def otp(self, page: Page, transaction_id: str, code: str) -> Transaction:
        """The code of the bank's page; three wrong ones are a refusal."""
        with self._store.lock:
            attempt = self._own(page, transaction_id)
            if code.strip() == OTP:
                self._decide(page, attempt)
                return attempt
            attempt.otp_failures += 1
            if attempt.otp_failures >= MOST_OTP_FAILURES:
                self._gateway.deny_card(attempt, fraud=False)
                return attempt
        raise ProblemError(f"Kode salah. Untuk kartu uji kodenya {OTP}.")

    def leave(self, page: Page, transaction_id: str) -> None:
        """The customer walks away from the bank's page: the attempt waits until it expires."""
        with self._store.lock:
            self._own(page, transaction_id).abandoned = True
            self._store.on_change()

    def _decide(self, page: Page, attempt: Transaction) -> None:
        options = page.request.get("credit_card")
        authorize_only = isinstance(options, dict) and options.get("type") == "authorize"
        match attempt.otp_outcome:
            case "bank_deny" | "fds_deny":
                self._gateway.deny_card(attempt, fraud=attempt.otp_outcome == "fds_deny")
            case "challenge":
                self._gateway.apply(attempt, "challenge")
            case _:
                self._gateway.apply(attempt, "authorize" if authorize_only else "capture")

    def _own(self, page: Page, transaction_id: str) -> Transaction:
        """The undecided attempt of ``page`` that a form names; anything else is an old form."""
        attempt = self._store.transactions.get(transaction_id)
        if attempt is None or attempt.token != page.token:
            raise ControlError(404, "No such transaction on this page.")
        self._gateway.refresh(attempt)
        if attempt.status is not Status.PENDING:
            raise ProblemError("Pembayaran ini sudah selesai diproses.")
        return attempt

    def _in_future(self, expiry: str) -> bool:
        month, slash, year = expiry.replace(" ", "").partition("/")
        if not (slash and month.isdecimal() and year.isdecimal() and len(year) == 2 and 1 <= int(month) <= 12):
            return False
        now = self._clock.local_date()
        return (2000 + int(year), int(month)) >= (now.year, now.month)
