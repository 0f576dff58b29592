"""The orders that the log holds count as told, under whatever key they come again."""

from django.db import migrations

TOLD = """
INSERT INTO events_event_key (source, key, thing)
SELECT source, thing, thing
FROM (
    SELECT DISTINCT source,
           left(encode(sha256(convert_to('order.paid' || chr(31) || (payload ->> 'order'), 'UTF8')), 'hex'), 32) AS thing
    FROM events_event
    WHERE type = 'order.paid'
) AS orders
ON CONFLICT DO NOTHING
"""


class Migration(migrations.Migration):

    dependencies = [("orders", "0001_initial"), ("events", "0003_digested_keys")]

    operations = [migrations.RunSQL(TOLD, migrations.RunSQL.noop)]
