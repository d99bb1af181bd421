"""Years of a busy shop, written by SQL: as many orders as asked for, whole in every law, and nothing wrong with one.

``write`` needs variants with plenty of stock, and users; ``fill`` makes those too, in a migrated, empty shop. Rows are
as long, and as hard to compress, as those of a shop that sells: names, streets, tokens, signatures, the gateway's
answers, and the texts of the mails of the last ninety days. What is measured on them would be measured in a shop.
"""

from __future__ import annotations

from typing import Any, Protocol

from backups.target import shop_database
from config.mail_examples import example_mail

# Of a thousand orders: how many are in each status, the closed ones first.
SHARES = (
    ("COMPLETED", 930),
    ("EXPIRED", 30),
    ("CANCELLED", 20),
    ("SHIPPED", 12),
    ("PROCESSING", 4),
    ("PAID", 3),
    ("PENDING_PAYMENT", 1),
)

GIVEN = ("Sari", "Budi", "Rina", "Agus", "Dewi", "Putu", "Made", "Siti", "Joko", "Maria", "Yohanes", "Nur")
FAMILY = (
    "Wulandari", "Santoso", "Kartika", "Pratama", "Lestari", "Nugroho", "Siregar", "Hutapea", "Saputra", "Halim",
    "Ginting",
)  # fmt: skip

_ORDERS = """
    INSERT INTO orders_order (number, user_id, email, status, idempotency_key, request, link_version, closing_to,
        closing_by, closing_reason, payment_hold, cleared_hold, recipient, phone, province, city, district, postal_code,
        street, note, shipping_method, courier, subtotal, shipping_cost, discount, total, created_at, expires_at,
        status_at, paid_at)
    SELECT 'ORD-B-' || n, %(users)s + n %% %(user_count)s, lower(given) || '.' || n || '@example.com', status,
           gen_random_uuid(),
           jsonb_build_object('items', jsonb_build_array(jsonb_build_object(
               'productId', 1 + n %% %(variant_count)s, 'variantId', %(variants)s + n %% %(variant_count)s,
               'quantity', 1)), 'addressId', n, 'shippingMethod', 'jne-reg', 'note', ''),
           1, '', '', '', '', '', given || ' ' || family,
           '+62812' || lpad((n::bigint * 7919 %% 100000000)::text, 8, '0'),
           'Jawa Barat', 'Kota Bandung', 'Coblong', '40132',
           'Jl. ' || family || ' No. ' || n %% 200 || ', RT 0' || n %% 9 || '/RW 0' || n %% 7, '',
           'jne-reg', 'JNE REG',
           100000, 12000, 0, 112000, at, at + interval '1 day', at + interval '5 minutes',
           CASE WHEN status IN ('PAID', 'PROCESSING', 'SHIPPED', 'COMPLETED') THEN at + interval '5 minutes' END
      FROM (SELECT n, status, (%(given)s::text[])[1 + n %% 12] AS given, (%(family)s::text[])[1 + n %% 11] AS family,
                   -- Closed ones over two years, the newest an hour ago; open ones within their time.
                   now() - interval '1 hour' - CASE WHEN status IN ('COMPLETED', 'EXPIRED', 'CANCELLED')
                        THEN (%(orders)s - n) * (interval '2 years' / %(orders)s)
                        ELSE n * interval '1 hour' / %(orders)s * CASE status WHEN 'SHIPPED' THEN 150
                             WHEN 'PROCESSING' THEN 40 WHEN 'PAID' THEN 20 ELSE 12 END END AS at
              FROM (SELECT n, (%(statuses)s::text[])[width_bucket(n %% 1000, %(bounds)s::int[]) + 1] AS status
                      FROM generate_series(1, %(orders)s) AS n) numbered) placed"""
_ITEMS = """
    INSERT INTO orders_orderitem (order_id, variant_id, name, variant_name, sku, unit_price, quantity, weight)
    SELECT o.id, %(variants)s + o.id %% %(variant_count)s, 'Barang', '', 'SKU', 100000, 1, 400 FROM orders_order o
     WHERE o.number LIKE 'ORD-B-%%'"""
_EVENTS = """
    INSERT INTO orders_orderevent (order_id, kind, from_status, to_status, actor, reason, data, created_at)
    SELECT o.id, 'STATUS', 'PENDING_PAYMENT', o.status, 'bench', '', '{}', o.status_at FROM orders_order o
     WHERE o.status <> 'PENDING_PAYMENT' AND o.number LIKE 'ORD-B-%%'"""
_RESERVATIONS = """
    INSERT INTO shop_reservation (reference, variant_id, quantity, state, attempts, created_at, changed_at)
    SELECT o.number, i.variant_id, 1, CASE WHEN o.status = 'PENDING_PAYMENT' THEN 'HELD'
           WHEN o.status IN ('EXPIRED', 'CANCELLED') THEN 'RELEASED' ELSE 'SOLD' END, 0, o.created_at, o.status_at
      FROM orders_order o JOIN orders_orderitem i ON i.order_id = o.id WHERE o.number LIKE 'ORD-B-%%'"""
