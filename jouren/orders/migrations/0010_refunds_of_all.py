"""Refunds that give all back, without saying how much. Dropping the condition reads and writes no row."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('orders', '0009_name_searched'),
    ]

    operations = [
        migrations.AlterField(
            model_name='refund',
            name='amount',
            field=models.BigIntegerField(null=True, verbose_name='amount'),
        ),
        migrations.AlterField(
            model_name='refund',
            name='currency',
            field=models.CharField(blank=True, max_length=3, verbose_name='currency'),
        ),
    ]
