"""Payments of the last three days get their daily looks as well; older ones are past them."""

from django.db import migrations

RECENT = """
UPDATE payments_payment SET next_look_at = success_at + interval '1 day'
 WHERE status = 'SUCCESS' AND success_at > now() - interval '3 days'
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0005_repairs_and_looks")]

    operations = [migrations.RunSQL(RECENT, migrations.RunSQL.noop)]
