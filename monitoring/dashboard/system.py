"""The machinery: scheduled jobs, mails, Midtrans' notifications, durations of requests."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from django.db.models import Count, F, Max, Min, Q, Sum, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from config.models import MailState, OutgoingMail
from config.staff.show import age
from monitoring.dashboard.charts import Chart, Point, chart
from monitoring.models import JobRun
from monitoring.schedule import scheduled_jobs
from monitoring.traffic.report import TrafficSum
from payments.models import GatewayNotification, SignatureFailure
from payments.states import NotificationOutcome

TICKS = 24
_DAY = timedelta(hours=24)
NAMES = {
    "run_monitors": "Pemeriksaan",
    "run_monitors --full": "Pemeriksaan menyeluruh",
    "expire_orders": "Tutup pesanan kedaluwarsa",
    "process_notifications": "Olah notifikasi bayar",
    "reconcile_payments": "Cocokkan pembayaran",
    "send_mail_queue": "Kirim e-mail",
    "send_webhooks": "Kirim webhook",
    "remind_unpaid": "Ingatkan yang belum bayar",
    "clean_up": "Bersih-bersih malam",
    "backup_db": "Cadangan harian",
    "verify_backup --latest --level 3 --as-far-as-possible": "Uji pemulihan cadangan",
    "pitr drill --if-set-up": "Uji kembali ke suatu saat",
}


@dataclass(frozen=True)
class Tick:
    """One run: ``ok``, ``failed`` or ``running`` (or killed before its end)."""

    how: Literal["ok", "failed", "running"]


@dataclass(frozen=True)
class Job:
    """A scheduled job with its last runs, oldest first."""

    name: str
    command: str
    ticks: list[Tick] = field(default_factory=list)
    last: JobRun | None = None

    @property
    def failures(self) -> int:
        """How many of the shown runs failed."""
        return sum(tick.how == "failed" for tick in self.ticks)

    @property
    def state(self) -> Literal["never", "ok", "failed", "running"]:
        """How the last run went."""
        return "never" if self.last is None else _how(self.last)


def jobs() -> list[Job]:
    """Return every job of CRONJOBS with its last runs (one query)."""
    wanted = [job.label for job in scheduled_jobs()]
    newest = JobRun.objects.filter(job__in=wanted).annotate(
        place=Window(RowNumber(), partition_by="job", order_by=F("slot").desc())
    )
    runs: dict[str, list[JobRun]] = {label: [] for label in wanted}
    for run in newest.filter(place__lte=TICKS).order_by("job", "slot"):
        runs[run.job].append(run)
    return [
        Job(NAMES.get(label, label), label, [Tick(_how(run)) for run in found], found[-1] if found else None)
        for label, found in runs.items()
    ]


def _how(run: JobRun) -> Literal["ok", "failed", "running"]:
    if run.ok is None:
        return "running"
    return "ok" if run.ok else "failed"


@dataclass(frozen=True)
class MailHealth:
    """The outbox."""

    waiting: int
    oldest_at: datetime | None
    failed: int
    sent_today: int

    @property
    def age(self) -> str:
        """How long the oldest has waited."""
        return age(self.oldest_at) if self.oldest_at else ""


def mail_health() -> MailHealth:
    """Return what waits and what failed (one query)."""
    live, day_ago = Q(state__in=[MailState.PENDING, MailState.SENDING]), timezone.now() - _DAY
    found = OutgoingMail.objects.filter(live | Q(state=MailState.FAILED) | Q(sent_at__gte=day_ago)).aggregate(
        waiting=Count("pk", filter=live),
        oldest=Min("created_at", filter=live),
        failed=Count("pk", filter=Q(state=MailState.FAILED)),
        sent=Count("pk", filter=Q(sent_at__gte=day_ago)),
    )
    return MailHealth(found["waiting"], found["oldest"], found["failed"], found["sent"])


@dataclass(frozen=True)
class WebhookHealth:
    """What Midtrans told us lately."""

    last_at: datetime | None
    today: int
    waiting: int
    exhausted: int
    bad_signatures: int

    @property
    def age(self) -> str:
        """How long ago the last one came."""
        return age(self.last_at) if self.last_at else ""


def webhook_health() -> WebhookHealth:
    """Return when Midtrans last reported, and what could not be applied (two queries)."""
    since = timezone.now() - _DAY
    waiting = Q(outcome__in=[NotificationOutcome.WAITING, NotificationOutcome.UNKNOWN_ORDER])
    exhausted = Q(outcome=NotificationOutcome.EXHAUSTED)
    found = GatewayNotification.objects.aggregate(
        last=Max("received_at"),
        today=Count("pk", filter=Q(received_at__gte=since)),
        waiting=Count("pk", filter=waiting),
        exhausted=Count("pk", filter=exhausted),
    )
    bad = SignatureFailure.objects.filter(minute__gte=since).aggregate(n=Sum("count"))["n"] or 0
    return WebhookHealth(found["last"], found["today"], found["waiting"], found["exhausted"], bad)


def duration_chart(hours: list[TrafficSum]) -> Chart:
    """Return the 95th percentile by hour, in WIB."""
    points = [
        Point(
            f"{timezone.localtime(datetime.fromisoformat(found.name)):%H}",
            found.p95_ms,
            f"{found.p95_ms} ms dari {found.requests} permintaan",
        )
        for found in hours
    ]
    return chart(
        "Waktu tanggap, p95",
        points,
        describe="Milidetik yang cukup untuk 95 dari 100 permintaan, per jam",
        shown=lambda value: f"{value:.0f}",
    )
