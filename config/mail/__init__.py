"""How a mail leaves the shop: Django e-mail backends for Resend and for files, and the two ways that fails.

``MailRejectedError`` means that trying again is useless, ``MailUnavailableError`` that the outcome is unknown
or the service busy: try again with the *same* idempotency key and the *same* body, and it is still one mail
(Resend keeps a key for 24 hours). When and how often is up to ``config.outbox``, where every mail of the shop begins.
"""

from config.mail.errors import MailError, MailRejectedError, MailUnavailableError
from config.mail.file_backend import FileBackend
from config.mail.message import ShopMail, one_line, send_now

__all__ = [
    "FileBackend",
    "MailError",
    "MailRejectedError",
    "MailUnavailableError",
    "ShopMail",
    "one_line",
    "send_now",
]
