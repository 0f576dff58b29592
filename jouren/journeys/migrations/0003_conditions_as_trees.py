import jouren.conditions.fields
from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('journeys', '0002_initial'),
    ]

    operations = [
        migrations.AlterField(
            model_name='journey',
            name='entry',
            field=jouren.conditions.fields.ConditionField(verbose_name='only if'),
        ),
        migrations.AlterField(
            model_name='journey',
            name='goal',
            field=jouren.conditions.fields.ConditionField(help_text='Who reaches it leaves the journey. Asked again before every message.', verbose_name='goal'),
        ),
    ]
