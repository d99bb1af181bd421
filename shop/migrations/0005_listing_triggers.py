"""Triggers write what lists and search read of every product, and keep the addresses it had, whoever changes it and how.

The words are of the dictionary ``simple``: lower case and nothing else. A stemmer at this place finds tables ("meja")
for who looks for shirts ("kemeja"); ``shop.finding`` asks it only when a search found nothing.

A change of a variant or of a shelf only renews the rows of products that have one: the product itself makes it. A sale
moves ``on_hand`` and ``reserved``, which no trigger looks at.
"""

from django.db import migrations

# Long texts are cut, since a tsvector has a limit and a page must not fail on it. What PostgreSQL would take for one word
# is several here, as it is in what people type: "BTK-KWG-M" is three.
LISTINGS = r"""
CREATE FUNCTION shop_plain(given text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT replace(replace(replace(replace(left(given, 20000), '-', ' '), '/', ' '), '.', ' '), '_', ' ')
$$;
CREATE FUNCTION shop_listing_of(wanted bigint[]) RETURNS SETOF shop_listing LANGUAGE sql STABLE AS $$
    SELECT p.id, p.category_id, p.created_at,
           CASE WHEN p.is_active THEN v.lowest END,
           CASE WHEN p.is_active THEN v.highest END,
           setweight(to_tsvector('simple', shop_plain(p.name)), 'A')
        || setweight(to_tsvector('simple', shop_plain(concat_ws(' ', c.name, v.texts))), 'B')
        || setweight(to_tsvector('simple', shop_plain(p.tagline)), 'C')
        || setweight(to_tsvector('simple', shop_plain(concat_ws(' ', left(p.description, 10000), d.texts))), 'D')
      FROM unnest(wanted) AS w (id)
      JOIN shop_product p ON p.id = w.id
      JOIN shop_category c ON c.id = p.category_id
      LEFT JOIN LATERAL (
           SELECT min(price) AS lowest, max(price) AS highest, string_agg(name || ' ' || sku, ' ' ORDER BY id) AS texts
             FROM shop_variant WHERE product_id = p.id AND is_active
           ) v ON true
      LEFT JOIN LATERAL (
           SELECT string_agg(text #>> '{}', ' ') AS texts
             FROM jsonb_path_query(p.details, 'strict $.** ? (@.type() == "string")') text
           ) d ON true
$$;
CREATE FUNCTION shop_renew_listing(wanted bigint[]) RETURNS void LANGUAGE sql AS $$
    UPDATE shop_listing l
       SET category_id = fresh.category_id, created_at = fresh.created_at, lowest_price = fresh.lowest_price,
           highest_price = fresh.highest_price, words = fresh.words
      FROM shop_listing_of(wanted) fresh
     WHERE l.product_id = fresh.product_id AND l IS DISTINCT FROM fresh
$$;

CREATE FUNCTION shop_product_written() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO shop_listing (product_id, category_id, created_at, lowest_price, highest_price, words)
            SELECT product_id, category_id, created_at, lowest_price, highest_price, words
              FROM shop_listing_of(ARRAY(SELECT id FROM written));
    ELSE
        PERFORM shop_renew_listing(ARRAY[NEW.id]);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER product_listed AFTER INSERT ON shop_product
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION shop_product_written();
CREATE TRIGGER product_listing_renewed AFTER UPDATE ON shop_product
    FOR EACH ROW WHEN (
        (OLD.name, OLD.tagline, OLD.description, OLD.details, OLD.category_id, OLD.is_active, OLD.created_at)
        IS DISTINCT FROM
        (NEW.name, NEW.tagline, NEW.description, NEW.details, NEW.category_id, NEW.is_active, NEW.created_at)
    )
    EXECUTE FUNCTION shop_product_written();

CREATE FUNCTION shop_variants_came_or_went() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM shop_renew_listing(ARRAY(SELECT DISTINCT product_id FROM written));
    RETURN NULL;
END $$;
CREATE TRIGGER variants_added AFTER INSERT ON shop_variant
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION shop_variants_came_or_went();
CREATE TRIGGER variants_removed AFTER DELETE ON shop_variant
    REFERENCING OLD TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION shop_variants_came_or_went();
CREATE FUNCTION shop_variant_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM shop_renew_listing(ARRAY[OLD.product_id, NEW.product_id]);
    RETURN NULL;
END $$;
CREATE TRIGGER variant_listing_renewed AFTER UPDATE OF name, sku, price, is_active, product_id ON shop_variant
    FOR EACH ROW WHEN (
        (OLD.name, OLD.sku, OLD.price, OLD.is_active, OLD.product_id)
        IS DISTINCT FROM
        (NEW.name, NEW.sku, NEW.price, NEW.is_active, NEW.product_id)
    )
    EXECUTE FUNCTION shop_variant_changed();

CREATE FUNCTION shop_category_renamed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM shop_renew_listing(ARRAY(SELECT id FROM shop_product WHERE category_id = NEW.id));
    RETURN NULL;
END $$;
CREATE TRIGGER category_listings_renewed AFTER UPDATE ON shop_category
    FOR EACH ROW WHEN (OLD.name IS DISTINCT FROM NEW.name) EXECUTE FUNCTION shop_category_renamed();

ALTER TABLE shop_listing ADD CONSTRAINT listing_of_product
    FOREIGN KEY (product_id) REFERENCES shop_product (id) ON DELETE CASCADE;
INSERT INTO shop_listing SELECT * FROM shop_listing_of(ARRAY(SELECT id FROM shop_product));
"""
NO_LISTINGS = """
DROP FUNCTION shop_category_renamed, shop_variants_came_or_went, shop_variant_changed, shop_product_written CASCADE;
DROP FUNCTION shop_renew_listing, shop_listing_of, shop_plain;
ALTER TABLE shop_listing DROP CONSTRAINT listing_of_product;
DELETE FROM shop_listing;
"""

