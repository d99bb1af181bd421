"""The shop's own settings, with fast password hashes, a quick ``flush`` and the commands that tests of jobs run."""

from config.settings import *  # noqa: F403
from config.settings import INSTALLED_APPS as _INSTALLED_APPS

# Here and not in a fixture: unfold makes a new, empty admin site whenever the list of apps changes.
INSTALLED_APPS = [*_INSTALLED_APPS, "tests.support.job_commands", "tests.support.quick_flush"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# The suite runs at any hour of the day; tests of the gateway's hours set them.
REFUND_CLOSED_HOURS = {}
