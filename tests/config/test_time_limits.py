"""The limits stand in their order, on every connection, and a command can be stopped."""

from __future__ import annotations

import os
import signal

import pytest
from django.db import connection
from pytest_django import Settings

from config import databases, web_server
from config.commands import stop_requests
from config.database.checks import check_time_limits


def test_as_they_come_each_limit_is_shorter_than_the_next():
    assert check_time_limits() == []
    assert databases.LOCK_TIMEOUT_MS < databases.STATEMENT_TIMEOUT_MS < databases.ANSWER_TIMEOUT_S * 1000
    assert databases.ANSWER_TIMEOUT_S < databases.REQUEST_DEADLINE_S < web_server.timeout


@pytest.mark.parametrize("seconds", [10.0, 30.0, 0.0])
def test_limits_out_of_order_stop_the_start(settings: Settings, seconds: float):
    settings.REQUEST_DEADLINE_S = seconds

    assert {found.id for found in check_time_limits()} == {"config.E007"}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("lock_timeout", "3s"),
        ("statement_timeout", "10s"),
        ("idle_in_transaction_session_timeout", "15s"),
        ("client_connection_check_interval", "1s"),
    ],
)
def test_a_connection_carries_the_servers_limits(name: str, value: str):
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting(%s)", [name])
        assert cursor.fetchone() == (value,)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_first_signal_asks_a_command_to_stop_and_the_second_interrupts_it(number: signal.Signals):
    before = signal.getsignal(number)
    asked = []

    def work() -> None:
        with stop_requests() as stopping:
            os.kill(os.getpid(), number)
            asked.append(stopping.wait(10))
            os.kill(os.getpid(), number)
            stopping.wait(10)  # a place where the signal may arrive

    with pytest.raises(KeyboardInterrupt):
        work()

    assert asked == [True]
    assert signal.getsignal(number) is before
