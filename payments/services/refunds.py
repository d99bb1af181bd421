"""Giving money back: asked for first, then sent, ended only by the gateway's own list or a definite refusal."""

from __future__ import annotations

import logging
import secrets
import time
from datetime import timedelta
from functools import partial

from django.db import IntegrityError
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone

from config.database import unit_of_work, violated_constraint
from config.errors import InvalidInputError, ShopClosedError
from payments import leases, refund_rules
from payments.bank_account import BankAccount
from payments.errors import (
    GatewayError,
    GatewayKeyError,
    GatewayRejectedError,
    GatewayUnavailableError,
    RefundRefusedError,
    TransactionMissingError,
)
from payments.gateway import gateway
from payments.models import Refund
from payments.services.approval import needs_second_person
from payments.services.ask import ask_one, note_trouble
from payments.services.one_by_one import log_and_go_on
from payments.services.refund_book import (
    NO_ACCOUNT,
    NO_ROOM,
    fail,
    locked_refund,
    locked_transaction,
    note,
    refundable,
    write_account,
)
from payments.states import REFUND_OPEN, RefundChannel, RefundState
from shop.models import User
from shop.services.site import require_no_sweep, site_state

logger = logging.getLogger(__name__)
R = RefundState

AUTOMATIC_FOR = timedelta(days=6)  # the gateway honours a refund_key for 7 days
DUPLICATE_KEY = 406
MAX_BACKOFF_S = 3600


def request_refund(
    *,
    transaction_id: int,
    amount: int,
    reason: str,
    requested_by: User,
    restrict_to: RefundChannel | None = None,
    account: BankAccount | None = None,
) -> Refund:
    """Write down that ``amount`` rupiah of one transaction are to be given back. Nothing is sent yet.

    The channel follows from how and when it was paid: the API where and while the gateway can, else a bank transfer.
    ``account`` is where such a transfer goes, if that is known yet; it is left out for the API.
    Whether a second person has to approve: ``needs_second_person``. Locks order, payments, transactions, refunds.
    Raises InvalidInputError, RefundRefusedError (also when one is under way already), ShopClosedError.
    """
    if amount <= 0:
        raise InvalidInputError("amount", "Jumlah pengembalian harus lebih dari nol.")
    if not reason.strip():
        raise InvalidInputError("reason", "Alasan harus diisi.")
    try:
        return unit_of_work(
            partial(_request, transaction_id, amount, reason.strip(), requested_by, restrict_to, account)
        )
    except IntegrityError as error:
        if violated_constraint(error) != "refund_one_open_per_transaction":
            raise
        raise RefundRefusedError("Masih ada pengembalian dana yang berjalan untuk transaksi ini.") from None


def _request(
    transaction_id: int,
    amount: int,
    reason: str,
    requested_by: User,
    restrict_to: RefundChannel | None,
    account: BankAccount | None,
) -> Refund:
    require_no_sweep()
    row, order, _ = locked_transaction(transaction_id)
    left = refundable(row)
    if amount > left:
        raise RefundRefusedError(f"Paling banyak {left} rupiah yang dapat dikembalikan.", left=left)
    channel = restrict_to or (RefundChannel.API if refund_rules.goes_by_api(row) else RefundChannel.BANK)
    if channel is RefundChannel.API and refund_rules.must_be_whole(row) and amount != row.received:
        raise RefundRefusedError("Cara bayar ini hanya dapat dikembalikan seluruhnya.")
    refund = Refund.objects.create(
        transaction=row,
        amount=amount,
        reason=reason[:200],
        refund_key=f"R-{secrets.token_hex(12)}",
        channel=channel,
        requested_by=requested_by,
        needs_approval=needs_second_person(row, order, amount=amount, channel=channel),
        next_attempt_at=refund_rules.closed_until(row) or timezone.now(),
    )
    if account is not None and channel is RefundChannel.BANK:
        write_account(refund, account)
    note(order, refund, f"staff:{requested_by.pk}", "pengembalian dana diminta")
    return refund


