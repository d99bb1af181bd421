"""Delivering events: signed, once per attempt, again with growing pauses until the other side says 2xx."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import requests
from django.db import connection
from django.db.models import QuerySet
from django.db.models.functions import Now

from config.database import unit_of_work
from config.deadline import run_within
from payments import leases
from payments.models import WebhookDelivery
from payments.outgoing.address import ForbiddenAddressError, check_network
from payments.outgoing.connection import public_session
from payments.outgoing.signing import headers
from payments.states import DeliveryState

logger = logging.getLogger(__name__)
State = DeliveryState

DEADLINE_S = 10.0
"""For one attempt in total: name, connection, headers and the beginning of the answer."""
RETRY_AFTER_S = (30, 120, 600, 3600, 6 * 3600, 12 * 3600, 24 * 3600)
"""The pause after the first, second ... failed attempt; after the last one the delivery is FAILED."""
MAX_ATTEMPTS = len(RETRY_AFTER_S) + 1
UNANSWERED_IN_A_ROW = 3
"""An endpoint that fails so often in one run is left alone until the next: the others do not wait for it."""
# Whoever waits for another try comes after all the others: several receivers that hang must not use up every run.
_CLAIM = """
    WITH waiting AS (
        SELECT DISTINCT endpoint_id FROM payments_webhookdelivery WHERE state = 'PENDING' AND attempts > 0),
    due AS MATERIALIZED (
        SELECT d.id FROM payments_webhookdelivery d JOIN payments_webhookendpoint e ON e.id = d.endpoint_id
         WHERE d.state IN ('PENDING', 'SENDING') AND d.next_attempt_at <= statement_timestamp()
           AND (d.state = 'PENDING' OR d.lease_until <= statement_timestamp())
           AND e.is_active AND NOT (d.endpoint_id = ANY(%s))
         ORDER BY d.endpoint_id IN (SELECT endpoint_id FROM waiting), d.next_attempt_at, d.id LIMIT 1
           FOR NO KEY UPDATE OF d SKIP LOCKED)
    UPDATE payments_webhookdelivery AS delivery
       SET state = 'SENDING', lease = %s, lease_until = statement_timestamp() + make_interval(secs => %s),
           attempts = delivery.attempts + 1
      FROM due WHERE delivery.id = due.id
    RETURNING delivery.*
"""


@dataclass
class SendRun:
    """What one run did. ``lost``: the lease had gone to another sender when the outcome was known."""

    sent: int = 0
    postponed: int = 0
    failed: int = 0
    lost: int = 0
    stopped: str = ""


@dataclass(frozen=True)
class Outcome:
    """How one attempt ended; ``status`` is None without an answer."""

    ok: bool
    status: int | None = None
    error: str = ""


def due_deliveries() -> QuerySet[WebhookDelivery]:
    """Return what would be sent now, oldest due first."""
    rows = WebhookDelivery.objects.filter(endpoint__is_active=True, next_attempt_at__lte=Now())
    return rows.filter(state__in=[State.PENDING, State.SENDING]).filter(leases.free()).order_by("next_attempt_at", "pk")


def send_due(*, limit: int = 200, deadline_s: float = 50.0, should_stop: Callable[[], bool] = lambda: False) -> SendRun:
    """Send what is due until none is, ``limit`` were tried or ``deadline_s`` are nearly over.

    The oldest first, but endpoints that did not take the last event after those that did.

    Several senders at once are welcome: each delivery is taken by a lease. Raises DatabaseConnectionError; the delivery
    in hand is sent again later, with the same id and body.
    """
    if connection.in_atomic_block:
        raise RuntimeError("send_due() calls the network and must not run inside a transaction.")
    ends_at = time.monotonic() + deadline_s
    run, unanswered = SendRun(), Counter[int]()
    for _ in range(limit):
        if should_stop():
            run.stopped = "asked"
            return run
        if time.monotonic() + DEADLINE_S > ends_at:
            run.stopped = "deadline"
            return run
        given_up = [endpoint for endpoint, times in unanswered.items() if times >= UNANSWERED_IN_A_ROW]
        delivery = _claim(given_up)
        if delivery is None:
            return run
        outcome = _attempt(delivery)
        unanswered[delivery.endpoint_id] = 0 if outcome.ok else unanswered[delivery.endpoint_id] + 1
        _record(delivery, outcome, run)
    run.stopped = "limit"
    return run


def replay(*, delivery_id: int) -> bool:
    """Let a delivery be sent again, the same id and body, whatever became of it. False while it is being sent."""
    again = WebhookDelivery.objects.filter(pk=delivery_id).exclude(state=State.SENDING)
    anew = {"state": State.PENDING, "attempts": 0, "next_attempt_at": Now(), "sent_at": None, "last_error": ""}
    return unit_of_work(lambda: again.update(**anew)) == 1


def _claim(without: list[int]) -> WebhookDelivery | None:
    params: list[Any] = [without, leases.new_lease(), leases.LEASE.total_seconds()]
    return unit_of_work(lambda: next(iter(WebhookDelivery.objects.raw(_CLAIM, params)), None))


def _attempt(delivery: WebhookDelivery) -> Outcome:
    """Send one delivery once. Redirects are not followed: what a person did not write down is not sent to."""
    endpoint, body = delivery.endpoint, delivery.body.encode()
    signed = headers(endpoint.secret, event_id=delivery.event_id, timestamp=int(time.time()), body=body)
    told = {"Content-Type": "application/json", "User-Agent": "infiya.store webhooks/1", **signed}

    def post() -> int:
        check_network(endpoint.url)
        with public_session() as session:
            answer = session.post(endpoint.url, data=body, headers=told, timeout=DEADLINE_S, stream=True)
            answer.close()  # the status is the whole answer
            return answer.status_code

    try:
        status = run_within(DEADLINE_S, post)
    except ForbiddenAddressError as error:
        return Outcome(False, error=str(error))
    except TimeoutError:
        return Outcome(False, error=f"no answer within {DEADLINE_S:g} s")
    except (requests.RequestException, OSError, ValueError) as error:  # a name that is none is a ValueError
        return Outcome(False, error=type(error).__name__)
    if 200 <= status < 300:
        return Outcome(True, status)
    return Outcome(False, status, f"answered {status}")


def _record(delivery: WebhookDelivery, outcome: Outcome, run: SendRun) -> None:
    facts = {"event_id": delivery.event_id, "type": delivery.type, "attempt": delivery.attempts}
    changes: dict[str, Any] = {"last_status": outcome.status, "last_error": outcome.error[:200]}
    if outcome.ok:
        changes |= {"state": State.SENT, "sent_at": Now()}
        what = "sent"
    elif delivery.attempts >= MAX_ATTEMPTS:
        changes |= {"state": State.FAILED}
        what = "failed"
    else:
        pause = RETRY_AFTER_S[delivery.attempts - 1]
        changes |= {"state": State.PENDING, "next_attempt_at": Now() + timedelta(seconds=pause)}
        what = "postponed"
    kept = unit_of_work(lambda: leases.give_back(delivery, delivery.lease, **changes))
    if not kept:
        what = "lost"
    setattr(run, what, getattr(run, what) + 1)
    log = logger.info if outcome.ok and kept else logger.warning
    log(f"webhook.{what}", extra=facts | {"status": outcome.status, "error": outcome.error})
