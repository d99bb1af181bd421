from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    name = "payments"
    verbose_name = "Keuangan"

    def ready(self) -> None:
        """Announce what happens to orders to those who integrate with the shop."""
        from payments.outgoing.events import listen

        listen()
