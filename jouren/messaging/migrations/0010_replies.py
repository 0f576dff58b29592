"""Replies: when a message was first replied to, and how far the mailbox that replies come to was read."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('messaging', '0009_control_group'),
    ]

    operations = [
        migrations.AddField(
            model_name='delivery',
            name='first_replied_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.CreateModel(
            name='ReplyMailbox',
            fields=[
                ('name', models.CharField(max_length=64, primary_key=True, serialize=False)),
                ('uid_validity', models.BigIntegerField(null=True)),
                ('last_uid', models.BigIntegerField(db_default=0, default=0)),
                ('next_at', models.DateTimeField()),
            ],
            options={
                'db_table': 'messaging_reply_mailbox',
            },
        ),
    ]
