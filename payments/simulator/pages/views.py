"""The content of the pay page in each of its states. Everything that came from outside goes through ``escape``."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from itertools import groupby

from payments.simulator.methods import OTP, Method, method_of, offered
from payments.simulator.pages.text import deadline, grouped, rupiah
from payments.simulator.records import Page, Status, Transaction

BADGES = {
    "bca_va": "BCA", "bni_va": "BNI", "bri_va": "BRI", "cimb_va": "CIMB", "danamon_va": "DMN", "bsi_va": "BSI",
    "seabank_va": "SEA", "saqu_va": "SAQU", "permata_va": "PMT", "echannel": "MDR", "qris": "QRIS", "gopay": "GO",
    "shopeepay": "SPay", "dana": "DANA", "ovo": "OVO", "credit_card": "KRT", "indomaret": "IDM", "alfamart": "ALFA",
    "kredivo": "KRD", "akulaku": "AKL",
}  # fmt: skip
TEST_CARD_ROWS = (
    ("4811 1111 1111 1114", "diterima"),
    ("4911 1111 1111 1113", "ditolak bank"),
    ("4511 1111 1111 1117", "ditahan untuk diperiksa"),
    ("4611 1111 1111 1116", "dicurigai, ditolak"),
)
CLOSED = {
    "cancelled": (
        "Tautan pembayaran dibatalkan",
        "Toko membatalkan tautan ini. Pembayaran lewat halaman ini tidak bisa lagi.",
    ),
    "replaced": (
        "Tautan pembayaran sudah diganti",
        "Toko membuat tautan baru untuk pesanan ini. Buka pesananmu di toko untuk memakai tautan yang berlaku.",
    ),
    "expired": (
        "Waktu pembayaran habis",
        "Batas waktu halaman ini sudah lewat. Buka pesananmu di toko untuk melihat apa yang masih bisa dilakukan.",
    ),
}


@dataclass(frozen=True)
class Frame:
    """What every view needs besides the page: where its forms go and where the customer may leave to."""

    merchant: str
    action: str
    back_url: str
    embedded: bool
    alert: str = ""

    def form(self, step: str, content: str, label: str) -> str:
        hidden = '<input type="hidden" name="embed" value="1">' if self.embedded else ""
        return (
            f'<form method="post" action="{escape(self.action)}/{step}" aria-label="{label}">{hidden}{content}</form>'
        )

    def link(self, url: str, text: str, *, kind: str = "button quiet") -> str:
        """A link out to the shop; inside the popup it closes the popup instead."""
        if self.embedded:
            return f'<a class="{kind}" href="{escape(self.action)}" data-close>{escape(text)}</a>'
        return f'<a class="{kind}" href="{escape(url)}">{escape(text)}</a>' if url else ""


def summary(page: Page, frame: Frame, amount: int) -> str:
    """Who is paid, how much, for what."""
    items = page.request.get("item_details") or []
    rows = "".join(
        f"<tr><td>{escape(item['name'])}<span> x {item['quantity']}</span></td>"
        f"<td>{rupiah(item['price'] * item['quantity'])}</td></tr>"
        for item in items
    )
    if amount != page.gross_amount:
        rows += f"<tr><td>Biaya pembayaran</td><td>{rupiah(amount - page.gross_amount)}</td></tr>"
    table = f'<table class="items"><tbody>{rows}</tbody></table>' if rows else ""
    details = f"<details><summary>Rincian pesanan</summary>{table}</details>" if table else ""
    return (
        f'<header class="bill"><p class="merchant">{escape(frame.merchant)}</p>'
        f'<p class="total"><span>Total bayar</span> <strong>{rupiah(amount)}</strong></p>'
        f'<p class="order">Nomor pembayaran <code>{escape(page.order_id)}</code></p>{details}</header>'
    )


def alert(text: str) -> str:
    return f'<p class="alert" role="alert">{escape(text)}</p>' if text else ""


def choose(page: Page, frame: Frame, last: Transaction | None) -> str:
    """The list of methods."""
    groups = []
    for title, methods in groupby(offered(page.request.get("enabled_payments")), key=lambda method: method.group):
        entries = "".join(_entry(method, frame) for method in methods)
        groups.append(f'<section class="group"><h2>{escape(title)}</h2><ul>{entries}</ul></section>')
    listed = "".join(groups) or '<p class="empty">Toko ini belum mengaktifkan cara bayar untuk pesanan ini.</p>'
    return (
        f"<h1>Pilih cara bayar</h1>{alert(frame.alert or _last_words(last))}"
        f'<p class="until">Bayar sebelum <strong>{deadline(page.deadline)}</strong></p>'
        f"{listed}{frame.link(frame.back_url, 'Kembali ke toko')}"
    )


def _entry(method: Method, frame: Frame) -> str:
    name = method.label.removesuffix(" Virtual Account")  # the group's heading has said it
    face = f'<span class="badge" aria-hidden="true">{BADGES[method.key]}</span><span>{escape(name)}</span>'
    if method.kind == "card":
        query = "?embed=1" if frame.embedded else ""
        return f'<li><a class="method" href="{escape(frame.action)}/card{query}">{face}</a></li>'
    button = f'<button class="method" name="method" value="{method.key}">{face}</button>'
    return f"<li>{frame.form('choose', button, escape(method.label))}</li>"


def _last_words(last: Transaction | None) -> str:
    if last is None:
        return ""
    if last.status is Status.DENY:
        return "Pembayaran terakhir ditolak. Coba kartu lain atau cara bayar lain."
    if last.status is Status.EXPIRE:
        return "Waktu untuk cara bayar sebelumnya habis. Pilih lagi cara bayar."
    if last.abandoned:
        return "Verifikasi kartu belum selesai. Kamu bisa memilih cara bayar lain."
    return "Pembayaran sebelumnya dibatalkan. Pilih lagi cara bayar." if last.status is Status.CANCEL else ""


def card(page: Page, frame: Frame, typed: dict[str, str]) -> str:
    """The card form, with the numbers that work here."""
    rows = "".join(f"<tr><td><code>{number}</code></td><td>{text}</td></tr>" for number, text in TEST_CARD_ROWS)
    wrong = ' aria-invalid="true"' if frame.alert else ""

    def field(name: str, label: str, example: str, size: int) -> str:
        value = escape(typed.get(name, ""))
        return (
            f'<label for="{name}">{label}</label><input id="{name}" name="{name}" inputmode="numeric" required '
            f'autocomplete="off" maxlength="{size}" placeholder="{example}" value="{value}"{wrong}>'
        )

    fields = (
        field("number", "Nomor kartu uji", "4811 1111 1111 1114", 23)
        + f'<div class="pair"><div>{field("expiry", "Berlaku (BB/TT)", "12/30", 7)}</div>'
        + f"<div>{field('cvv', 'CVV', '123', 3)}</div></div>"
        + f'<button class="button main">Bayar {rupiah(page.gross_amount)}</button>'
    )
    query = "?embed=1" if frame.embedded else ""
    return (
        f"<h1>Kartu kredit atau debit</h1>{alert(frame.alert)}{frame.form('card', fields, 'Data kartu uji')}"
        '<section class="hint"><h2>Kartu uji</h2>'
        f"<p>Masa berlaku: bulan depan atau nanti. CVV 123. Kode OTP {OTP}.</p>"
        f'<table class="items"><tbody>{rows}</tbody></table></section>'
        f'<a class="button quiet" href="{escape(frame.action)}{query}">Pilih cara bayar lain</a>'
    )


def otp(attempt: Transaction, frame: Frame) -> str:
    """The bank's page of 3DS."""
    hidden = _names(attempt)
    ask = (
        f'{hidden}<label for="code">Kode OTP</label><input id="code" name="code" inputmode="numeric" '
        'autocomplete="one-time-code" maxlength="6" required>'
        '<button class="button main">Konfirmasi</button>'
    )
    leave = f'{hidden}<button class="button quiet">Batalkan dan tinggalkan halaman bank</button>'
    return (
        f"<h1>Verifikasi 3DS</h1>{alert(frame.alert)}"
        f"<p>Bank simulasi meminta kode untuk kartu <code>{escape(str(attempt.details['masked_card']))}</code>.</p>"
        f'<p class="hint">Kode uji: <code>{OTP}</code></p>'
        f"{frame.form('otp', ask, 'Kode OTP')}{frame.form('leave', leave, 'Tinggalkan halaman bank')}"
    )


