"""Limits of every room in one table, and the clock's name for whoever gives the right to move it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("core", "0001_initial")]

    operations = [
        migrations.AlterModelOptions(name="clock", options={"verbose_name": "sandbox clock"}),
        migrations.CreateModel(
            name="Allowance",
            fields=[
                ("key", models.CharField(max_length=100, primary_key=True, serialize=False)),
                ("since", models.DateTimeField()),
                ("used", models.PositiveIntegerField()),
                ("lasts", models.DurationField()),
            ],
        ),
    ]
