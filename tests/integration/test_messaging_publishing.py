"""Publishing a message: what is refused, and what is frozen."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone, translation

from jouren.messaging.defaults import ensure_default_messages
from jouren.messaging.errors import InvalidMessage
from jouren.messaging.models import Message, MessageVersion, RelaySettings, ShopSettings
from jouren.messaging.preview import preview_message
from jouren.messaging.publishing import publish_message
from tests.messages import draft, make_shop, reader

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _english() -> Any:
    with translation.override("en"):
        yield


def problems_of(message: Message) -> list[str]:
    with pytest.raises(InvalidMessage) as caught:
        publish_message(message)
    assert not MessageVersion.objects.filter(message__purpose="", name=message.name).exists()
    return caught.value.problems


@pytest.mark.parametrize("field", ["sender_address", "reply_to"])
def test_an_address_that_no_mail_can_be_sent_from_is_refused_in_the_settings(field: str) -> None:
    ShopSettings(**{field: "shop@example.jp"}).full_clean()
    with pytest.raises(ValidationError) as caught:
        ShopSettings(**{field: '"two words"@example.jp'}).full_clean()
    assert list(caught.value.message_dict) == [field]


def test_a_relay_that_may_get_nothing_a_second_is_refused() -> None:
    RelaySettings(per_second=0.5).full_clean()
    with pytest.raises(ValidationError):
        RelaySettings(per_second=0).full_clean()


def test_publishing_freezes_what_was_edited() -> None:
    make_shop()
    version = publish_message(draft(("button", {"text": "詳細こちら", "url": "https://example.jp/a"}), subject="件名"))
    assert (version.number, version.kind, version.stage, version.topic) == (1, "help", 2, "newsletter")
    body = version.bodies["email"]
    assert body["subject"] == "件名"
    assert body["links"] == ["https://example.jp/a"]
    assert "{{ link_base|safe }}/0" in body["html"]
    assert "https://example.jp/a" not in body["html"]


def test_a_change_makes_a_new_version_and_none_makes_none() -> None:
    make_shop()
    message = draft()
    first = publish_message(message)
    assert publish_message(message) == first
    message.stage = 3
    second = publish_message(message)
    assert (second.number, second.stage) == (2, 3)
    first.refresh_from_db()
    assert first.stage == 2


def test_an_unknown_variable_is_named() -> None:
    make_shop()
    found = problems_of(draft(("text", "<p>{{ contact.nmae }}</p>")))
    assert len(found) == 1
    assert "{{ contact.nmae }}" in found[0]
    assert "contact.name" in found[0]


@pytest.mark.parametrize(
    "source",
    ["{{ contact.name", "{% if contact.name %}", "{{ contact.name.upper() }}", "{{ ''.__class__ }}", "{{ range(9) }}"],
)
def test_a_template_mistake_is_refused(source: str) -> None:
    make_shop()
    assert len(problems_of(draft(("text", f"<p>{source}</p>")))) == 1


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "//evil.example",
        "https://",
        "ftp://example.jp/",
        "https://example.jp/ a",
        'https://example.jp/"onclick="x',
        "https://[::1",
        "https://example.jp/?name={{ contact.name }}",
    ],
)
def test_a_bad_link_is_refused(url: str) -> None:
    make_shop()
    assert problems_of(draft(("button", {"text": "x", "url": url})))
    assert problems_of(draft(("text", f'<p><a href="{url.replace(chr(34), "&quot;")}">x</a></p>')))


@pytest.mark.parametrize(
    ("field", "said"),
    [("name", "the shop's name"), ("postal_address", "the postal address"), ("complaints_email", "for complaints")],
)
def test_the_law_blocks_marketing_mail_of_a_shop_that_hides(field: str, said: str) -> None:
    make_shop(**{field: ""})
    (problem,) = problems_of(draft())
    assert said in problem


def test_marketing_needs_a_stage_and_a_topic() -> None:
    make_shop()
    assert len(problems_of(draft(stage=None, topic=None))) == 2


def test_an_author_cannot_pass_an_offer_off_as_transactional() -> None:
    with pytest.raises(InvalidMessage, match="transactional"), translation.override("en"):
        publish_message(draft(kind="transactional", purpose=""))


def test_a_transactional_message_needs_neither_law_nor_topic() -> None:
    version = publish_message(draft(kind="transactional", stage=None, topic=None))
    assert version.bodies["email"]["links"] == []
    assert "pixel_url" not in version.bodies["email"]["html"]
    assert "unsubscribe_url" not in version.bodies["email"]["html"]


def test_all_problems_are_told_at_once() -> None:
    make_shop(name="")
    found = problems_of(draft(("button", {"text": "x", "url": "x:y"}), stage=None))
    assert len(found) == 3


def test_the_footer_lets_people_stop_and_complain() -> None:
    make_shop(commerce_law_url="https://example.jp/law")
    rendered = preview_message(draft())
    for part in (
        "やまだ屋",
        "東京都千代田区1-1",
        "help@example.jp",
        "/u/preview",
        "/p/preview",
        "https://example.jp/law",
    ):
        assert part in rendered.html
        assert part in rendered.text


def test_publishing_by_wagtails_own_ways_is_the_same_action() -> None:
    make_shop()
    message = draft()
    message.live = False
    message.save()
    revision = message.save_revision()
    revision.publish()
    assert message.versions.get().number == 1
    message.name = "次"
    message.go_live_at = timezone.now() + timedelta(days=1)
    message.save_revision().publish()
    assert message.versions.count() == 1
    message.go_live_at = None
    make_shop(name="")
    with pytest.raises(InvalidMessage):
        message.save_revision().publish()
    assert message.versions.count() == 1


def test_the_default_messages_are_made_once_and_published() -> None:
    Message.objects.all().delete()
    # The confirmation, the link to a gift and an order by bank transfer, in both languages.
    assert ensure_default_messages() == 6
    assert ensure_default_messages() == 0
    assert {v.language for v in MessageVersion.objects.filter(message__purpose="registration_confirm")} == {"ja", "en"}


def test_default_messages_have_names_that_staff_can_read_whoever_came_first() -> None:
    Message.objects.all().delete()
    with translation.override("en"):
        ensure_default_messages()
    assert dict(Message.objects.filter(purpose="gift_link").values_list("language", "name")) == {
        "ja": "プレゼントの新しいリンク",
        "en": "プレゼントの新しいリンク（英語）",
    }


@pytest.mark.parametrize(
    ("source", "named", "nameless"),
    [
        ("{{ contact.name }}", "山田 花子 様", "お客様"),
        ("{{ contact.name }}様", "山田 花子 様", "お客様"),
        ("{{ contact.name }} 様", "山田 花子 様", "お客様"),
        ("{{ contact.name }}さん", "山田 花子さん", "お客様"),
        ("{{ contact.family_name }}様", "山田様", "お客様"),
        ("{{contact.family_name}}さん", "山田さん", "お客様"),
    ],
)
def test_forms_of_address(source: str, named: str, nameless: str) -> None:
    make_shop()
    message = draft(("text", f"<p>{source}</p>"), subject=source)
    hanako = reader("hanako@example.jp", family_name="山田", given_name="花子")
    rendered = preview_message(message, hanako)
    assert rendered.subject == named
    assert rendered.text.startswith(f"{named}\n")
    rendered = preview_message(message, reader("nobody@example.jp"))
    assert rendered.subject == nameless
    assert rendered.text.startswith(f"{nameless}\n")


def test_a_name_cannot_be_markup() -> None:
    make_shop()
    person = reader("x@example.jp", family_name="<script>alert(1)</script>{{ shop.name }}")
    rendered = preview_message(draft(("text", "<p>{{ contact.name }}</p>")), person)
    assert "<script>alert" not in rendered.html
    assert "{{ shop.name }}" in rendered.text


def test_authored_markup_is_cleaned() -> None:
    make_shop()
    message = draft(
        ("text", '<p onclick="x()">a<script>alert(1)</script><img src=x onerror=x></p></mj-text><mj-raw>b</mj-raw>'),
        ("button", {"text": "</mj-button><mj-raw><script>x</script></mj-raw>", "url": "https://example.jp"}),
        ("quote", {"text": "<b>q</b>\n{{ contact.name }}", "source": "<i>"}),
        preheader="</mj-preview><script>",
        subject="</mj-title><script>",
    )
    html = publish_message(message).bodies["email"]["html"]
    assert "<script" not in html
    assert "onclick" not in html
    assert "onerror" not in html
    assert "fonts.googleapis" not in html


def test_links_of_a_preview_lead_to_their_goals() -> None:
    make_shop()
    rendered = preview_message(draft(("button", {"text": "見る", "url": "https://example.jp/?a=1&b=2"})))
    assert 'href="https://example.jp/?a=1&amp;b=2"' in rendered.html
    assert "▶ 見る\nhttps://example.jp/?a=1&b=2" in rendered.text


@pytest.mark.parametrize(
    ("colour", "painted"),
    [
        ("", 'bgcolor="#1f6f54"'),
        ("#FFD166", 'bgcolor="#ffd166"'),
        ("#123", 'bgcolor="#1f6f54"'),
        ('"/><b>', 'bgcolor="#1f6f54"'),
    ],
)
def test_buttons_have_the_colour_of_the_shop(colour: str, painted: str) -> None:
    make_shop()
    ShopSettings.objects.update(colour=colour[:7])
    button = draft(("button", {"text": "詳細こちら", "url": "https://example.jp/a"}))
    html = publish_message(button).bodies["email"]["html"]
    assert painted in html
    # White letters could not be read on yellow.
    assert ("color:#000000" in html) == (colour == "#FFD166")


def test_a_new_colour_is_taken_on_when_a_message_is_published_again() -> None:
    make_shop()
    button = draft(("button", {"text": "詳細こちら", "url": "https://example.jp/a"}))
    first = publish_message(button)
    ShopSettings.objects.update(colour="#8a1c4a")
    second = publish_message(button)
    assert (first.number, second.number) == (1, 2)
    assert "#8a1c4a" in second.bodies["email"]["html"]
