"""The customer's pages about orders and their money. The API and the webhook have routes of their own."""

from django.urls import path

from payments.views import cancel, finish, order, pay

app_name = "payments"

urlpatterns = [
    path("pesanan/<str:token>/", order.order, name="order"),
    path("pesanan/<str:token>/bayar/", pay.pay, name="pay"),
    path("pesanan/<str:token>/ganti/", pay.method, name="method"),
    path("pesanan/<str:token>/cek/", pay.check, name="check"),
    path("pesanan/<str:token>/status.json", pay.status, name="status"),
    path("pesanan/<str:token>/batal/", cancel.cancel, name="cancel"),
    path("pesanan/<str:token>/ubah/", cancel.change, name="change"),
    path("pesanan/<str:token>/lagi/", cancel.reorder, name="reorder"),
    path("pembayaran/selesai/", finish.finish, name="finish"),
    path("akun/pesanan/", order.history, name="history"),
    path("akun/pesanan/<slug:number>/", order.detail, name="detail"),
]
