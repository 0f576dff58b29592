"""Indexes for lists of orders, and for those whose codes mean nothing yet."""

import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.functions.comparison
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):

    # Indexes are made while orders come in, and that cannot be done in a transaction.
    atomic = False

    dependencies = [
        ('orders', '0004_orders_folded'),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='order',
            index=models.Index(models.OrderBy(django.db.models.functions.comparison.Coalesce('placed_at', 'paid_at'), descending=True), models.OrderBy(models.F('id'), descending=True), name='orders_order_listed'),
        ),
        AddIndexConcurrently(
            model_name='order',
            index=models.Index(models.F('state'), models.OrderBy(django.db.models.functions.comparison.Coalesce('placed_at', 'paid_at'), descending=True), models.OrderBy(models.F('id'), descending=True), name='orders_order_state'),
        ),
        AddIndexConcurrently(
            model_name='order',
            index=models.Index(models.F('source'), models.OrderBy(django.db.models.functions.comparison.Coalesce('placed_at', 'paid_at'), descending=True), models.OrderBy(models.F('id'), descending=True), name='orders_order_source'),
        ),
        AddIndexConcurrently(
            model_name='order',
            index=models.Index(fields=['number'], name='orders_order_number', opclasses=['varchar_pattern_ops']),
        ),
        AddIndexConcurrently(
            model_name='order',
            index=models.Index(condition=models.Q(('kind', '')), fields=['id'], name='orders_order_unknown'),
        ),
        AddIndexConcurrently(
            model_name='order',
            index=django.contrib.postgres.indexes.GinIndex(fastupdate=False, fields=['products'], name='orders_order_products'),
        ),
    ]