SLUGS = """
CREATE FUNCTION shop_product_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM shop_formerproductslug WHERE slug = NEW.slug;
    IF TG_OP = 'UPDATE' THEN
        INSERT INTO shop_formerproductslug (slug, product_id, created_at) VALUES (OLD.slug, NEW.id, now())
            ON CONFLICT (slug) DO UPDATE SET product_id = excluded.product_id, created_at = excluded.created_at;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER product_slug_taken AFTER INSERT ON shop_product
    FOR EACH ROW EXECUTE FUNCTION shop_product_moved();
CREATE TRIGGER product_slug_kept AFTER UPDATE ON shop_product
    FOR EACH ROW WHEN (OLD.slug IS DISTINCT FROM NEW.slug) EXECUTE FUNCTION shop_product_moved();

CREATE FUNCTION shop_category_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM shop_formercategoryslug WHERE slug = NEW.slug;
    IF TG_OP = 'UPDATE' THEN
        INSERT INTO shop_formercategoryslug (slug, category_id, created_at) VALUES (OLD.slug, NEW.id, now())
            ON CONFLICT (slug) DO UPDATE SET category_id = excluded.category_id, created_at = excluded.created_at;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER category_slug_taken AFTER INSERT ON shop_category
    FOR EACH ROW EXECUTE FUNCTION shop_category_moved();
CREATE TRIGGER category_slug_kept AFTER UPDATE ON shop_category
    FOR EACH ROW WHEN (OLD.slug IS DISTINCT FROM NEW.slug) EXECUTE FUNCTION shop_category_moved();
"""
NO_SLUGS = "DROP FUNCTION shop_product_moved, shop_category_moved CASCADE"


class Migration(migrations.Migration):
    dependencies = [("shop", "0004_listing")]

    operations = [
        migrations.RunSQL(LISTINGS, NO_LISTINGS),
        migrations.RunSQL(SLUGS, NO_SLUGS),
    ]
