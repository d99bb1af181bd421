"""A run as a whole: what a failing, slow or narrow look may not do, and what mail servers may do to it."""

from __future__ import annotations

import dataclasses
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from django.db import connection
from django.db.models.functions import Now

from config.models import MailState, OutgoingMail
from monitoring import selectors
from monitoring.heartbeat_url import DEADLINE_S, ping
from monitoring.models import Incident, IncidentState, MonitorRun, UndeliveredAlert
from monitoring.monitors import BY_NAME, MONITORS, Look
from monitoring.runner import Options, run_monitors
from orders.models import Order
from payments.models import GatewayTrouble, Payment
from tests.monitoring.seeds import force, paid
from tests.support.fake_resend import Fault
from tests.support.smtp import SmtpServer
from tests.support.watching import arrived, subjects, watch
from tests.support.world import make_order, notify, start

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("monitoring_files")]

TROUBLE = BY_NAME["gateway_trouble"]


@pytest.fixture
def trouble() -> GatewayTrouble:
    """Something is wrong, cheaply."""
    return GatewayTrouble.objects.create(kind="many_unknown", detail="x")


def run(*monitors, **options):
    return run_monitors(Options(monitors=monitors, everything=False, **options))


def fail(_scope) -> Look:
    raise ValueError("cannot look")


def dawdle(_scope) -> Look:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(20)")
    return Look()


# --- what a look may not do -------------------------------------------------------------------------------------------


@pytest.mark.breaks_laws
def test_leaving_the_window_does_not_resolve_and_being_put_right_does(resend):
    order = force(make_order(), "CANCELLED")
    paid(order, ago=timedelta(hours=1))
    watch("payment_order_mismatch")
    Payment.objects.update(success_at=Now() - timedelta(days=10))
    Order.objects.update(status_at=Now() - timedelta(days=10))

    for _ in range(3):
        watch("payment_order_mismatch")
    assert Incident.objects.get().state == IncidentState.OPEN

    Payment.objects.update(status="REFUNDED")
    watch("payment_order_mismatch")
    watch("payment_order_mismatch")
    assert Incident.objects.get().state == IncidentState.RESOLVED


def test_a_monitor_that_fails_resolves_nothing_stops_no_other_and_is_reported(trouble, resend):
    run(TROUBLE)
    trouble.delete()
    broken = dataclasses.replace(TROUBLE, look=fail)

    done = [run(broken, BY_NAME["backup_age"], BY_NAME["monitor_failing"]) for _ in range(3)]

    assert Incident.objects.get(monitor="gateway_trouble").state == IncidentState.OPEN
    assert [[result.error for result in each.results] for each in done] == [["ValueError: cannot look", "", ""]] * 3
    assert not done[0].complete
    assert MonitorRun.objects.filter(monitor="backup_age", error="").count() == 3
    assert "⚠️ [HIGH] Monitor Failing - infiya.store" in subjects(resend)


def test_a_monitor_that_is_too_slow_is_ended_by_its_limit(trouble, resend):
    slow = dataclasses.replace(BY_NAME["backup_age"], look=dawdle)

    done = run(slow, TROUBLE, timeout_s=1.0)

    assert "QueryCanceled" in done.results[0].error or "timeout" in done.results[0].error
    assert done.results[1].error == ""
    assert done.results[0].duration_ms < 15_000


def test_a_connection_lost_in_the_middle_costs_one_monitor_its_look(trouble, resend):
    def lose(_scope) -> Look:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        return Look()

    done = run(dataclasses.replace(BY_NAME["backup_age"], look=lose), TROUBLE)

    assert done.database_away == ""
    assert [bool(result.error) for result in done.results] == [True, False]
    assert done.sent == 1


def test_a_look_cannot_write(resend):
    def write(_scope) -> Look:
        GatewayTrouble.objects.create(kind="x")
        return Look()

    done = run(dataclasses.replace(TROUBLE, look=write))

    assert "read-only" in done.results[0].error
    assert not GatewayTrouble.objects.exists()


def test_a_dry_run_looks_and_leaves_nothing_behind(trouble, resend):
    done = run(TROUBLE, dry=True)

    assert done.results[0].look.total == 1
    assert not Incident.objects.exists()
    assert not MonitorRun.objects.exists()
    assert resend.calls == []


def test_without_notifying_the_incident_is_kept_and_told_by_the_next_run(trouble, resend):
    first = run(TROUBLE, notify=False)
    assert (first.sent, resend.calls) == (0, [])

    assert run(TROUBLE).sent == 1


