from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0009_resend_permission"),
    ]

    operations = [
        migrations.AddField(
            model_name="order",
            name="cancel_words",
            field=models.CharField(
                blank=True, db_default="", default="", max_length=200, verbose_name="alasan pembatalan pembeli"
            ),
        ),
    ]
