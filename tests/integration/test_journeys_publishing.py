"""Publishing journeys: validated, frozen, pinned; step identities survive what editors do; previews tell the truth."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import translation

from jouren.contacts.models import Topic
from jouren.content.schedule import publish_due
from jouren.core import clock
from jouren.journeys.compiler import JourneyProblem, compile_journey
from jouren.journeys.models import Journey, JourneyVersion
from jouren.journeys.preview import day_by_day, flow, preview_context
from jouren.messaging.models import Message, MessageVersion

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def english() -> Any:
    with translation.override("en"):
        yield


@pytest.fixture
def message() -> Message:
    return make_message("Hello")


def make_message(name: str, *, published: bool = True) -> Message:
    topic = Topic.objects.get_or_create(key="letters", defaults={"name": "Letters"})[0]
    message = Message.objects.create(name=name, kind="help", topic=topic, language="ja", live=published)
    if published:
        publish_again(message)
    return message


def publish_again(message: Message) -> MessageVersion:
    number = message.versions.count() + 1
    return MessageVersion.objects.create(
        message=message,
        number=number,
        name=message.name,
        kind="help",
        topic="letters",
        bodies={},
        hash="",
        created_at=clock.now(),
    )


def step(kind: str, value: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": kind, "value": value, "id": str(uuid.uuid4()), **more}


def send(message: Message | None) -> dict[str, Any]:
    return step("send", {"message": message.pk if message else None})


def journey_of(steps: list[dict[str, Any]], trigger: Any = None, **streams: Any) -> Journey:
    journey = Journey(name="Welcome", live=False)
    streams = {"steps": steps, "trigger": [trigger or {"type": "event", "value": {"event": "order.paid"}}], **streams}
    for name, value in streams.items():
        setattr(journey, name, getattr(journey._meta.get_field(name), "stream_block", Plain).to_python(value))
    return journey


class Plain:
    """Takes a value as it is, for what is no stream."""

    @staticmethod
    def to_python(value: Any) -> Any:
        return value


def publish(journey: Journey) -> JourneyVersion:
    if journey.pk is None:
        journey.save()
    journey.save_revision().publish()
    return JourneyVersion.objects.get(journey=journey, live=True)


def test_a_journey_that_is_to_go_live_later_runs_only_then(message: Message) -> None:
    journey = journey_of([send(message)])
    journey.go_live_at = clock.now() + timedelta(days=1)
    journey.save()
    journey.save_revision().publish()
    assert publish_due() == 0
    assert not JourneyVersion.objects.exists()
    clock.move_to(journey.go_live_at)
    assert publish_due() == 1
    assert JourneyVersion.objects.get().live


def test_publishing_a_revision_freezes_it_for_the_engine(message: Message) -> None:
    journey = journey_of([send(message)])
    version = publish(journey)
    (compiled,) = version.compiled["steps"].values()
    assert compiled["message_version"] == message.versions.get().pk
    assert (version.number, version.revision_id) == (1, journey.latest_revision.pk)
    journey.refresh_from_db()
    assert journey.live


def test_a_message_stays_as_it_was_until_the_journey_is_published_again(message: Message) -> None:
    journey = journey_of([send(message)])
    first = publish(journey)
    newer = publish_again(message)
    assert JourneyVersion.objects.get(live=True) == first
    second = publish(journey)
    assert second.number == 2
    assert [step["message_version"] for step in second.compiled["steps"].values()] == [newer.pk]


def test_an_edit_that_is_only_saved_changes_nothing(message: Message) -> None:
    journey = journey_of([send(message)])
    version = publish(journey)
    journey.name = "Another"
    journey.save_revision()
    assert JourneyVersion.objects.get() == version


def test_unpublishing_leaves_no_version_that_people_enter(message: Message) -> None:
    journey = journey_of([send(message)])
    publish(journey)
    journey.unpublish()
    assert not JourneyVersion.objects.filter(live=True).exists()


def test_moving_restoring_and_copying_keep_every_steps_identity(message: Message) -> None:
    one, two = send(message), send(make_message("Two"))
    journey = journey_of([one, two])
    first = publish(journey)
    old_revision = journey.latest_revision
    journey.steps = journey._meta.get_field("steps").stream_block.to_python([two, one])
    moved = publish(journey)
    assert set(moved.compiled["steps"]) == set(first.compiled["steps"])
    assert moved.compiled["first"] == two["id"]
    restored = old_revision.as_object()
    restored.save_revision().publish()
    third = JourneyVersion.objects.get(journey=journey, live=True)
    assert third.compiled == first.compiled
    assert third.hash == first.hash
    copy = journey_of([one, two])
    copied = publish(copy)
    assert copied.compiled["steps"].keys() == first.compiled["steps"].keys()
    assert copied.run_id != first.run_id  # so nobody's message of one is taken for the other's


PROBLEMS = [
    ("trigger", {"trigger": []}),
    ("steps", {"steps": []}),
    ("steps", {"steps": [send(None)]}),
    ("goal", {"goal": {"fact": "no.such", "op": "eq", "value": 1}}),
    ("entry", {"entry": {"all": [{"fact": "orders.count", "op": "gte", "value": None}]}}),
    ("exits", {"exits": [{"type": "exit", "value": {"reason": "gone", "when": None}}]}),
    ("steps", {"steps": [{"type": "branch", "value": {"when": None, "then": [], "otherwise": []}, "id": "1"}]}),
]


@pytest.mark.parametrize(("field", "streams"), PROBLEMS)
def test_a_journey_that_cannot_run_is_refused_with_the_field_to_mend(
    field: str, streams: dict[str, Any], message: Message
) -> None:
    journey = (
        journey_of(**{"steps": [send(message)], **streams}) if "trigger" not in streams else journey_of([send(message)])
    )
    if "trigger" in streams:
        journey.trigger = journey._meta.get_field("trigger").stream_block.to_python([])
    with pytest.raises(JourneyProblem) as problem:
        compile_journey(journey)
    assert problem.value.field == field
    with pytest.raises(ValidationError) as shown:
        journey.full_clean_for_publishing()
    assert list(shown.value.message_dict) == [field]
    journey.save()
    with pytest.raises(JourneyProblem):
        journey.save_revision().publish()
    assert not JourneyVersion.objects.exists()


def test_a_message_that_was_never_published_and_a_zone_that_is_none_are_refused(message: Message) -> None:
    with pytest.raises(JourneyProblem, match="“Draft” is not published"):
        compile_journey(journey_of([send(make_message("Draft", published=False))]))
    journey = journey_of([send(message)])
    journey.zone = "Mars/Olympus"
    with pytest.raises(JourneyProblem) as problem:
        compile_journey(journey)
    assert problem.value.field == "zone"


def forked(message: Message) -> dict[str, Any]:
    more, offer = make_message("More"), make_message("Offer")
    return compile_journey(
        journey_of(
            [
                send(message),
                step(
                    "wait_event",
                    {
                        "event": "message.clicked",
                        "message": message.pk,
                        "amount": 2,
                        "unit": "days",
                        "then": [send(more)],
                        "otherwise": [],
                    },
                ),
                step("wait_until", {"day": 7, "at": "20:00", "business": False}),
                send(offer),
            ]
        )
    )


def test_the_flow_shows_what_two_ways_have_in_common_once(message: Message) -> None:
    shown = flow(forked(message))
    assert [part.type for part in shown] == ["send", "wait_event", "wait_until", "send"]
    assert [(label, [part.text for part in inner]) for label, inner in shown[1].ways] == [
        ("when it happens", ["Send “More”"]),
        ("when the time is over", []),
    ]


def test_day_by_day_walks_the_engines_own_way(message: Message) -> None:
    start = datetime.fromisoformat("2026-11-22T10:00:00+09:00")
    compiled = forked(message)
    silent = [(moment.day, moment.text) for moment in day_by_day(compiled, start=start)]
    assert silent == [(0, "Gets “Hello”"), (7, "Gets “Offer”"), (7, "The end of the journey.")]
    keen = day_by_day(compiled, start=start, hears_events=True)
    assert [(moment.day, moment.type) for moment in keen] == [
        (0, "send"),
        (0, "event"),
        (0, "send"),
        (7, "send"),
        (7, "end"),
    ]
    assert keen[3].at - start == timedelta(days=7, hours=10)


def test_a_preview_writes_nothing_and_says_why_it_cannot_be_shown(message: Message) -> None:
    journey = journey_of([send(message)])
    assert "flow" in preview_context(journey, "flow")
    assert "moments" in preview_context(journey, "days")
    assert preview_context(journey_of([send(None)]), "flow")["problem"]
    assert not JourneyVersion.objects.exists()


def test_a_preview_shows_messages_that_are_still_drafts_and_names_them_all(message: Message) -> None:
    drafts = [make_message(name) for name in ("Second", "Third")]
    Message.objects.filter(pk__in=[each.pk for each in drafts]).update(live=False)
    for each in drafts:
        each.refresh_from_db()
    journey = journey_of([send(message), send(drafts[0]), send(drafts[1]), send(drafts[0])])
    shown = preview_context(journey, "flow")
    assert [step.text for step in shown["flow"]] == [
        "Send “Hello”",
        "Send “Second”",
        "Send “Third”",
        "Send “Second”",
    ]
    assert shown["hints"][0].what == "The messages “Second”, “Third” are not published yet."
    assert [moment.text for moment in preview_context(journey, "days")["moments"]][:3] == [
        "Gets “Hello”",
        "Gets “Second”",
        "Gets “Third”",
    ]
    with pytest.raises(JourneyProblem, match="The messages “Second”, “Third” are not published yet"):
        compile_journey(journey)