def test_a_shop_that_works_gives_no_findings(simulator, resend):
    order = make_order()
    payment = start(order)
    simulator.choose(payment.gateway_id, "bca_va")
    shown = simulator.event(payment.gateway_id, "settle", deliver=False)
    assert notify(payment, shown) == 200
    make_order()

    lately, fully = watch(), watch(full=True)

    for done in (lately, fully):
        assert [(result.monitor.name, result.look.findings) for result in done.results if result.look.total] == []
    assert resend.calls == []


# --- what mail servers may do -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    [
        Fault(status=500),
        Fault(status=409, name="concurrent_idempotent_requests"),
        Fault(accept=True, html=True, status=200),
        Fault(close=True, accept=True),
    ],
    ids=["500", "409", "200 with HTML", "no answer"],
)
def test_what_resend_does_not_answer_well_leaves_later_as_the_same_one_mail(trouble, resend, fault):
    resend.fail_next(fault)

    first = run(TROUBLE)
    assert (first.sent, first.waiting) == (0, 1)
    OutgoingMail.objects.update(next_attempt_at=Now())
    second = run(TROUBLE)

    assert (second.sent, second.waiting) == (1, 0)
    assert len({call.raw for call in resend.calls}) == len({call.key for call in resend.calls}) == 1
    assert len(resend.mails) == 1


def test_too_many_requests_are_waited_out_within_the_run(trouble, resend):
    resend.fail_next(Fault(status=429, name="rate_limit_exceeded", headers={"Retry-After": "1"}))
    first = run(TROUBLE)
    OutgoingMail.objects.filter(state=MailState.PENDING).update(next_attempt_at=Now())
    run(TROUBLE)

    assert len(resend.mails) == 1
    assert first.duration_ms < 20_000


@pytest.mark.chaos
def test_a_resend_that_hangs_does_not_hold_the_run_beyond_its_deadline(trouble, resend):
    resend.hold_answers()
    try:
        done = run(TROUBLE)
    finally:
        resend.release_answers()

    assert (done.sent, done.waiting) == (0, 1)
    assert done.duration_ms < 30_000


def test_refused_for_good_it_goes_by_smtp_once(trouble, resend, settings):
    resend.fail_next(Fault(status=403, name="invalid_api_key"))
    with SmtpServer() as smtp:
        settings.ALERT_SMTP_URL = smtp.url

        assert [run(TROUBLE).sent, run(TROUBLE).sent] == [1, 0]

    (mail,) = smtp.mails
    assert "Payment Gateway Trouble" in str(mail["Subject"])
    assert selectors.undelivered_alerts() == 0


def test_refused_by_everybody_it_is_a_fact_until_somebody_sends_it_again(trouble, resend):
    resend.fail_next(Fault(status=403, name="invalid_api_key"))

    done = run(TROUBLE)

    assert (done.sent, done.undelivered) == (0, 1)
    assert selectors.undelivered_alerts() == 1
    assert UndeliveredAlert.objects.get().error == "no ALERT_SMTP_URL"


def test_a_night_of_order_mails_does_not_keep_an_alert_waiting(trouble, resend):
    make_order()

    assert run(TROUBLE).sent == 1
    assert [mail["subject"] for mail in arrived(resend)] == ["⚠️ [HIGH] Payment Gateway Trouble - infiya.store"]
    assert OutgoingMail.objects.get(kind="order_received").state == MailState.PENDING


# --- the heartbeat outside --------------------------------------------------------------------------------------------


@pytest.fixture
def outside(settings):
    """Somebody outside who counts the calls."""
    calls: list[str] = []
    hung_up = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            calls.append(self.path)
            self.send_response(200)
            self.send_header("Content-Length", str(10**10))
            self.end_headers()  # and then nothing: who waits for the body waits for ever
            hung_up.wait(2 * DEADLINE_S)

        def log_message(self, format: str, *args: object) -> None:
            """Stay quiet."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    settings.HEARTBEAT_URL = f"http://127.0.0.1:{server.server_address[1]}/ping"
    yield calls
    hung_up.set()
    server.shutdown()
    server.server_close()
    thread.join()


def test_only_a_complete_good_run_is_a_heartbeat(outside, resend):
    broken = dataclasses.replace(TROUBLE, look=fail)
    run(TROUBLE)
    run_monitors(Options(monitors=[broken]))
    run_monitors(Options(monitors=[TROUBLE], dry=True))
    assert outside == []

    run_monitors(Options(monitors=MONITORS))
    assert outside == ["/ping"]


def test_of_the_answer_to_a_heartbeat_only_the_status_is_read(outside):
    assert ping()
    assert outside == ["/ping"]
