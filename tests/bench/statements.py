"""The SQL of the references: what the services must read, lock and write, without the services.

Written once with ``:name`` parameters, as pgbench has them; ``for_cursor`` gives the form that Django's cursors take.
Left out is what a service reads twice or could do without, so that the ratio also shows what such statements cost.
"""

from __future__ import annotations

import re

ORDER_BY_KEY = "SELECT * FROM orders_order WHERE user_id = :user AND idempotency_key = 'sql-' || (:nonce)::text"
LOCK_USER = "SELECT * FROM shop_user WHERE id = :user FOR NO KEY UPDATE"
SITE_STATE = "SELECT * FROM shop_sitestate WHERE id = 1"
ADDRESS = "SELECT * FROM shop_address WHERE id = :user AND user_id = :user"
UNPAID = (
    "SELECT count(*) FILTER (WHERE user_id = :user), count(*) FILTER (WHERE email = (:email)::text),"
    " count(*) FILTER (WHERE phone = (:phone)::text) FROM orders_order"
    " WHERE status = 'PENDING_PAYMENT' AND (user_id = :user OR email = (:email)::text OR phone = (:phone)::text)"
)
VARIANTS = (
    "SELECT v.*, p.* FROM shop_variant v JOIN shop_product p ON p.id = v.product_id"
    " WHERE v.id IN (:v1, :v2, :v3) ORDER BY v.id"
)
RATES = (
    "SELECT r.*, m.* FROM orders_shippingrate r JOIN orders_shippingmethod m ON m.id = r.method_id"
    " JOIN orders_provincezone z ON z.zone_id = r.zone_id"
    " WHERE r.max_weight >= 1200 AND m.is_active AND upper(z.province) = upper('JAWA BARAT')"
)
CLOCK = "SELECT clock_timestamp()"
INSERT_ORDER = (
    "INSERT INTO orders_order (number, user_id, email, status, idempotency_key, request, link_version, closing_to,"
    " closing_by, closing_reason, payment_hold, cleared_hold, recipient, phone, province, city, district, postal_code,"
    " street, note, shipping_method, courier, subtotal, shipping_cost, discount, total, created_at, expires_at,"
    " status_at) VALUES ('SQL-' || (:nonce)::text, :user, (:email)::text, 'PENDING_PAYMENT',"
    " 'sql-' || (:nonce)::text, (:request)::jsonb, 1, '', '', '', '', '', 'Sari Wulandari', (:phone)::text,"
    " 'JAWA BARAT', 'KOTA BANDUNG', 'Coblong', '40132', 'Jl. Dago 12, RT 03/RW 05', '', 'jne-reg', 'JNE REG',"
    " 300000, 12000, 0, 312000, now(), now() + interval '1 day', now()) RETURNING id"
)
INSERT_ITEMS = (
    "INSERT INTO orders_orderitem (order_id, variant_id, name, variant_name, sku, unit_price, quantity, weight)"
    " SELECT :order_id, v, 'Barang', '', 'BENCH-' || v::text, 100000, 1, 400"
    " FROM unnest(ARRAY[(:v1)::bigint, (:v2)::bigint, (:v3)::bigint]) AS v RETURNING id"
)
INSERT_PLACED = (
    "INSERT INTO orders_orderevent (order_id, kind, from_status, to_status, actor, reason, data, created_at) VALUES"
    " (:order_id, 'PLACED', '', '', 'customer:' || (:user)::text, '', '{}'::jsonb, now()) RETURNING id"
)
_MAIL = (
    'INSERT INTO config_outgoingmail (kind, reference, from_email, "to", reply_to, subject, text, html,'
    " idempotency_key, state, attempts, last_error, provider_id) VALUES ('{kind}', 'SQL-' || (:nonce)::text,"
    " 'shop@example.com', (:email)::text, '', 'Pesanan', (:mail_text)::text, (:mail_html)::text,"
    " '{kind}/SQL-' || (:nonce)::text, 'PENDING', 0, '', '') ON CONFLICT DO NOTHING RETURNING id"
)
INSERT_MAIL_RECEIVED = _MAIL.format(kind="order_received")
INSERT_MAIL_PAID = _MAIL.format(kind="order_paid")
INSERT_RESERVATIONS = (
    "INSERT INTO shop_reservation (reference, variant_id, quantity, state, attempts, created_at, changed_at)"
    " SELECT 'SQL-' || (:nonce)::text, v, 1, 'HELD', 0, now(), now()"
    " FROM unnest(ARRAY[(:v1)::bigint, (:v2)::bigint, (:v3)::bigint]) AS v RETURNING id"
)
RESERVE = (
    "WITH wanted AS (SELECT * FROM unnest(ARRAY[(:v1)::bigint, (:v2)::bigint, (:v3)::bigint],"
    " ARRAY[1, 1, 1]) AS w (id, n)), locked AS (SELECT v.id FROM shop_variant v JOIN wanted USING (id) ORDER BY v.id"
    " FOR NO KEY UPDATE OF v) UPDATE shop_variant v SET reserved = v.reserved + wanted.n"
    " FROM wanted JOIN locked USING (id)"
    " WHERE v.id = wanted.id AND v.is_active AND v.on_hand - v.reserved >= wanted.n RETURNING v.id"
)

