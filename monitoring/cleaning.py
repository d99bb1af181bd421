"""What may be forgotten, and when. Orders, money and ledgers are never cleaned."""

from __future__ import annotations

from datetime import timedelta

from axes.models import AccessAttempt
from django.contrib.sessions.models import Session
from django.db.models import Model, Q, QuerySet
from django.utils import timezone

from config.outbox import count_old_texts, forget_old_texts
from monitoring.models import Incident, IncidentState, JobRun, MonitorRun, RouteTraffic, SlowQuery
from payments.models import SignatureFailure, WebhookDelivery
from payments.personal_data import forget_sent_mails
from payments.states import DeliveryState
from shop.models import ApiToken, Cart, CartStatus

CARTS_AFTER = timedelta(days=30)
RUNS_AFTER = timedelta(days=30)
LOOKS_AFTER = timedelta(days=14)
INCIDENTS_AFTER = timedelta(days=365)
FAILURES_AFTER = timedelta(days=90)
TRAFFIC_AFTER = timedelta(days=14)
LOGIN_ATTEMPTS_AFTER = timedelta(days=1)
BATCH = 1000


def forgettable() -> dict[str, QuerySet[Model]]:
    """Return what may be deleted now, by name. A cart that became an order is kept with it."""
    now = timezone.now()
    old_carts = Cart.objects.filter(updated_at__lt=now - CARTS_AFTER, order__isnull=True)
    return {
        "sessions": Session.objects.filter(expire_date__lt=now),
        "carts": old_carts.filter(Q(user__isnull=True) | Q(user__is_guest=True) | Q(status=CartStatus.MERGED)),
        "api_tokens": ApiToken.objects.filter(expires_at__lt=now),
        "login_attempts": AccessAttempt.objects.filter(attempt_time__lt=now - LOGIN_ATTEMPTS_AFTER),
        "job_runs": JobRun.objects.filter(started_at__lt=now - RUNS_AFTER),
        "route_traffic": RouteTraffic.objects.filter(slot__lt=now - TRAFFIC_AFTER),
        "slow_queries": SlowQuery.objects.filter(last_at__lt=now - TRAFFIC_AFTER),
        "monitor_runs": MonitorRun.objects.filter(started_at__lt=now - LOOKS_AFTER),
        "incidents": Incident.objects.filter(state=IncidentState.RESOLVED, resolved_at__lt=now - INCIDENTS_AFTER),
        "webhook_deliveries": WebhookDelivery.objects.filter(
            Q(state=DeliveryState.SENT, sent_at__lt=now - FAILURES_AFTER)
            # What an active endpoint did not take is somebody's trouble still, and told of until he sends it again.
            | Q(endpoint__is_active=False, created_at__lt=now - FAILURES_AFTER)
        ),
        "signature_failures": SignatureFailure.objects.filter(minute__lt=now - FAILURES_AFTER),
    }


def forgettable_counts() -> dict[str, int]:
    """Return how many of each kind ``clean_up`` would forget now."""
    counts = {name: rows.count() for name, rows in forgettable().items()}
    return counts | {"texts_of_old_mails": count_old_texts()}


def clean_up() -> dict[str, int]:
    """Delete what may be forgotten, a batch per statement, and return how many rows of each kind went."""
    done = {name: _delete(rows) for name, rows in forgettable().items()}
    return done | {"mails_of_erased_people": forget_sent_mails(), "texts_of_old_mails": forget_old_texts()}


def _delete(rows: QuerySet[Model]) -> int:
    done = 0
    while ids := list(rows.values_list("pk", flat=True)[:BATCH]):
        rows.model._default_manager.filter(pk__in=ids).delete()
        done += len(ids)
    return done