def approve_refund(*, refund_id: int, approved_by: User, account_seen: str | None = None) -> Refund:
    """Let a second person approve. Raises RefundRefusedError for the one who asked for it, ShopClosedError.

    A transfer needs its account first: where the money goes is what is approved. ``account_seen`` is the digest of the
    account that the page showed; another one by now is refused.
    """

    def body() -> Refund:
        require_no_sweep()
        refund, order = locked_refund(refund_id)
        if refund.state != R.REQUESTED or refund.approved_by_id is not None:
            raise RefundRefusedError("Pengembalian dana ini tidak menunggu persetujuan.")
        if refund.requested_by_id == approved_by.pk:
            raise RefundRefusedError("Persetujuan harus dari orang lain.")
        if refund.channel == RefundChannel.BANK:
            if refund.account is None:
                raise RefundRefusedError(NO_ACCOUNT)
            if account_seen is not None and account_seen != refund.account.digest:
                raise RefundRefusedError("Rekening tujuannya baru saja diganti. Periksa lagi.")
        refund.approved_by = approved_by
        refund.save(update_fields=["approved_by"])
        note(order, refund, f"staff:{approved_by.pk}", "pengembalian dana disetujui")
        return refund

    return unit_of_work(body)


def reject_refund(*, refund_id: int, actor: str, reason: str) -> Refund:
    """End a refund that was never sent."""

    def body() -> Refund:
        refund, order = locked_refund(refund_id)
        if refund.state != R.REQUESTED:
            raise RefundRefusedError("Pengembalian dana ini sudah dikirim.")
        fail(refund, order, actor, reason)
        return refund

    return unit_of_work(body)


def send_refund(*, refund_id: int) -> RefundState:
    """Send an API refund, or find out what became of it. Safe to call again and by two at once: same key, one lease.

    GET status first: a refund that the gateway already shows is done. A lost answer leaves it SENT. Outside the
    gateway's hours nothing is sent: the job does it when they begin. Raises RefundRefusedError (not approved, not an
    API refund), ShopClosedError, GatewayKeyError.
    """
    require_no_sweep()
    if _wait_for_the_gateways_hours(refund_id):
        return _state_or_refusal(refund_id)
    lease = leases.take(
        Refund.objects.filter(
            pk=refund_id, channel=RefundChannel.API, state__in=[state.value for state in REFUND_OPEN]
        ).filter(Q(needs_approval=False) | Q(approved_by__isnull=False)),
    )
    if lease is None:
        return _state_or_refusal(refund_id)
    refund = Refund.objects.select_related("transaction__payment").get(pk=refund_id)
    try:
        _send(refund, lease)
    except GatewayUnavailableError as error:
        _postpone(refund, lease, error.detail)
    except GatewayKeyError:
        note_trouble("server_key_refused", "Midtrans menolak server key")
        _postpone(refund, lease, "server key refused")
        raise
    except GatewayRejectedError as error:
        _end_refused(refund, lease, error)
    except BaseException:
        _postpone(refund, lease, "interrupted")
        raise
    return R(Refund.objects.values_list("state", flat=True).get(pk=refund_id))


def _wait_for_the_gateways_hours(refund_id: int) -> bool:
    """Put a refund off that the gateway takes only at other hours, and return whether it was."""
    refund = Refund.objects.select_related("transaction__payment").get(pk=refund_id)
    opens = refund_rules.closed_until(refund.transaction) if refund.channel == RefundChannel.API else None
    if opens is None:
        return False
    rows = Refund.objects.filter(pk=refund_id, state__in=[state.value for state in REFUND_OPEN])
    return rows.update(next_attempt_at=opens) == 1


def _state_or_refusal(refund_id: int) -> RefundState:
    refund = Refund.objects.get(pk=refund_id)
    if refund.channel != RefundChannel.API:
        raise RefundRefusedError("Dana ini dikembalikan lewat transfer bank.")
    if refund.state == R.REQUESTED and refund.needs_approval and refund.approved_by_id is None:
        raise RefundRefusedError("Menunggu persetujuan orang kedua.")
    return R(refund.state)


def _send(refund: Refund, lease: str) -> None:
    """GET status, mark as sent, send, and let GET status tell the end. Raises GatewayRejectedError: it did not happen.

    Every other trouble is GatewayUnavailableError: nothing is known of the refund.
    """
    _look(refund)
    if refund.state not in REFUND_OPEN:
        leases.give_back(refund, lease)
        return
    if not unit_of_work(partial(_mark_sent, refund.pk, lease)):
        return
    _ask_for_it(refund)
    _look(refund)
    if refund.state in REFUND_OPEN:
        _postpone(refund, lease, "not shown yet")
    else:
        leases.give_back(refund, lease)


