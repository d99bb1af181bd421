"""The history of an order is append-only; orders and their lines are never deleted."""

from django.db import migrations


def trigger(table: str, name: str, when: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"CREATE TRIGGER {name} BEFORE {when} ON {table} FOR EACH ROW EXECUTE FUNCTION shop_refuse_change()",
        f"DROP TRIGGER {name} ON {table}",
    )


class Migration(migrations.Migration):
    dependencies = [("orders", "0002_initial"), ("shop", "0002_append_only")]

    operations = [
        trigger("orders_orderevent", "orderevent_append_only", "UPDATE OR DELETE"),
        trigger("orders_order", "order_is_kept", "DELETE"),
        trigger("orders_orderitem", "orderitem_is_kept", "UPDATE OR DELETE"),
    ]
