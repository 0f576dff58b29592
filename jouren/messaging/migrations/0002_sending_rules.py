"""Caps, quiet hours, the sending window and readiness; the account of what they held; clicks by hour; bounces."""

import django.contrib.postgres.fields
import django.core.validators
from django.db import migrations, models


def begin_with_readiness(apps, schema_editor):
    """信頼が先 from the start: three messages that help before the first that asks. Its edition makes it count."""
    rules = apps.get_model("messaging", "SendingRules")
    if not rules.objects.exists():
        rules.objects.create(help_before_ask=3, edition=1)


class Migration(migrations.Migration):

    dependencies = [
        ('messaging', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='CapRow',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('most', models.PositiveSmallIntegerField(validators=[django.core.validators.MinValueValidator(1)])),
                ('unit', models.CharField(choices=[('hours', 'hours, back from the moment of sending'), ('days', 'days, back from the moment of sending'), ('day', 'day of the calendar, from midnight'), ('week', 'week of the calendar, from Monday'), ('month', 'month of the calendar, from the 1st')], max_length=5)),
                ('length', models.PositiveSmallIntegerField(default=1, validators=[django.core.validators.MinValueValidator(1)])),
                ('channel', models.CharField(blank=True, default='', max_length=20)),
                ('kind', models.CharField(blank=True, choices=[('help', 'Help'), ('ask', 'Ask'), ('care', 'Thanks and care'), ('transactional', 'Transactional')], default='', max_length=20)),
                ('topic', models.CharField(blank=True, default='', max_length=50)),
                ('action', models.CharField(choices=[('defer', 'Send it later'), ('skip', 'Do not send it')], default='defer', max_length=5)),
            ],
            options={
                'db_table': 'messaging_cap',
                'ordering': ['id'],
            },
        ),
        migrations.CreateModel(
            name='ClickHour',
            fields=[
                ('pk', models.CompositePrimaryKey('contact_id', 'hour', blank=True, editable=False, primary_key=True, serialize=False)),
                ('contact_id', models.BigIntegerField()),
                ('hour', models.PositiveSmallIntegerField()),
                ('clicks', models.PositiveIntegerField()),
            ],
            options={
                'db_table': 'messaging_click_hour',
            },
        ),
        migrations.CreateModel(
            name='Hold',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('delivery_id', models.BigIntegerField(db_index=True)),
                ('rule', models.CharField(max_length=30)),
                ('reason', models.CharField(max_length=100)),
                ('at', models.DateTimeField()),
                ('until', models.DateTimeField(null=True)),
                ('counted', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), default=list, size=None)),
            ],
            options={
                'db_table': 'messaging_hold',
            },
        ),
        migrations.CreateModel(
            name='SendingRules',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('zone', models.CharField(db_default='Asia/Tokyo', default='Asia/Tokyo', max_length=64, verbose_name='time zone of the shop')),
                ('longest_delay_days', models.PositiveSmallIntegerField(db_default=3, default=3, validators=[django.core.validators.MinValueValidator(1)])),
                ('quiet_from', models.TimeField(blank=True, null=True)),
                ('quiet_until', models.TimeField(blank=True, null=True)),
                ('quiet_action', models.CharField(choices=[('defer', 'Send it later'), ('skip', 'Do not send it')], db_default='defer', default='defer', max_length=5)),
                ('window_from', models.TimeField(blank=True, null=True)),
                ('window_until', models.TimeField(blank=True, null=True)),
                ('window_days', django.contrib.postgres.fields.ArrayField(base_field=models.PositiveSmallIntegerField(), blank=True, default=list, size=None)),
                ('window_on_holidays', models.BooleanField(db_default=True, default=True)),
                ('window_on_closures', models.BooleanField(db_default=True, default=True)),
                ('window_action', models.CharField(choices=[('defer', 'Send it later'), ('skip', 'Do not send it')], db_default='defer', default='defer', max_length=5)),
                ('help_before_ask', models.PositiveSmallIntegerField(blank=True, default=3, null=True)),
                ('readiness_action', models.CharField(choices=[('defer', 'Send it later'), ('skip', 'Do not send it')], db_default='defer', default='defer', max_length=5)),
                ('default_hour', models.PositiveSmallIntegerField(db_default=8, default=8, validators=[django.core.validators.MaxValueValidator(23)])),
                ('edition', models.BigIntegerField(db_default=0, default=0)),
            ],
            options={
                'verbose_name': 'sending rules',
                'verbose_name_plural': 'sending rules',
            },
        ),
        migrations.CreateModel(
            name='ShopClickHour',
            fields=[
                ('pk', models.CompositePrimaryKey('shard', 'hour', blank=True, editable=False, primary_key=True, serialize=False)),
                ('shard', models.PositiveSmallIntegerField()),
                ('hour', models.PositiveSmallIntegerField()),
                ('clicks', models.PositiveBigIntegerField()),
                ('pairs', models.PositiveBigIntegerField()),
                ('same_pairs', models.PositiveBigIntegerField()),
            ],
            options={
                'db_table': 'messaging_shop_click_hour',
            },
        ),
        migrations.AddField(
            model_name='delivery',
            name='bounced_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.RunPython(begin_with_readiness, migrations.RunPython.noop),
    ]
