"""Versions that one run alone sends."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('messaging', '0007_relay_trouble'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='messageversion',
            name='messaging_version_number',
        ),
        migrations.AddField(
            model_name='messageversion',
            name='run',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='messaging.run'),
        ),
        migrations.AddConstraint(
            model_name='messageversion',
            constraint=models.UniqueConstraint(condition=models.Q(('run__isnull', True)), fields=('message', 'number'), name='messaging_version_number'),
        ),
    ]
