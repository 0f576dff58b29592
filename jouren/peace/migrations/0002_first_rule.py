"""The rule that a shop begins with. People are looked through for the first time in the night after."""

from django.db import migrations


def add_rule(apps, schema_editor):
    apps.get_model("peace", "PeaceRule").objects.create()


class Migration(migrations.Migration):
    dependencies = [("peace", "0001_initial")]
    operations = [migrations.RunPython(add_rule, migrations.RunPython.noop)]
