"""Events for integrators: ``events`` writes them with their cause, ``sender`` delivers them, signed, until taken."""

from payments.outgoing.events import announce_refund, ping
from payments.outgoing.sender import SendRun, due_deliveries, replay, send_due

__all__ = ["SendRun", "announce_refund", "due_deliveries", "ping", "replay", "send_due"]
