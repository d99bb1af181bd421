"""Payments, transactions, refunds and notifications are never deleted, and money that came in is never less."""

from django.db import migrations

MONEY_ONLY_GROWS = """
CREATE FUNCTION payments_money_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.received < OLD.received OR NEW.charged_back < OLD.charged_back THEN
        RAISE EXCEPTION 'received and charged_back of transaction % may only grow', OLD.transaction_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'transaction_money_only_grows';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER transaction_money_only_grows BEFORE UPDATE ON payments_paymenttransaction
    FOR EACH ROW EXECUTE FUNCTION payments_money_only_grows();
"""
BACK = """
DROP TRIGGER transaction_money_only_grows ON payments_paymenttransaction;
DROP FUNCTION payments_money_only_grows();
"""


def kept(table: str, name: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"CREATE TRIGGER {name} BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION shop_refuse_change()",
        f"DROP TRIGGER {name} ON {table}",
    )


class Migration(migrations.Migration):
    dependencies = [("payments", "0002_initial"), ("shop", "0002_append_only")]

    operations = [
        kept("payments_payment", "payment_is_kept"),
        kept("payments_paymenttransaction", "transaction_is_kept"),
        kept("payments_refund", "refund_is_kept"),
        migrations.RunSQL(MONEY_ONLY_GROWS, BACK),
    ]
