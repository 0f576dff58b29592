"""Figures of large journeys are kept, so that screens open at once."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('journeys', '0011_dry_runs'),
        ('reports', '0001_passages_and_exports'),
    ]

    operations = [
        migrations.CreateModel(
            name='KeptFigures',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('question', models.CharField(max_length=200)),
                ('figures', models.JSONField(null=True)),
                ('as_of', models.DateTimeField(null=True)),
                ('seconds', models.FloatField(db_default=0, default=0)),
                ('asked_at', models.DateTimeField(null=True)),
                ('journey', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='journeys.journey')),
            ],
            options={
                'verbose_name_plural': 'kept figures',
                'constraints': [models.UniqueConstraint(fields=('journey', 'question'), name='reports_keptfigures_question')],
            },
        ),
    ]
