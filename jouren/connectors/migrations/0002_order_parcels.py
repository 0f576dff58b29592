import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('connectors', '0001_connections'),
    ]

    operations = [
        migrations.CreateModel(
            name='OrderParcels',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.CharField(max_length=100)),
                ('told_at', models.DateTimeField(null=True)),
                ('parcels', django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), default=list, size=None)),
                ('is_all', models.BooleanField(default=False)),
                ('arrived', models.JSONField(default=dict)),
                ('connection', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connectors.connection')),
            ],
            options={
                'db_table': 'connectors_order_parcels',
                'constraints': [models.UniqueConstraint(fields=('connection', 'number'), name='connectors_order_parcels_once')],
            },
        ),
    ]