def waiting(attempt: Transaction, frame: Frame, pending_url: str) -> str:
    """The number, code or picture to pay with, and the button that stands for having paid."""
    method = method_of(attempt)
    hidden = _names(attempt)
    verb = {"qris": "Bayar", "wallet": f"Bayar dengan {method.label}", "credit": f"Setujui di {method.label}"}
    pay = f'{hidden}<button class="button main">{escape(verb.get(method.kind, "Saya sudah bayar"))}</button>'
    refuse = ""
    if method.kind in {"wallet", "credit", "qris"}:
        button = f'{hidden}<button class="button quiet">Simulasikan pembayaran gagal</button>'
        refuse = frame.form("refuse", button, "Simulasikan gagal")
    return (
        f"<h1>{escape(method.label)}</h1>{alert(frame.alert)}"
        f'<p class="until">Bayar sebelum <strong>{deadline(attempt.expires_at)}</strong></p>'
        f"{_instructions(attempt, method)}"
        f"{frame.form('pay', pay, 'Bayar')}{refuse}{frame.link(pending_url, 'Kembali ke toko, bayar nanti')}"
    )


def _instructions(attempt: Transaction, method: Method) -> str:
    details = attempt.details
    match method.kind:
        case "va":
            numbers = _number("Nomor virtual account", str(details["va_numbers"][0]["va_number"]))
            return numbers + _steps("Buka m-banking atau ATM", "Pilih Transfer, lalu Virtual Account")
        case "permata":
            numbers = _number("Nomor virtual account", str(details["permata_va_number"]))
            return numbers + _steps("Buka PermataMobile X atau ATM", "Pilih Pembayaran, lalu Virtual Account")
        case "bill":
            numbers = _number("Kode perusahaan", str(details["biller_code"]))
            numbers += _number("Kode tagihan", str(details["bill_key"]))
            return numbers + _steps("Buka Livin' by Mandiri atau ATM", "Pilih Bayar, lalu Multipayment")
        case "counter":
            numbers = _number("Kode pembayaran", str(details["payment_code"]))
            return numbers + _steps(f"Datang ke kasir {method.label}", "Sebutkan pembayaran Midtrans")
        case "qris":
            return (
                f'<figure class="qr"><img src="/snap/qr/{escape(attempt.transaction_id)}.svg" width="264" height="264" '
                'alt="Kode QR untuk dibayar"><figcaption>Pindai dengan aplikasi apa pun yang mendukung QRIS. '
                "Di simulator cukup tekan Bayar.</figcaption></figure>"
            )
        case _:
            return (
                f'<p class="hint">Biasanya aplikasi {escape(method.label)} terbuka dan kamu menyetujui di sana. '
                "Di simulator cukup tekan tombol di bawah.</p>"
            )


