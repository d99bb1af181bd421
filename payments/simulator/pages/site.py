"""The routes that a browser opens: pay page, snap.js, pictures."""

from __future__ import annotations

from pathlib import Path
from random import Random
from urllib.parse import unquote

from payments.simulator.clock import Clock
from payments.simulator.errors import ControlError
from payments.simulator.gateway import Gateway
from payments.simulator.pages import layout, returns, views
from payments.simulator.pages.cashier import MOST_DENIALS, Cashier, ProblemError, View
from payments.simulator.pages.qr import qris_picture
from payments.simulator.pages.views import Frame
from payments.simulator.records import Page, Status, Transaction
from payments.simulator.settings import Settings
from payments.simulator.store import Store
from payments.simulator.web import JSON, Reply, Request, redirect

ASSETS = {
    path.name: (path.read_bytes(), kind)
    for path in sorted((Path(__file__).parent / "assets").iterdir())
    for suffix, kind in ((".css", "text/css; charset=utf-8"), (".js", "text/javascript; charset=utf-8"),
                         (".svg", "image/svg+xml"))
    if path.suffix == suffix
}  # fmt: skip
ASSET_HEADERS = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-cache"}
PAY_PATH = "/snap/v3/redirection/"
ALREADY = {"status_code": "406", "status_message": ["transaction has been processed"]}


