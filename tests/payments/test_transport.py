"""A gateway call shares the deadline of the request that makes it."""

from __future__ import annotations

import pytest

from config.deadline import deadline
from payments.errors import GatewayUnavailableError
from payments.gateway.transport import DeadlineTransport


def test_with_no_time_left_nothing_is_sent_and_it_is_known_that_nothing_was():
    with deadline(0.5), pytest.raises(GatewayUnavailableError) as unavailable:
        DeadlineTransport(3).request("get", "http://127.0.0.1:1/")

    assert unavailable.value.sent is False
