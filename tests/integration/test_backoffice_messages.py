"""Messages in the back office: written, previewed, tried, published with clear refusals, and who got them."""

from __future__ import annotations

from typing import Any

import pytest
from wagtail.test.utils.form_data import nested_form_data, streamfield

from jouren.contacts.actions import suppress
from jouren.contacts.models import Topic
from jouren.core import clock
from jouren.messaging.actions import plan_deliveries
from jouren.messaging.models import Delivery, Message
from jouren.messaging.vocabulary import State
from tests.backoffice import owner_client, staff_client
from tests.messages import draft, make_shop, planned, published, reader

pytestmark = pytest.mark.django_db


def form(subject: str = "お知らせ", url: str = "https://example.jp/", **changed: Any) -> dict[str, str]:
    """The editor's form of a message with a button."""
    topic = Topic.objects.get_or_create(key="newsletter", defaults={"name": "メルマガ"})[0]
    button = ("button", {"text": "詳細こちら", "url": url})
    body = {"subject": subject, "preheader": "", "content": streamfield([button])}
    data = {
        "name": "Welcome",
        "kind": "help",
        "stage": "2",
        "topic": str(topic.pk),
        "language": "ja",
        "wall": "",
        "doubt": "",
        "bodies": streamfield([("email", body)]),
    }
    return nested_form_data(data | changed)


def test_a_message_is_written_and_published_in_the_editor() -> None:
    make_shop()
    answer = owner_client().post("/admin/messages/add/", form() | {"action-publish": "1"})
    assert answer.status_code == 302
    message = Message.objects.get(name="Welcome")
    assert message.live
    assert message.versions.get().bodies["email"]["subject"] == "お知らせ"


@pytest.mark.parametrize(
    ("changed", "field", "sentence"),
    [
        ({"stage": ""}, "stage", "Say which stage of the pyramid the message is for."),
        ({"topic": ""}, "topic", "Choose the topic that people agreed to receive."),
        ({"bodies": streamfield([])}, "__all__", "The message has no body."),
        ({"subject": "Dear {{ contact.nmae }}"}, "__all__", "contact.nmae"),
    ],
)
def test_what_cannot_be_sent_is_refused_in_words_and_nothing_is_published(
    changed: Any, field: str, sentence: str
) -> None:
    make_shop()
    answer = owner_client().post("/admin/messages/add/", form(**changed) | {"action-publish": "1"})
    assert answer.status_code == 200
    assert sentence in str(answer.context["form"].errors[field])
    assert not Message.objects.filter(name="Welcome").exists()


@pytest.mark.parametrize("url", ["javascript:alert(1)", "example.jp", "{{ a }}{{ b }}"])
def test_a_wrong_link_is_told_at_the_field_where_it_was_typed(url: str) -> None:
    make_shop()
    answer = owner_client().post("/admin/messages/add/", form(url=url) | {"action-publish": "1"})
    (email,) = answer.context["form"].errors.as_data()["bodies"]
    (button,) = email.block_errors[0].block_errors["content"].block_errors.values()
    assert set(button.block_errors) == {"url"}
    assert url in str(button.block_errors["url"])
    assert not Message.objects.filter(name="Welcome").exists()


@pytest.mark.parametrize("url", ["/letters/", "{{ unsubscribe_url }}", " https://例え.jp/お茶 ", "tel:0312345678"])
def test_a_link_may_be_a_path_of_the_shop_or_a_variable(url: str) -> None:
    make_shop()
    answer = owner_client().post("/admin/messages/add/", form(url=url) | {"action-publish": "1"})
    assert answer.status_code == 302, answer.context["form"].errors


def test_a_shop_without_an_address_may_write_drafts_but_not_publish() -> None:
    browser = owner_client()
    answer = browser.post("/admin/messages/add/", form() | {"action-publish": "1"})
    assert "The law asks for the postal address" in str(answer.context["form"].errors)
    assert browser.post("/admin/messages/add/", form()).status_code == 302
    assert not Message.objects.get(name="Welcome").live


def test_the_list_shows_what_a_message_is_for_and_what_became_of_it(django_assert_max_num_queries: Any) -> None:
    versions = [published(name=f"M{number}", doubt="price", wall="trust") for number in range(12)]
    person = reader("a@example.jp")
    plan_deliveries([planned(versions[0], person)], clock.now())
    Delivery.objects.update(state=State.SENT, sent_at=clock.now(), first_opened_at=clock.now())
    browser = owner_client()
    browser.get("/admin/messages/")
    with django_assert_max_num_queries(25):
        page = browser.get("/admin/messages/").content.decode()
    assert page.count("Trust · Is it too expensive?") == 12
    counted = {message.name: message.figures for message in browser.get("/admin/messages/").context["object_list"]}
    assert (counted["M0"].sent, counted["M0"].opened, counted["M0"].clicked) == (1, 1, 0)
    assert counted["M1"].sent == 0


def test_a_messages_page_shows_its_figures_and_versions() -> None:
    version = published(name="Welcome", subject="ようこそ")
    page = owner_client().get(f"/admin/messages/inspect/{version.message_id}/").content.decode()
    assert "Version 1," in page
    assert "ようこそ" in page
    assert f"/admin/messages/{version.message_id}/deliveries/" in page


