"""The stock ledger is append-only, whoever asks: a trigger refuses UPDATE and DELETE."""

from django.db import migrations

FUNCTION = """
CREATE FUNCTION shop_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on % is refused: its rows are kept as they were written', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;
"""
TRIGGER = """
CREATE TRIGGER stockmovement_append_only BEFORE UPDATE OR DELETE ON shop_stockmovement
    FOR EACH ROW EXECUTE FUNCTION shop_refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [("shop", "0001_initial")]

    operations = [
        migrations.RunSQL(FUNCTION, "DROP FUNCTION shop_refuse_change()"),
        migrations.RunSQL(TRIGGER, "DROP TRIGGER stockmovement_append_only ON shop_stockmovement"),
    ]
