"""The outbox: mails are rows of the transaction that caused them, and go out later, each once.

``queue_mail`` writes the row, ``send_due_mails`` sends. A sender takes one mail at a time by a lease, sends
it outside any transaction, and records the outcome only while the lease is still its own. Killed between
sending and recording, it leaves a mail whose lease ends; the next sender sends the same bytes under the same
key, which Resend (and the file backend) knows as the mail it has already. So several senders at once, on
several machines, need no lock.
"""

from config.outbox.decoy import kept_only_if
from config.outbox.forgetting import count_old_texts, forget_old_texts
from config.outbox.queue import QueueState, due_mails, queue_mail, queue_state, send_again
from config.outbox.sender import SendRun, send_due_mails, send_in_background

__all__ = [
    "QueueState",
    "SendRun",
    "count_old_texts",
    "due_mails",
    "forget_old_texts",
    "kept_only_if",
    "queue_mail",
    "queue_state",
    "send_again",
    "send_due_mails",
    "send_in_background",
]
