from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('messaging', '0004_connections_and_held_runs'),
    ]

    operations = [
        migrations.AddField(
            model_name='run',
            name='held_at',
            field=models.DateTimeField(null=True),
        ),
    ]
