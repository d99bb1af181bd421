"""The measured web process: ``config.wsgi`` without its background sender, which would send mails to nobody."""

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()
