"""When the orders of offers were cancelled that had been so before that was kept with the offer."""

from django.db import migrations

FILL = """
UPDATE catalog_offerapplication AS taken
SET cancelled_at = coalesce(told.cancelled_at, (
    SELECT max(refund.at) FROM orders_refund AS refund
    WHERE refund.source = told.source AND refund.number = told.number
))
FROM orders_order AS told
WHERE taken.state = 'cancelled' AND taken.cancelled_at IS NULL
    AND told.source = taken.source AND told.number = taken.order_ref
"""


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0006_offers_cancelled'),
        ('orders', '0010_refunds_of_all'),
    ]

    operations = [migrations.RunSQL(FILL, migrations.RunSQL.noop)]
