"""Orders are more than payments: columns for what else is told of them, their lines and refunds, subscriptions.

Old rows stay as they are: paid orders, described by their payment.
"""

import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.functions.comparison
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('contacts', '0004_segments'),
        ('orders', '0003_seen_codes'),
    ]

    operations = [
        migrations.CreateModel(
            name='Buyer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('source', models.CharField(max_length=100)),
                ('thing', models.CharField(max_length=12)),
                ('number', models.CharField(max_length=100)),
                ('contact_id', models.BigIntegerField(null=True)),
            ],
            options={
                'db_table': 'orders_buyer',
            },
        ),
        migrations.CreateModel(
            name='Line',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveSmallIntegerField()),
                ('code', models.CharField(max_length=100, verbose_name='code')),
                ('name', models.CharField(blank=True, max_length=300, verbose_name='name')),
                ('quantity', models.IntegerField(verbose_name='quantity')),
                ('amount', models.BigIntegerField(null=True, verbose_name='amount')),
                ('tax_rate', models.PositiveSmallIntegerField(null=True, verbose_name='tax rate')),
            ],
            options={
                'db_table': 'orders_line',
                'ordering': ['position'],
            },
        ),
        migrations.CreateModel(
            name='Refund',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('source', models.CharField(max_length=100)),
                ('number', models.CharField(max_length=100)),
                ('refund', models.CharField(max_length=100)),
                ('amount', models.BigIntegerField(verbose_name='amount')),
                ('currency', models.CharField(max_length=3, verbose_name='currency')),
                ('reason', models.TextField(blank=True, verbose_name='reason')),
                ('at', models.DateTimeField(verbose_name='when')),
            ],
            options={
                'db_table': 'orders_refund',
            },
        ),
        migrations.CreateModel(
            name='Subscription',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('source', models.CharField(max_length=100, verbose_name='source')),
                ('number', models.CharField(max_length=100, verbose_name='number')),
                ('state', models.CharField(choices=[('unknown', 'Not told of yet'), ('active', 'Active'), ('paused', 'Paused'), ('cancelled', 'Cancelled')], max_length=12, verbose_name='state')),
                ('product', models.CharField(blank=True, max_length=100, verbose_name='product')),
                ('every_days', models.PositiveSmallIntegerField(null=True, verbose_name='every so many days')),
                ('amount', models.BigIntegerField(null=True, verbose_name='amount')),
                ('currency', models.CharField(blank=True, max_length=3, verbose_name='currency')),
                ('next_on', models.DateField(null=True, verbose_name='next delivery')),
                ('started_at', models.DateTimeField(null=True, verbose_name='started')),
                ('renewed_at', models.DateTimeField(null=True, verbose_name='renewed')),
                ('renewals', models.PositiveIntegerField(default=0, verbose_name='renewals')),
                ('paused_at', models.DateTimeField(null=True, verbose_name='paused')),
                ('paused_until', models.DateField(null=True, verbose_name='paused until')),
                ('cancelled_at', models.DateTimeField(null=True, verbose_name='cancelled')),
                ('reason', models.TextField(blank=True, verbose_name='reason')),
                ('stated_at', models.DateTimeField(null=True)),
                ('stated_by', models.CharField(db_collation='C', max_length=40)),
                ('scheduled_at', models.DateTimeField(null=True)),
                ('scheduled_by', models.CharField(db_collation='C', max_length=40)),
                ('scheduled_on', models.DateField(null=True)),
            ],
            options={
                'verbose_name': 'subscription',
                'verbose_name_plural': 'subscriptions',
                'db_table': 'orders_subscription',
            },
        ),
        migrations.CreateModel(
            name='Waiting',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('source', models.CharField(max_length=100)),
                ('thing', models.CharField(max_length=12)),
                ('number', models.CharField(max_length=100)),
                ('name', models.CharField(max_length=64)),
                ('type', models.TextField()),
                ('payload', models.JSONField()),
                ('occurred_at', models.DateTimeField()),
                ('key', models.CharField(max_length=64, null=True)),
                ('historical', models.BooleanField()),
                ('told_at', models.DateTimeField()),
            ],
            options={
                'db_table': 'orders_waiting',
            },
        ),
        migrations.AddField(
            model_name='order',
            name='cancelled_at',
            field=models.DateTimeField(null=True, verbose_name='cancelled'),
        ),
        migrations.AddField(
            model_name='order',
            name='coupon',
            field=models.TextField(blank=True, db_default='', default='', verbose_name='coupon'),
        ),
        migrations.AddField(
            model_name='order',
            name='delivered_at',
            field=models.DateTimeField(null=True, verbose_name='delivered'),
        ),
        migrations.AddField(
            model_name='order',
            name='described_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='order',
            name='described_by',
            field=models.CharField(db_collation='C', db_default='', default='', max_length=40),
        ),
        migrations.AddField(
            model_name='order',
            name='discount',
            field=models.BigIntegerField(null=True, verbose_name='discount'),
        ),
        migrations.AddField(
            model_name='order',
            name='is_counted',
            field=models.BooleanField(db_default=True, default=True),
        ),
        migrations.AddField(
            model_name='order',
            name='placed_at',
            field=models.DateTimeField(null=True, verbose_name='placed'),
        ),
        migrations.AddField(
            model_name='order',
            name='reason',
            field=models.TextField(blank=True, db_default='', default='', verbose_name='reason'),
        ),
        migrations.AddField(
            model_name='order',
            name='recognised',
            field=models.CharField(blank=True, db_default='', default='', max_length=20),
        ),
        migrations.AddField(
            model_name='order',
            name='refunded',
            field=models.BigIntegerField(db_default=0, default=0, verbose_name='refunded'),
        ),
        migrations.AddField(
            model_name='order',
            name='shipped_at',
            field=models.DateTimeField(null=True, verbose_name='shipped'),
        ),
        migrations.AddField(
            model_name='order',
            name='shipping',
            field=models.BigIntegerField(null=True, verbose_name='shipping'),
        ),
        migrations.AddField(
            model_name='order',
            name='state',
            field=models.CharField(choices=[('unknown', 'Not told of yet'), ('placed', 'Placed, not paid'), ('paid', 'Paid'), ('shipped', 'Shipped'), ('delivered', 'Delivered'), ('refunded', 'Refunded'), ('cancelled', 'Cancelled')], db_default='paid', default='paid', max_length=12, verbose_name='state'),
        ),
        migrations.AddField(
            model_name='order',
            name='subscription',
            field=models.TextField(blank=True, db_default='', default='', verbose_name='subscription'),
        ),
        migrations.AddField(
            model_name='order',
            name='tax',
            field=models.JSONField(blank=True, db_default=models.Value({}, models.JSONField()), default=dict, verbose_name='tax'),
        ),
        migrations.AlterField(
            model_name='order',
            name='event_id',
            field=models.BigIntegerField(null=True),
        ),
        migrations.AlterField(
            model_name='order',
            name='kind',
            field=models.CharField(blank=True, choices=[('trial', 'Trial'), ('regular', 'Regular price'), ('free', 'Free gift')], max_length=20, verbose_name='kind'),
        ),
        migrations.AlterField(
            model_name='order',
            name='paid_at',
            field=models.DateTimeField(null=True, verbose_name='paid'),
        ),
        migrations.AddConstraint(
            model_name='buyer',
            constraint=models.UniqueConstraint(fields=('source', 'thing', 'number'), name='orders_buyer_once'),
        ),
        migrations.AddField(
            model_name='line',
            name='order',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='lines', to='orders.order'),
        ),
        migrations.AddConstraint(
            model_name='refund',
            constraint=models.UniqueConstraint(fields=('source', 'number', 'refund'), name='orders_refund_once'),
        ),
        migrations.AddField(
            model_name='subscription',
            name='contact',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='subscriptions', to='contacts.contact'),
        ),
        migrations.AddConstraint(
            model_name='waiting',
            constraint=models.UniqueConstraint(fields=('source', 'thing', 'number', 'name'), name='orders_waiting_once'),
        ),
        migrations.AddConstraint(
            model_name='line',
            constraint=models.UniqueConstraint(fields=('order', 'position'), name='orders_line_once'),
        ),
        migrations.AddIndex(
            model_name='subscription',
            index=models.Index(fields=['state', '-id'], name='orders_subscription_state'),
        ),
        migrations.AddConstraint(
            model_name='subscription',
            constraint=models.UniqueConstraint(fields=('source', 'number'), name='orders_subscription_once'),
        ),
    ]
