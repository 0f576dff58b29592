"""Scratch tables of imports: unlogged, since what a crash takes from them is read from the file again."""

from django.db import migrations

FORWARD = """
CREATE UNLOGGED TABLE imports_staged (
    import_id bigint NOT NULL,
    number text COLLATE "C" NOT NULL,
    line bigint NOT NULL,
    said text
);
CREATE INDEX imports_staged_next ON imports_staged (import_id, number, line);
CREATE UNLOGGED TABLE imports_seen (
    import_id bigint NOT NULL,
    person text COLLATE "C" NOT NULL,
    contact_id bigint,
    rule_id bigint,
    had integer NOT NULL,
    at timestamptz NOT NULL,
    consents boolean
);
CREATE INDEX imports_seen_of ON imports_seen (import_id);
"""
BACKWARD = "DROP TABLE imports_seen; DROP TABLE imports_staged;"


class Migration(migrations.Migration):
    dependencies = [("imports", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
