"""How the shop uses PostgreSQL: what an error means, durable transactions, time limits, retries, the breaker.

``errors``        the table of SQLSTATEs; DatabaseConnectionError
``transactions``  unit_of_work
``safety``        with_database_safety
``circuit``       refuses at once while the server cannot be reached
``driver``        psycopg's connection with a clock of its own; ``backend`` makes Django use it
``health``        check_database_health
``locks``         locks by name, and the database's clock

docs/reliability.md says what follows for those who run the shop.
"""

from __future__ import annotations

from config.database.circuit import BreakerState, CircuitBreaker, breaker
from config.database.errors import (
    RETRY_AFTER_S,
    CircuitOpenError,
    DatabaseConnectionError,
    DeadlineExceededError,
    Trouble,
    classify,
    trouble_of,
    violated_constraint,
)
from config.database.health import breaker_state, check_database_health
from config.database.locks import advisory_key, advisory_lock, database_now, lock_names
from config.database.safety import with_database_safety
from config.database.shutdown import close_everything
from config.database.statements import WriteRefusedError
from config.database.transactions import CONFLICT_RETRIES, CONNECTION_RETRIES, unit_of_work

__all__ = [
    "CONFLICT_RETRIES",
    "CONNECTION_RETRIES",
    "RETRY_AFTER_S",
    "BreakerState",
    "CircuitBreaker",
    "CircuitOpenError",
    "DatabaseConnectionError",
    "DeadlineExceededError",
    "Trouble",
    "WriteRefusedError",
    "advisory_key",
    "advisory_lock",
    "breaker",
    "breaker_state",
    "check_database_health",
    "classify",
    "close_everything",
    "database_now",
    "lock_names",
    "trouble_of",
    "unit_of_work",
    "violated_constraint",
    "with_database_safety",
]
