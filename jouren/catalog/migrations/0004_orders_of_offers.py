"""Which source told of the order that took an offer or used a code: numbers are those of one shop only."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0003_goods'),
        ('contacts', '0006_lapsed'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='offerapplication',
            name='catalog_application_once',
        ),
        migrations.RemoveConstraint(
            model_name='redemption',
            name='catalog_redemption_once',
        ),
        migrations.AddField(
            model_name='offer',
            name='gives_back',
            field=models.BooleanField(db_default=True, default=True, verbose_name='cancelled orders give back'),
        ),
        migrations.AddField(
            model_name='offerapplication',
            name='source',
            field=models.CharField(db_default='', default='', max_length=100),
        ),
        migrations.AddField(
            model_name='redemption',
            name='source',
            field=models.CharField(db_default='', default='', max_length=100),
        ),
        migrations.AddField(
            model_name='redemption',
            name='undone_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddIndex(
            model_name='offerapplication',
            index=models.Index(fields=['order_ref'], name='catalog_application_order'),
        ),
        migrations.AddIndex(
            model_name='redemption',
            index=models.Index(fields=['order_ref'], name='catalog_redemption_order'),
        ),
        migrations.AddConstraint(
            model_name='offerapplication',
            constraint=models.UniqueConstraint(fields=('offer', 'source', 'order_ref'), name='catalog_taken_once'),
        ),
        migrations.AddConstraint(
            model_name='redemption',
            constraint=models.UniqueConstraint(fields=('code', 'source', 'order_ref'), name='catalog_redemption_of'),
        ),
    ]
