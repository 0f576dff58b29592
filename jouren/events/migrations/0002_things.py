"""A key may name, beside what its sender calls the event, the thing that the event is about."""

from django.db import migrations

ADD = "ALTER TABLE events_event_key ADD COLUMN IF NOT EXISTS thing text"
INDEX = """
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS events_event_thing ON events_event_key (source, thing)
WHERE thing IS NOT NULL
"""


class Migration(migrations.Migration):

    atomic = False

    dependencies = [("events", "0001_initial")]

    operations = [
        migrations.RunSQL(ADD, "ALTER TABLE events_event_key DROP COLUMN thing"),
        migrations.RunSQL(INDEX, "DROP INDEX CONCURRENTLY IF EXISTS events_event_thing"),
    ]
