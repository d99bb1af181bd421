"""Every route of the site. Apps are named by string, so that ``config`` imports none of them."""

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path, re_path
from django.views.static import serve

from config.api.views import any_other

handler400 = "shop.views.errors.bad_request"
handler403 = "shop.views.errors.forbidden"
handler404 = "shop.views.errors.not_found"
handler500 = "shop.views.errors.server_error"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("monitoring.urls")),
    path("staf/mail/", include("config.mail_urls")),
    path("admin/langkah-kedua/", include("shop.urls_staff")),
    path("admin/", admin.site.urls),
    path("api/", include("payments.urls_webhook")),
    path("api/", include("shop.urls_api")),
    path("api/", include("payments.urls_api")),
    path("api/", include("config.api.urls")),  # the last one under api/: it answers what nobody else does
    path("api", any_other),
    path("", include("shop.urls")),
    path("", include("orders.urls")),
    path("", include("payments.urls")),
]

if settings.DEBUG:
    # In production the web server in front serves uploaded pictures (deploy/).
    urlpatterns += [re_path(r"^media/(?P<path>.*)$", serve, {"document_root": settings.MEDIA_ROOT})]
