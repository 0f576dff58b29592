"""The owner's story: kept, shown in messages and pages, and what ready journeys are filled in with."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from jouren.content.models import HomePage
from jouren.messaging.errors import InvalidMessage
from jouren.messaging.models import Message, ShopSettings
from jouren.messaging.placeholders import placeholders_in
from jouren.messaging.preview import preview_message
from jouren.messaging.publishing import check_message, publish_message
from jouren.playbooks.making import Choices, make
from jouren.playbooks.prefilling import texts_of
from jouren.playbooks.reading import find_playbook, playbooks
from jouren.pyramid.stages import Stage
from jouren.story.actions import BadStory, save_story
from jouren.story.queries import is_told, load_story, owner_variables
from tests.walking import newsletter

pytestmark = pytest.mark.django_db

ANSWERS = {
    "name": "茶野ひかり",
    "why": "祖母の茶畑が荒れていくのを、見ていられませんでした。\nだから継ぎました。",
    "for_whom": "夜になっても頭が休まらない、子育て中の方。",
    "problem": "夜、ぐっすり眠れない",
    "belief": "農薬を使わない。手間はかかっても、そこはゆずりません。",
    "never": "効き目を大げさに言うことは、決してしません。",
    "first_step": "寝る一時間前に、白湯を一杯。",
}
QUESTIONS = [("カフェインは入っていますか", "ほとんど入っていません。")]


@pytest.fixture(autouse=True)
def _shop() -> None:
    newsletter()
    ShopSettings.objects.create(name="茶の庭", postal_address="静岡市1-2-3", complaints_email="shop@example.jp")


def draft(*content: dict[str, Any]) -> Message:
    """A draft of a mail of these blocks."""
    message = Message(name="Draft", kind="help", stage=Stage.PROSPECT, topic=newsletter(), language="ja", live=False)
    block = message._meta.get_field("bodies").stream_block  # type: ignore[union-attr]
    message.bodies = block.to_python(
        [{"type": "email", "value": {"subject": "S", "preheader": "", "content": content}}]
    )
    message.save()
    return message


def text(source: str) -> dict[str, Any]:
    return {"type": "text", "value": f"<p>{source}</p>"}


def test_answers_are_kept_shown_in_mails_and_escaped() -> None:
    assert not is_told()
    save_story(ANSWERS | {"never": "<b>嘘</b>を言いません"}, [*QUESTIONS, ("", " ")])
    assert is_told()
    assert load_story().questions == [list(pair) for pair in QUESTIONS]
    message = draft(
        text("{{ owner.name }}: {{ owner.never }}"),
        {"type": "story", "value": {"heading": "わたしのこと", "show": "why"}},
        {"type": "story", "value": {"heading": "", "show": "questions"}},
    )
    publish_message(message)
    shown = preview_message(message)
    assert "茶野ひかり: &lt;b&gt;嘘&lt;" in shown.html
    assert "見ていられませんでした。<br />だから継ぎました。" in shown.html.replace("<br>", "<br />")
    assert "カフェインは入っていますか" in shown.html and "ほとんど入っていません。" in shown.text
    save_story(ANSWERS | {"why": "新しいわけ"}, QUESTIONS)
    assert "新しいわけ" in preview_message(message).text  # what is sent later says what is true then


@pytest.mark.parametrize(
    "block",
    [text("{{ owner.why }}"), {"type": "story", "value": {"heading": "", "show": "why"}}],
    ids=["text", "block"],
)
def test_an_answer_that_is_missing_is_told_at_publishing(block: dict[str, Any]) -> None:
    with pytest.raises(InvalidMessage, match="Why do you run this shop"):
        check_message(draft(block))
    with pytest.raises(InvalidMessage, match=r"owner\.shoe_size"):
        check_message(draft(text("{{ owner.shoe_size }}")))


@pytest.mark.parametrize(
    ("answers", "questions", "field"),
    [
        ({"why": "x" * 2_001}, [], "why"),
        ({"name": "x" * 101}, [], "name"),
        ({"never": "{{ contact.email }}"}, [], "never"),
        ({}, [("Only a question", "")], "questions"),
        ({}, [("a", "b")] * 6, "questions"),
    ],
)
def test_what_cannot_be_kept_changes_nothing(answers: dict[str, str], questions: list[Any], field: str) -> None:
    save_story(ANSWERS, QUESTIONS)
    with pytest.raises(BadStory) as refused:
        save_story(answers, questions)
    assert refused.value.field == field
    assert load_story().why == ANSWERS["why"]


def test_pages_show_the_story_and_nothing_where_it_is_not_told() -> None:
    home = HomePage.objects.get()
    block = HomePage._meta.get_field("body").stream_block  # type: ignore[union-attr]
    home.body = block.to_python([{"type": "story", "value": {"heading": "店主より", "show": "belief"}}])
    home.save_revision().publish()
    assert "店主より" not in Client().get("/").content.decode()
    save_story(ANSWERS)
    shown = Client().get("/").content.decode()
    assert "店主より" in shown and "農薬を使わない。" in shown


@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_first_six_mails_are_drafts_in_the_owners_own_words(language: str) -> None:
    save_story(ANSWERS, QUESTIONS)
    book = find_playbook("owners-story", language)
    assert book is not None and len(book.rows) == 6
    make(book, Choices("newsletter", texts=texts_of(book.places, owner_variables())))
    drafts = list(Message.objects.filter(purpose=""))
    written = str([each.bodies.get_prep_value() for each in drafts])
    assert not placeholders_in([each.bodies.get_prep_value() for each in drafts])
    for answer in (
        "祖母の茶畑",
        "子育て中の方",
        "農薬を使わない",
        "効き目を大げさに",
        "白湯を一杯",
        "カフェインは",
        "茶野ひかり",
    ):
        assert answer in written
    for each in drafts:
        assert not each.live
        check_message(each)  # nothing is left to fill in


def test_what_was_not_answered_stays_a_place_that_publishing_refuses() -> None:
    save_story({"name": "茶野ひかり", "problem": "眠れない"})
    book = find_playbook("owners-story", "ja")
    assert book is not None
    make(book, Choices("newsletter", texts=texts_of(book.places, owner_variables())))
    first = Message.objects.get(name="店主 1 はじめまして")
    with pytest.raises(InvalidMessage, match="この店をはじめたわけ"):
        check_message(first)
    assert "茶野ひかり" in str(first.bodies.get_prep_value())


@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_letters_before_a_trial_have_the_owners_words_where_an_answer_fits(language: str) -> None:
    save_story(ANSWERS, QUESTIONS)
    book = find_playbook("five-stages", language)
    assert book is not None
    make(book, Choices("newsletter", texts=texts_of(book.places, owner_variables())))
    drafts = list(Message.objects.filter(purpose=""))
    fitting = {
        "1": ["祖母の茶畑", "白湯を一杯"],
        "2": ["子育て中の方"],
        "3": ["カフェインは"],
        "4": ["農薬を使わない"],
        "6": ["効き目を大げさに"],
    }
    for number, answers in fitting.items():
        draft = next(each for each in drafts if f" {number} " in each.name)
        text = str(draft.bodies.get_prep_value())
        assert all(answer in text for answer in answers), number
    # What only the owner, or a customer, can know.
    voices = next(each for each in drafts if " 5 " in each.name)
    assert len(placeholders_in(voices.bodies.get_prep_value())) == 2


def test_every_ready_journey_has_places_that_the_story_fills_and_invents_no_customers_words() -> None:
    save_story(ANSWERS, QUESTIONS)
    owner = owner_variables()
    for language in ("ja", "en"):
        for book in playbooks(language):
            filled = texts_of(book.places, owner)
            assert filled, book.slug
            assert not any("声" in place or "words of" in place for place in filled)
            assert set(filled) <= set(book.places)
