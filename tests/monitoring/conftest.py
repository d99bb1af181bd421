"""What the tests of monitors share: a Resend of our own, and a data folder of their own."""

from __future__ import annotations

import pytest

from tests.config.conftest import resend as resend  # noqa: PLC0414 - a fixture


@pytest.fixture
def monitoring_files(settings, tmp_path):
    """A data folder of the test's own, and no wait between the probes of the database."""
    settings.DATA_DIR = tmp_path
    settings.MONITOR_PROBE_WAIT_SECONDS = 0
    return tmp_path
