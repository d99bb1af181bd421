"""Giving money back by a bank transfer that a person makes: claimed by one, then confirmed with the bank's number."""

from __future__ import annotations

import logging

from django.utils import timezone

from config.database import unit_of_work
from config.errors import InvalidInputError
from payments.bank_account import BankAccount
from payments.emails import mail_refund
from payments.errors import RefundRefusedError
from payments.locks import lock_transactions
from payments.models import Refund, RefundProof
from payments.outgoing.events import announce_refund
from payments.services import refund_book
from payments.services.ask import ask_one
from payments.services.record import settle_locked
from payments.services.refund_book import (
    NO_ACCOUNT,
    NO_ROOM,
    locked_refund,
    locked_transaction,
    note,
    refundable,
    write_account,
)
from payments.states import RefundChannel, RefundState
from payments.transfer_proof import CleanProof
from shop.services.site import require_no_sweep

logger = logging.getLogger(__name__)
R = RefundState


def set_bank_account(*, refund_id: int, account: BankAccount, actor: str) -> Refund:
    """Write down, or correct, where a transfer goes: until it is approved or claimed. Raises RefundRefusedError."""

    def body() -> Refund:
        refund, order = locked_refund(refund_id)
        if refund.channel != RefundChannel.BANK or refund.state != R.REQUESTED or refund.approved_by_id is not None:
            raise RefundRefusedError("Rekening tujuannya tidak dapat diganti lagi. Tolak, lalu minta lagi.")
        write_account(refund, account)
        note(order, refund, actor, f"rekening tujuan dicatat: {account}")
        return refund

    return unit_of_work(body)


def claim_bank_refund(*, refund_id: int, actor: str, account: BankAccount | None = None) -> Refund:
    """Take a bank transfer upon oneself, so that no second person sends it too. REQUESTED -> SENT.

    It needs an account to go to: ``account`` is that of a refund that has none yet, and refused beside another one.
    GET status is asked first: what a bank took back, or what went back at the gateway, is not transferred as well.
    Raises RefundRefusedError, ShopClosedError, GatewayError (nothing was claimed).
    """
    require_no_sweep()
    _ask(refund_id)

    def body() -> Refund:
        require_no_sweep()
        refund, order = locked_refund(refund_id)
        if refund.channel == RefundChannel.BANK and refund.state == R.FAILED:
            raise RefundRefusedError(f"Transfer ini dibatalkan: {refund.last_error}.")
        if refund.channel != RefundChannel.BANK or refund.state != R.REQUESTED:
            raise RefundRefusedError("Transfer ini sudah diambil orang lain.")
        if refund.needs_approval and refund.approved_by_id is None:
            raise RefundRefusedError("Menunggu persetujuan orang kedua.")
        if refundable(refund.transaction) < 0:
            raise RefundRefusedError(f"Jangan transfer: {NO_ROOM}.")
        if refund.account is None:
            if account is None:
                raise RefundRefusedError(NO_ACCOUNT)
            write_account(refund, account)
        elif account not in {None, refund.account}:
            raise RefundRefusedError("Rekening tujuannya sudah dicatat, dan bukan yang ini.")
        refund.state, refund.claimed_by, refund.first_sent_at = R.SENT, actor, timezone.now()
        refund.save(update_fields=["state", "claimed_by", "first_sent_at"])
        note(order, refund, actor, f"transfer bank diambil, ke {refund.masked_account}")
        return refund

    return unit_of_work(body)


def give_up_bank_refund(*, refund_id: int, actor: str, reason: str) -> Refund:
    """Note that a claimed transfer was not made and will not be. SENT -> FAILED; it can be asked for again.

    Raises InvalidInputError, RefundRefusedError.
    """
    if not reason.strip():
        raise InvalidInputError("reason", "Alasan harus diisi.")

    def body() -> Refund:
        refund, order = locked_refund(refund_id)
        if refund.channel != RefundChannel.BANK or refund.state != R.SENT:
            raise RefundRefusedError("Transfer ini belum diambil, atau sudah selesai.")
        refund_book.fail(refund, order, actor, f"tidak jadi ditransfer: {reason.strip()}")
        return refund

    return unit_of_work(body)


def confirm_bank_refund(*, refund_id: int, bank_reference: str, proof: CleanProof, actor: str) -> Refund:
    """Note the bank's reference of a transfer that was made, and keep its proof. SENT -> DONE.

    GET status is asked first, so that money which went back at the gateway meanwhile is known. A transfer that was
    made is written down even then: the sum rule cannot undo it, and the law about it tells of the loss. Raises
    InvalidInputError, RefundRefusedError, ShopClosedError, GatewayError.
    """
    reference = bank_reference.strip()
    if not 4 <= len(reference) <= 80:
        raise InvalidInputError("bank_reference", "Isi nomor referensi bank.")
    require_no_sweep()
    _ask(refund_id)

    def body() -> Refund:
        refund, order = locked_refund(refund_id)
        if refund.channel != RefundChannel.BANK or refund.state != R.SENT:
            raise RefundRefusedError("Transfer ini belum diambil, atau sudah selesai.")
        refund.state, refund.done_at, refund.bank_reference = R.DONE, timezone.now(), reference
        refund.save(update_fields=["state", "done_at", "bank_reference"])
        RefundProof.objects.create(
            refund=refund,
            content=proof.content,
            kind=proof.kind,
            size=len(proof.content),
            sha256=proof.sha256,
            added_by=actor,
        )
        note(order, refund, actor, "transfer bank selesai")
        mail_refund(order, refund)
        announce_refund(order, refund)
        row, order, payments = locked_transaction(refund.transaction_id)
        if refundable(row) < 0:
            logger.error("refund.more_than_received", extra={"transaction": row.transaction_id})
            note(order, refund, actor, "transfer melebihi dana yang masih ada")
        rows = lock_transactions(payments)
        settle_locked(order, payments, rows, changed=next(r for r in rows if r.pk == row.pk))
        return refund

    return unit_of_work(body)


def _ask(refund_id: int) -> None:
    refund = Refund.objects.select_related("transaction__payment").get(pk=refund_id)
    if refund.channel == RefundChannel.BANK and refund.state in {R.REQUESTED, R.SENT}:
        ask_one(refund.transaction.payment, refund.transaction.transaction_id)
