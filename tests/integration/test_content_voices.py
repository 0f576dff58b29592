"""Customers' voices: from a satisfied answer to pages and mails, and what people have met."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import User

from jouren.catalog.models import Product
from jouren.conditions.compile import compile_python
from jouren.conditions.queries import contact_ids, load_facts
from jouren.contacts.actions import erase_contact, merge_contacts
from jouren.contacts.models import ConsentText, Contact
from jouren.content.answers import met_by
from jouren.content.voices.actions import Words, approve_voice, ask_for_voice, decline_voice, give_voice, withdraw_voice
from jouren.content.voices.errors import AskedBefore, BadVoice, ChangedMeanwhile, NotApproved
from jouren.content.voices.links import voice_path
from jouren.content.voices.models import Voice
from jouren.content.voices.queries import product_choices
from jouren.core import clock
from jouren.events.actions import NewEvent, record_event
from jouren.events.types import event_type
from jouren.messaging.models import Message
from jouren.messaging.preview import preview_version
from jouren.messaging.sender import LaneSender
from jouren.messaging.surveys import for_reader
from jouren.messaging.tracking import make_token
from jouren.messaging.voices import ask_path
from jouren.messaging.web_version import web_version
from tests.backoffice import owner
from tests.capture_pages import make_page, visitor
from tests.messages import published, reader
from tests.sending import plan, run
from tests.smtp_server import ScriptedServer, text_of
from tests.surveying import make_survey, page_of, sent_survey

pytestmark = pytest.mark.django_db
FIELDS_SENT = set(event_type("message.sent").fields)
HOSTILE = "<script>alert(1)</script>{{ contact.email }} と書きます"
TEXT = "香りがよく、毎朝が楽しみです。\nまた買います。"


def _words(text: str = TEXT, name_form: str = "family", **more: Any) -> Words:
    return Words(text, name_form, **{"permission": "Yes, show it.", **more})


def _customer(email: str = "hana@example.jp") -> Contact:
    return reader(email, family_name="山田", given_name="花子", family_kana="ヤマダ", given_kana="ハナコ")


def _tea(**fields: Any) -> Product:
    return Product.objects.create(name="お茶", role="main", price=980, **fields)


def _approved(text: str = TEXT, product: Product | None = None, contact: Contact | None = None, **more: Any) -> Voice:
    given = more.pop("given", "nothing")
    voice = give_voice((contact or _customer()).pk, product.pk if product else None, _words(text, **more))
    return approve_voice(voice.pk, text, given=given, seen=voice.changed_at, accepts_doubts=True, by=owner())


def test_a_satisfied_answer_leads_to_the_persons_own_page_and_their_words_wait_for_a_person() -> None:
    survey = make_survey()
    delivery = sent_survey(survey)
    browser, page = visitor("en"), page_of(survey, delivery)
    browser.post(page, {"satisfaction": "above"})
    thanks = browser.get(f"{page}?thanks").content.decode()
    link = re.search(r'href="(/voice/[^"]+)"', thanks)
    assert link is not None
    voice = Voice.objects.get()
    assert (voice.state, voice.product) == ("asked", survey.product)
    shown = browser.get(link[1])
    assert shown.status_code == 200
    assert shown.headers["Referrer-Policy"] == "no-referrer"
    assert "No name: A customer" in shown.content.decode()
    sent = {"text": TEXT, "name_form": "nickname", "nickname": "はな", "prefecture": "13", "age_group": "40"}
    assert browser.post(link[1], sent).status_code == 422  # no permission
    kept = browser.post(link[1], {**sent, "permits": "on"})
    assert kept.status_code == 303
    assert "A person of the shop reads" in browser.get(kept["Location"]).content.decode()
    voice.refresh_from_db()
    assert (voice.state, voice.shown_name, voice.satisfaction) == ("received", "はな", "above")
    assert voice.permission is not None
    assert "pages and in its messages" in voice.permission.text
    assert not re.search(r'href="/voice/', browser.get(f"{page}?thanks").content.decode())


def test_who_is_not_satisfied_is_not_asked() -> None:
    survey = make_survey()
    delivery = sent_survey(survey)
    visitor().post(page_of(survey, delivery), {"satisfaction": "below"})
    assert "/voice/" not in visitor().get(f"{page_of(survey, delivery)}?thanks").content.decode()
    assert not Voice.objects.exists()


def test_forged_links_and_impossible_words_keep_nothing() -> None:
    voice = ask_for_voice(_customer().pk, None)
    path = voice_path(voice.pk)
    for forged in (path[:-1] + ("a" if path[-1] != "a" else "b"), f"/voice/{voice.pk}", "/voice/" + "9" * 90):
        assert visitor().get(forged).status_code == 404
    good = {"text": TEXT, "name_form": "family", "permits": "on"}
    for wrong in (
        {"text": "短い"},
        {"text": "あ" * 1001},
        {"name_form": "king"},
        {"name_form": "nickname"},
        {"prefecture": "77"},
        {"text": "\u202e\u200b" * 20},
    ):
        assert visitor().post(path, {**good, **wrong}).status_code == 422, wrong
    voice.refresh_from_db()
    assert voice.state == "asked"
    assert visitor().get(path).status_code == 200


def test_all_that_is_missing_is_said_at_once_where_it_belongs() -> None:
    path = voice_path(ask_for_voice(_customer().pk, None).pk)
    page = visitor("en").post(path, {"text": "短い", "name_form": "nickname"})
    assert page.context["form"].errors == {
        "text": ["Please write 10 to 1000 characters."],
        "nickname": ["Please write the name, with at most 40 characters."],
        "permits": ["Without your permission we cannot show your words."],
    }
    html = page.content.decode()
    assert "Not sent yet." in html
    assert "短い" in html
    # Who chose another name has to write it.
    assert re.search(r"<label[^>]*>That other name</label>", html)


def test_no_example_is_shown_of_words_that_are_not_there() -> None:
    path = voice_path(ask_for_voice(_customer().pk, None).pk)
    assert '<div class="field" hidden>' in visitor().get(path).content.decode()
    filled = visitor().post(path, {"text": TEXT}).content.decode()
    assert '<div class="field" hidden>' not in filled


def test_a_block_in_a_message_asks_with_what_is_given_in_return() -> None:
    tea = _tea()
    version = published(("voice_ask", {"product": str(tea.pk), "given": "sample"}), kind="care")
    (delivery,) = plan(version, _customer())
    token = make_token(delivery.pk)
    (link,) = version.bodies["email"]["links"]
    base = link.removesuffix(ask_path(tea.pk))
    assert for_reader(link, base, token) == base + ask_path(tea.pk, token)
    page = ask_path(tea.pk, token)
    assert "PR: " in visitor("en").get(page).content.decode()
    assert visitor().get(ask_path(0, token)).status_code == 404  # of what it did not ask
    assert visitor("en").get(ask_path(tea.pk)).status_code == 200  # a preview
    answer = visitor().post(page, {"text": TEXT, "name_form": "initials", "permits": "on"})
    voice = Voice.objects.get()
    assert (voice.given, voice.shown_name) == ("sample", "Y.H.")
    assert answer["Location"] == f"{voice_path(voice.pk)}?thanks"


def test_approval_wants_exactly_what_was_seen_a_shortening_and_nothing_forbidden() -> None:
    cream = _tea(goods="cosmetic")
    text = "香りがよいです。シミが消えました。効果を感じます。また買います。"
    staff = owner()
    voice = give_voice(_customer().pk, cream.pk, _words(text))

    def approve(text: str, **more: Any) -> Voice:
        return approve_voice(voice.pk, text, **{"given": "nothing", "seen": voice.changed_at, "by": staff, **more})

    with pytest.raises(NotApproved, match="シミが消え"):
        approve(text, accepts_doubts=True)
    with pytest.raises(BadVoice):
        approve("香りがとてもよいです。…")
    cut = "香りがよいです。…効果を感じます。また買います。"
    with pytest.raises(NotApproved, match=r"doubtful|確か|疑"):
        approve(cut)
    with pytest.raises(ChangedMeanwhile):
        approve(cut, accepts_doubts=True, seen=clock.now())
    shown = approve(cut, accepts_doubts=True, note="よい")
    assert (shown.state, shown.original, shown.is_shortened) == ("approved", text, True)


def test_pages_and_mails_show_what_is_approved_escaped_and_nothing_after_a_withdrawal() -> None:
    tea = _tea()
    voice = _approved(HOSTILE, tea, prefecture="13", given="discount")
    block = {"product": str(tea.pk), "most": 3, "chosen": []}
    page = make_page(body=[{"type": "voices", "value": block}])
    version = published(("voices", block), ("text", "<p>本文</p>"), kind="care")
    shop_wide = published(("voices", {"product": "", "most": 1, "chosen": [str(voice.pk)]}), ("text", "<p>x</p>"))

    html = visitor().get(page.url).content.decode()
    assert "&lt;script&gt;" in html
    assert "<script>alert" not in html
    assert "山田さん" in html
    for mail in (preview_version(version), web_version(version), preview_version(shop_wide)):
        assert "<script>alert" not in mail.html
        assert "{{ contact.email }}" in mail.html
        assert "山田さん" in mail.html
        assert f"> {HOSTILE}" in mail.text
        assert "東京都" in mail.text
        assert "PR" in mail.text

    withdraw_voice(voice.pk)
    assert "山田さん" not in visitor().get(page.url).content.decode()
    for mail in (preview_version(version), web_version(version)):
        assert "山田" not in mail.html + mail.text
        assert "本文" in mail.text
    assert dict(product_choices())[str(tea.pk)] != "お茶"


def test_changed_words_are_not_shown_before_they_are_looked_at_and_withdrawing_is_the_persons_own() -> None:
    contact = _customer()
    voice = _approved(contact=contact)
    assert give_voice(contact.pk, None, _words()).state == "approved"  # the same once more
    assert give_voice(contact.pk, None, _words("やっぱり毎日は飲みません。")).state == "received"
    with pytest.raises(AskedBefore):
        ask_for_voice(contact.pk, None)
    path = voice_path(voice.pk)
    assert visitor().get(path + "?withdraw").status_code == 200
    voice.refresh_from_db()
    assert voice.state == "received"
    assert visitor().post(path, {"withdraw": "1"}).status_code == 303
    voice.refresh_from_db()
    assert voice.state == "withdrawn"
    staff = voice_staff()
    with pytest.raises(NotApproved):
        approve_voice(voice.pk, voice.text, given="nothing", seen=voice.changed_at, by=staff)
    with pytest.raises(NotApproved):
        decline_voice(voice.pk, seen=voice.changed_at, by=staff)


def voice_staff() -> User:
    """Whoever approved the voice."""
    return User.objects.get()


def test_erasing_a_person_withdraws_their_voice_and_leaves_none_of_their_words() -> None:
    voice = _approved(name_form="nickname", nickname="はなちゃん", prefecture="13")
    path = voice_path(voice.pk)
    assert voice.contact_id is not None
    other = reader("kept@example.jp")
    merge_contacts(other.pk, voice.contact_id)
    voice.refresh_from_db()
    assert voice.contact_id == other.pk
    assert erase_contact(other.pk)
    voice.refresh_from_db()
    assert (voice.state, voice.contact, voice.text, voice.original, voice.shown_name) == ("withdrawn", None, "", "", "")
    assert voice.permitted_at is not None
    assert visitor().get(path).status_code == 404
    assert not ConsentText.objects.filter(text__contains="はな").exists()


def test_a_person_has_met_the_walls_that_messages_and_pages_answer() -> None:
    contact, stranger = reader("met@example.jp"), reader("stranger@example.jp")
    page = make_page(slug="safe")
    page.wall, page.doubt = "safety", "fraud"
    page.save()
    message = Message.objects.create(name="Trust", wall="trust")
    record_event(NewEvent("page.visited", contact.pk, {"page": page.url}))
    record_event(NewEvent("page.visited", contact.pk, {"page": "/elsewhere/"}))
    sent = {"delivery": 1, "message": message.pk, "title": "Trust", "subject": "Trust", "channel": "email"}
    record_event(NewEvent("message.sent", contact.pk, {name: sent[name] for name in FIELDS_SENT & sent.keys()}))
    walls, doubts = met_by(contact.pk)
    assert [str(met.label) for met in walls if met.times] == [str(met.label) for met in (walls[2], walls[3])]
    assert [met.times for met in doubts][:2] == [1, 0]
    now = clock.now()
    for name, argument, value, expected in (
        ("walls.met", "wall", "safety", {contact.pk}),
        ("walls.met", "wall", "trust", {contact.pk}),
        ("walls.met", "wall", "effect", set()),
        ("doubts.met", "doubt", "fraud", {contact.pk}),
    ):
        tree = {"fact": name, "args": {argument: value}, "op": "gte", "value": 1}
        assert set(contact_ids(tree, now=now)) == expected, name
        compiled = compile_python(tree)
        values = load_facts(compiled.facts, [contact.pk, stranger.pk], now)
        assert {pk for pk in values if compiled.matches(values[pk], now, ZoneInfo("Asia/Tokyo"))} == expected


def test_what_a_merged_person_met_counts() -> None:
    kept, gone = reader("kept@example.jp"), reader("gone@example.jp")
    message = Message.objects.create(name="Price", doubt="price")
    sent = {"delivery": 1, "message": message.pk, "title": "Price", "subject": "Price", "channel": "email"}
    record_event(NewEvent("message.sent", gone.pk, {name: sent[name] for name in FIELDS_SENT & sent.keys()}))
    merge_contacts(kept.pk, gone.pk)
    _walls, doubts = met_by(kept.pk)
    assert [str(met.label) for met in doubts if met.times] == [str(doubts[3].label)]


@pytest.mark.django_db(transaction=True)
def test_a_mail_shows_what_is_approved_when_it_leaves(
    server: ScriptedServer, sender: Callable[..., LaneSender]
) -> None:
    tea = _tea()
    voice = _approved(product=tea, contact=_customer("speaker@example.jp"), given="sample")
    block = ("voices", {"product": str(tea.pk), "most": 2, "chosen": []})
    version = published(block, ("text", "<p>本文</p>"), kind="care")
    working = sender()
    plan(version, reader("first@example.jp"))
    run(working)
    first = text_of(server.mail_to("first@example.jp"), "plain")
    assert "> また買います。" in first
    assert "山田さん" in first
    assert "PR" in first
    withdraw_voice(voice.pk)
    plan(version, reader("second@example.jp"))
    run(working)
    second = text_of(server.mail_to("second@example.jp"), "plain")
    assert "本文" in second
    assert "山田" not in second
