"""A catalogue of thousands of products, written by a handful of statements. The ledger agrees with the stock."""

from __future__ import annotations

from typing import Any

from django.db import connection

_KINDS = ("Mangkuk", "Piring", "Kemeja", "Taplak", "Tas", "Lilin", "Sabun", "Lampu", "Kopi", "Nampan", "Vas", "Topi")
_MATTERS = ("Batik", "Rotan", "Keramik", "Pandan", "Jati", "Lurik", "Tenun", "Kaca", "Tembaga", "Bambu", "Kulit")
_COLOURS = ("Nila", "Marun", "Sogan", "Kunyit", "Seladon", "Arang", "Krem", "Terakota", "Alam")

_STATEMENTS = (
    """
    INSERT INTO shop_category (name, slug, description, position)
    SELECT 'Rak Besar ' || n, 'rak-besar-' || n, '', 100 + n FROM generate_series(1, 8) n
    """,
    """
    INSERT INTO shop_product (category_id, name, slug, tagline, description, details, is_active, created_at, updated_at)
    SELECT (SELECT id FROM shop_category WHERE slug = 'rak-besar-' || 1 + n %% 8),
           (%(kinds)s::text[])[1 + n %% 12] || ' ' || (%(matters)s::text[])[1 + n / 12 %% 11] || ' '
               || (%(colours)s::text[])[1 + n / 132 %% 9] || ' No. ' || n,
           'barang-banyak-' || n, 'Buatan tangan, seri ' || n,
           'Dibuat satu per satu oleh perajin. Cocok untuk rumah, dapur, dan hadiah. Kode perajin ' || md5(n::text)
               || '. ' || repeat('Tahan lama dan mudah dirawat. ', 5),
           '[]', true, now() - n * interval '1 minute', now()
      FROM generate_series(1, %(count)s) n
    """,
    """
    INSERT INTO shop_variant (product_id, sku, name, options, swatch, price, weight, on_hand, reserved, is_active,
                              position)
    SELECT p.id, 'BNY-' || p.id || '-' || size, size, jsonb_build_object('Ukuran', size), '',
           15000 + p.id * 7919 %% 900000 + place * 5000, 300, (p.id + place) %% 4, 0, true, place
      FROM shop_product p, unnest(ARRAY['S', 'M', 'L']) WITH ORDINALITY AS sizes (size, place)
     WHERE p.slug LIKE 'barang-banyak-%%'
    """,
    """
    INSERT INTO shop_stockmovement (variant_id, kind, delta, balance, actor, reason, created_at)
    SELECT id, 'RECEIVE', on_hand, on_hand, 'test', 'stok awal', now()
      FROM shop_variant WHERE sku LIKE 'BNY-%%' AND on_hand > 0
    """,
    """
    INSERT INTO shop_productimage (product_id, large, small, alt, position)
    SELECT id, 'products/' || id || '-640.webp', 'products/' || id || '-320.webp', name, 1
      FROM shop_product WHERE slug LIKE 'barang-banyak-%%'
    """,
    # A session that saw these tables empty keeps reading them from end to end for every foreign key.
    "ANALYZE shop_category, shop_product, shop_variant, shop_stockmovement",
    # Foreign keys are checked at the end otherwise, and an ALTER TABLE does not wait for that.
    "SET CONSTRAINTS ALL IMMEDIATE",
    """
    INSERT INTO shop_listing SELECT * FROM shop_listing_of(ARRAY(
        SELECT id FROM shop_product WHERE slug LIKE 'barang-banyak-%%'))
    """,
)


def fill_catalogue(count: int) -> None:
    """Write ``count`` products with three variants and a picture each, on eight shelves, and tell the planner."""
    assert connection.in_atomic_block
    values: dict[str, Any] = {
        "count": count,
        "kinds": list(_KINDS),
        "matters": list(_MATTERS),
        "colours": list(_COLOURS),
    }
    with connection.cursor() as cursor:
        # The listings are made once, at the end; the triggers would make those of the products, and then again.
        cursor.execute("ALTER TABLE shop_product DISABLE TRIGGER USER")
        cursor.execute("ALTER TABLE shop_variant DISABLE TRIGGER USER")
        for statement in _STATEMENTS:
            cursor.execute(statement, values)
        cursor.execute("ALTER TABLE shop_product ENABLE TRIGGER USER")
        cursor.execute("ALTER TABLE shop_variant ENABLE TRIGGER USER")
        # What autovacuum would do: until then the planner shuns the index of words.
        cursor.execute("SELECT gin_clean_pending_list('listing_words'::regclass)")
        cursor.execute("ANALYZE shop_category, shop_product, shop_variant, shop_productimage, shop_listing")
