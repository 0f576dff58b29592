"""The demo shop itself: who it is, its form, gift, page, messages and series, all made by the public actions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time
from pathlib import Path
from typing import Any

from django.core.files import File
from wagtail.documents.models import Document
from wagtail.models import Site

from jouren.backoffice.demo import texts
from jouren.backoffice.demo.journeys import make_journeys, publish, step
from jouren.backoffice.demo.letters import Letter
from jouren.capture.models import Asking, Form, ProblemField
from jouren.catalog.offers.models import Offer
from jouren.contacts.models import Topic
from jouren.content.models import HomePage, LandingPage
from jouren.inbox.actions import save_survey
from jouren.inbox.models import Survey
from jouren.inbox.vocabulary import Question
from jouren.journeys.models import Journey
from jouren.journeys.series.actions import create_series, insert_messages, publish_series
from jouren.journeys.series.intake.actions import make_messages
from jouren.journeys.series.intake.drafts import Defaults
from jouren.journeys.series.intake.files import File as SeriesFile
from jouren.journeys.series.intake.files import read_files
from jouren.journeys.series.order import MAX_ITEMS
from jouren.journeys.series.rhythm import Rhythm
from jouren.messaging.models import Message, ShopSettings
from jouren.messaging.publishing import publish_message
from jouren.messaging.sending_rules.actions import save_rules
from jouren.messaging.sending_rules.terms import Readiness, Rules

TOPIC_KEY = "newsletter"
PAGE_SLUG = "letters"
_GUIDE = Path(__file__).with_name("guide.pdf")


def make_shop(trial: Offer) -> None:
    """Make all but products, people, segments and broadcasts. ``trial``: the offer that the letters end with."""
    ShopSettings.objects.update_or_create(pk=ShopSettings.load().pk, defaults=texts.SHOP)
    topic, _made = Topic.objects.update_or_create(
        key=TOPIC_KEY, defaults={"name": texts.PAGE_TITLE, "description": "お手入れについての手紙と、商品のご案内"}
    )
    # Whoever buys a trial without the letters gets two that help before the offer that follows.
    save_rules(Rules(readiness=Readiness(2)))
    form = Form.objects.create(
        ask_name=Asking.OPTIONAL,
        ask_kana=Asking.OPTIONAL,
        ask_problem=ProblemField.LIST,
        topic=topic,
        gift=_make_gift(),
        gift_title=texts.GIFT_TITLE,
        **texts.FORM,
    )
    _make_page(form)
    asked = [each.value for each in Question if each is not Question.EXPECTATION]
    survey = save_survey(Survey(product=trial.product, questions=asked, **texts.SURVEY), by=None)
    shown = {
        "offer": {"offer": str(trial.pk), "if_closed": "skip"},
        "gift": {"form": str(form.pk)},
        "survey": {"survey": str(survey.pk)},
        "voices": {"product": str(trial.product_id), "most": 3, "chosen": []},
        "voice_ask": {"product": str(trial.product_id), "given": "nothing"},
    }
    messages = {key: make_message(letter, topic, shown) for key, letter in texts.MESSAGES.items()}
    make_journeys(form, messages)
    _make_series()


def _make_gift() -> Document:
    """The guide that the form hands over; its source is ``guide.html``."""
    with _GUIDE.open("rb") as file:
        document: Document = Document.objects.create(title=texts.GIFT_TITLE, file=File(file, name="hada-no-techo.pdf"))
    return document


def put_gift() -> None:
    """Lay the guide's file where the loaded document says that it is."""
    stored = Document.objects.get(title=texts.GIFT_TITLE).file
    if not stored.storage.exists(stored.name):
        with _GUIDE.open("rb") as file:
            stored.storage.save(stored.name, File(file))


def _make_page(form: Form) -> LandingPage:
    site = Site.objects.get(is_default_site=True)
    home = HomePage.objects.get(pk=site.root_page_id)
    home.title, home.headline, home.lead = texts.SHOP["name"], texts.PAGE_HEADLINE, texts.PAGE_LEAD
    blocks = [_page_block(kind, value, form) for kind, value in texts.PAGE_BLOCKS]
    field = LandingPage._meta.get_field("body")
    home.body = field.stream_block.to_python(
        [
            {"type": "text", "value": texts.HOME_TEXT},
            {"type": "heading", "value": texts.PAGE_TITLE},
            {"type": "text", "value": f"<p>{texts.FORM['introduction']}</p>"},
            {"type": "form", "value": form.pk},
        ]
    )
    home.save_revision().publish()
    page = LandingPage(
        title=texts.PAGE_TITLE,
        slug=PAGE_SLUG,
        headline=texts.PAGE_HEADLINE,
        lead=texts.PAGE_LEAD,
        language="ja",
        body=field.stream_block.to_python(blocks),
    )
    home.add_child(instance=page)
    page.save_revision().publish()
    return page


def _page_block(kind: str, value: str, form: Form) -> dict[str, Any]:
    if kind == "form":
        return {"type": kind, "value": form.pk}
    if kind == "button":
        return {"type": kind, "value": {"text": value, "url": "", "page": None}}
    if kind == "questions":
        answers = [{"question": question, "answer": answer} for question, answer in texts.PAGE_QUESTIONS]
        return {"type": kind, "value": answers}
    return {"type": kind, "value": value}


def make_message(letter: Letter, topic: Topic, shown: Mapping[str, Any]) -> Message:
    """Make and publish a message. ``shown``: by kind of block, what stands for the shop's own offer, gift and so on."""
    message = Message(
        name=letter.name,
        kind=letter.kind,
        stage=letter.stage,
        wall=letter.wall,
        doubt=letter.doubt,
        topic=topic,
        language="ja",
    )
    content = [{"type": kind, "value": shown.get(kind, value)} for kind, value in letter.blocks]
    body = {"subject": letter.subject, "preheader": letter.preheader, "content": content}
    block = Message._meta.get_field("bodies").stream_block  # type: ignore[union-attr]
    message.bodies = block.to_python([{"type": "email", "value": body}])
    publish_message(message)
    return message


def _make_series() -> None:
    """Letters that come one after the other, to whoever is put into their journey."""
    series = create_series(
        texts.SERIES_NAME, "お手入れのこつと工房のようす。", Rhythm(time(7), weekdays=(0, 3)), by=None
    )
    read = read_files([SeriesFile("letters.csv", texts.SERIES.encode())], Defaults(topic=TOPIC_KEY), MAX_ITEMS)
    insert_messages(series.pk, make_messages(read.drafts), by=None)
    publish_series(series.pk, by=None, with_messages=True)
    rhythm: dict[str, Any] = {
        "every": "series",
        "days": None,
        "weekdays": [],
        "at": "07:00",
        "business": False,
        "first": "now",
    }
    publish(
        Journey(name=texts.SERIES_NAME, description="ご希望の方に、月曜と木曜の朝、一通ずつ届けます。"),
        trigger={"type": "by_hand", "value": {}},
        goal=None,
        steps=[step("series", {"series": series.pk, "rhythm": rhythm, "at_end": "wait"})],
    )