def _look(refund: Refund) -> None:
    """GET status of the refund's transaction, recorded; then read the refund and its transaction again.

    That the gateway does not know the transaction just now says nothing about a refund of it.
    """
    row = refund.transaction
    try:
        ask_one(row.payment, row.transaction_id)
    except TransactionMissingError:
        raise GatewayUnavailableError("GET status: unknown transaction", sent=True, answered=True) from None
    refund.refresh_from_db()
    row.refresh_from_db()
    refund.transaction = row


def _ask_for_it(refund: Refund) -> None:
    """Ask the gateway to give the money back. Raises GatewayRejectedError when it definitely will not."""
    row = refund.transaction
    if row.raw_status == "capture":
        gateway().cancel(row.transaction_id)  # a card that is not settled yet is voided, not refunded
        return
    try:
        answer = gateway().refund(row.transaction_id, key=refund.refund_key, amount=refund.amount, reason=refund.reason)
    except GatewayRejectedError as refused:
        if refused.status_code != DUPLICATE_KEY:
            raise
        # An earlier call arrived although its answer was lost: done, and GET status will show it.
        logger.info("refund.known_key", extra={"refund": refund.refund_key})
        return
    if not answer.accepted:
        raise GatewayRejectedError(202, answer.reason or "denied by the bank")


def _mark_sent(refund_id: int, lease: str) -> bool:
    refund, order = locked_refund(refund_id)
    if refund.lease != lease or refund.state not in REFUND_OPEN:
        return False
    if refundable(refund.transaction) < 0:
        fail(refund, order, "system", NO_ROOM)
        return False
    refund.state = R.SENT
    refund.first_sent_at = refund.first_sent_at or timezone.now()
    refund.save(update_fields=["state", "first_sent_at"])
    return True


def _end_refused(refund: Refund, lease: str, error: GatewayRejectedError) -> None:
    """A definite refusal ends it, unless GET status shows that it is there (a repeated key, for instance)."""
    try:
        _look(refund)
    except GatewayError:
        _postpone(refund, lease, f"refused {error.status_code}, status unknown")
        return
    if refund.state not in REFUND_OPEN:
        leases.give_back(refund, lease)
        return
    if refund.transaction.raw_status == "capture":
        # It should have been possible to void it; perhaps an earlier call did, and GET status lags behind.
        _postpone(refund, lease, f"refused {error.status_code}, still captured")
        return

    def body() -> None:
        locked, order = locked_refund(refund.pk)
        if locked.lease == lease and locked.state in REFUND_OPEN:
            fail(locked, order, "midtrans", f"{error.status_code} {error.reason}")

    unit_of_work(body)


def send_due_refunds(*, limit: int = 50, deadline_s: float = 60.0) -> int:
    """Send or look after every API refund that is due, for 6 days after its first sending. Returns how many.

    Nothing while a sweep is owed. One that fails by a bug is logged and put off, and delays no other.
    """
    if site_state().sweep_since is not None:
        return 0
    until = time.monotonic() + deadline_s
    due = Refund.objects.filter(
        channel=RefundChannel.API,
        state__in=[state.value for state in REFUND_OPEN],
        next_attempt_at__lte=Now(),
    ).filter(Q(first_sent_at__isnull=True) | Q(first_sent_at__gt=Now() - AUTOMATIC_FOR))
    ready = due.filter(Q(needs_approval=False) | Q(approved_by__isnull=False)).filter(leases.free())
    done = 0
    for pk in ready.order_by("next_attempt_at").values_list("pk", flat=True)[:limit]:
        if time.monotonic() > until:
            break
        try:
            send_refund(refund_id=pk)
        except (GatewayKeyError, ShopClosedError):
            break
        except Exception as error:
            log_and_go_on(error, "refund.not_looked_after", refund=pk)
            continue
        done += 1
    return done


def _postpone(refund: Refund, lease: str, why: str) -> None:
    wait = min(MAX_BACKOFF_S, 30 * 2 ** min(refund.attempts, 7))
    leases.give_back(
        refund,
        lease,
        attempts=F("attempts") + 1,
        next_attempt_at=Now() + timedelta(seconds=wait),
        last_error=why[:200],
    )
