"""Types of events that reach reactions only while somebody listens."""

from django.db import migrations

LISTENED = """
CREATE TABLE events_listened (
    listener text NOT NULL,
    type text NOT NULL,
    PRIMARY KEY (listener, type)
);
"""


class Migration(migrations.Migration):
    dependencies = [("events", "0003_digested_keys")]
    operations = [migrations.RunSQL(LISTENED, "DROP TABLE events_listened")]
