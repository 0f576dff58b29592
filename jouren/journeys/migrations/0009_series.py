import django.db.models.constraints
import django.db.models.deletion
import jouren.journeys.series.models
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('journeys', '0008_dated_entries'),
        ('messaging', '0004_connections_and_held_runs'),
    ]

    operations = [
        migrations.CreateModel(
            name='Series',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=200, verbose_name='name')),
                ('description', models.TextField(blank=True, verbose_name='what it is for')),
                ('rhythm', models.JSONField(blank=True, default=jouren.journeys.series.models.every_morning, verbose_name='rhythm')),
            ],
            options={
                'verbose_name': 'series',
                'verbose_name_plural': 'series',
                'ordering': ['name', 'id'],
                'default_permissions': (),
            },
        ),
        migrations.AddField(
            model_name='enrolment',
            name='place',
            field=models.UUIDField(null=True),
        ),
        migrations.CreateModel(
            name='SeriesIntake',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('user_id', models.IntegerField()),
                ('created_at', models.DateTimeField()),
                ('drafts', models.JSONField()),
                ('problems', models.JSONField()),
                ('notes', models.JSONField(default=list)),
                ('series', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='journeys.series')),
            ],
        ),
        migrations.CreateModel(
            name='SeriesPublishing',
            fields=[
                ('series', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='publishing', serialize=False, to='journeys.series')),
                ('asked_at', models.DateTimeField()),
                ('problems', models.JSONField(default=list)),
            ],
        ),
        migrations.CreateModel(
            name='SeriesVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('rhythm', models.JSONField()),
                ('slots', models.JSONField()),
                ('items', models.PositiveIntegerField()),
                ('hash', models.CharField(max_length=64)),
                ('created_at', models.DateTimeField()),
                ('series', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='versions', to='journeys.series')),
            ],
            options={
                'ordering': ['-number'],
            },
        ),
        migrations.AddField(
            model_name='series',
            name='live_version',
            field=models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='journeys.seriesversion'),
        ),
        migrations.CreateModel(
            name='SeriesItem',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('number', models.PositiveIntegerField()),
                ('message', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='messaging.message')),
                ('series', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='items', to='journeys.series')),
            ],
            options={
                'ordering': ['number'],
                'constraints': [models.UniqueConstraint(deferrable=django.db.models.constraints.Deferrable['DEFERRED'], fields=('series', 'number'), name='journeys_seriesitem_number')],
            },
        ),
        migrations.AddConstraint(
            model_name='seriesversion',
            constraint=models.UniqueConstraint(fields=('series', 'number'), name='journeys_seriesversion_number'),
        ),
    ]
