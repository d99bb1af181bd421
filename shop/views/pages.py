"""Pages that only inform, the theme switch, and robots.txt."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.templatetags.static import static
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_POST, require_safe

from shop.facts import category_facts
from shop.linked_data import absolute
from shop.remembered import show
from shop.showcase import menu
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
DAY_S = 86_400

ROBOTS = """\
User-agent: *
Disallow: /admin/
Disallow: /api/
Disallow: /akun/
Disallow: /cari/
Disallow: /checkout/
Disallow: /keranjang/
Disallow: /lupa-kata-sandi/
Disallow: /pembayaran/
Disallow: /pesanan/
Disallow: /staf/

Sitemap: {sitemap}
"""


@require_safe
def page(request: HttpRequest, slug: str) -> HttpResponse:
    """Show an information page."""
    if slug not in PAGES:
        raise Http404
    categories = category_facts()

    def context() -> dict[str, Any]:
        return {"heading": PAGES[slug], "menu_categories": menu(categories)}

    return show(request, f"shop/pages/{slug}.html", facts=categories, context=context)


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
@cache_control(public=True, max_age=DAY_S)
def robots(request: HttpRequest) -> HttpResponse:
    """Say what search engines need not look at, and where the sitemap is."""
    text = ROBOTS.format(sitemap=absolute(reverse("shop:sitemap")))
    return HttpResponse(text, content_type="text/plain; charset=utf-8")


@require_safe
@cache_control(public=True, max_age=DAY_S)
def favicon(request: HttpRequest) -> HttpResponse:
    """Send those who look for the icon where it always was to where it is."""
    return HttpResponseRedirect(static("img/favicon.ico"))
