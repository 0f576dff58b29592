"""Who agreed to mail, as an imported list proves, is a prospect: they can be reached.

A shop that has made a rule about consent has said itself what it means there.
"""

from django.conf import settings
from django.db import migrations, models
from django.utils.translation import gettext, override

CONSENT = "consent.granted"


def add_rule(apps, schema_editor):
    rule = apps.get_model("pyramid", "PyramidRule")
    if rule.objects.filter(event_type=CONSENT).exists():
        return
    with override(settings.LANGUAGE_CODE):
        name = gettext("Consent on an imported list")
    rule.objects.create(
        name=name, event_type=CONSENT, match={"via": "import"}, at_least=1, stage=2, reason="imported", position=0
    )


class Migration(migrations.Migration):
    dependencies = [("pyramid", "0004_naming")]
    operations = [
        migrations.AlterField(
            model_name="pyramidrule",
            name="reason",
            field=models.CharField(choices=[('registered', 'Registered'), ('imported', 'Agreed before, on an imported list'), ('trial_purchase', 'Bought a trial'), ('purchase', 'Bought at the regular price'), ('repeat_purchase', 'Bought again and again'), ('direct_purchase', 'Bought at once'), ('good_customer', 'Bought much within a year'), ('rule', 'By a rule'), ('journey', 'By a journey'), ('staff', 'By the shop')], default='rule', max_length=50, verbose_name='reason'),
        ),
        migrations.RunPython(add_rule, migrations.RunPython.noop),
    ]
