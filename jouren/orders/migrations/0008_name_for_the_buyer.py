from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('orders', '0007_other_numbers'),
    ]

    operations = [
        migrations.AddField(
            model_name='order',
            name='name',
            field=models.CharField(blank=True, db_default='', default='', max_length=100, verbose_name='number as the buyer knows it'),
        ),
    ]
