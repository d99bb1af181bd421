from payments.models.notification import GatewayNotification, GatewayTrouble, SignatureFailure
from payments.models.payment import Payment, PaymentTransaction
from payments.models.refund import Refund
from payments.models.refund_proof import RefundProof
from payments.models.repair import Repair, RepairKind
from payments.models.webhook import WebhookDelivery, WebhookEndpoint

__all__ = [
    "GatewayNotification",
    "GatewayTrouble",
    "Payment",
    "PaymentTransaction",
    "Refund",
    "RefundProof",
    "Repair",
    "RepairKind",
    "SignatureFailure",
    "WebhookDelivery",
    "WebhookEndpoint",
]
