"""What was scheduled and failed; and Japanese names for what Wagtail makes in English at its first start.

A name that somebody has changed stays theirs.
"""

import django.db.models.deletion
from django.db import migrations, models

GROUPS = {"Editors": "編集担当", "Moderators": "公開担当"}
APPROVAL, OUR_APPROVAL = "Moderators approval", "公開担当の承認"
ROOT, OUR_ROOT, OUR_COLLECTION = "Root", "サイト", "全体"


def name_in_japanese(apps, schema_editor):
    Group = apps.get_model("auth", "Group")
    for name, ours in GROUPS.items():
        if not Group.objects.filter(name=ours).exists():
            Group.objects.filter(name=name).update(name=ours)
    apps.get_model("wagtailcore", "Workflow").objects.filter(name=APPROVAL).update(name=OUR_APPROVAL)
    apps.get_model("wagtailcore", "Task").objects.filter(name=APPROVAL).update(name=OUR_APPROVAL)
    root = apps.get_model("wagtailcore", "Page").objects.filter(depth=1, title=ROOT)
    root.update(title=OUR_ROOT, draft_title=OUR_ROOT)
    apps.get_model("wagtailcore", "Collection").objects.filter(depth=1, name=ROOT).update(name=OUR_COLLECTION)


class Migration(migrations.Migration):
    dependencies = [
        ("content", "0002_first_page"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("wagtailcore", "0097_baselogentry_uuid_action_timestamp_indexes"),
    ]

    operations = [
        migrations.CreateModel(
            name="ScheduleFailure",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("object_id", models.CharField(max_length=255)),
                ("what", models.CharField(choices=[("publish", "Go live"), ("end", "End")], max_length=10)),
                ("revision_id", models.BigIntegerField(null=True)),
                ("texts", models.JSONField(default=dict)),
                ("tried_at", models.DateTimeField()),
                (
                    "content_type",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="contenttypes.contenttype"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=["content_type", "object_id"], name="content_schedule_failure_of")
                ],
            },
        ),
        migrations.RunPython(name_in_japanese, migrations.RunPython.noop),
    ]