def test_replies_stand_among_the_figures_once_they_are_known() -> None:
    version = published()
    never = Message.objects.create(name="Never published", kind="help", topic=version.message.topic, stage=2)
    ids = plan_deliveries([planned(version, reader(f"p{number}@example.jp")) for number in range(3)], clock.now())
    Delivery.objects.update(state=State.SENT, sent_at=clock.now())
    browser = owner_client()
    page = browser.get(f"/admin/messages/inspect/{version.message_id}/").content.decode()
    assert "<strong>—</strong> replied" in page
    assert "JOUREN_REPLIES_URL" in page
    assert "Replied" not in browser.get(f"/admin/messages/{version.message_id}/deliveries/").content.decode()
    Delivery.objects.filter(pk=ids[0].id).update(first_replied_at=clock.now())
    page = browser.get(f"/admin/messages/inspect/{version.message_id}/").content.decode()
    assert "<strong>1</strong> replied" in page
    assert "JOUREN_REPLIES_URL" not in page
    assert "<strong>0</strong> replied" in browser.get(f"/admin/messages/inspect/{never.pk}/").content.decode()
    assert "Replied" in browser.get(f"/admin/messages/{version.message_id}/deliveries/").content.decode()


def test_the_editors_preview_shows_the_mail() -> None:
    make_shop()
    browser = owner_client()
    assert browser.post("/admin/messages/preview/", form()).json()["is_valid"]
    page = browser.get("/admin/messages/preview/", {"mode": ""}).content.decode()
    assert "詳細こちら" in page
    assert "https://example.jp/" in page


def test_a_message_is_tried_for_a_real_person() -> None:
    version = published(("text", "<p>{{ contact.name }}</p>"), subject="{{ contact.name }}へ")
    reader("hanako@example.jp", family_name="相沢", given_name="花子")
    browser = owner_client()
    url = f"/admin/messages/{version.message_id}/try/"
    assert "As a sample person would see it." in browser.get(url).content.decode()
    answer = browser.post(url, {"address": "hanako@example.jp", "show": "1"})
    assert "As 相沢 花子 would see it." in answer.content.decode()
    assert "相沢" in answer.context["rendered"].text
    unknown = browser.post(url, {"address": "nobody@example.jp", "show": "1"}).content.decode()
    assert "Nobody is known by this address." in unknown


def test_trying_for_a_person_needs_the_right_to_see_people() -> None:
    version = published(("text", "<p>{{ contact.name }}</p>"))
    reader("hanako@example.jp", family_name="相沢", given_name="花子")
    staff = staff_client("messaging.change_message")
    answer = staff.post(f"/admin/messages/{version.message_id}/try/", {"address": "hanako@example.jp", "show": "1"})
    assert answer.status_code == 200
    assert "相沢" not in answer.content.decode()


def test_the_letter_on_the_screen_cannot_break_out_of_its_frame() -> None:
    version = published(("text", "<p>{{ contact.name }}</p>"), subject='"><script>alert(1)</script>')
    reader("x@example.jp", family_name='"><script>alert(2)</script>')
    url = f"/admin/messages/{version.message_id}/try/"
    page = owner_client().post(url, {"address": "x@example.jp", "show": "1"}).content.decode()
    assert "<script>alert" not in page
    assert 'sandbox srcdoc="' in page


def test_a_test_that_cannot_be_sent_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    version = published()
    browser = owner_client()
    url = f"/admin/messages/{version.message_id}/try/"
    page = browser.post(url, {"address": "not an address", "send": "1"}).content.decode()
    assert "messages" in page
    assert "A test was sent." not in page
    sent: list[str] = []
    monkeypatch.setattr("jouren.backoffice.messages.views.send_test", lambda message, to, by: sent.append(to))
    assert "A test was sent." in browser.post(url, {"address": "me@example.jp", "send": "1"}).content.decode()
    assert sent == ["me@example.jp"]


def test_a_draft_that_cannot_be_compiled_shows_why() -> None:
    message = draft(subject="Hello {{ contact.name")
    message.live = False
    message.save()
    answer = owner_client().get(f"/admin/messages/{message.pk}/try/")
    assert answer.status_code == 200
    assert answer.context["problems"]


def test_who_got_it_and_who_did_not_with_reasons() -> None:
    version = published()
    people = [reader(f"r{number}@example.jp", family_name=f"N{number}") for number in range(3)]
    suppress(people[0].pk, "unsubscribed")
    plan_deliveries([planned(version, person) for person in people], clock.now())
    failed = Delivery.objects.get(contact_id=people[2].pk)
    Delivery.objects.filter(pk=failed.pk).update(state=State.FAILED, error="550 <script>no</script>")
    browser = owner_client()
    url = f"/admin/messages/{version.message_id}/deliveries/"
    page = browser.get(url).content.decode()
    for part in ("They unsubscribed.", "It goes out when its time comes.", "550 &lt;script&gt;no"):
        assert part in page
    withheld = browser.get(url, {"state": "5"}).context["rows"]
    assert [row.name for row in withheld] == ["N0"]
    assert browser.get(url, {"state": "77"}).status_code == 404


def test_deliveries_have_pages() -> None:
    version, person = published(), reader("a@example.jp")
    plan_deliveries([planned(version, person, occurrence=number) for number in range(70)], clock.now())
    browser = owner_client()
    url = f"/admin/messages/{version.message_id}/deliveries/"
    first = browser.get(url)
    second = browser.get(url, {"before": str(first.context["next"])})
    ids = [row.id for row in [*first.context["rows"], *second.context["rows"]]]
    assert ids == sorted(Delivery.objects.values_list("pk", flat=True), reverse=True)
    assert second.context["next"] is None
