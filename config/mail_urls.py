"""Routes of the mail pages; include them under ``staf/mail/`` or similar. 404 unless DEBUG is on."""

from django.urls import path

from config import views

app_name = "mail"

urlpatterns = [
    path("", views.mail_preview, name="list"),
    path("<int:pk>/", views.mail_preview, name="preview"),
    path("<int:pk>/html/", views.mail_html, name="html"),
]
