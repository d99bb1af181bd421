"""The customer's pages about orders and their money. The API and the webhook have routes of their own."""

from django.urls import path

from payments.views import cancel, finish, guest_account, invoice, lookup, my_data, order, pay, wishes

app_name = "payments"

urlpatterns = [
    path("pesanan/cari/", lookup.lookup, name="lookup"),
    path("pesanan/cari/terkirim/", lookup.mailed, name="lookup_mailed"),
    path("pesanan/<str:token>/", order.order, name="order"),
    path("pesanan/<str:token>/bayar/", pay.pay, name="pay"),
    path("pesanan/<str:token>/ganti/", pay.method, name="method"),
    path("pesanan/<str:token>/cek/", pay.check, name="check"),
    path("pesanan/<str:token>/status.json", pay.status, name="status"),
    path("pesanan/<str:token>/batal/", cancel.cancel, name="cancel"),
    path("pesanan/<str:token>/ubah/", cancel.change, name="change"),
    path("pesanan/<str:token>/lagi/", cancel.reorder, name="reorder"),
    path("pesanan/<str:token>/minta-batal/", wishes.ask_cancel, name="ask_cancel"),
    path("pesanan/<str:token>/tarik-permintaan/", wishes.withdraw, name="withdraw"),
    path("pesanan/<str:token>/diterima/", wishes.received, name="received"),
    path("pesanan/<str:token>/faktur/", invoice.by_token, name="invoice"),
    path("pesanan/<str:token>/akun/", guest_account.ask, name="make_account"),
    path("pembayaran/selesai/", finish.finish, name="finish"),
    path("akun/pesanan/", order.history, name="history"),
    path("akun/pesanan/<slug:number>/", order.detail, name="detail"),
    path("akun/pesanan/<slug:number>/faktur/", invoice.by_number, name="own_invoice"),
    path("akun/buat/<str:token>/", guest_account.make, name="guest_account"),
    path("akun/data/", my_data.my_data, name="my_data"),
    path("akun/data/unduh/", my_data.export, name="export"),
    path("akun/hapus/", my_data.delete, name="delete_account"),
]
