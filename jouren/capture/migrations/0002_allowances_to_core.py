"""Limits are counted in ``core_allowance`` now.

The table stays for this version: processes of the former one may still count in it while this migration runs.
"""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("capture", "0001_initial"), ("core", "0002_allowances")]

    operations = [
        migrations.SeparateDatabaseAndState(state_operations=[migrations.DeleteModel(name="Allowance")]),
    ]
