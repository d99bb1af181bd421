"""The reference site: the same Django, models and database, no middleware, connections kept for ever."""

from tests.bench.settings import *  # noqa: F403
from tests.bench.settings import DATABASES

ROOT_URLCONF = "tests.bench.bare"
MIDDLEWARE: list[str] = []  # type: ignore[no-redef]
# What performance.md measured as Django's floor: no pool to ask, no health check before each request.
DATABASES["default"]["CONN_MAX_AGE"] = None
DATABASES["default"]["CONN_HEALTH_CHECKS"] = False
DATABASES["default"]["OPTIONS"].pop("pool", None)
