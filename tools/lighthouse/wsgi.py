"""The measured web process: the shop in production, with the uploads that a web server in front would serve."""

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from whitenoise import WhiteNoise

application = WhiteNoise(
    get_wsgi_application(),
    root=str(settings.MEDIA_ROOT),
    prefix=settings.MEDIA_URL,
    max_age=31_536_000,
)
