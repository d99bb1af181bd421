"""Pages that only inform, the theme switch, and robots.txt."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from shop.views.answers import SeeOther, wanted_next

PAGES = {
    "cara-bayar": "Cara bayar",
    "pengiriman": "Pengiriman",
    "retur": "Retur & refund",
    "syarat": "Syarat & ketentuan",
    "privasi": "Kebijakan privasi",
    "faq": "Tanya jawab",
    "tentang": "Tentang kami",
    "kontak": "Kontak",
}
THEMES = ("light", "dark")
THEME_COOKIE = "tema"
YEAR_S = 31_536_000

ROBOTS = """\
User-agent: *
Disallow: /admin/
Disallow: /api/
Disallow: /akun/
Disallow: /cari/
Disallow: /checkout/
Disallow: /keranjang/
Disallow: /lupa-kata-sandi/
Disallow: /pesanan/
"""


@require_safe
def page(request: HttpRequest, slug: str) -> HttpResponse:
    """Show an information page."""
    if slug not in PAGES:
        raise Http404
    return render(request, f"shop/pages/{slug}.html", {"heading": PAGES[slug]})


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Remember light or dark, or forget it (then the device decides), and go back to the page."""
    response = SeeOther(wanted_next(request, "shop:home"))
    chosen = request.POST.get("tema", "")
    if chosen in THEMES:
        # Not HttpOnly: the same switch writes the cookie with JavaScript, without a request.
        response.set_cookie(
            THEME_COOKIE,
            chosen,
            max_age=YEAR_S,
            samesite="Lax",
            secure=settings.SESSION_COOKIE_SECURE,
        )
    else:
        response.delete_cookie(THEME_COOKIE, samesite="Lax")
    return response


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """Say what search engines need not look at."""
    return HttpResponse(ROBOTS, content_type="text/plain; charset=utf-8")
