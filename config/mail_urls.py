"""Routes of the mail pages; include them under ``staf/mail/`` or similar. All but the examples: 404 unless DEBUG."""

from django.urls import path

from config import views

app_name = "mail"

urlpatterns = [
    path("contoh/", views.mail_examples, name="examples"),
    path("contoh/<slug:key>/", views.mail_examples, name="example"),
    path("contoh/<slug:key>/html/", views.mail_example_html, name="example_html"),
    path("", views.mail_preview, name="list"),
    path("<int:pk>/", views.mail_preview, name="preview"),
    path("<int:pk>/html/", views.mail_html, name="html"),
]
