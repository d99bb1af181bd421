"""Payments with a refund of the last seven days get their daily looks as well; what is older is past them."""

from django.db import migrations

RECENT = """
UPDATE payments_payment p SET next_look_at = now() + random() * interval '1 day'
  FROM payments_paymenttransaction t JOIN payments_refund r ON r.transaction_id = t.id
 WHERE t.payment_id = p.id AND p.status IN ('SUCCESS', 'PARTIALLY_REFUNDED', 'REFUNDED')
   AND r.state = 'DONE' AND r.channel <> 'BANK' AND r.done_at > now() - interval '7 days'
"""
# Set with the success and never reached, because it was given back first.
PAST = """
UPDATE payments_payment SET next_look_at = NULL
 WHERE status IN ('PARTIALLY_REFUNDED', 'REFUNDED') AND next_look_at < now()
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0009_denied_refunds")]

    operations = [
        migrations.RunSQL(PAST, migrations.RunSQL.noop),
        migrations.RunSQL(RECENT, migrations.RunSQL.noop),
    ]
