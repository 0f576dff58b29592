"""The demo shop itself: who it is, its form, page, messages and journeys, all made by the public actions."""

from __future__ import annotations

import uuid
from datetime import time
from typing import Any

from wagtail.models import Site

from jouren.backoffice.demo import texts
from jouren.capture.models import Asking, Form, ProblemField
from jouren.catalog.offers.models import Offer
from jouren.contacts.models import Topic
from jouren.content.models import HomePage, LandingPage
from jouren.journeys.models import Journey
from jouren.journeys.series.actions import create_series, insert_messages, publish_series
from jouren.journeys.series.intake.actions import make_messages
from jouren.journeys.series.intake.drafts import Defaults
from jouren.journeys.series.intake.files import File, read_files
from jouren.journeys.series.order import MAX_ITEMS
from jouren.journeys.series.rhythm import Rhythm
from jouren.messaging.models import Message, ShopSettings
from jouren.messaging.publishing import publish_message
from jouren.messaging.sending_rules.actions import save_rules
from jouren.messaging.sending_rules.terms import Readiness, Rules

TOPIC_KEY = "newsletter"
PAGE_SLUG = "letters"


def make_shop(trial: Offer) -> None:
    """Make everything but the people and the products. ``trial``: the offer that the letters end with."""
    ShopSettings.objects.update_or_create(pk=ShopSettings.load().pk, defaults=texts.SHOP)
    topic, _made = Topic.objects.update_or_create(
        key=TOPIC_KEY, defaults={"name": "ねむりの手紙", "description": "眠りについての手紙と、お茶のご案内"}
    )
    # Whoever buys a trial without the letters gets two that help before the offer that follows.
    save_rules(Rules(readiness=Readiness(2)))
    form = Form.objects.create(
        ask_name=Asking.OPTIONAL, ask_kana=Asking.OPTIONAL, ask_problem=ProblemField.LIST, topic=topic, **texts.FORM
    )
    _make_page(form)
    messages = {key: _make_message(letter, topic, trial) for key, letter in texts.MESSAGES.items()}
    _make_journeys(form, messages)
    _make_series()


