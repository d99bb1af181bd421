"""Routes of the storefront: catalogue, cart, account, information. Checkout and orders are in the apps above."""

from django.urls import path

from shop.views import (
    account,
    address_book,
    cart,
    catalogue,
    credentials,
    home,
    login,
    pages,
    product,
    registration,
    search,
    sitemaps,
)

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
    path("daftar/", registration.register, name="register"),
    path("daftar/terkirim/", registration.register_mailed, name="register_mailed"),
    path("daftar/<str:token>/", registration.register_finish, name="register_finish"),
    path("keluar/", login.log_out, name="logout"),
    path("akun/", account.account, name="account"),
    path("akun/profil/", account.profile, name="profile"),
    path("akun/kata-sandi/", credentials.password_change, name="password_change"),
    path("akun/email/", credentials.email_change, name="email_change"),
    path("akun/email/<str:token>/", credentials.email_confirm, name="email_confirm"),
    path("akun/alamat/tambah/", address_book.address_add, name="address_add"),
    path("akun/alamat/<int:pk>/", address_book.address_edit, name="address_edit"),
    path("akun/alamat/<int:pk>/hapus/", address_book.address_delete, name="address_delete"),
    path("akun/alamat/<int:pk>/utama/", address_book.address_main, name="address_main"),
    path("lupa-kata-sandi/", credentials.password_forgotten, name="password_forgotten"),
    path("lupa-kata-sandi/terkirim/", credentials.password_mailed, name="password_mailed"),
    path("lupa-kata-sandi/<str:token>/", credentials.password_set, name="password_set"),
    path("halaman/<slug:slug>/", pages.page, name="page"),
    path("tema/", pages.theme, name="theme"),
    path("robots.txt", pages.robots, name="robots"),
    path("sitemap.xml", sitemaps.index, name="sitemap"),
    path("sitemap-halaman.xml", sitemaps.pages, name="sitemap_pages"),
    path("sitemap-produk-<int:number>.xml", sitemaps.products, name="sitemap_products"),
    path("favicon.ico", pages.favicon, name="favicon"),
]
