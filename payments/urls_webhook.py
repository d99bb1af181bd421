"""The webhook's route, apart from the API: it has no authentication, throttle or negotiation."""

from django.urls import re_path

from payments.webhooks import notification

urlpatterns = [re_path(r"^payment/notification/?$", notification, name="payment-notification")]
