"""Lots that are drawn in SQL as ``jouren.core.lots`` draws them."""

from django.db import migrations

LOTS = """
CREATE OR REPLACE FUNCTION core_lot(subject text, contact_id bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT ('x' || encode(substr(sha256(convert_to(subject || ':' || contact_id, 'UTF8')), 1, 4), 'hex'))
             ::bit(32)::bigint $$;
CREATE OR REPLACE FUNCTION core_is_drawn(subject text, contact_id bigint, percent integer) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT core_lot(subject, contact_id) * 100 < percent::bigint * 4294967296 $$;
"""
NO_LOTS = """
DROP FUNCTION IF EXISTS core_is_drawn(text, bigint, integer);
DROP FUNCTION IF EXISTS core_lot(text, bigint);
"""


class Migration(migrations.Migration):
    dependencies = [("core", "0002_allowances")]

    operations = [migrations.RunSQL(LOTS, NO_LOTS)]
