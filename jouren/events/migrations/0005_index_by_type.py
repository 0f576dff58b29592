"""An index by type, for questions to everybody's past: made a partition at a time, concurrently, and safe to repeat.

The partitions that are made later bring their own.
"""

from django.db import migrations

INDEX = "events_event_of_type"
COLUMNS = "(type, occurred_at) INCLUDE (contact_id)"
MISSING = """
SELECT part.inhrelid::regclass::text, replace(part.inhrelid::regclass::text, 'events_event', %(index)s)
FROM pg_inherits AS part
WHERE part.inhparent = 'events_event'::regclass AND NOT EXISTS (
    SELECT 1 FROM pg_inherits AS made JOIN pg_index AS index ON index.indexrelid = made.inhrelid
    WHERE made.inhparent = %(index)s::regclass AND index.indrelid = part.inhrelid
)
ORDER BY 1
"""


def make_index(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(f"CREATE INDEX IF NOT EXISTS {INDEX} ON ONLY events_event {COLUMNS}")
        cursor.execute(MISSING, {"index": INDEX})
        for partition, name in cursor.fetchall():
            # What an interrupted attempt left behind is not valid.
            cursor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            cursor.execute(f"CREATE INDEX CONCURRENTLY {name} ON {partition} {COLUMNS}")
            cursor.execute(f"ALTER INDEX {INDEX} ATTACH PARTITION {name}")


def drop_index(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(f"DROP INDEX IF EXISTS {INDEX}")


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("events", "0004_listened_types")]
    operations = [migrations.RunPython(make_index, drop_index)]
