"""Offers by the references that orders come back with; the sources of what orders took before."""

from django.db import migrations, models

# A number that two sources have told of for one person stays without a source: it cannot be said which it was.
_NAME_SOURCES = """
UPDATE {table} AS took SET source = known.source
FROM (
    SELECT number, contact_id, min(source) AS source FROM orders_order
    WHERE number IN (SELECT order_ref FROM {table} WHERE source = '')
    GROUP BY number, contact_id HAVING count(*) = 1
) AS known
WHERE took.source = '' AND known.number = took.order_ref AND known.contact_id = took.contact_id
"""


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0004_orders_of_offers'),
        ('orders', '0005_order_lists'),
    ]

    operations = [
        migrations.AddField(
            model_name='order',
            name='reference',
            field=models.TextField(blank=True, db_default='', default=''),
        ),
        migrations.CreateModel(
            name='Remark',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('source', models.CharField(max_length=100)),
                ('number', models.CharField(max_length=100)),
                ('subject', models.CharField(max_length=12)),
                ('text', models.CharField(max_length=100)),
                ('reason', models.CharField(max_length=40)),
                ('at', models.DateTimeField()),
            ],
            options={
                'db_table': 'orders_remark',
                'ordering': ['at', 'pk'],
                'constraints': [models.UniqueConstraint(fields=('source', 'number', 'subject', 'text'), name='orders_remark_once')],
            },
        ),
        migrations.RunSQL(_NAME_SOURCES.format(table="catalog_redemption"), migrations.RunSQL.noop),
        migrations.RunSQL(_NAME_SOURCES.format(table="catalog_offerapplication"), migrations.RunSQL.noop),
    ]
