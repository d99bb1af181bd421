"""Snap: making a token and cancelling one."""

from __future__ import annotations

from payments.simulator.bodies import page_url
from payments.simulator.clock import Clock, iso_utc
from payments.simulator.deliveries import Deliveries
from payments.simulator.errors import SnapError
from payments.simulator.faults import Taken
from payments.simulator.gateway import Gateway
from payments.simulator.records import Page
from payments.simulator.settings import Settings, is_web_address
from payments.simulator.snap_rules import LARGEST_BODY, page_deadline, problems
from payments.simulator.store import Store
from payments.simulator.web import JSON, Reply, Request, json_reply, strict_json

MOST_URLS = 3
USED = "transaction_details.order_id sudah digunakan"


class Snap:
    """Handlers of ``/snap/v1``; a refusal is raised as SnapError."""

    def __init__(
        self, settings: Settings, clock: Clock, store: Store, gateway: Gateway, deliveries: Deliveries
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._store = store
        self._gateway = gateway
        self._deliveries = deliveries

    def create(self, request: Request, _target: str, faults: Taken) -> Reply:
        """201 with a token. Making it again before a method is chosen kills the older token."""
        order = self._read(request)
        details = order["transaction_details"]
        with self._store.lock:
            self._check_order_id(details["order_id"])
            now = self._clock.now()
            page = Page(
                token=self._gateway.new_id(),
                order_id=details["order_id"],
                gross_amount=details["gross_amount"],
                request=order,
                created_at=now,
                deadline=page_deadline(order, now),
                override_urls=_urls(request.header("X-Override-Notification")),
                append_urls=_urls(request.header("X-Append-Notification")),
            )
            older = self._store.current_page(page.order_id)
            if older is not None and older.state == "open":
                older.state, older.closed_at = "replaced", now
            self._store.add_page(page)
        if fault := faults.get("early_webhook"):
            self._pay_at_once(page, **fault.params)
        return json_reply(201, {"token": page.token, "redirect_url": page_url(request.base_url, page)})

    def cancel(self, _request: Request, token: str, faults: Taken) -> Reply:
        """Kill a token on which nothing is being paid."""
        with self._store.lock:
            page = self._store.pages.get(token)
            if page is None:
                raise SnapError(404, "token not found")
            if page.state != "open":
                raise SnapError(400, "token already canceled")
            attempts = self._store.page_attempts(page)
            for attempt in attempts:
                self._gateway.refresh(attempt)
            if "token_on_progress" in faults or any(attempt.is_live or attempt.is_paid for attempt in attempts):
                raise SnapError(400, "Transaction is on progress")
            page.state, page.closed_at = "cancelled", self._clock.now()
            self._store.on_change()
            return json_reply(200, {"canceled_at": iso_utc(page.closed_at)})

    def _read(self, request: Request) -> JSON:
        if len(request.body) > LARGEST_BODY:
            raise SnapError(400, "request body is too large (maximum 16 kB)")
        try:
            order = strict_json(request.body or b"{}")
        except ValueError:
            raise SnapError(400, "request body is not valid JSON") from None
        if order is None:
            order = {}
        if not isinstance(order, dict):
            raise SnapError(400, "request body must be a JSON object")
        if wrong := problems(order, self._clock.now()):
            raise SnapError(400, *wrong)
        return order

    def _check_order_id(self, order_id: str) -> None:
        attempts = self._store.attempts(order_id)
        for attempt in attempts:
            self._gateway.refresh(attempt)
        if any(attempt.is_paid for attempt in attempts):
            raise SnapError(400, "transaction_details.order_id has been paid and utilized, please use another order ID")
        failed_only = all(not attempt.is_live for attempt in attempts)
        if attempts and not (failed_only and self._settings.reuse_order_id):
            raise SnapError(400, USED)

    def _pay_at_once(self, page: Page, *, method: str, event: str) -> None:
        """Let the webhook reach the shop before it has our answer."""
        happened = self._gateway.choose(page.order_id, method)
        ids = list(happened.deliveries)
        if event:
            ids += self._gateway.apply(happened.transaction, event).deliveries
        self._deliveries.wait(ids, self._settings.webhook_timeout)


def _urls(header: str) -> list[str]:
    urls = [url.strip() for url in header.split(",")]
    return [url for url in urls if is_web_address(url)][:MOST_URLS]
