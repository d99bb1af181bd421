"""What every step of a refund has in common: the sum rule, the locks, how a refund ends without money going back."""

from __future__ import annotations

from django.utils import timezone

from orders.models import Order
from orders.models.event import EventKind
from orders.transitions import record
from payments.bank_account import BankAccount
from payments.locks import lock_order_and_payments, lock_refunds, lock_transactions
from payments.models import Payment, PaymentTransaction, Refund
from payments.states import RefundState

R = RefundState
NO_ROOM = "dana sudah kembali dengan cara lain"
NO_ACCOUNT = "Isi rekening tujuannya dulu."
DENIED = "ditolak bank setelah tercatat selesai, uangnya belum kembali"


def refundable(row: PaymentTransaction) -> int:
    """Return the rupiah that may still be given back: received, less charged back, less every refund not FAILED.

    Below zero when more went back than came in: a bank took back what people were giving back at the same time.
    """
    taken = Refund.objects.filter(transaction=row).exclude(state=R.FAILED)
    return row.received - row.charged_back - sum(taken.values_list("amount", flat=True))


def locked_transaction(transaction_id: int) -> tuple[PaymentTransaction, Order | None, list[Payment]]:
    """Lock order, payments and transactions of one transaction, and its refunds."""
    payment_id = PaymentTransaction.objects.values_list("payment_id", flat=True).get(pk=transaction_id)
    order, _, payments = lock_order_and_payments(payment_id)
    rows = lock_transactions(payments)
    lock_refunds([transaction_id])
    return next(row for row in rows if row.pk == transaction_id), order, payments


def locked_refund(refund_id: int) -> tuple[Refund, Order | None]:
    """Lock everything above a refund, and the refunds beside it; return it as it stands now, with its order."""
    transaction_id = Refund.objects.values_list("transaction_id", flat=True).get(pk=refund_id)
    row, order, _ = locked_transaction(transaction_id)
    refund = Refund.objects.get(pk=refund_id)
    refund.transaction = row
    return refund, order


def fail(refund: Refund, order: Order | None, actor: str, why: str) -> None:
    """End a locked refund: no money went back through it."""
    refund.state, refund.last_error, refund.next_attempt_at = R.FAILED, why[:200], None
    refund.lease, refund.lease_until = "", None
    fields = ["state", "last_error", "next_attempt_at", "lease", "lease_until", "unseen_since", "denied_at"]
    refund.save(update_fields=fields)
    note(order, refund, actor, f"pengembalian dana gagal: {why}")


def deny(refund: Refund, order: Order | None) -> None:
    """End a locked refund that was DONE: the gateway shows it no more, so its money is still here (DONE -> FAILED)."""
    refund.unseen_since, refund.denied_at = None, timezone.now()
    fail(refund, order, "midtrans", DENIED)


def fail_without_room(order: Order | None, row: PaymentTransaction, refunds: list[Refund]) -> None:
    """End the refund of a transaction that nobody has sent yet, when the money meanwhile went back another way."""
    waiting = next((refund for refund in refunds if refund.state == R.REQUESTED), None)
    if waiting is not None and refundable(row) < 0:
        fail(waiting, order, "midtrans", NO_ROOM)


def write_account(refund: Refund, account: BankAccount) -> None:
    """Write down where a locked transfer goes."""
    refund.bank_name, refund.account_number, refund.account_name = account.bank, account.number, account.name
    refund.save(update_fields=["bank_name", "account_number", "account_name"])


def note(order: Order | None, refund: Refund, actor: str, reason: str) -> None:
    """Write a step of a refund into the order's history, if the order is known."""
    if order is not None:
        data = {"refund": refund.refund_key, "amount": refund.amount, "channel": refund.channel}
        record(order, EventKind.REFUND, actor=actor, reason=reason, data=data)