_MOVEMENTS = """
    INSERT INTO shop_stockmovement (variant_id, kind, delta, balance, reason, actor, reservation_id, created_at)
    SELECT r.variant_id, 'SALE', -1,
           v.on_hand - row_number() OVER (PARTITION BY r.variant_id ORDER BY r.id), '', 'bench', r.id, r.changed_at
      FROM shop_reservation r JOIN shop_variant v ON v.id = r.variant_id
     WHERE r.state = 'SOLD' AND r.reference LIKE 'ORD-B-%%' ORDER BY r.id"""
_STOCK = """
    UPDATE shop_variant v SET on_hand = v.on_hand - sums.sold, reserved = v.reserved + sums.held
      FROM (SELECT variant_id, count(*) FILTER (WHERE state = 'SOLD') AS sold,
                   count(*) FILTER (WHERE state = 'HELD') AS held
              FROM shop_reservation WHERE reference LIKE 'ORD-B-%%' GROUP BY variant_id) sums
     WHERE sums.variant_id = v.id"""
_PAYMENTS = """
    INSERT INTO payments_payment (order_id, gateway_id, amount, status, method, token, redirect_url, raw, expires_at,
        lease, unanswered, attempts, created_at, success_at)
    SELECT o.id, o.number || '-' || part, o.total,
           CASE WHEN part = 2 THEN 'EXPIRED' WHEN o.paid_at IS NOT NULL THEN 'SUCCESS'
                WHEN o.status = 'PENDING_PAYMENT' THEN 'PENDING' ELSE o.status END,
           'bca_va', token, 'https://app.midtrans.com/snap/v4/redirection/' || token,
           jsonb_build_object('token', token, 'redirect_url', 'https://app.midtrans.com/snap/v4/redirection/' || token),
           o.expires_at, '', 0, 0, o.created_at, CASE WHEN part = 1 THEN o.paid_at END
      FROM orders_order o
     CROSS JOIN LATERAL generate_series(1, CASE WHEN o.id %% 20 = 0 THEN 2 ELSE 1 END) AS part
     CROSS JOIN LATERAL (SELECT md5(o.number || part)::uuid::text AS token) AS made
     WHERE o.number LIKE 'ORD-B-%%'"""
_ANSWER = """jsonb_build_object('status_code', '200', 'status_message', 'Success, transaction is found',
           'transaction_id', md5('t' || p.id)::uuid::text, 'order_id', p.gateway_id, 'merchant_id', 'G141532850',
           'gross_amount', p.amount || '.00', 'currency', 'IDR', 'payment_type', 'bank_transfer',
           'transaction_time', to_char(p.created_at, 'YYYY-MM-DD HH24:MI:SS'), 'transaction_status', 'settlement',
           'fraud_status', 'accept', 'settlement_time', to_char(p.success_at, 'YYYY-MM-DD HH24:MI:SS'),
           'expiry_time', to_char(p.expires_at, 'YYYY-MM-DD HH24:MI:SS'),
           'va_numbers', jsonb_build_array(jsonb_build_object('bank', 'bca', 'va_number', '81000' || p.id)),
           'signature_key', encode(sha512(p.gateway_id::bytea), 'hex'))"""
_TRANSACTIONS = f"""
    INSERT INTO payments_paymenttransaction (payment_id, transaction_id, status, raw_status, fraud_status, payment_type,
        amount, currency, problem, received, charged_back, surplus, asked_at, raw, created_at)
    SELECT p.id, md5('t' || p.id)::uuid, 'SUCCESS', 'settlement', 'accept', 'bank_transfer', p.amount, 'IDR', '',
           p.amount, 0, false, p.success_at, {_ANSWER}, p.success_at
      FROM payments_payment p WHERE p.status = 'SUCCESS' AND p.gateway_id LIKE 'ORD-B-%%'"""  # noqa: S608
_MAILS = """
    INSERT INTO config_outgoingmail (kind, reference, from_email, "to", reply_to, subject, text, html, idempotency_key,
        state, attempts, last_error, provider_id, created_at, sent_at)
    SELECT kind, o.number, 'infiya.store <pesan@example.com>', o.email, '', 'Pesanan ' || o.number || ' kami terima',
           CASE WHEN young THEN replace(%(text)s, 'contoh', md5(o.number) || md5(kind)) ELSE '' END,
           CASE WHEN young THEN replace(%(html)s, 'contoh', md5(o.number) || md5(kind)) ELSE '' END,
           kind || '/' || o.number, 'SENT', 1, '', md5(kind || o.id)::uuid, o.created_at, o.created_at
      FROM (SELECT *, created_at > now() - interval '90 days' AS young FROM orders_order) o
     CROSS JOIN unnest('{order_received,order_paid}'::text[]) AS kind
     WHERE o.number LIKE 'ORD-B-%%' AND (kind = 'order_received' OR o.paid_at IS NOT NULL)"""
