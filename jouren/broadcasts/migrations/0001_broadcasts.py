"""Broadcasts, their issues, and who is still to get one."""

import datetime
import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
import jouren.conditions.fields
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('messaging', '0008_versions_of_one_run'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Farewell',
            fields=[
                ('pk', models.CompositePrimaryKey('version_id', 'contact_id', blank=True, editable=False, primary_key=True, serialize=False)),
                ('version_id', models.BigIntegerField()),
                ('contact_id', models.BigIntegerField()),
                ('at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='Broadcast',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=200, verbose_name='name')),
                ('audience', jouren.conditions.fields.ConditionField(verbose_name='who gets it')),
                ('timing', models.CharField(choices=[('now', 'At once'), ('once', 'Once, at a time'), ('repeat', 'Again and again')], default='now', max_length=10, verbose_name='when')),
                ('day', models.DateField(blank=True, null=True, verbose_name='day')),
                ('at', models.TimeField(default=datetime.time(9, 0), verbose_name='time')),
                ('is_local', models.BooleanField(default=False, verbose_name='by the clock where each person lives')),
                ('weekdays', django.contrib.postgres.fields.ArrayField(base_field=models.PositiveSmallIntegerField(), default=list, size=None, verbose_name='days of the week')),
                ('month_days', django.contrib.postgres.fields.ArrayField(base_field=models.PositiveSmallIntegerField(), default=list, size=None, verbose_name='days of the month')),
                ('until', models.DateField(blank=True, null=True, verbose_name='last day')),
                ('per_hour', models.PositiveIntegerField(blank=True, null=True, validators=[django.core.validators.MinValueValidator(1)], verbose_name='messages an hour at most')),
                ('test_percent', models.PositiveSmallIntegerField(default=20, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(100)], verbose_name='share of the test (percent)')),
                ('wait_hours', models.PositiveSmallIntegerField(default=4, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(240)], verbose_name='hours until the decision')),
                ('metric', models.CharField(choices=[('click', 'Clicks by people'), ('open', 'Opens by people')], default='click', max_length=10, verbose_name='what decides')),
                ('fallback', models.CharField(choices=[('first', 'Send version A'), ('ask', 'Ask me'), ('split', 'Send all versions, in equal shares')], default='first', max_length=10, verbose_name='when there is not enough data')),
                ('again_hours', models.PositiveSmallIntegerField(blank=True, null=True, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(720)], verbose_name='hours until it is sent again')),
                ('again_subject', models.CharField(blank=True, max_length=200, verbose_name='subject of the second sending')),
                ('is_archived', models.BooleanField(default=False, verbose_name='show it in the archive on the web')),
                ('is_searchable', models.BooleanField(default=False, verbose_name='let search engines find it there')),
                ('state', models.CharField(choices=[('draft', 'Draft'), ('scheduled', 'Scheduled'), ('sending', 'Sending'), ('sent', 'Sent'), ('cancelled', 'Cancelled')], default='draft', max_length=10)),
                ('held_at', models.DateTimeField(null=True)),
                ('next_at', models.DateTimeField(null=True)),
                ('next_day', models.DateField(null=True)),
                ('trouble', models.CharField(blank=True, default='', max_length=500)),
                ('created_at', models.DateTimeField()),
                ('created_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'broadcast',
                'verbose_name_plural': 'broadcasts',
                'ordering': ['-id'],
                'permissions': [('send_broadcast', 'Can send broadcasts, pause and cancel them')],
            },
        ),
        migrations.CreateModel(
            name='Issue',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField()),
                ('step', models.UUIDField(default=uuid.uuid4)),
                ('stage', models.PositiveSmallIntegerField(choices=[(0, 'Sending'), (1, 'Waiting for the test'), (2, 'Waiting for your choice'), (3, 'Sending to the rest'), (4, 'Waiting to send again'), (5, 'Sending again'), (6, 'Sending the last ones'), (7, 'Sent'), (8, 'Cancelled')], default=0)),
                ('due_at', models.DateTimeField(null=True)),
                ('phase', models.PositiveSmallIntegerField(choices=[(0, 'First'), (1, 'Rest'), (2, 'Again')], default=0)),
                ('cursor_due', models.DateTimeField(null=True)),
                ('cursor_contact', models.BigIntegerField(default=0)),
                ('next_slot_at', models.DateTimeField(null=True)),
                ('last_due_at', models.DateTimeField(null=True)),
                ('audience', models.PositiveIntegerField(default=0)),
                ('planned', models.PositiveIntegerField(default=0)),
                ('decision', models.CharField(blank=True, choices=[('winner', 'The better one by the figures'), ('first', 'Not enough data: version A, as you had chosen'), ('split', 'Not enough data: all versions in equal shares, as you had chosen'), ('chosen', 'You chose it')], default='', max_length=10)),
                ('winner', models.PositiveSmallIntegerField(null=True)),
                ('tested', models.JSONField(null=True)),
                ('begun_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(null=True)),
                ('broadcast', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='issues', to='broadcasts.broadcast')),
                ('run', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='messaging.run')),
            ],
            options={
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='Letter',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('place', models.PositiveSmallIntegerField()),
                ('is_again', models.BooleanField(default=False)),
                ('issue', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='letters', to='broadcasts.issue')),
                ('version', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='messaging.messageversion')),
            ],
            options={
                'ordering': ['is_again', 'place'],
            },
        ),
        migrations.CreateModel(
            name='Recipient',
            fields=[
                ('pk', models.CompositePrimaryKey('issue_id', 'phase', 'due_at', 'contact_id', blank=True, editable=False, primary_key=True, serialize=False)),
                ('phase', models.PositiveSmallIntegerField(choices=[(0, 'First'), (1, 'Rest'), (2, 'Again')])),
                ('due_at', models.DateTimeField()),
                ('contact_id', models.BigIntegerField()),
                ('place', models.PositiveSmallIntegerField(default=0)),
                ('issue', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='broadcasts.issue')),
            ],
        ),
        migrations.CreateModel(
            name='Variant',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('place', models.PositiveSmallIntegerField()),
                ('subject', models.CharField(blank=True, max_length=200, verbose_name='subject')),
                ('broadcast', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='variants', to='broadcasts.broadcast')),
                ('message', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='messaging.message', verbose_name='message')),
            ],
            options={
                'ordering': ['place'],
            },
        ),
        migrations.AddIndex(
            model_name='broadcast',
            index=models.Index(condition=models.Q(('held_at__isnull', True), ('next_at__isnull', False)), fields=['next_at'], name='broadcasts_broadcast_due'),
        ),
        migrations.AddIndex(
            model_name='issue',
            index=models.Index(condition=models.Q(('due_at__isnull', False)), fields=['due_at'], name='broadcasts_issue_due'),
        ),
        migrations.AddIndex(
            model_name='issue',
            index=models.Index(fields=['run'], name='broadcasts_issue_run'),
        ),
        migrations.AddConstraint(
            model_name='issue',
            constraint=models.UniqueConstraint(fields=('broadcast', 'day'), name='broadcasts_issue_once'),
        ),
        migrations.AddConstraint(
            model_name='letter',
            constraint=models.UniqueConstraint(fields=('issue', 'is_again', 'place'), name='broadcasts_letter_once'),
        ),
        migrations.AddConstraint(
            model_name='variant',
            constraint=models.UniqueConstraint(fields=('broadcast', 'place'), name='broadcasts_variant_place'),
        ),
    ]
