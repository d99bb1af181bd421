"""Where events go and what became of each: endpoints for the owner to edit, deliveries to read and send again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from config.errors import InvalidInputError
from config.staff import ActionAdmin, Done, EditableAdmin, ObjectAction, ReadOnlyAdmin
from config.staff.history import ReadableHistory
from config.staff.show import NOTHING, Tone, as_json, badge, in_one_piece, link, number, when
from payments.models import WebhookDelivery, WebhookEndpoint
from payments.outgoing import ping, replay
from payments.outgoing.address import check_url
from payments.outgoing.signing import new_secret
from payments.states import DeliveryState, EventType

if TYPE_CHECKING:
    from django.forms import CheckboxSelectMultiple, ModelForm

    EndpointBase = ModelForm[WebhookEndpoint]
else:
    from django.forms import CheckboxSelectMultiple, ModelForm

    EndpointBase = ModelForm

_CHOICES = [choice for choice in EventType.choices if choice[0] != EventType.PING]
_STATES: dict[str, tuple[Tone, str]] = {
    DeliveryState.PENDING: ("menunggu", "clock"),
    DeliveryState.SENDING: ("dikirim", "clock"),
    DeliveryState.SENT: ("dibayar", "circle-check"),
    DeliveryState.FAILED: ("batal", "circle-x"),
}


class EndpointForm(EndpointBase):
    """An address and what is sent there; the secret is made by us."""

    events = forms.MultipleChoiceField(
        label="Kejadian",
        choices=_CHOICES,
        widget=CheckboxSelectMultiple,
        error_messages={"required": "Pilih sedikitnya satu kejadian."},
    )

    class Meta:
        model = WebhookEndpoint
        fields = ("url", "description", "events", "is_active")

    def clean_url(self) -> str:
        url = str(self.cleaned_data["url"])
        try:
            check_url(url)
        except InvalidInputError as error:
            raise ValidationError(str(error)) from error
        return url


class Secret(ObjectAction[WebhookEndpoint]):
    """Show the secret, and make a new one when confirmed."""

    name = "rahasia"
    label = "Rahasia"
    permissions = ("payments.change_webhookendpoint",)

    def title(self, obj: WebhookEndpoint) -> str:
        return "Ganti rahasia"

    def seen(self, obj: WebhookEndpoint) -> str:
        return obj.secret[-8:]

    def explain(self, obj: WebhookEndpoint) -> list[str]:
        return [
            f"Rahasia sekarang: {obj.secret}",
            "Penerima memakainya untuk memeriksa bahwa kiriman benar dari toko ini (Standard Webhooks, HMAC-SHA256).",
            "Kiriman berikutnya langsung ditandatangani dengan yang baru: beri tahu penerima lebih dulu.",
        ]

    def run(self, obj: WebhookEndpoint, data: dict[str, Any], request: HttpRequest) -> Done:
        WebhookEndpoint.objects.filter(pk=obj.pk, secret=obj.secret).update(secret=new_secret())
        return Done("Rahasia diganti. Buka lagi halaman ini untuk menyalinnya.")


class Ping(ObjectAction[WebhookEndpoint]):
    """Write a test event."""

    name = "uji"
    label = "Kirim uji coba"
    permissions = ("payments.change_webhookendpoint",)

    def refusal(self, obj: WebhookEndpoint) -> str:
        return "" if obj.is_active else "Tujuan ini tidak aktif."

    def explain(self, obj: WebhookEndpoint) -> list[str]:
        return [f"Kejadian “ping” dikirim ke {obj.url} dalam satu menit. Hasilnya ada di Kiriman webhook."]

    def run(self, obj: WebhookEndpoint, data: dict[str, Any], request: HttpRequest) -> Done:
        ping(obj)
        return Done("Uji coba akan dikirim dalam satu menit.")


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(ReadableHistory, ActionAdmin[WebhookEndpoint], EditableAdmin[WebhookEndpoint]):
    """The endpoints."""

    form = EndpointForm
    object_actions = (Ping(), Secret())
    list_display = ("name", "url", "events_", "active", "waiting", "failed")
    list_display_links = ("name",)
    fields = ("url", "description", "events", "is_active")

    def get_queryset(self, request: HttpRequest) -> QuerySet[WebhookEndpoint]:
        """Return the endpoints with what waits and what failed."""
        states = {"waiting_": DeliveryState.PENDING, "failed_": DeliveryState.FAILED}
        counts = {name: Count("deliveries", filter=Q(deliveries__state=state)) for name, state in states.items()}
        rows: QuerySet[WebhookEndpoint] = super().get_queryset(request).annotate(**counts)
        return rows

    def has_delete_permission(self, request: HttpRequest, obj: WebhookEndpoint | None = None) -> bool:
        """Switch it off instead: what was sent there is history."""
        return False

    def save_model(self, request: HttpRequest, obj: WebhookEndpoint, form: Any, change: bool) -> None:
        """Give a new endpoint its secret."""
        if not change:
            obj.secret = new_secret()
            self.message_user(request, "Salin rahasianya di halaman “Ganti rahasia”.", messages.INFO)
        super().save_model(request, obj, form, change)

    @admin.display(description="tujuan", ordering="description")
    def name(self, row: WebhookEndpoint) -> str:
        """Return what people call it."""
        return str(row)

    @admin.display(description="kejadian")
    def events_(self, row: WebhookEndpoint) -> str:
        """Return what is sent there."""
        return ", ".join(EventType(event).label for event in row.events)

    @admin.display(description="keadaan", ordering="is_active")
    def active(self, row: WebhookEndpoint) -> SafeString:
        """Say whether anything is sent there."""
        return badge("Aktif", "dibayar", "check") if row.is_active else badge("Mati", "batal", "lock")

    @admin.display(description="menunggu")
    def waiting(self, row: Any) -> SafeString:
        """Return how many wait."""
        return number(row.waiting_)

    @admin.display(description="gagal")
    def failed(self, row: Any) -> SafeString:
        """Return how many were given up."""
        return number(row.failed_)


class Replay(ObjectAction[WebhookDelivery]):
    """Send a delivery again."""

    name = "kirim-ulang"
    label = "Kirim ulang"
    permissions = ("payments.replay_delivery",)
    look = "main"

    def refusal(self, obj: WebhookDelivery) -> str:
        return "Sedang dikirim." if obj.state == DeliveryState.SENDING else ""

    def explain(self, obj: WebhookDelivery) -> list[str]:
        return ["Isi dan ID yang sama dikirim lagi; penerima yang sudah punya ID ini akan mengabaikannya."]

    def run(self, obj: WebhookDelivery, data: dict[str, Any], request: HttpRequest) -> Done:
        if replay(delivery_id=obj.pk):
            return Done("Akan dikirim ulang dalam satu menit.")
        return Done("Sedang dikirim, jadi tidak diulang.", messages.WARNING)


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(ActionAdmin[WebhookDelivery], ReadOnlyAdmin[WebhookDelivery]):
    """What was sent, or not."""

    object_actions = (Replay(),)
    list_display = ("created", "event", "reference", "endpoint_", "state_", "attempts", "last_error")
    list_display_links = ("created", "event")
    list_filter = ("state", "type", "endpoint")
    list_select_related = ("endpoint",)
    search_fields = ("=reference", "=event_id")
    search_help_text = "Nomor pesanan atau ID kejadian"
    date_hierarchy = "created_at"
    fields = (
        "event_id", "event", "reference", "endpoint_", "state_", "attempts", "last_status", "last_error", "created",
        "next_try", "sent", "content",
    )  # fmt: skip
    readonly_fields = fields

    @admin.display(description="dibuat", ordering="pk")
    def created(self, row: WebhookDelivery) -> SafeString:
        """Return when it was written."""
        return when(row.created_at)

    @admin.display(description="kejadian", ordering="type")
    def event(self, row: WebhookDelivery) -> SafeString:
        """Return its type as the receiver reads it."""
        return in_one_piece(row.type)

    @admin.display(description="tujuan")
    def endpoint_(self, row: WebhookDelivery) -> SafeString:
        """Lead to the endpoint."""
        return link(row.endpoint, "payments_webhookendpoint_change", row.endpoint_id)

    @admin.display(description="status", ordering="state")
    def state_(self, row: WebhookDelivery) -> SafeString:
        """Return the state as a badge."""
        tone, icon = _STATES[row.state]
        return badge(DeliveryState(row.state).label, tone, icon)

    @admin.display(description="percobaan berikut")
    def next_try(self, row: WebhookDelivery) -> SafeString | str:
        """Return when it is tried again."""
        return when(row.next_attempt_at) if row.state == DeliveryState.PENDING else NOTHING

    @admin.display(description="terkirim")
    def sent(self, row: WebhookDelivery) -> SafeString:
        """Return when it was taken."""
        return when(row.sent_at)

    @admin.display(description="isi")
    def content(self, row: WebhookDelivery) -> SafeString:
        """Return the body."""
        return as_json(row.body)
