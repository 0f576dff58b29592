"""Segments, and tables of who is in them."""

import jouren.conditions.fields
from django.db import migrations, models


STANDING = """
CREATE TABLE contacts_segment_standing (
    contact_id bigint NOT NULL,
    segment_id bigint NOT NULL,
    is_member boolean NOT NULL,
    since timestamptz,
    recheck_at timestamptz,
    PRIMARY KEY (contact_id, segment_id)
);
CREATE INDEX contacts_segment_members ON contacts_segment_standing (segment_id, contact_id) INCLUDE (is_member);
CREATE INDEX contacts_segment_due ON contacts_segment_standing (recheck_at) WHERE recheck_at IS NOT NULL;

CREATE TABLE contacts_segment_waiting (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    contact_id bigint NOT NULL,
    segment_id bigint NOT NULL,
    historical boolean NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
CREATE INDEX contacts_segment_waiting_for ON contacts_segment_waiting (segment_id, id);

CREATE TABLE contacts_segment_tally (
    segment_id bigint NOT NULL,
    shard smallint NOT NULL,
    people bigint NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (segment_id, shard)
);

CREATE TABLE contacts_segment_day (
    segment_id bigint NOT NULL,
    day date NOT NULL,
    shard smallint NOT NULL,
    entered bigint NOT NULL,
    gone bigint NOT NULL,
    PRIMARY KEY (segment_id, day, shard)
);
"""

UNDO_STANDING = """
DROP TABLE contacts_segment_standing, contacts_segment_waiting, contacts_segment_tally, contacts_segment_day
"""


class Migration(migrations.Migration):

    dependencies = [
        ('contacts', '0003_tags'),
    ]

    operations = [
        migrations.CreateModel(
            name='Segment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=100, verbose_name='name')),
                ('description', models.CharField(blank=True, db_default='', max_length=300, verbose_name='what it is for')),
                ('condition', jouren.conditions.fields.ConditionField(verbose_name='condition')),
                ('version', models.PositiveIntegerField(db_default=1, default=1, editable=False)),
                ('filled_version', models.PositiveIntegerField(db_default=0, default=0, editable=False)),
                ('filled_at', models.DateTimeField(editable=False, null=True)),
                ('seen_at', models.DateTimeField(editable=False, null=True)),
                ('changed_at', models.DateTimeField(editable=False, verbose_name='changed')),
                ('deleted_at', models.DateTimeField(editable=False, null=True)),
            ],
            options={
                'verbose_name': 'segment',
                'verbose_name_plural': 'segments',
                'db_table': 'contacts_segment',
                'ordering': ['name', 'id'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('deleted_at', None)), fields=('name',), name='contacts_segment_name_once')],
            },
        ),
        migrations.RunSQL(STANDING, UNDO_STANDING),
    ]
