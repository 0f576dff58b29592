"""Keys are kept as digests: senders put names and addresses into them, and erasing could not find those."""

from django.db import migrations

DIGEST = """
UPDATE events_event_key
SET key = left(encode(sha256(convert_to('key' || chr(31) || key, 'UTF8')), 'hex'), 32)
"""


class Migration(migrations.Migration):

    dependencies = [("events", "0002_things")]

    operations = [migrations.RunSQL(DIGEST, migrations.RunSQL.noop)]
