"""Which of several journeys writes where all want to write to one person on one day."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from jouren.contacts.actions import merge_contacts
from jouren.contacts.models import Contact
from jouren.core.sql import Queries
from jouren.journeys.actions import enrol_by_hand
from jouren.journeys.models import Journey, Precedence
from jouren.journeys.pausing import pause_journey
from jouren.journeys.precedence import give_way
from jouren.messaging.gate import Question, Verdict, ask, load_gate_facts
from jouren.messaging.models import Delivery
from jouren.messaging.sending_rules.holds import holds_of
from jouren.messaging.vocabulary import State
from tests.walking import Time, live_journey, make_message, make_reader, send, step, wait, work

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("time")]
HAND = [{"type": "by_hand", "value": None}]
# START is 10:00 on 22 November in Tokyo.
TOMORROW_AT_TEN = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


def journey(name: str, precedence: Precedence, *before: dict[str, Any], kind: str = "help") -> Journey:
    return live_journey([*before, send(make_message(name, kind))], HAND, name=name, precedence=precedence)


def first(*before: dict[str, Any]) -> Journey:
    return journey("first", Precedence.FIRST, *before)


def last(*before: dict[str, Any]) -> Journey:
    return journey("last", Precedence.LAST, *before)


def enter(contact: Contact, *journeys: Journey) -> None:
    for each in journeys:
        enrol_by_hand(each, [contact.pk])
        work()


def planned(contact: Contact, name: str) -> Delivery:
    return Delivery.objects.get(contact_id=contact.pk, message_version__name=name)


def asked_at_sending(delivery: Delivery, now: datetime) -> Verdict | None:
    question = Question(delivery.contact_id, delivery.message_version_id, delivery.run_id, "email", None, delivery.pk)
    return ask(load_gate_facts([question]), now, is_sending=True)[0]


def waits(delivery: Delivery) -> tuple[State, str, datetime]:
    return State(delivery.state), delivery.reason, delivery.try_at


def test_a_message_waits_for_the_same_time_tomorrow_where_a_journey_that_comes_first_writes_today() -> None:
    important, other = first(), last()
    contact = make_reader()
    enter(contact, important, other)
    assert waits(planned(contact, "first"))[:2] == (State.PLANNED, "")
    assert waits(planned(contact, "last")) == (State.PLANNED, f"journey:{important.pk}", TOMORROW_AT_TEN)


def test_it_gives_way_to_a_message_that_the_person_is_to_come_to_later_that_day() -> None:
    important, other = first(step("wait", {"amount": 13, "unit": "hours"})), last()
    contact = make_reader()
    enter(contact, important, other)
    assert waits(planned(contact, "last"))[1:] == (f"journey:{important.pk}", TOMORROW_AT_TEN)


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param([wait(1)], id="a message of tomorrow"),
        pytest.param(
            [step("wait", {"amount": 1, "unit": "hours"}), step("add_tag", {"tag": "x"})], id="no message right after"
        ),
    ],
)
def test_it_does_not_give_way_to(steps: list[dict[str, Any]]) -> None:
    contact = make_reader()
    enter(contact, first(*steps), last())
    assert waits(planned(contact, "last"))[:2] == (State.PLANNED, "")


@pytest.mark.parametrize("other", [Precedence.FIRST, Precedence.LIKE_OTHERS, Precedence.LAST])
def test_journeys_that_stand_alike_do_not_hold_each_other_up(other: Precedence) -> None:
    contact = make_reader()
    enter(contact, journey("one", other), journey("two", other))
    assert {waits(planned(contact, name))[1] for name in ("one", "two")} == {""}


def test_one_in_the_middle_gives_way_to_the_first_and_the_last_to_it() -> None:
    important, middle, other = first(), journey("middle", Precedence.LIKE_OTHERS), last()
    contact = make_reader()
    enter(contact, middle, other, important)
    assert waits(planned(contact, "last"))[1] == f"journey:{middle.pk}"
    at_sending = asked_at_sending(planned(contact, "middle"), planned(contact, "middle").try_at)
    assert at_sending == Verdict(f"journey:{important.pk}", TOMORROW_AT_TEN, "journey")


def test_other_people_and_transactional_messages_are_not_held_up() -> None:
    important, other = first(), journey("order", Precedence.LAST, kind="transactional")
    contact, stranger = make_reader(1), make_reader(2)
    enter(contact, important, other)
    enter(stranger, last())
    assert waits(planned(contact, "order"))[1] == ""
    assert waits(planned(stranger, "last"))[1] == ""


def test_a_journey_that_stands_still_holds_nobody_up() -> None:
    important, other = first(), last()
    contact = make_reader()
    enter(contact, important)
    pause_journey(important)
    enter(contact, other)
    assert waits(planned(contact, "last"))[1] == ""


def test_what_had_to_wait_goes_when_nobody_comes_first_any_more_and_the_account_says_why() -> None:
    important, other = first(), last()
    contact = make_reader()
    enter(contact, important, other)
    delivery = planned(contact, "last")
    assert asked_at_sending(delivery, TOMORROW_AT_TEN) is None
    assert [(held.rule, held.reason) for held in holds_of([delivery.pk])[delivery.pk]] == [
        ("journey", f"journey:{important.pk}")
    ]


def test_it_does_not_wait_for_ever(time: Time) -> None:
    important = live_journey(
        [each for day in range(5) for each in (send(make_message(f"day {day}")), wait(1, f"wait{day}"))],
        HAND,
        name="daily",
        precedence=Precedence.FIRST,
    )
    contact = make_reader()
    enter(contact, important, last())
    delivery = planned(contact, "last")
    for _day in range(3):
        time.pass_by(days=1)
        work()
        verdict = asked_at_sending(delivery, time.now)
        assert verdict is not None
    assert (verdict.reason, verdict.until) == (f"late:journey:{important.pk}", None)


def test_merged_people_count_as_one() -> None:
    kept, gone = make_reader(1), make_reader(2)
    important, other = first(), last()
    enter(gone, important)
    merge_contacts(kept.pk, gone.pk)
    enter(kept, other)
    assert waits(planned(kept, "last"))[1] == f"journey:{important.pk}"


def test_a_shop_that_ranks_no_journey_pays_one_query(monkeypatch: pytest.MonkeyPatch) -> None:
    contact = make_reader()
    enter(contact, journey("one", Precedence.LIKE_OTHERS))
    delivery = planned(contact, "one")
    facts = load_gate_facts([Question(contact.pk, delivery.message_version_id, delivery.run_id, "email")])
    statements: list[str] = []
    monkeypatch.setattr(Queries, "text", lambda self, name: statements.append(name) or self._statements[name])
    assert give_way(facts, delivery.due_at) == [None]
    assert statements == ["ranks_of_runs"]
