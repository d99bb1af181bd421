"""How gunicorn serves the shop: ``gunicorn --config python:config.web_server config.wsgi``."""

from __future__ import annotations

import faulthandler
from typing import Any

# Threads, because requests wait for the database and the gateway; the pool has a connection for each.
worker_class = "gthread"
workers = 1
threads = 8
# For a worker that is stuck as a whole. A request ends earlier by its own deadline (REQUEST_DEADLINE_S).
timeout = 30
# After SIGTERM nobody new is let in, and those inside have this long to finish.
graceful_timeout = 15
loglevel = "warning"
control_socket_disable = True


def worker_abort(worker: Any) -> None:
    """Say where every thread of a stuck worker is, before it is ended."""
    faulthandler.dump_traceback(all_threads=True)
