"""Which first steps a shop has put aside."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("core", "0003_lots")]

    operations = [
        migrations.CreateModel(
            name="SkippedStep",
            fields=[
                ("key", models.CharField(max_length=100, primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
            ],
            options={"db_table": "core_skipped_step", "default_permissions": ()},
        ),
    ]