def _number(label: str, number: str) -> str:
    return f'<p class="number"><span>{label}</span><strong>{escape(grouped(number))}</strong></p>'


def _steps(*steps: str) -> str:
    last = ("Masukkan nomor di atas, periksa totalnya, lalu bayar", "Di simulator: tekan tombol di bawah")
    listed = "".join(f"<li>{escape(step)}</li>" for step in (*steps, *last))
    return f"<details><summary>Cara membayar</summary><ol>{listed}</ol></details>"


def _names(attempt: Transaction) -> str:
    return f'<input type="hidden" name="transaction_id" value="{escape(attempt.transaction_id)}">'


def paid(attempt: Transaction, frame: Frame, shop_url: str) -> str:
    """The end of the way, also when a paid link is opened again."""
    if attempt.is_challenged:
        title, text = (
            "Pembayaran sedang diperiksa",
            "Toko akan memeriksa pembayaran kartu ini sebelum menerimanya.",
        )
    elif attempt.status in {Status.REFUND, Status.PARTIAL_REFUND}:
        title, text = "Dana dikembalikan", "Pembayaran ini sudah selesai, lalu dananya dikembalikan."
    else:
        title, text = "Pembayaran berhasil", "Transaksi ini sudah diproses. Kamu bisa kembali ke toko."
    return (
        f'<div class="done"><span class="tick" aria-hidden="true"></span><h1>{title}</h1><p>{text}</p>'
        f'<p class="muted">{escape(method_of(attempt).label)}, {rupiah(attempt.gross_amount)}</p>'
        f"{frame.link(shop_url, 'Kembali ke toko', kind='button main')}</div>"
    )


def closed(state: str, frame: Frame) -> str:
    """A link that no longer works says so, and why."""
    title, text = CLOSED[state]
    return f'<div class="done"><h1>{title}</h1><p>{text}</p>{frame.link(frame.back_url, "Kembali ke toko")}</div>'


def message(title: str, text: str) -> str:
    return f'<div class="done"><h1>{escape(title)}</h1><p>{escape(text)}</p></div>'
