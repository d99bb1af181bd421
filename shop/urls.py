"""Routes of the storefront: catalogue, cart, account, information. Checkout and orders are in the apps above."""

from django.urls import path

from shop.views import account, cart, catalogue, home, login, pages, product, search, sitemaps

app_name = "shop"

urlpatterns = [
    path("", home.home, name="home"),
    path("kategori/<slug:slug>/", catalogue.category, name="category"),
    path("produk/", catalogue.products, name="products"),
    path("produk/<slug:slug>/", product.product, name="product"),
    path("produk/<slug:slug>/gambar.jpg", product.picture, name="product_picture"),
    path("cari/", search.search, name="search"),
    path("keranjang/", cart.cart, name="cart"),
    path("keranjang/tambah/", product.cart_add, name="cart_add"),
    path("keranjang/ubah/", cart.cart_change, name="cart_change"),
    path("keranjang/terima/", cart.cart_accept, name="cart_accept"),
    path("masuk/", login.log_in, name="login"),
    path("daftar/", login.register, name="register"),
    path("keluar/", login.log_out, name="logout"),
    path("akun/", account.account, name="account"),
    path("akun/alamat/tambah/", account.address_add, name="address_add"),
    path("halaman/<slug:slug>/", pages.page, name="page"),
    path("tema/", pages.theme, name="theme"),
    path("robots.txt", pages.robots, name="robots"),
    path("sitemap.xml", sitemaps.index, name="sitemap"),
    path("sitemap-halaman.xml", sitemaps.pages, name="sitemap_pages"),
    path("sitemap-produk-<int:number>.xml", sitemaps.products, name="sitemap_products"),
    path("favicon.ico", pages.favicon, name="favicon"),
]
