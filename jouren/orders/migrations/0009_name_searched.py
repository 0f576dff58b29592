"""An index for finding orders by the number that the buyer knows."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):

    # It is made while orders come in, and that cannot be done in a transaction.
    atomic = False

    dependencies = [
        ('orders', '0008_name_for_the_buyer'),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='order',
            index=models.Index(condition=models.Q(('name__gt', '')), fields=['name'], name='orders_order_name', opclasses=['varchar_pattern_ops']),
        ),
    ]
