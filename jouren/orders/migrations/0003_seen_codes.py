"""In how many orders each code stood, counted of the orders that are there."""

from django.db import migrations, models

COUNTED = """
INSERT INTO orders_seen_code (code, source, shard, orders, last_at, last_number)
SELECT code, source, contact_id % 32, count(*), max(paid_at), (array_agg(number ORDER BY paid_at DESC, number))[1]
FROM orders_order, LATERAL (SELECT DISTINCT unnest(products)) AS each (code)
GROUP BY code, source, contact_id % 32
"""


class Migration(migrations.Migration):

    dependencies = [
        ('orders', '0002_orders_told'),
    ]

    operations = [
        migrations.CreateModel(
            name='SeenCode',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.TextField()),
                ('source', models.CharField(max_length=100)),
                ('shard', models.SmallIntegerField()),
                ('orders', models.BigIntegerField()),
                ('last_at', models.DateTimeField()),
                ('last_number', models.CharField(max_length=100)),
            ],
            options={
                'db_table': 'orders_seen_code',
                'constraints': [models.UniqueConstraint(fields=('code', 'source', 'shard'), name='orders_seen_code_once')],
            },
        ),
        migrations.RunSQL(COUNTED, migrations.RunSQL.noop),
    ]
