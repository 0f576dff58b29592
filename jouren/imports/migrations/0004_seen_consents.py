"""On what consent somebody would come, for a check's examples. Adding a column without a value rewrites nothing."""

from django.db import migrations

FORWARD = "ALTER TABLE imports_seen ADD COLUMN agreed_where text;"
BACKWARD = "ALTER TABLE imports_seen DROP COLUMN agreed_where;"


class Migration(migrations.Migration):
    dependencies = [("imports", "0003_read_once")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
