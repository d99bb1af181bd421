"""Which database this process talks to, and the deadlines its connections carry.

Web processes use ``DATABASE_URL`` (a pooler may stand there), commands ``DATABASE_DIRECT_URL``. With neither set the
embedded server of ``config.embedded_postgres`` is used: it leaves its address in a private file under DATA_DIR.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from config.embedded_postgres import url_of_running_server
from config.env import DEBUG, IS_COMMAND, env, flag, required

# Each lasts longer than the one before, so that it is the innermost that speaks: lock < statement < answer < request
# < gunicorn's 30 s. ``config.database.checks`` looks after that.
LOCK_TIMEOUT_MS: int = round(env.float("DATABASE_LOCK_TIMEOUT_S", default=3.0) * 1000)
STATEMENT_TIMEOUT_MS: int = round(env.float("DATABASE_STATEMENT_TIMEOUT_S", default=10.0) * 1000)
ANSWER_TIMEOUT_S: float = STATEMENT_TIMEOUT_MS / 1000 + 1
"""The client's own clock for one answer; a stalled line knows nothing of the server's."""
COMMAND_ANSWER_TIMEOUT_S = 60.0
"""The same in commands, which may raise their statement_timeout for a long check or report."""
REQUEST_DEADLINE_S: float = env.float("REQUEST_DEADLINE_S", default=12.0)
IDLE_IN_TRANSACTION_TIMEOUT_MS = 15_000
CLIENT_CHECK_INTERVAL_MS = 1_000
"""How soon the server notices that nobody waits for a statement any more, and ends it and its locks."""
CONNECT_TIMEOUT_S = 3
POOL_TIMEOUT_S = 3.0
BREAKER_FAILURES: int = env.int("DATABASE_BREAKER_FAILURES", default=5)
BREAKER_COOL_DOWN_S: float = env.float("DATABASE_BREAKER_COOL_DOWN_S", default=5.0)
IS_MIGRATION = IS_COMMAND and sys.argv[1:2] == ["migrate"]
"""Building an index may take its time; waiting for a lock, in front of a queue of customers, may not."""


def database_settings(data_dir: Path) -> dict[str, dict[str, Any]]:
    """Return ``DATABASES``. Timeouts are milliseconds on the server, seconds on the client."""
    url = env.str("DATABASE_URL", default="")
    if IS_COMMAND:
        url = env.str("DATABASE_DIRECT_URL", default="") or url
    if not url and DEBUG:
        # Port 1 never answers: a command run while the embedded server is down gets a plain "connection refused".
        url = url_of_running_server(data_dir) or "postgres://shop@127.0.0.1:1/shop"
    if not url:
        required("DATABASE_URL", debug_default="")
        url = "postgres://missing/missing"
    settings: dict[str, Any] = env.db_url_config(url)
    settings["ENGINE"] = "config.database.backend"
    options = settings.setdefault("OPTIONS", {})
    options.update(
        connect_timeout=CONNECT_TIMEOUT_S,
        application_name="shop-command" if IS_COMMAND else "shop-web",
        tcp_user_timeout=10_000,
        keepalives=1,
        keepalives_idle=30,
        keepalives_interval=5,
        keepalives_count=3,
        options=f"-c statement_timeout={0 if IS_MIGRATION else STATEMENT_TIMEOUT_MS} -c lock_timeout={LOCK_TIMEOUT_MS}"
        f" -c idle_in_transaction_session_timeout={IDLE_IN_TRANSACTION_TIMEOUT_MS}"
        f" -c client_connection_check_interval={CLIENT_CHECK_INTERVAL_MS}",
    )
    settings["CONN_HEALTH_CHECKS"] = True
    settings["CONN_MAX_AGE"] = 0
    if not IS_COMMAND and flag("DATABASE_POOL", default=True):
        # The pool's own default wait is 30 s, far too long for a customer.
        options["pool"] = {
            "min_size": 2,
            "max_size": env.int("DATABASE_POOL_SIZE", default=8),
            "timeout": POOL_TIMEOUT_S,
            "max_lifetime": 1800,
            # Gives up soon, so that the next request tries at once instead of waiting for a distant next attempt.
            "reconnect_timeout": 0.5,
        }
    settings["TEST"] = {"NAME": env.str("TEST_DATABASE_NAME", default=f"test_{settings['NAME']}")}
    return {"default": settings}