_NOTIFICATIONS = f"""
    INSERT INTO payments_gatewaynotification (digest, body, gateway_id, transaction_id, claimed_status, payment_id,
        outcome, attempts, lease, last_error, deliveries, received_at, applied_at)
    SELECT encode(sha256(p.gateway_id::bytea), 'hex'), {_ANSWER}::text, p.gateway_id, md5('t' || p.id)::uuid,
           'settlement', p.id, 'APPLIED', 1, '', '', 1, p.success_at, p.success_at
      FROM payments_payment p WHERE p.status = 'SUCCESS' AND p.gateway_id LIKE 'ORD-B-%%'"""  # noqa: S608


_USERS = """
    INSERT INTO shop_user (password, is_superuser, email, name, phone, is_guest, is_staff, is_active, date_joined)
    SELECT '!', false, 'pembeli-' || n || '@example.com', 'Pembeli ' || n, '+62812' || lpad(n::text, 8, '0'), false,
           false, true, now() FROM generate_series(1, %(count)s) AS n RETURNING id"""
_PRODUCTS = """
    WITH shelf AS (
        INSERT INTO shop_category (name, slug, description, position) VALUES ('Gudang', 'gudang-besar', '', 1)
        RETURNING id)
    INSERT INTO shop_product (category_id, name, slug, tagline, description, details, is_active, created_at, updated_at)
    SELECT shelf.id, 'Barang ' || n, 'barang-besar-' || n, '', repeat(md5(n::text) || ' ', 8), '[]', true, now(), now()
      FROM shelf, generate_series(1, %(count)s) AS n RETURNING id"""
_VARIANTS = """
    INSERT INTO shop_variant (product_id, sku, name, options, swatch, price, weight, on_hand, reserved, is_active,
        position)
    SELECT id, 'BESAR-' || id, '', '{}', '', 100000, 400, 1000000, 0, true, 0 FROM shop_product
     WHERE slug LIKE 'barang-besar-%%' ORDER BY id RETURNING id"""
_RECEIVED = """
    INSERT INTO shop_stockmovement (variant_id, kind, delta, balance, reason, actor, created_at)
    SELECT id, 'RECEIVE', on_hand, on_hand, '', 'bench', now() - interval '3 years' FROM shop_variant
     WHERE sku LIKE 'BESAR-%%' ORDER BY id"""


class Cursor(Protocol):
    """Django's or psycopg's."""

    def execute(self, query: Any, params: Any = None, /) -> object: ...

    def fetchall(self) -> list[Any]: ...


def fill(cursor: Cursor, *, orders: int, users: int, products: int, with_notifications: bool = True) -> None:
    """Write users, products with one variant each, their stock, and ``orders`` orders of them."""
    cursor.execute("SET statement_timeout = 0")
    cursor.execute(_USERS, {"count": users})
    people = tuple(row[0] for row in cursor.fetchall())
    cursor.execute(_PRODUCTS, {"count": products})
    cursor.execute(_VARIANTS, {})
    variants = tuple(row[0] for row in cursor.fetchall())
    cursor.execute(_RECEIVED, {})
    write(orders, variants=variants, users=people, cursor=cursor, with_notifications=with_notifications)


def write(
    orders: int,
    *,
    variants: tuple[int, ...],
    users: tuple[int, ...],
    cursor: Cursor | None = None,
    with_notifications: bool = True,
) -> None:
    """Write ``orders`` orders of the given variants and users (both with ids in a row), then VACUUM and ANALYZE.

    Into the shop's database unless a ``cursor`` of an autocommitting session is given. No law asks for the gateway's
    notifications of all those years.
    """
    if cursor is None:
        # Not Django's own session: that one waits for an answer no longer than a request may.
        with shop_database().connect() as session, session.cursor() as own:
            write(orders, variants=variants, users=users, cursor=own, with_notifications=with_notifications)
        return
    bounds, total, mail = [], 0, example_mail("order_received")
    for _, share in SHARES[:-1]:
        total += share
        bounds.append(total)
    params: dict[str, Any] = {
        "orders": orders,
        "users": users[0],
        "user_count": len(users),
        "variants": variants[0],
        "variant_count": len(variants),
        "statuses": [status for status, _ in SHARES],
        "bounds": bounds,
        "given": list(GIVEN),
        "family": list(FAMILY),
        "text": mail.text,
        "html": mail.html,
    }
    cursor.execute("SET statement_timeout = 0")
    statements = [_ORDERS, _ITEMS, _EVENTS, _RESERVATIONS, _MOVEMENTS, _STOCK, _PAYMENTS, _TRANSACTIONS, _MAILS]
    for statement in statements + ([_NOTIFICATIONS] if with_notifications else []):
        cursor.execute(statement, params)
    cursor.execute("VACUUM ANALYZE")
