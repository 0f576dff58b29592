"""An index of the few deliveries that were replied to."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):

    # Indexes are made while the shop goes on sending, and that cannot be done in a transaction.
    atomic = False

    dependencies = [
        ('messaging', '0010_replies'),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='delivery',
            index=models.Index(
                condition=models.Q(('first_replied_at__isnull', False)),
                fields=['message_version'],
                name='messaging_delivery_replied',
            ),
        ),
    ]