class Site:
    """Answers everything that is neither an API call nor a control call."""

    def __init__(self, settings: Settings, clock: Clock, store: Store, gateway: Gateway, rng: Random) -> None:
        self._settings = settings
        self._store = store
        self._cashier = Cashier(clock, store, gateway, rng)

    def handle(self, request: Request) -> Reply:
        parts = [unquote(part) for part in request.path.strip("/").split("/")]
        match (request.method, *parts):
            case ("GET", ""):
                return self._home()
            case ("GET", "snap", "snap.js") | ("GET", "snap", "assets", "snap.js"):
                return self._asset("snap.js")
            case ("GET", "snap", "assets", name):
                return self._asset(name)
            case ("GET", "snap", "qr", name):
                return self._picture(name.removesuffix(".svg"))
            case ("GET", "snap", "v3", "redirection", token) | ("GET", "snap", "v2", "vtweb", token):
                return self._show(request, token)
            case ("GET", "snap", "v3", "redirection", token, "card"):
                return self._show(request, token, step="card")
            case ("POST", "snap", "v3", "redirection", token, step):
                return self._act(request, token, step)
            case _:
                return self._missing()

    # -- showing -------------------------------------------------------------------------------------------------

    def _show(
        self, request: Request, token: str, *, step: str = "", problem: str = "", typed: JSON | None = None
    ) -> Reply:
        page = self._store.pages.get(token)
        if page is None:
            return self._missing()
        embedded = (typed or request.query).get("embed") == "1"
        frame = Frame(
            merchant=self._settings.merchant_name,
            action=PAY_PATH + token,
            back_url=returns.unfinish_url(self._settings, page),
            embedded=embedded,
            alert=problem,
        )
        with self._store.lock:
            view = self._cashier.view(page)
            status, title, content = self._content(page, view, frame, step, typed or {})
            event, result = self._told(page, view, just_now="done" in request.query)
            amount = view.attempt.gross_amount if view.attempt else page.gross_amount
        return layout.page(
            422 if problem else status,
            title,
            views.summary(page, frame, amount) + f'<div class="step">{content}</div>',
            form_targets=returns.origins(self._settings, page),
            event=event if embedded else "",
            result=result if embedded else None,
            embedded=embedded,
        )

    def _content(self, page: Page, view: View, frame: Frame, step: str, typed: JSON) -> tuple[int, str, str]:
        attempt = view.attempt
        if view.state == "paid" and attempt:
            shop = returns.finish_url(self._settings, page, attempt)
            return 200, "Pembayaran selesai", views.paid(attempt, frame, shop)
        if view.state == "otp" and attempt:
            return 200, "Verifikasi 3DS", views.otp(attempt, frame)
        if view.state == "waiting" and attempt:
            shop = returns.finish_url(self._settings, page, attempt)
            return 200, "Selesaikan pembayaran", views.waiting(attempt, frame, shop)
        if view.state != "open":
            return 410, views.CLOSED[view.state][0], views.closed(view.state, frame)
        if step == "card":
            return 200, "Kartu", views.card(page, frame, typed)
        return 200, "Pilih cara bayar", views.choose(page, frame, attempt)

    def _told(self, page: Page, view: View, *, just_now: bool) -> tuple[str, JSON | None]:
        """The event and result that an embedding script gets with this page."""
        if view.attempt is None:
            return "", None
        result = returns.result(self._settings, page, view.attempt)
        if view.state == "paid":
            return ("success", result) if just_now else ("error", {**result, **ALREADY})
        if view.state in {"waiting", "otp"}:
            return "pending", result
        tired = self._cashier.denials(page) > MOST_DENIALS and view.attempt.status is Status.DENY
        return ("error", result) if tired else ("", None)

    # -- acting --------------------------------------------------------------------------------------------------

    def _act(self, request: Request, token: str, step: str) -> Reply:
        page = self._store.pages.get(token)
        if page is None:
            return self._missing()
        form = request.form()
        named, embedded = form.get("transaction_id", ""), form.get("embed") == "1"
        here = PAY_PATH + token + ("?embed=1" if embedded else "")
        cashier = self._cashier
        try:
            match step:
                case "choose":
                    cashier.choose(page, form.get("method", ""), mobile="Mobi" in request.header("User-Agent"))
                    return redirect(here)
                case "card":
                    attempt = cashier.card(page, *(form.get(name, "") for name in ("number", "expiry", "cvv")))
                case "otp":
                    attempt = cashier.otp(page, named, form.get("code", ""))
                case "pay":
                    attempt = cashier.pay(page, named)
                case "refuse":
                    attempt = cashier.refuse(page, named)
                case "leave":
                    cashier.leave(page, named)
                    return redirect(here)
                case _:
                    return self._missing()
        except ProblemError as problem:
            shown = "card" if step == "card" else ""
            return self._show(request, token, step=shown, problem=str(problem), typed=form)
        except ControlError:
            return redirect(here)  # the page itself says what has become of it
        return redirect(self._next(page, attempt, here, embedded=embedded))

    def _next(self, page: Page, attempt: Transaction, here: str, *, embedded: bool) -> str:
        """Where an attempt that was just decided sends the customer."""
        if attempt.status is Status.PENDING:
            return here  # on to the bank's page
        if attempt.status is Status.DENY:
            tired = self._cashier.denials(page) > MOST_DENIALS and not embedded
            return (returns.error_url(self._settings, page, attempt) if tired else "") or here
        if embedded:
            return f"{here}&done=1"
        return returns.finish_url(self._settings, page, attempt) or here

    # -- the rest ------------------------------------------------------------------------------------------------

    def _asset(self, name: str) -> Reply:
        if name not in ASSETS:
            return self._missing()
        content, kind = ASSETS[name]
        return Reply(200, content, kind, dict(ASSET_HEADERS))

    def _picture(self, transaction_id: str) -> Reply:
        transaction = self._store.transactions.get(transaction_id)
        if transaction is None or transaction.payment_type != "qris":
            return self._missing()
        return Reply(200, qris_picture(transaction, self._settings.merchant_name), "image/svg+xml", dict(ASSET_HEADERS))

    def _home(self) -> Reply:
        text = "Simulator Midtrans sedang berjalan. Halaman bayar dibuka lewat tautan dari toko."
        return layout.page(200, "Simulator Midtrans", views.message("Simulator Midtrans", text))

    def _missing(self) -> Reply:
        text = (
            "Tautan ini tidak dikenal simulator. Mungkin salah ketik, atau simulator dimulai ulang tanpa catatan lama."
        )
        return layout.page(404, "Tidak ditemukan", views.message("Tautan tidak ditemukan", text))
