"""What brings people in besides single events: a segment, a day of their own, signs that somebody is about to buy."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from jouren.contacts import actions
from jouren.contacts.errors import SegmentInUse
from jouren.contacts.models import Contact
from jouren.contacts.segments.actions import delete_segment, uses_of
from jouren.events.actions import NewEvent, record_event
from jouren.journeys import dated_entries, engine
from jouren.journeys.compiler import JourneyProblem, compile_journey
from jouren.journeys.models import DatedEntries, Journey
from jouren.journeys.wording import describe_triggers
from jouren.messaging.models import Message
from jouren.orders.actions import record_order
from jouren.orders.telling import Telling, tell_orders_of
from tests.at_once import at_once
from tests.segmenting import bought, filled, in_segment, keep, tagged
from tests.walking import Time, buy, draft_journey, live_journey, make_reader, send, step, walks, work

pytestmark = pytest.mark.django_db
HOURS_8 = [step("wait", {"amount": 8, "unit": "hours"}, "wait")]


def trigger(kind: str, **value: Any) -> list[dict[str, Any]]:
    return [{"type": kind, "value": value}]


def birthday(**more: Any) -> list[dict[str, Any]]:
    value = {"fact": "contact.attribute", "argument": "birthday", "offset": 0, "at": "09:00", "yearly": True}
    return trigger("date", **value | more)


def after(event: str, offset: int, **more: Any) -> list[dict[str, Any]]:
    return trigger("after_event", event=event, offset=offset, at="09:00", where=[], **more)


def settle() -> None:
    """Everything that workers do."""
    while True:
        work()
        keep()
        if not (dated_entries.tick() or engine.tick()):
            return


def born(day: str, number: int = 1) -> Contact:
    contact = make_reader(number)
    actions.set_attributes(contact.pk, {"birthday": day})
    return contact


@pytest.fixture
def birthdays() -> None:
    actions.define_attribute("birthday", "date", "誕生日")


def test_who_comes_into_a_segment_enters_and_history_does_not(time: Time, hello: Message) -> None:
    segment = filled("Buyers", bought())
    journey = live_journey([send(hello), *HOURS_8], trigger("segment", segment=str(segment.pk), way="entered"))
    buyer, past = make_reader(1), make_reader(2)
    buy(buyer)
    record_order(past.pk, "9", "regular", 1000, occurred_at=time.now - timedelta(days=9), historical=True)
    settle()
    assert (len(walks(buyer)), len(walks(past))) == (1, 0)
    assert describe_triggers(journey.versions.get().compiled) == "Comes into the segment “Buyers”"


def test_who_leaves_a_segment_as_time_passes_enters(time: Time, hello: Message) -> None:
    segment = filled("Lately", bought(within_days=30))
    live_journey([send(hello), *HOURS_8], trigger("segment", segment=str(segment.pk), way="left"))
    buyer = make_reader()
    buy(buyer)
    settle()
    time.pass_by(days=30, microseconds=-1)
    settle()
    assert walks(buyer) == []
    time.pass_by(microseconds=1)
    settle()
    assert len(walks(buyer)) == 1


@pytest.mark.parametrize(
    "parts",
    [
        {"trigger": "segment"},
        {"entry": "condition"},
        {"goal": "condition"},
        {"exits": "condition"},
        {"steps": "condition"},
    ],
)
@pytest.mark.parametrize("is_live", [True, False])
def test_a_segment_that_a_journey_needs_is_not_deleted(
    time: Time, hello: Message, parts: dict[str, str], is_live: bool
) -> None:
    segment = filled("Buyers", bought())
    condition = in_segment(segment)
    branch = {"when": condition, "then": [], "otherwise": []}
    values: dict[str, Any] = {
        "trigger": trigger("segment", segment=str(segment.pk), way="entered"),
        "exits": [{"type": "exit", "value": {"when": condition, "reason": "bought"}}],
        "steps": [send(hello), step("branch", branch)],
    }
    part = next(iter(parts))
    journey = draft_journey(
        values["steps"] if part == "steps" else [send(hello)], values["trigger"] if part == "trigger" else None
    )
    if part in {"entry", "goal"}:
        setattr(journey, part, condition)
    elif part == "exits":
        journey.exits = Journey._meta.get_field("exits").stream_block.to_python(values["exits"])  # type: ignore[union-attr]
    journey.save()
    if is_live:
        journey.save_revision().publish()
    assert [(use.kind, use.name) for use in uses_of(segment.pk)] == [("journey", "Welcome")]
    with pytest.raises(SegmentInUse, match="“Buyers” is still in use: “Welcome”"):
        delete_segment(segment)


def test_a_segment_that_is_gone_cannot_be_a_trigger(time: Time, hello: Message) -> None:
    journey = draft_journey([send(hello)], trigger("segment", segment="4711", way="entered"))
    with pytest.raises(JourneyProblem, match="The segment is gone"):
        compile_journey(journey)


def test_a_birthday_brings_in_at_its_time_in_the_shops_zone_and_again_the_next_year(
    time: Time, hello: Message, birthdays: None
) -> None:
    journey = live_journey([send(hello), *HOURS_8], birthday(), reentry="again")
    theirs, other = born("1980-11-23"), born("1980-11-24", 2)
    assert dated_entries.next_due() == datetime(2026, 11, 23, 0, tzinfo=UTC)
    time.now = datetime(2026, 11, 23, 0, tzinfo=UTC) - timedelta(microseconds=1)
    settle()
    assert (walks(theirs), dated_entries.is_busy()) == ([], False)
    time.now = datetime(2026, 11, 23, 0, tzinfo=UTC)
    assert dated_entries.is_busy()
    settle()
    assert (len(walks(theirs)), walks(other)) == (1, [])
    settle()
    time.pass_by(hours=23)
    settle()
    assert (len(walks(theirs)), walks(other)) == (1, [])
    for _ in range(365):
        time.pass_by(days=1)
        settle()
    assert (len(walks(theirs)), len(walks(other))) == (2, 1)
    assert describe_triggers(journey.versions.get().compiled) == "On “Attribute, birthday”, at 09:00, every year"


def test_before_a_date_and_the_29th_of_february(time: Time, hello: Message, birthdays: None) -> None:
    live_journey([send(hello), *HOURS_8], birthday(offset=-3))
    leap = born("1992-02-29")
    time.now = datetime(2027, 2, 24, 23, tzinfo=UTC)
    settle()
    assert walks(leap) == []
    time.now = datetime(2027, 2, 25, 0, tzinfo=UTC)
    settle()
    assert [walk.entered_at for walk in walks(leap)] == [time.now]


def test_a_date_that_comes_once(time: Time, hello: Message, birthdays: None) -> None:
    live_journey([send(hello), *HOURS_8], birthday(yearly=False, offset=1), reentry="again")
    past, coming = born("1980-11-25"), born("2026-11-25", 2)
    for _ in range(10):
        time.pass_by(days=1)
        settle()
    assert (len(walks(past)), len(walks(coming))) == (0, 1)


@pytest.mark.parametrize("yearly", [True, False])
def test_a_moment_of_theirs_counts_by_its_day_in_the_shops_zone(time: Time, hello: Message, yearly: bool) -> None:
    live_journey(
        [send(hello), *HOURS_8],
        trigger("date", fact="orders.first_at", argument="", offset=2, at="09:00", yearly=yearly),
    )
    buyer = make_reader()
    time.now = datetime(2026, 11, 22, 15, 30, tzinfo=UTC)  # the 23rd in Tokyo
    buy(buyer)
    settle()
    time.now = datetime(2026, 11, 24, 23, 59, tzinfo=UTC)
    settle()
    assert walks(buyer) == []
    time.now = datetime(2026, 11, 25, 0, tzinfo=UTC)
    settle()
    assert len(walks(buyer)) == 1


def test_before_the_next_delivery_of_a_subscription_and_again_before_the_one_after_it(
    time: Time, hello: Message
) -> None:
    live_journey(
        [send(hello), *HOURS_8],
        trigger("date", fact="subscriptions.next_on", argument="", offset=-3, at="09:00", yearly=False),
        reentry="again",
    )
    reader, other = make_reader(1), make_reader(2)
    started = {"subscription": "1", "product": "tea", "next_on": "2026-11-28"}
    tell_orders_of(reader.pk, "shop", [Telling("subscription.started", started, time.now)])
    paused = {"subscription": "2"}
    tell_orders_of(other.pk, "shop", [Telling("subscription.started", started | paused, time.now)])
    tell_orders_of(other.pk, "shop", [Telling("subscription.paused", paused, time.now)])
    settle()
    time.now = datetime(2026, 11, 25, 0, tzinfo=UTC)
    settle()
    assert (len(walks(reader)), len(walks(other))) == (1, 0)
    renewed = {"subscription": "1", "delivery": "2", "next_on": "2026-12-28"}
    time.now = datetime(2026, 11, 28, 0, tzinfo=UTC)
    tell_orders_of(reader.pk, "shop", [Telling("subscription.renewed", renewed, time.now)])
    for _ in range(27):
        time.pass_by(days=1)
        settle()
    assert (len(walks(reader)), len(walks(other))) == (2, 0)


def test_days_after_an_event_with_its_details(time: Time, hello: Message) -> None:
    where = [{"field": "amount", "op": "gte", "value": "2000"}]
    live_journey([send(hello), *HOURS_8], trigger("after_event", event="order.paid", offset=7, at="09:00", where=where))
    small, big, past = make_reader(1), make_reader(2), make_reader(3)
    buy(small)
    buy(big, amount=2000)
    record_order(past.pk, "9", "regular", 9000, historical=True)
    settle()
    time.now = datetime(2026, 11, 29, 0, tzinfo=UTC) - timedelta(seconds=1)
    settle()
    assert walks(big) == []
    time.pass_by(seconds=1)
    settle()
    assert (len(walks(small)), len(walks(big)), len(walks(past))) == (0, 1, 0)


def test_each_order_has_a_walk_of_its_own(time: Time, hello: Message) -> None:
    live_journey([send(hello), *HOURS_8], after("order.paid", 1), reentry="keyed", key="order")
    buyer = make_reader()
    buy(buyer, "A")
    buy(buyer, "B")
    settle()
    time.pass_by(days=1)
    settle()
    assert sorted(walk.key for walk in walks(buyer)) == ["A", "B"]


def test_walks_that_begin_on_a_date_are_not_told_apart(time: Time, hello: Message, birthdays: None) -> None:
    with pytest.raises(JourneyProblem, match="not about anything"):
        compile_journey(draft_journey([send(hello)], birthday(), reentry="keyed", key="order"))


def test_what_is_no_date_is_refused(time: Time, hello: Message) -> None:
    with pytest.raises(JourneyProblem, match="no attribute"):
        compile_journey(draft_journey([send(hello)], birthday()))


def test_the_condition_for_entering_holds_on_the_day(time: Time, hello: Message, birthdays: None) -> None:
    live_journey([send(hello), *HOURS_8], birthday(), entry=tagged("vip"))
    plain, special = born("1980-11-23"), born("1990-11-23", 2)
    actions.add_tag(special.pk, "vip")
    time.now = datetime(2026, 11, 23, 0, tzinfo=UTC)
    settle()
    assert (len(walks(plain)), len(walks(special))) == (0, 1)


def test_more_people_than_one_batch_enter_once_each(
    time: Time, hello: Message, birthdays: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dated_entries, "BATCH", 2)
    live_journey([send(hello), *HOURS_8], birthday(), reentry="again")
    people = [born("1980-11-23", number) for number in range(5)]
    actions.erase_contact(people[0].pk)
    time.now = datetime(2026, 11, 23, 0, tzinfo=UTC)
    settle()
    assert [len(walks(contact)) for contact in people] == [0, 1, 1, 1, 1]


def test_a_moment_that_was_missed_for_days_brings_nobody_in(time: Time, hello: Message, birthdays: None) -> None:
    live_journey([send(hello), *HOURS_8], birthday())
    missed, late = born("1980-11-23"), born("1980-11-25", 2)
    settle()
    time.now = datetime(2026, 11, 26, 12, tzinfo=UTC)
    settle()
    assert (len(walks(missed)), len(walks(late))) == (0, 1)


def test_what_is_over_when_it_is_published_brings_nobody_in(time: Time, hello: Message, birthdays: None) -> None:
    theirs = born("1980-11-22")
    time.now = datetime(2026, 11, 22, 0, 1, tzinfo=UTC)
    journey = live_journey([send(hello), *HOURS_8], birthday())
    settle()
    assert walks(theirs) == []
    assert DatedEntries.objects.count() == 1
    journey.versions.update(live=False)
    settle()
    assert DatedEntries.objects.count() == 0


def test_who_looks_twice_at_an_offer_enters(time: Time, hello: Message) -> None:
    live_journey(
        [send(hello), *HOURS_8],
        trigger("intent", event="offer.viewed", about="trial set", times=2, within_days=7),
    )
    reader = make_reader()
    for offer, days in (("trial set", 0), ("other", 1), ("trial set", 7), ("trial set", 1)):
        time.pass_by(days=days)
        record_event(NewEvent("offer.viewed", reader.pk, {"offer": offer}))
        settle()
        assert len(walks(reader)) == (1 if days == 1 and offer == "trial set" else 0)


def test_a_cart_with_the_product_brings_in(time: Time, hello: Message) -> None:
    live_journey([send(hello), *HOURS_8], trigger("intent", event="cart.left", about="tea"))
    one, two = make_reader(1), make_reader(2)
    record_event(NewEvent("cart.left", one.pk, {"products": ["cup", "tea"], "amount": 1200}))
    record_event(NewEvent("cart.left", two.pk, {"products": ["cup"]}))
    record_event(NewEvent("video.played", two.pk, {"video": "how to brew", "percent": 80}))
    settle()
    assert (len(walks(one)), len(walks(two))) == (1, 0)


@pytest.mark.django_db(transaction=True)
def test_two_workers_bring_nobody_in_twice(
    time: Time, hello: Message, birthdays: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dated_entries, "BATCH", 3)
    live_journey([send(hello), *HOURS_8], birthday(), reentry="again")
    people = [born("1980-11-23", number) for number in range(10)]
    dated_entries.tick()
    time.now = datetime(2026, 11, 23, 0, tzinfo=UTC)

    def work_off() -> None:
        for _ in range(10):
            dated_entries.tick()

    at_once(*[work_off] * 3)
    while dated_entries.tick():
        pass
    assert [len(walks(contact)) for contact in people] == [1] * 10