def _make_page(form: Form) -> LandingPage:
    site = Site.objects.get(is_default_site=True)
    home = HomePage.objects.get(pk=site.root_page_id)
    home.title, home.headline, home.lead = texts.SHOP["name"], texts.PAGE_HEADLINE, texts.PAGE_LEAD
    blocks = [_page_block(kind, value, form) for kind, value in texts.PAGE_BLOCKS]
    field = LandingPage._meta.get_field("body")
    home.body = field.stream_block.to_python(
        [
            {
                "type": "text",
                "value": "<p>長野の畑で育てた棗と陳皮のお茶を、眠る前の一杯のためにお届けしています。</p>",
            },
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


def _make_message(letter: texts.Letter, topic: Topic, trial: Offer) -> Message:
    message = Message(
        name=letter.name,
        kind=letter.kind,
        stage=letter.stage,
        wall=letter.wall,
        doubt=letter.doubt,
        topic=topic,
        language="ja",
    )
    shown = {"offer": str(trial.pk), "if_closed": "skip"}
    content = [{"type": kind, "value": shown if kind == "offer" else value} for kind, value in letter.blocks]
    body = {"subject": letter.subject, "preheader": letter.preheader, "content": content}
    block = Message._meta.get_field("bodies").stream_block  # type: ignore[union-attr]
    message.bodies = block.to_python([{"type": "email", "value": body}])
    publish_message(message)
    return message


def _make_journeys(form: Form, messages: dict[str, Message]) -> None:
    _publish(
        Journey(
            name="ねむりの手紙（7日間）",
            description="申し込んだ方に、眠りの手紙を届け、最後に一度だけお試しを案内します。",
            conversion_days=14,
        ),
        conversion=_purchase("trial"),
        trigger={"type": "form", "value": {"form": form.pk}},
        goal=_bought(),
        steps=[
            _send(messages["letter1"]),
            _until(1),
            _send(messages["letter2"]),
            _until(3),
            _send(messages["letter3"]),
            _wait_for(
                "message.clicked", 2, message=messages["letter3"], then=[_send(messages["letter3more"])], otherwise=[]
            ),
            _until(7),
            _send(messages["offer"]),
            _wait_for(
                "order.paid",
                5,
                then=[],
                otherwise=[
                    _step("suppress", {"channel": "", "reason": "お試しを必要とされなかった"}),
                    _step("exit", {"reason": "今はお茶を必要とされていない"}),
                ],
            ),
        ],
    )
    _publish(
        Journey(
            name="お試しのあと（35日間）",
            description="お試しの方に、使い方と安心を届け、最後に定期便を案内します。",
            conversion_days=60,
        ),
        conversion=_purchase("regular"),
        trigger={"type": "purchase", "value": {"kind": "trial", "product": ""}},
        goal=_bought(kind="regular"),
        steps=[
            _send(messages["thanks"]),
            _until(7),
            _send(messages["week1"]),
            _until(14),
            _send(messages["week2"]),
            _until(21),
            # Does one letter more bring the regular order? Three in ten go without it, and the report tells.
            _split(("裏技の手紙も届ける", 70, [_send(messages["week3"])]), ("届けない", 30, [])),
            _until(30),
            _send(messages["month1"]),
            _until(35),
            _send(messages["regular"]),
            _wait_for("order.paid", 14, then=[], otherwise=[_step("exit", {"reason": "定期便は見送られた"})]),
        ],
    )
    _publish(
        Journey(
            name="常連の方へ",
            description="常連になった方だけに、棚に並べない品をお知らせします。",
            # Whoever knows the shop so well might buy without being told.
            holdout=20,
            conversion_days=30,
        ),
        conversion=_purchase("regular"),
        trigger={"type": "stage", "value": {"stage": "5"}},
        goal=None,
        steps=[
            _until(3),
            _send(messages["welcome_regular"]),
            _wait_for("order.paid", 14, then=[], otherwise=[_step("exit", {"reason": "今回は見送られた"})]),
        ],
    )


def _make_series() -> None:
    """Letters that come one after the other, to whoever is put into their journey."""
    series = create_series(texts.SERIES_NAME, "お茶の淹れ方と畑のようす。", Rhythm(time(7), weekdays=(0, 3)), by=None)
    read = read_files([File("letters.csv", texts.SERIES.encode())], Defaults(topic=TOPIC_KEY), MAX_ITEMS)
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
    _publish(
        Journey(name=texts.SERIES_NAME, description="ご希望の方に、月曜と木曜の朝、一通ずつ届けます。"),
        trigger={"type": "by_hand", "value": {}},
        goal=None,
        steps=[_step("series", {"series": series.pk, "rhythm": rhythm, "at_end": "wait"})],
    )


def _publish(
    journey: Journey, *, trigger: Any, goal: dict[str, Any] | None, steps: list[Any], conversion: Any = None
) -> None:
    journey.goal = goal
    streams = (("trigger", [trigger]), ("steps", steps), ("conversion", [conversion] if conversion else []))
    for name, value in streams:
        field = Journey._meta.get_field(name)
        setattr(journey, name, field.stream_block.to_python(value))  # type: ignore[union-attr]
    journey.live = False
    journey.save()
    journey.save_revision().publish()


def _purchase(kind: str) -> dict[str, Any]:
    return {"type": "purchase", "value": {"kind": kind, "product": "", "amount": None}}


def _step(kind: str, value: dict[str, Any]) -> dict[str, Any]:
    return {"type": kind, "value": value, "id": str(uuid.uuid4())}


def _send(message: Message) -> dict[str, Any]:
    return _step("send", {"message": message.pk})


def _until(day: int) -> dict[str, Any]:
    return _step("wait_until", {"day": day, "at": "20:00", "business": False})


def _split(*ways: tuple[str, int, list[Any]]) -> dict[str, Any]:
    """By lot: name, share and steps of each way."""
    return _step("split", {"ways": [{"name": name, "weight": weight, "then": then} for name, weight, then in ways]})


def _wait_for(
    event: str, days: int, *, then: list[Any], otherwise: list[Any], message: Message | None = None
) -> dict[str, Any]:
    value = {
        "event": event,
        "message": message.pk if message else None,
        "amount": days,
        "unit": "days",
        "then": then,
        "otherwise": otherwise,
    }
    return _step("wait_event", value)


def _bought(**arguments: str) -> dict[str, Any]:
    """Has paid for an order."""
    return {"all": [{"fact": "orders.count", "args": arguments, "op": "gte", "value": 1}]}
