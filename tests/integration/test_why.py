"""Why somebody got a message of a journey, or did not: every fact that decided, in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from jouren.backoffice.why.wording import tell_delivery, tell_why
from jouren.contacts.actions import suppress, withdraw_consent
from jouren.contacts.models import SuppressionReason
from jouren.core.errors import UserError
from jouren.core.loops import wait_until
from jouren.events.actions import NewEvent, record_event
from jouren.journeys.pausing import How, Resumption, pause_journey, resume_journey
from jouren.journeys.queries import find_journey
from jouren.journeys.series.actions import insert_messages
from jouren.journeys.why import Why, why
from jouren.messaging.models import Delivery, Message
from jouren.messaging.queries import is_sending
from jouren.messaging.sender import LaneSender
from jouren.messaging.sending_rules.actions import save_rules
from jouren.messaging.sending_rules.terms import Cap, Rules, Unit
from jouren.messaging.vocabulary import Lane
from jouren.messaging.why import why_delivery
from tests.backoffice import owner_client
from tests.messages import published, reader
from tests.sending_rules import NIGHT, TOKYO
from tests.series import make_series, publish, send_series
from tests.walking import Time, buy, draft_journey, live_journey, send, step, wait, work

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("time")]


@pytest.fixture
def deliver(sender: Callable[..., LaneSender]) -> Callable[[], Any]:
    made = sender(Lane.TRIGGERED)
    return lambda: wait_until(lambda: not made.tick() and not is_sending(), 60, step=0.002)


def told(why_: Why, place: int = 0) -> list[str]:
    """A chain as lines of text, with the tones of what decided."""
    lines = []
    for link in tell_why(why_)[place].links:
        lines.append(link.text)
        lines += [f"  {tone or '.'}: {text}" for text, tone in link.details]
    return lines


def message_of(kind: str = "help", **fields: Any) -> Message:
    message = published(kind=kind, **fields).message
    assert message is not None
    return message


def bought_twice() -> dict[str, Any]:
    return {"all": [{"fact": "orders.count", "op": "gte", "value": 2}]}


def fork(*then: dict[str, Any]) -> dict[str, Any]:
    return step("branch", {"when": bought_twice(), "then": list(then), "otherwise": []}, "fork")


def test_a_chain_tells_the_trigger_each_decision_and_the_gate(time: Time, deliver: Callable[[], Any]) -> None:
    save_rules(Rules(TOKYO, quiet=NIGHT, caps=(Cap(0, 1, Unit.DAYS, 2),)))
    journey = live_journey([send(message_of(name="Hello"), "a"), wait(1), fork(), send(message_of(name="More"), "b")])
    contact = reader("a@example.jp")
    time.pass_by(minutes=1)
    buy(contact, order="A-1")
    work()
    deliver()
    time.pass_by(days=1)
    work()
    deliver()
    # What becomes known later changes nothing of what was seen then.
    time.pass_by(hours=1)
    buy(contact, order="A-2")
    work()
    lines = told(why(contact.pk, journey), 1)
    assert lines[0] == "Entered: Purchase."
    assert "A-1" in lines[1]
    assert "Send “Hello”: Sent" in lines
    assert "  good: They agreed to “メルマガ” on Sun 22 Nov, 10:00." in lines
    assert "  good: It was 10:01 where they live, and no quiet hour." in lines
    assert "  good: At most 1 message in any 2 days: 0 had gone." in lines
    assert "If Number of purchases is at least 2" in lines
    assert "  warn: “Number of purchases is at least 2” did not hold: it was 1." in lines
    assert "  .: So they went this way: otherwise." in lines
    assert "Send “More”: Planned" in lines
    (held,) = [line for line in lines if "had to wait" in line]
    assert "until Tue 24 Nov, 10:01: at most 1 message in any 2 days." in held
    assert "Counted: “Hello” (Sun 22 Nov, 10:01)." in held
    assert not tell_why(why(contact.pk, journey))[1].notes


def test_a_series_is_told_message_by_message_and_what_the_next_one_waits_for(time: Time) -> None:
    series = make_series(["First", "Second", "Third"])
    journey = live_journey([send_series(series, "series", at_end="wait")])
    contact = reader("a@example.jp")
    time.pass_by(minutes=1)
    buy(contact)
    work()
    time.pass_by(days=1)
    work()
    (chain,) = tell_why(why(contact.pk, journey))
    texts = [link.text for link in chain.links]
    assert texts[1].startswith("Series “Letters”: 3 messages")
    assert texts[2:] == [
        "Gets “First”, number 1 of the series: Planned",
        "Gets “Second”, number 2 of the series: Planned",
        "The next message of the series",
    ]
    assert chain.links[-1].details == [("They wait here until Tue 24 Nov, 07:00.", "")]
    assert not chain.notes
    time.pass_by(days=1)
    work()
    insert_messages(series.pk, [message_of(name="More")], 1, by=None)
    publish(series)
    (chain,) = tell_why(why(contact.pk, journey))
    assert [link.text for link in chain.links][4:] == [
        "Gets “Third”, number 3 of the series: Planned",
        "The next message of the series",
    ]
    assert chain.links[-1].details == [("They wait here for as long as it takes.", "")]
    assert not chain.notes


def test_of_a_long_series_the_last_messages_are_told(time: Time, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jouren.journeys.why.MOST_ITEMS", 1)
    journey = live_journey(
        [send_series(make_series(["First", "Second"]), "series"), send(message_of(name="End"), "end")]
    )
    contact = reader("a@example.jp")
    buy(contact)
    work()
    time.pass_by(days=1)
    work()
    lines = told(why(contact.pk, journey), 1)
    assert [line for line in lines if "“First”" in line or "“Second”" in line] == [
        "Gets “Second”, number 2 of the series: Planned"
    ]
    assert not tell_why(why(contact.pk, journey))[1].notes


def test_a_stopped_message_names_what_stopped_it_and_what_let_it_pass_before(time: Time) -> None:
    journey = live_journey([wait(1), send(message_of(name="Hello"), "a")])
    contact = reader("a@example.jp")
    buy(contact)
    work()
    time.pass_by(hours=3)
    withdraw_consent(contact.pk, "email", "newsletter", via="unsubscribe")
    time.pass_by(days=1)
    work()
    lines = told(why(contact.pk, journey), 1)
    assert "Send “Hello”: Withheld" in lines
    assert "  good: Nothing had stopped messages to them." in lines
    assert lines[-2] == "  warn: They took back their consent to “メルマガ” on Sun 22 Nov, 13:00."
    assert lines[-1] == "The end of the journey."
    delivery = Delivery.objects.select_related("message_version", "run").get(contact_id=contact.pk)
    assert tell_delivery(why_delivery(delivery)).links[0].details[-1] == (lines[-2].removeprefix("  warn: "), "warn")


def test_a_suppression_is_told_with_its_reason(time: Time) -> None:
    live_journey([send(message_of(name="Hello"), "a")])
    contact = reader("a@example.jp")
    suppress(contact.pk, SuppressionReason.COMPLAINT)
    buy(contact)
    work()
    delivery = Delivery.objects.select_related("message_version", "run").get(contact_id=contact.pk)
    (told_,) = tell_delivery(why_delivery(delivery)).links
    assert told_.details[-1] == ("Messages to them were stopped on Sun 22 Nov, 10:00: Reported as spam.", "warn")


def test_the_goal_that_took_somebody_out_is_told_with_its_value(time: Time) -> None:
    journey = live_journey([wait(1), send(message_of(name="Hello"), "a")], goal=bought_twice())
    contact = reader("a@example.jp")
    buy(contact)
    work()
    time.pass_by(hours=1)
    buy(contact, order="2")
    work()
    time.pass_by(days=1)
    work()
    lines = told(why(contact.pk, journey), 1)
    assert lines[-2:] == [
        "The goal is reached.",
        "  good: “Number of purchases is at least 2” held: it was 2.",
    ]


def test_who_never_entered_reads_which_trigger_or_condition_was_missing(time: Time) -> None:
    product = [{"type": "purchase", "value": {"kind": "regular", "product": "coffee"}}]
    journey = live_journey([send(message_of(name="Hello"), "a")], product, entry=bought_twice())
    contact = reader("a@example.jp")
    assert told(why(contact.pk, journey))[0].startswith("This never happened: ")
    time.pass_by(minutes=1)
    buy(contact)
    work()
    assert told(why(contact.pk, journey))[0].startswith("It happened, but never as it is asked for: ")
    time.pass_by(minutes=1)
    buy(contact, order="2", products=["coffee"], kind="trial")
    work()
    assert told(why(contact.pk, journey))[0].startswith("It happened, but never as it is asked for: ")


def test_the_condition_for_entering_is_told_as_it_was_when_the_trigger_was_pulled(time: Time) -> None:
    journey = live_journey([send(message_of(name="Hello"), "a")], entry=bought_twice())
    contact = reader("a@example.jp")
    buy(contact)
    work()
    time.pass_by(days=1)
    lines = told(why(contact.pk, journey))
    assert lines[0].startswith("This happened: ")
    assert lines[2:] == [
        "The condition for entering does not hold.",
        "  warn: “Number of purchases is at least 2” did not hold: it was 1.",
    ]


def test_what_happened_before_the_journey_went_live_did_not_count(time: Time) -> None:
    contact = reader("a@example.jp")
    buy(contact)
    work()
    time.pass_by(days=1)
    journey = live_journey([send(message_of(name="Hello"), "a")])
    assert "That was before this version of the journey went live, on Mon 23 Nov, 10:00." in told(
        why(contact.pk, journey)
    )


def test_imported_history_did_not_count() -> None:
    journey = live_journey([send(message_of(name="Hello"), "a")])
    contact = reader("a@example.jp")
    paid = {"order": "1", "kind": "regular", "amount": 1000, "currency": "JPY", "products": ["tea"]}
    record_event(NewEvent("order.paid", contact.pk, paid, historical=True))
    work()
    assert "It was imported as history, and what is past brings nobody in." in told(why(contact.pk, journey))


def test_an_unpublished_journey_says_so() -> None:
    journey = draft_journey([])
    assert told(why(reader("a@example.jp").pk, journey))[0] == "The journey is not published, so nobody enters."


def test_a_pause_is_told_since_moments_cannot_be(time: Time) -> None:
    journey = live_journey([wait(1), send(message_of(name="Hello"), "a")])
    contact = reader("a@example.jp")
    buy(contact)
    work()
    pause_journey(journey)
    time.pass_by(days=3)
    resume_journey(journey, Resumption(How.SHIFT))
    work()
    (chain,) = tell_why(why(contact.pk, journey))
    assert chain.notes[0].startswith("The journey was paused meanwhile")


def test_asking_why_writes_nothing(time: Time) -> None:
    journey = live_journey([wait(1), send(message_of(name="Hello"), "a")])
    contact = reader("a@example.jp")
    buy(contact)
    work()
    from jouren.journeys.replay.sources import read_only

    with read_only():
        assert tell_why(why(contact.pk, journey))


def test_the_command_finds_a_journey_by_name_or_number(time: Time) -> None:
    first = live_journey([send(message_of(name="Hello"), "a")], name="Welcome")
    second = draft_journey([], name="Welcome back")
    assert find_journey("Welcome") == first
    assert find_journey(str(second.pk)) == second
    assert find_journey("back") == second
    with pytest.raises(UserError, match="Several"):
        find_journey("elcome")
    with pytest.raises(UserError, match="There is no journey “Autumn”"):
        find_journey("Autumn")


def test_the_screens_tell_the_chain_and_the_way_to_it(time: Time) -> None:
    journey = live_journey([send(message_of(name="Hello"), "a")])
    contact = reader("a@example.jp")
    withdraw_consent(contact.pk, "email", "newsletter", via="unsubscribe")
    buy(contact)
    work()
    browser = owner_client()
    page = browser.get(f"/admin/people/{contact.public_id}/").content.decode()
    way = f"/admin/people/{contact.public_id}/why/{journey.pk}/"
    assert way in page
    delivery = Delivery.objects.get(contact_id=contact.pk)
    assert f"/admin/people/{contact.public_id}/why/message/{delivery.pk}/" in page
    assert browser.get(f"/admin/people/{contact.public_id}/why/?journey={journey.pk}")["Location"] == way
    for url in (way, f"/admin/people/{contact.public_id}/why/message/{delivery.pk}/"):
        assert "They took back their consent" in browser.get(url).content.decode()
    other = reader("b@example.jp")
    assert browser.get(f"/admin/people/{other.public_id}/why/message/{delivery.pk}/").status_code == 404
    assert browser.get(f"/admin/people/{other.public_id}/why/?journey=x").status_code == 302
