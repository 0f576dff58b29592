from django.db import migrations

TABLES = ("messaging_delivery", "contacts_contact", "journeys_enrolment")


class Migration(migrations.Migration):
    """What a migration may do to a running system: a column with a default, an index built concurrently."""

    atomic = False
    dependencies = []
    operations = [
        operation
        for table in TABLES
        for operation in (
            migrations.RunSQL(f"ALTER TABLE {table} ADD COLUMN grown integer NOT NULL DEFAULT 7"),
            migrations.RunSQL(f"CREATE INDEX CONCURRENTLY {table}_grown ON {table} (grown)"),
        )
    ]
