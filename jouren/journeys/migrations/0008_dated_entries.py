"""Up to which moment the dates were looked at that bring people into a journey."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("journeys", "0007_precedence")]

    operations = [
        migrations.CreateModel(
            name="DatedEntries",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("journey_id", models.BigIntegerField()),
                ("trigger", models.CharField(max_length=64)),
                ("seen_until", models.DateTimeField()),
                ("after_contact_id", models.BigIntegerField(db_default=0, default=0)),
            ],
            options={
                "db_table": "journeys_dated_entries",
                "constraints": [
                    models.UniqueConstraint(fields=["journey_id", "trigger"], name="journeys_dated_entries_once")
                ],
            },
        ),
    ]
