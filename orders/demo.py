"""The demo shop's shipping table (three services, four zones, every province) and its vouchers, one of each kind."""

from __future__ import annotations

from orders.models import ProvinceZone, ShippingMethod, ShippingRate, ShippingZone, Voucher
from orders.pricing import VoucherKind

_JAVA = ("BANTEN", "DKI JAKARTA", "JAWA BARAT", "JAWA TENGAH", "DAERAH ISTIMEWA YOGYAKARTA", "JAWA TIMUR")
_NEAR = (
    "BALI",
    "ACEH",
    "SUMATERA UTARA",
    "SUMATERA BARAT",
    "RIAU",
    "KEPULAUAN RIAU",
    "JAMBI",
    "BENGKULU",
    "SUMATERA SELATAN",
    "KEPULAUAN BANGKA BELITUNG",
    "LAMPUNG",
)
_MIDDLE = (
    "KALIMANTAN BARAT",
    "KALIMANTAN TENGAH",
    "KALIMANTAN SELATAN",
    "KALIMANTAN TIMUR",
    "KALIMANTAN UTARA",
    "SULAWESI UTARA",
    "GORONTALO",
    "SULAWESI TENGAH",
    "SULAWESI BARAT",
    "SULAWESI SELATAN",
    "SULAWESI TENGGARA",
    "NUSA TENGGARA BARAT",
    "NUSA TENGGARA TIMUR",
)
_FAR = (
    "MALUKU",
    "MALUKU UTARA",
    "PAPUA",
    "PAPUA BARAT",
    "PAPUA SELATAN",
    "PAPUA TENGAH",
    "PAPUA PEGUNUNGAN",
    "PAPUA BARAT DAYA",
)
ZONES = {
    "Jawa": _JAVA,
    "Bali & Sumatra": _NEAR,
    "Kalimantan, Sulawesi & Nusa Tenggara": _MIDDLE,
    "Maluku & Papua": _FAR,
}

# code, courier, service, then (first kg, each further kg, days) per zone in the order above
METHODS = (
    (
        "jne-reg",
        "JNE",
        "REG",
        ((12_000, 10_000, 2, 3), (28_000, 25_000, 3, 5), (42_000, 38_000, 4, 7), (78_000, 72_000, 6, 10)),
    ),
    (
        "jnt-ez",
        "J&T",
        "EZ",
        ((13_000, 11_000, 2, 3), (29_000, 26_000, 3, 5), (44_000, 40_000, 4, 7), (82_000, 76_000, 6, 10)),
    ),
    ("sicepat-best", "SiCepat", "BEST", ((19_000, 17_000, 1, 2), (39_000, 36_000, 2, 3), (58_000, 54_000, 3, 4))),
)


def seed_shipping() -> None:
    """Write the table where it is missing; rates that staff changed stay as they are."""
    ShippingZone.objects.bulk_create((ShippingZone(name=name) for name in ZONES), ignore_conflicts=True)
    zones = {zone.name: zone for zone in ShippingZone.objects.filter(name__in=ZONES)}
    ProvinceZone.objects.bulk_create(
        (
            ProvinceZone(province=province, zone=zones[name])
            for name, provinces in ZONES.items()
            for province in provinces
        ),
        ignore_conflicts=True,
    )
    ShippingMethod.objects.bulk_create(
        (
            ShippingMethod(code=code, courier=courier, service=service, position=position)
            for position, (code, courier, service, _) in enumerate(METHODS)
        ),
        ignore_conflicts=True,
    )
    methods = {method.code: method for method in ShippingMethod.objects.all()}
    ShippingRate.objects.bulk_create(
        (
            ShippingRate(
                method=methods[code],
                zone=zones[name],
                first_kg=first,
                next_kg=further,
                min_days=fastest,
                max_days=slowest,
            )
            for code, _, _, rates in METHODS
            for name, (first, further, fastest, slowest) in zip(ZONES, rates, strict=False)
        ),
        ignore_conflicts=True,
    )


VOUCHERS = (
    {"code": "HEMAT10", "kind": VoucherKind.PERCENT, "percent": 10, "most": 50_000, "min_subtotal": 150_000},
    {"code": "KENALAN", "kind": VoucherKind.FIXED, "amount": 25_000, "min_subtotal": 100_000, "customer_limit": 1},
    {"code": "ONGKIR", "kind": VoucherKind.SHIPPING, "most": 20_000, "total_limit": 500},
)


def seed_vouchers() -> None:
    """Write the vouchers that are missing; those that staff changed stay as they are."""
    Voucher.objects.bulk_create((Voucher(**fields) for fields in VOUCHERS), ignore_conflicts=True)