PLACE_BEFORE = (ORDER_BY_KEY,)
"""Before the transaction."""
PLACE_UNTIL_ORDER = (LOCK_USER, ORDER_BY_KEY, SITE_STATE, ADDRESS, UNPAID, VARIANTS, RATES, CLOCK)
PLACE_AFTER_ORDER = (INSERT_ITEMS, INSERT_PLACED, INSERT_MAIL_RECEIVED, INSERT_RESERVATIONS, RESERVE)

TOKEN = (
    "SELECT t.*, u.* FROM shop_apitoken t JOIN shop_user u ON u.id = t.user_id"
    " WHERE t.digest = (:digest)::text AND t.expires_at > now() AND u.is_active AND NOT u.is_guest"
)
SHOWN_ITEMS = (
    "SELECT i.*, v.* FROM orders_orderitem i JOIN shop_variant v ON v.id = i.variant_id"
    " WHERE i.order_id = :order_id ORDER BY i.id"
)

# --- a notification, as payments.services.notifications and payments.services.record work it off ---
STORE = (
    "INSERT INTO payments_gatewaynotification AS n (digest, body, gateway_id, transaction_id, claimed_status,"
    " payment_id, outcome, attempts, next_attempt_at, lease, last_error, deliveries, received_at)"
    " VALUES ((:digest)::text, (:body)::text, (:gateway_id)::text, (:transaction_id)::text, 'settlement',"
    " (SELECT id FROM payments_payment WHERE gateway_id = (:gateway_id)::text), 'WAITING', 0, clock_timestamp(), '',"
    " '', 1, clock_timestamp()) ON CONFLICT (digest) DO UPDATE SET deliveries = n.deliveries + 1 RETURNING id"
)
TAKE_LEASE = (
    "UPDATE payments_gatewaynotification SET lease = (:digest)::text::varchar(32),"
    " lease_until = now() + interval '20 seconds' WHERE id = :row AND outcome <> 'APPLIED'"
    " AND (lease_until IS NULL OR lease_until <= now())"
)
PAYMENT_BY_ID = "SELECT * FROM payments_payment WHERE gateway_id = (:gateway_id)::text"
LOCK_ORDER = "SELECT * FROM orders_order WHERE id = :order_id FOR NO KEY UPDATE"
LOCK_PAYMENTS = "SELECT * FROM payments_payment WHERE order_id = :order_id ORDER BY id FOR NO KEY UPDATE"
LOCK_TRANSACTIONS = (
    "SELECT * FROM payments_paymenttransaction WHERE payment_id IN (:payment_id) ORDER BY id FOR NO KEY UPDATE"
)
INSERT_TRANSACTION = (
    "INSERT INTO payments_paymenttransaction (payment_id, transaction_id, status, raw_status, fraud_status,"
    " payment_type, amount, currency, problem, received, charged_back, surplus, asked_at, raw, created_at) VALUES"
    " (:payment_id, (:transaction_id)::text, 'SUCCESS', 'settlement', 'accept', 'bank_transfer', 312000, 'IDR', '',"
    " 312000, 0, false, now(), (:body)::jsonb, now()) RETURNING id"
)
UPDATE_PAYMENT = (
    "UPDATE payments_payment SET status = 'SUCCESS', success_at = now(), raw = (:body)::jsonb,"
    " method = 'bank_transfer', missing_since = NULL, checked_at = now() WHERE id = :payment_id"
)
UPDATE_ORDER = (
    "UPDATE orders_order SET status = 'PAID', status_at = now(), closing_at = NULL, closing_to = '', closing_by = '',"
    " closing_reason = '', paid_at = now() WHERE id = :order_id AND status = 'PENDING_PAYMENT'"
)
INSERT_PAID = (
    "INSERT INTO orders_orderevent (order_id, kind, from_status, to_status, actor, reason, data, created_at) VALUES"
    " (:order_id, 'STATUS', 'PENDING_PAYMENT', 'PAID', 'midtrans', '', '{}'::jsonb, now()) RETURNING id"
)
INSERT_MONEY = (
    "INSERT INTO orders_orderevent (order_id, kind, from_status, to_status, actor, reason, data, created_at) VALUES"
    " (:order_id, 'PAYMENT', '', '', 'midtrans', 'pembayaran diterima', '{}'::jsonb, now()) RETURNING id"
)
ITEMS = "SELECT * FROM orders_orderitem WHERE order_id = :order_id ORDER BY id"
LOCK_VARIANTS = (
    "SELECT v.*, p.* FROM shop_variant v JOIN shop_product p ON p.id = v.product_id"
    " WHERE v.id IN (:v1, :v2, :v3) ORDER BY v.id FOR NO KEY UPDATE OF v"
)
LOCK_RESERVATIONS = (
    "SELECT * FROM shop_reservation WHERE reference = 'SQL-' || (:nonce)::text ORDER BY id FOR NO KEY UPDATE"
)
SELL = (
    "UPDATE shop_variant SET on_hand = on_hand - 1, reserved = reserved - 1"
    " WHERE id = :variant AND on_hand >= 1 RETURNING on_hand"
)
INSERT_SALE = (
    "INSERT INTO shop_stockmovement (variant_id, kind, delta, balance, reason, actor, reservation_id, created_at)"
    " SELECT variant_id, 'SALE', -1, :balance, '', 'midtrans', id, now() FROM shop_reservation"
    " WHERE reference = 'SQL-' || (:nonce)::text AND variant_id = :variant AND state = 'HELD' RETURNING id"
)
SOLD = (
    "UPDATE shop_reservation SET state = 'SOLD', next_attempt_at = NULL, changed_at = now()"
    " WHERE reference = 'SQL-' || (:nonce)::text"
)
FINISH = (
    "UPDATE payments_gatewaynotification SET lease = '', lease_until = NULL, payment_id = :payment_id,"
    " attempts = attempts + 1, last_error = '', outcome = 'APPLIED', applied_at = now(), next_attempt_at = NULL"
    " WHERE id = :row"
)
NOTIFY_LOCKS = (LOCK_ORDER, LOCK_PAYMENTS, LOCK_TRANSACTIONS)
NOTIFY_FACTS = (INSERT_TRANSACTION, UPDATE_PAYMENT, UPDATE_ORDER, INSERT_PAID, ITEMS, INSERT_MAIL_PAID, INSERT_MONEY)

_PARAMETER = re.compile(r"(?<!:):([a-z_][a-z0-9_]*)")


def for_cursor(sql: str) -> str:
    """Return a statement in the form that Django's cursors take."""
    return _PARAMETER.sub(r"%(\1)s", sql.replace("%", "%%"))
