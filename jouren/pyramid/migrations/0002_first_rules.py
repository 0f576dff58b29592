"""The rules a shop begins with, named in its language."""

from django.conf import settings
from django.db import migrations
from django.utils.translation import gettext, override

ORDER = "order.paid"


def add_rules(apps, schema_editor):
    rule = apps.get_model("pyramid", "PyramidRule")
    with override(settings.LANGUAGE_CODE):
        rows = [
            (gettext("Confirmed registration"), "registration.confirmed", {}, 1, 2, "registered"),
            (gettext("Trial purchase"), ORDER, {"kind": "trial"}, 1, 3, "trial_purchase"),
            (gettext("Purchase at the regular price"), ORDER, {"kind": "regular"}, 1, 4, "purchase"),
            (gettext("Three purchases at the regular price"), ORDER, {"kind": "regular"}, 3, 5, "repeat_purchase"),
        ]
    for position, (name, event_type, match, at_least, stage, reason) in enumerate(rows):
        rule.objects.create(
            name=name, event_type=event_type, match=match, at_least=at_least, stage=stage, reason=reason, position=position
        )


class Migration(migrations.Migration):
    dependencies = [("pyramid", "0001_initial")]
    operations = [migrations.RunPython(add_rules, migrations.RunPython.noop)]
