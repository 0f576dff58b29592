"""Indexes for claiming run by run, and for counting and listing what became of a message."""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):

    # Indexes are made while the shop goes on sending, and that cannot be done in a transaction.
    atomic = False

    dependencies = [
        ('messaging', '0005_held_runs'),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='delivery',
            index=models.Index(
                condition=models.Q(('state', 0)),
                fields=['lane', 'run', 'try_at', 'id'],
                name='messaging_delivery_next',
            ),
        ),
        AddIndexConcurrently(
            model_name='delivery',
            index=models.Index(
                fields=['message_version', 'state', 'id'],
                name='messaging_delivery_version',
            ),
        ),
        AddIndexConcurrently(
            model_name='delivery',
            index=models.Index(
                condition=models.Q(('first_opened_at__isnull', False)),
                fields=['message_version', 'first_clicked_at'],
                name='messaging_delivery_seen',
            ),
        ),
        RemoveIndexConcurrently(
            model_name='delivery',
            name='messaging_delivery_due',
        ),
    ]
