"""WSGI entry point of the web process."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = get_wsgi_application()

import atexit  # noqa: E402 - what follows needs the apps, which the line above loads

from config.database import close_everything  # noqa: E402
from config.outbox import send_in_background  # noqa: E402

# First in, last out: the sender of mails, which starts below, finishes the one in its hand before.
atexit.register(close_everything)
send_in_background()
