"""Midtrans' webhook. Its answers steer the gateway's retries: 200 none, 404 two, 503 four, 403 five, a redirect none.

No session, cookie, CSRF or redirect is involved; the signature and GET status decide.
"""

from __future__ import annotations

import logging
import re

from django.http import HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.views.decorators.csrf import csrf_exempt

from config.problems import problem, strict_json
from payments.notification_body import BadSignatureError, MalformedNotificationError, read_notification
from payments.services import notifications
from payments.states import NotificationOutcome

logger = logging.getLogger(__name__)
MAX_BYTES = 64 * 1024
_LENGTH = re.compile(r"[0-9]{1,9}")


@csrf_exempt
def notification(request: HttpRequest) -> HttpResponse:
    """Take one notification. See design section 6 for the codes."""
    if request.method != "POST":
        answer = problem(405, "Kirim dengan POST.")
        answer["Allow"] = "POST"
        return answer
    if not _LENGTH.fullmatch(length := request.headers.get("Content-Length", "")) or int(length) > MAX_BYTES:
        return problem(400, "Isi terlalu besar.")
    try:
        body = request.read(MAX_BYTES + 1)
    except UnreadablePostError:
        return problem(400, "Isi tidak lengkap.")
    if len(body) > MAX_BYTES:
        return problem(400, "Isi terlalu besar.")
    try:
        found = read_notification(strict_json(body))
    except BadSignatureError:
        notifications.count_bad_signature()
        logger.warning("notification.bad_signature")
        return problem(403, "Tanda tangan salah.")
    except (MalformedNotificationError, ValueError) as error:
        logger.info("notification.malformed", extra={"why": str(error)[:100]})
        return problem(400, "Isi bukan notifikasi.")
    outcome = notifications.deliver(notifications.store(found, body.decode()))
    if outcome is NotificationOutcome.APPLIED:
        return JsonResponse({"status": "ok"})
    if outcome is NotificationOutcome.UNKNOWN_ORDER:
        return problem(404, "Pesanan tidak dikenal.")
    answer = problem(503, "Belum dapat diterapkan, kirim lagi nanti.", retryAfter=60)
    answer["Retry-After"] = "60"
    return answer
