"""The rules, and the special treatment that a shop begins with, named in its language."""

from django.conf import settings
from django.db import migrations
from django.utils.translation import gettext, override


def add_first(apps, schema_editor):
    apps.get_model("mechanisms", "MechanismRules").objects.create()
    kind = apps.get_model("mechanisms", "TaskKind")
    with override(settings.LANGUAGE_CODE):
        rows = [
            (gettext("Write a letter by hand"), gettext("Thank them in your own words for what they bought, and for what they told you."), "likely_regular"),
            (gettext("Tell them first"), gettext("Tell them of the new product before everybody else, by a call or a personal mail."), "likely_regular"),
            (gettext("Name a contact"), gettext("Say who in the shop is there for them, and how to reach that person."), "regular"),
        ]
    for position, (name, description, occasion) in enumerate(rows):
        kind.objects.create(name=name, description=description, occasion=occasion, position=position)


class Migration(migrations.Migration):
    dependencies = [("mechanisms", "0001_initial")]
    operations = [migrations.RunPython(add_first, migrations.RunPython.noop)]
