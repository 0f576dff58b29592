"""Put a page of our own in the place of Wagtail's welcome."""

import json
import uuid

from django.db import migrations

HEADLINE = "ただいま準備中です"
LEAD = "まもなく、お悩みに役立つ情報をお届けします。"
TEXT = (
    "<p>このサイトを運営される方へ：<a href=\"/admin/\">管理画面</a>の「ページ」から、このページを書き換えてください。</p>"
)


def make_first_page(apps, schema_editor):
    Page = apps.get_model("wagtailcore", "Page")
    ContentType = apps.get_model("contenttypes", "ContentType")
    HomePage = apps.get_model("content", "HomePage")
    plain, _created = ContentType.objects.get_or_create(app_label="wagtailcore", model="page")
    welcome = Page.objects.filter(depth=2, slug="home", content_type=plain, title__startswith="Welcome to").first()
    if welcome is None:
        return
    own, _created = ContentType.objects.get_or_create(app_label="content", model="homepage")
    Page.objects.filter(pk=welcome.pk).update(title="ホーム", draft_title="ホーム", content_type=own)
    welcome.refresh_from_db()
    home = HomePage(page_ptr_id=welcome.pk, headline=HEADLINE, lead=LEAD, language="ja")
    home.__dict__.update({field.attname: getattr(welcome, field.attname) for field in Page._meta.concrete_fields})
    home.body = json.dumps([{"type": "text", "value": TEXT, "id": str(uuid.uuid4())}])
    home.save_base(raw=True)


class Migration(migrations.Migration):
    dependencies = [
        ("content", "0001_initial"),
        ("wagtailcore", "0097_baselogentry_uuid_action_timestamp_indexes"),
    ]
    operations = [migrations.RunPython(make_first_page, migrations.RunPython.noop)]
