"""An index that finds what went to a person lately, in place of one that found all in the order of planning."""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('messaging', '0002_sending_rules'),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='delivery',
            index=models.Index(fields=['contact_id', 'try_at'], name='messaging_delivery_person'),
        ),
        RemoveIndexConcurrently(model_name='delivery', name='messaging_delivery_contact'),
    ]
