"""What journeys know of the series that they send: preview, checks, edits, pauses, figures."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from jouren.core import clock
from jouren.core.sql import Queries
from jouren.journeys import engine
from jouren.journeys.actions import enrol_by_hand, freeze_version
from jouren.journeys.checking import hints_of
from jouren.journeys.compiler import JourneyProblem, compile_journey
from jouren.journeys.impact import impact_of
from jouren.journeys.models import Journey
from jouren.journeys.pausing import How, Resumption, pause_journey, resume_journey
from jouren.journeys.preview import SHOWN_OF_SERIES, day_by_day, flow
from jouren.journeys.program import NEVER
from jouren.journeys.queries import figures
from jouren.journeys.series.models import Series
from jouren.messaging.models import Delivery
from tests.series import AS_IT_SAYS, make_series, publish, put, send_series
from tests.walking import Time, buy, draft_journey, got, live_journey, make_message, make_reader, send, walks, work

pytestmark = pytest.mark.django_db(transaction=True)

TEN = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)  # a Sunday, 10:00 in Tokyo
SEVEN = datetime(2026, 11, 22, 22, 0, tzinfo=UTC)  # the next morning
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    moved = Time(TEN)
    monkeypatch.setattr(clock, "now", lambda: moved.now)
    return moved


def told(steps: list[dict[str, Any]]) -> list[tuple[int, str]]:
    compiled = compile_journey(draft_journey(steps))
    return [(moment.day, moment.text) for moment in day_by_day(compiled)]


def set_steps(journey: Journey, steps: list[dict[str, Any]]) -> None:
    field: Any = Journey._meta.get_field("steps")
    journey.steps = field.stream_block.to_python(steps)
    journey.save()


def test_the_preview_tells_a_series_day_by_day() -> None:
    assert told([send_series(make_series("ABC")), send(make_message("Z"))]) == [
        (0, "Gets “A”, number 1 of the series"),
        (1, "Gets “B”, number 2 of the series"),
        (2, "Gets “C”, number 3 of the series"),
        (2, "Gets “Z”"),
        (2, "The end of the journey."),
    ]


def test_of_a_long_series_the_preview_tells_the_first_ones_and_the_last() -> None:
    names = [f"L{number}" for number in range(1, 31)]
    lines = told([send_series(make_series(names), at_end="wait")])
    assert [text for _day, text in lines[:SHOWN_OF_SERIES]] == [
        f"Gets “L{number}”, number {number} of the series" for number in range(1, SHOWN_OF_SERIES + 1)
    ]
    assert lines[SHOWN_OF_SERIES:] == [
        (5, "… 24 more messages of the series …"),
        (29, "Gets “L30”, number 30 of the series"),
        (29, "Waits here for new messages of the series."),
    ]


def test_the_flow_names_a_series_with_its_rhythm() -> None:
    own = {**AS_IT_SAYS, "every": "weekdays", "weekdays": ["0", "3"], "at": "20:00"}
    compiled = compile_journey(draft_journey([send_series(make_series("AB"), rhythm=own)]))
    assert [step.text for step in flow(compiled)] == ["Series “Letters”: 2 messages, on Mon, Thu at 20:00"]


def test_a_journey_is_not_published_with_a_series_that_is_not() -> None:
    series = Series.objects.create(name="Unpublished")
    with pytest.raises(JourneyProblem, match="The series “Unpublished” is not published yet"):
        compile_journey(draft_journey([send_series(series)]))
    series.delete()
    with pytest.raises(JourneyProblem, match="no series, or one that is not there any more"):
        compile_journey(draft_journey([step_of_nothing()]))


def step_of_nothing() -> dict[str, Any]:
    return send_series(Series(pk=987654))


def test_an_own_rhythm_that_cannot_be_is_refused() -> None:
    never = {**AS_IT_SAYS, "every": "weekdays", "weekdays": []}
    with pytest.raises(JourneyProblem, match="at least one weekday"):
        compile_journey(draft_journey([send_series(make_series("A"), rhythm=never)]))


def test_what_a_series_has_helped_with_counts_before_an_offer() -> None:
    offer = make_message("Offer", kind="ask")
    codes = {
        names: [hint.code for hint in hints_of(compile_journey(draft_journey([send_series(series), send(offer)])))]
        for names in ("A", "ABCDE")
        for series in [make_series(names, names)]
    }
    assert "hasty_ask" in codes["A"]
    assert "hasty_ask" not in codes["ABCDE"]


def test_nothing_more_is_asked_for_people_who_stand_elsewhere(monkeypatch: pytest.MonkeyPatch, time: Time) -> None:
    journey = live_journey([send(make_message("Hello")), send_series(make_series("AB"))])
    asked: list[str] = []
    text = Queries.text
    monkeypatch.setattr(Queries, "text", lambda self, name: asked.append(name) or text(self, name))
    enrol_by_hand(journey, [make_reader().pk])
    asked.clear()
    assert engine.tick() == 1
    assert "live_series" not in asked
    assert engine.tick() == 1
    assert "live_series" in asked


@pytest.mark.parametrize(
    ("how", "letters", "next_at"),
    [
        (Resumption(How.AT_ONCE), "AB", SEVEN + 5 * DAY),
        (Resumption(How.SHIFT), "A", SEVEN + 5 * DAY),
        (Resumption(How.SKIP, days=2), "A", SEVEN + 5 * DAY),
    ],
)
def test_a_paused_journey_goes_on_with_its_series_without_a_burst(
    time: Time, how: Resumption, letters: str, next_at: datetime
) -> None:
    journey = live_journey([send_series(make_series("ABCD"))])
    contact = make_reader()
    buy(contact, "1")
    work()
    pause_journey(journey)
    time.now = SEVEN + 4 * DAY + timedelta(hours=13)
    work()
    assert got(contact) == ["A"]
    resume_journey(journey, how)
    work()
    sent = Delivery.objects.filter(contact_id=contact.pk).exclude(reason="overdue").order_by("id")
    assert "".join(sent.values_list("message_version__name", flat=True)) == letters
    assert walks(contact)[0].due_at == next_at


def test_who_waits_at_the_end_of_a_paused_journey_hears_of_new_messages_when_it_goes_on(time: Time) -> None:
    series = make_series("A")
    journey = live_journey([send_series(series, at_end="wait")])
    contact = make_reader()
    buy(contact, "1")
    work()
    assert walks(contact)[0].due_at == NEVER
    pause_journey(journey)
    put(series, "B")
    publish(series)
    assert walks(contact)[0].due_at is None
    resume_journey(journey, Resumption(How.AT_ONCE))
    work()
    assert walks(contact)[0].due_at == SEVEN


def test_an_edit_says_what_a_series_would_send_at_once() -> None:
    series = make_series("ABC")
    journey = live_journey([send_series(series, "first"), send(make_message("Z"), "z")])
    contact = make_reader()
    buy(contact, "1")
    work()
    other = make_series("XY", "Others")
    version = journey.versions.get(live=True)
    set_steps(journey, [send_series(other, "second"), send(make_message("Z"), "z")])
    compiled = compile_journey(journey)
    impact = impact_of(journey, compiled, [version])
    assert (impact.people, impact.touched) == (1, 1)
    (sending,) = impact.sendings.values()
    assert compiled["steps"][sending.step]["series"] == other.pk
    freeze_version(journey)
    work()
    assert got(contact) == ["A", "X"]


def test_a_message_is_inserted_for_those_who_are_on_an_older_version_too(time: Time) -> None:
    series = make_series("AB")
    journey = live_journey([send_series(series, "series", at_end="wait")])
    contact = make_reader()
    buy(contact, "1")
    work()
    time.now = SEVEN
    work()
    set_steps(journey, [send_series(series, "series", at_end="wait"), send(make_message("Z"), "z")])
    journey.versions.update(live=False)
    put(series, "C")
    publish(series)
    assert walks(contact)[0].due_at == SEVEN


def test_figures_count_the_messages_of_a_series_and_how_far_people_are(time: Time) -> None:
    series = make_series("ABC")
    sending = send_series(series, "series")
    journey = live_journey([sending, send(make_message("Z"), "z")])
    for number in (1, 2):
        buy(make_reader(number), str(number))
        work()
    time.now = SEVEN
    work()
    late = make_reader(3)
    buy(late, "3")
    work()
    counted = figures(journey)
    progress = counted.series[sending["id"]].progress
    assert (progress.messages, dict(progress.by_number)) == (3, {2: 2, 1: 1})
    assert [(each.first, each.last, each.people) for each in progress.ranges] == [
        (0, 0, 0),
        (1, 1, 1),
        (2, 2, 2),
        (3, 3, 0),
    ]
    assert counted.steps[sending["id"]].here == 3
