"""One topic to begin with, named in the shop's language."""

from django.conf import settings
from django.db import migrations
from django.utils.translation import gettext, override


def add_topic(apps, schema_editor):
    with override(settings.LANGUAGE_CODE):
        name = gettext("News and advice")
    apps.get_model("contacts", "Topic").objects.get_or_create(key="news", defaults={"name": name})


class Migration(migrations.Migration):
    dependencies = [("contacts", "0001_initial")]
    operations = [migrations.RunPython(add_topic, migrations.RunPython.noop)]
