"""Logging in and out, the account page, and addresses."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.test import Client

from config.throttling import Rate
from shop.models import Address, Cart, CartItem, CartStatus, User
from tests.factories import PASSWORD, AddressFactory, UserFactory, VariantFactory

pytestmark = pytest.mark.django_db

STREET = {
    "recipient": "Ratna Wulandari",
    "phone": "0812 3456-7890",
    "street": "Jl. Kaliurang Km 5,6 No. 18",
    "district": "Depok",
    "city": "Kabupaten Sleman",
    "province": "Daerah Istimewa Yogyakarta",
    "postal_code": "55281",
}
FOREIGN = ["https://jahat.example/", "//jahat.example/", "javascript:alert(1)", "https:///jahat.example", r"\\jahat"]
ODD = ["produk", "akun.html", "shop:product", "payments:detail", "?q=1", "\x00", "%00", "admin:index"]


def log_in(client, user, password=PASSWORD, **more):
    return client.post("/masuk/", {"email": user.email, "password": password, **more})


def member_of(client) -> str | None:
    return client.session.get("_auth_user_id")


class TestLogin:
    def test_it_leads_to_the_account(self, client):
        user = UserFactory.create()

        answer = log_in(client, user)

        assert (answer.status_code, answer["Location"]) == (303, "/akun/")
        assert member_of(client) == str(user.pk)

    def test_case_and_spaces_of_the_address_do_not_matter(self, client):
        user = UserFactory.create(email="ratna@example.com")

        client.post("/masuk/", {"email": "  Ratna@Example.COM ", "password": PASSWORD})

        assert member_of(client) == str(user.pk)

    def test_the_answer_is_the_same_for_everybody_who_may_not_in(self, client, read):
        user, inactive = UserFactory.create(), UserFactory.create(is_active=False)
        User.objects.create_guest()
        tries = [(user.email, "salah"), ("tidak-ada@example.com", PASSWORD), (inactive.email, PASSWORD)]

        answers = [client.post("/masuk/", {"email": email, "password": password}) for email, password in tries]
        pages = [read(answer) for answer in answers]

        assert {answer.status_code for answer in answers} == {400}
        assert {page.text("div", class_="errors") for page in pages} == {
            "Ada yang perlu diperbaiki E-mail atau kata sandi salah. Periksa lagi keduanya.",
        }
        assert all(page.title.startswith("Kesalahan: ") for page in pages)
        assert member_of(client) is None

    @pytest.mark.parametrize("email", ["", "None", "null", "tamu", "\x00", "a@b"])
    def test_a_guest_can_never_log_in(self, client, email):
        User.objects.create_guest()

        answer = client.post("/masuk/", {"email": email, "password": ""})

        assert answer.status_code == 400
        assert member_of(client) is None

    def test_what_was_typed_stays_but_never_the_password(self, client, read):
        page = read(client.post("/masuk/", {"email": "salah@", "password": "rahasia-sekali"}))

        box = page.one("input", id="id_email")
        assert box["value"] == "salah@"
        assert box["aria-invalid"] == "true"
        assert page.one("p", id=box["aria-describedby"])
        assert page.one("a", href="#id_email")
        assert "rahasia-sekali" not in page.html

    def test_password_managers_know_the_fields(self, client, read):
        page = read(client.get("/masuk/"))

        assert page.one("input", id="id_email")["autocomplete"] == "username"
        assert page.one("input", id="id_password")["autocomplete"] == "current-password"

    def test_it_leads_on_to_where_one_was_going(self, client):
        assert log_in(client, UserFactory.create(), next="/checkout/")["Location"] == "/checkout/"

    @pytest.mark.parametrize("goal", [*FOREIGN, *ODD])
    def test_it_leads_nowhere_else(self, client, goal):
        assert log_in(client, UserFactory.create(), next=goal)["Location"] == "/akun/"

    def test_the_session_gets_a_new_key(self, client):
        client.post("/keranjang/tambah/", {"varian": VariantFactory.create().pk, "jumlah": "1"})
        before = client.session.session_key

        log_in(client, UserFactory.create())

        assert client.session.session_key != before

    def test_who_is_in_already_is_led_on(self, client):
        client.force_login(UserFactory.create())

        assert client.get("/masuk/?next=/produk/")["Location"] == "/produk/"

    def test_too_many_tries_from_one_address_have_to_wait(self, client, read, settings, monkeypatch):
        settings.THROTTLING = True
        monkeypatch.setattr("shop.login_guard.PER_ADDRESS", Rate(limit=3, window=600))
        cache.clear()
        user = UserFactory.create()
        for _ in range(3):
            log_in(client, UserFactory.create(), "salah")

        page = read(log_in(client, user))
        other = Client().post("/masuk/", {"email": user.email, "password": PASSWORD}, REMOTE_ADDR="10.0.0.2")
        cache.clear()

        assert "Terlalu banyak percobaan." in page.html
        assert member_of(client) is None
        assert other.status_code == 303


class TestCartAtLogin:
    def test_the_visitors_cart_comes_along_once(self, client):
        user, variant = UserFactory.create(), VariantFactory.create()
        elsewhere = Client()
        elsewhere.force_login(user)
        elsewhere.post("/keranjang/tambah/", {"varian": variant.pk, "jumlah": "1"})
        client.post("/keranjang/tambah/", {"varian": variant.pk, "jumlah": "2"})
        visitors = Cart.objects.get(user=None)

        log_in(client, user)
        client.post("/keluar/")
        log_in(client, user)

        assert Cart.objects.get(pk=visitors.pk).status == CartStatus.MERGED
        assert CartItem.objects.get(cart__user=user).quantity == 3

    def test_after_logging_out_the_cart_is_out_of_sight(self, client, read):
        user, variant = UserFactory.create(), VariantFactory.create()
        log_in(client, user)
        client.post("/keranjang/tambah/", {"varian": variant.pk, "jumlah": "2"})

        client.post("/keluar/")

        assert "masih kosong" in read(client.get("/keranjang/")).html


class TestLogout:
    def test_it_takes_a_post(self, client):
        client.force_login(UserFactory.create())

        answer = client.post("/keluar/")

        assert (answer.status_code, answer["Location"]) == (303, "/")
        assert member_of(client) is None

    def test_a_link_alone_logs_nobody_out(self, client):
        client.force_login(UserFactory.create())

        assert client.get("/keluar/")["Location"] == "/akun/"
        assert member_of(client) is not None


class TestAccount:
    @pytest.mark.parametrize("url", ["/akun/", "/akun/alamat/tambah/"])
    def test_strangers_log_in_first_and_come_back(self, client, url):
        assert client.get(url)["Location"] == f"/masuk/?next={url}"

    def test_it_shows_ones_own_addresses_only(self, client, read):
        mine = AddressFactory.create(street="Jl. Sendiri 1", is_default=True)
        AddressFactory.create(street="Jl. Orang Lain 2")
        client.force_login(mine.user)

        page = read(client.get("/akun/"))

        assert "Jl. Sendiri 1" in page.html
        assert "Utama" in page.html
        assert "0812-3456-7890" in page.html
        assert "Jl. Orang Lain 2" not in page.html
        assert page.all("a", href="/akun/pesanan/")

    def test_no_cache_keeps_it(self, client):
        client.force_login(UserFactory.create())

        assert "no-store" in client.get("/akun/")["Cache-Control"]

    def test_the_first_address_becomes_the_main_one(self, client):
        user = UserFactory.create()
        client.force_login(user)

        answer = client.post("/akun/alamat/tambah/", STREET)

        address = Address.objects.get()
        assert (answer.status_code, answer["Location"]) == (303, "/akun/")
        assert (address.user, address.phone, address.is_default) == (user, "+6281234567890", True)

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("phone", "0812"),
            ("phone", "٠٨١٢٣٤٥٦٧٨٩"),
            ("postal_code", "5528"),
            ("postal_code", "5528a"),
            ("province", "Atlantis"),
            ("street", ""),
            ("street", "x" * 301),
            ("recipient", "\x00"),
        ],
    )
    def test_what_is_wrong_is_said_at_its_field_and_the_rest_stays(self, client, read, field, value):
        client.force_login(UserFactory.create())

        answer = client.post("/akun/alamat/tambah/", STREET | {field: value})
        page = read(answer)

        assert answer.status_code == 400
        assert page.all("a", href=f"#id_{field}")
        assert page.one("input", id="id_district")["value"] == "Depok"
        assert not Address.objects.exists()

    def test_a_rule_that_says_no_is_shown_in_the_form(self, client, read, monkeypatch):
        monkeypatch.setattr("shop.services.account.MAX_ADDRESSES", 1)
        client.force_login(AddressFactory.create(is_default=True).user)

        answer = client.post("/akun/alamat/tambah/", STREET)

        assert answer.status_code == 400
        assert "Paling banyak 1 alamat." in read(answer).html
