from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models
from django.db.models import Value
from wagtail.fields import StreamField


class Migration(migrations.Migration):
    dependencies = [("journeys", "0011_dry_runs")]

    operations = [
        migrations.AddField(
            model_name="journeyversion",
            name="ends_on",
            field=ArrayField(
                base_field=models.TextField(),
                db_default=Value([], ArrayField(models.TextField())),
                default=list,
                size=None,
            ),
        ),
        migrations.AlterField(
            model_name="journey",
            name="exits",
            field=StreamField(
                [],
                blank=True,
                block_lookup={},
                help_text=(
                    "Who meets one of these leaves the journey. Conditions are asked again before every message;"
                    " an event counts at once."
                ),
                verbose_name="exits",
            ),
        ),
    ]
