"""What a dry run says of offers: to whom each was open at every moment, as the gate had it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from jouren.catalog.actions import map_code
from jouren.catalog.offers.actions import see_offer
from jouren.catalog.offers.links import offer_reference
from jouren.catalog.offers.models import Offer, OfferApplication
from jouren.contacts.models import Contact
from jouren.events.actions import NewEvent, record_event
from jouren.journeys.dry_run import play_all, start_dry_run
from jouren.journeys.models import DryRun, Journey
from jouren.journeys.replay.player import step_order
from jouren.messaging.models import Delivery, Message
from jouren.messaging.vocabulary import State
from jouren.pyramid.actions import change_stage
from tests.backoffice import owner_client
from tests.broadcasting import deliver_all
from tests.messages import published, reader
from tests.offering import make_offer
from tests.reacting import react_to_all
from tests.walking import START, Time, buy, live_journey, send, step, wait
from tests.walking import work as walk_on

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("time")]
TEXT = ("text", "<p>{{ contact.name }}</p>")


def start(journey: Journey, time: Time) -> DryRun:
    return start_dry_run(journey, start=START, end=time.now)


def compared(journey: Journey, time: Time) -> tuple[DryRun, dict[int, set[str]], dict[int, set[str]]]:
    """A dry run, what really became of everybody's messages, and what became of them in it."""
    run = start(journey, time)
    play_all(run.pk)
    run.refresh_from_db()
    places = {step_id: place for place, step_id in enumerate(step_order(run.compiled))}
    really: dict[int, set[str]] = {}
    for delivery in Delivery.objects.all():
        fate = "sent" if delivery.state == State.SENT else "stopped"
        mark = f"{fate}:{places[str(delivery.step)]}" + (f":{delivery.reason}" if delivery.reason else "")
        really.setdefault(delivery.contact_id, set()).add(mark)
    played = {
        person.contact_id: {mark for mark in person.marks if mark.startswith(("sent", "stopped"))}
        for person in run.persons.all()
    }
    return run, really, played


def _showing(offer: Offer, name: str) -> Message:
    """A message that does not go where the offer is closed."""
    message = published(TEXT, ("offer", {"offer": str(offer.pk), "if_closed": "skip"}), name=name).message
    assert message is not None
    return message


def _offering(time: Time) -> tuple[Journey, dict[str, Offer], list[Contact]]:
    """A journey with an offer for the stage of trials, one of which few are left, and one with a personal deadline."""
    offers = {
        "stage": make_offer("Stage", least_stage=3),
        "few": make_offer("Few", stock=1, is_once=False),
        "hours": make_offer("Hours", personal_hours=48, is_once=False),
    }
    people = [reader(f"p{number}@example.jp") for number in range(3)]
    messages = {name: _showing(offer, name) for name, offer in offers.items()}
    up = step("stage", {"stage": "3", "reason": "test"}, "up")
    steps = [send(messages["stage"], "s1"), wait(1), send(messages["few"], "f1"), send(messages["hours"], "h1"), up]
    more = [send(messages["stage"], "s2"), wait(3, "w2"), send(messages["few"], "f2"), send(messages["hours"], "h2")]
    time.pass_by(hours=1)
    return live_journey([*steps, *more]), offers, people


def test_a_message_whose_offer_was_closed_is_told_as_stopped_as_the_gate_did(time: Time) -> None:
    journey, offers, (one, two, three) = _offering(time)
    change_stage(three.pk, 4)
    for person in (one, two, three):
        buy(person, kind="")
    walk_on()
    deliver_all()
    time.pass_by(hours=3)
    see_offer(offers["hours"], one.pk)
    time.pass_by(days=1)
    walk_on()
    deliver_all()
    application = {"via": "order", "state": "settled", "price": 980, "currency": "JPY", "order_ref": "9"}
    OfferApplication.objects.create(offer=offers["few"], contact=two, at=time.now, **application)
    time.pass_by(days=3, hours=1)
    walk_on()
    deliver_all()
    time.pass_by(hours=1)
    run, really, played = compared(journey, time)
    assert played == really
    reasons = {mark.split(":", 2)[2] for marks in played.values() for mark in marks if mark.count(":") > 1}
    names = {name: offer.pk for name, offer in offers.items()}
    assert reasons == {
        f"offer:wrong_stage:{names['stage']}",
        f"offer:sold_out:{names['few']}",
        f"offer:deadline_passed:{names['hours']}",
    }
    where = f"/admin/journeys/dry-runs/{journey.pk}/{run.pk}/"
    page = owner_client().get(where).content.decode()
    assert "The offer “Stage” in it is not open to them: the offer is for another stage." in page
    assert "Offers have the terms that they have now" in page


def test_what_an_offer_asks_is_asked_of_the_moment_and_who_took_it_is_left_out(time: Time) -> None:
    loves = {"fact": "orders.count", "op": "gte", "value": 2}
    offer = make_offer("Twice", condition=loves, is_once=True)
    message = _showing(offer, "Twice")
    person = reader("p@example.jp")
    time.pass_by(hours=1)
    buy(person, "1")
    react_to_all()
    time.pass_by(days=3)
    buy(person, "2")
    react_to_all()
    time.pass_by(days=3)
    taken = {"via": "order", "state": "settled", "price": 980, "currency": "JPY", "order_ref": "9"}
    OfferApplication.objects.create(offer=offer, contact=person, at=time.now, **taken)
    time.pass_by(days=10)
    journey = live_journey([send(message, "a"), wait(4), send(message, "b"), wait(4, "w"), send(message, "c")])
    run = start(journey, time)
    play_all(run.pk)
    marks = run.persons.get().marks
    pk = offer.pk
    assert [mark for mark in marks if mark.startswith(("sent", "stopped"))] == [
        f"stopped:0:offer:not_in_audience:{pk}",
        "sent:2",
        f"stopped:4:offer:already_taken:{pk}",
    ]


def test_what_was_cancelled_since_was_taken_until_then(time: Time) -> None:
    """By an order that names the offer, and by one of its product after it was seen; one paid back, one cancelled."""
    few = make_offer("Few", stock=1, is_once=False)
    once = make_offer("Once", is_once=True)
    map_code(once.product_id, "tea")
    one, two = reader("a@example.jp"), reader("b@example.jp")
    letters = {name: _showing(offer, name) for name, offer in (("few", few), ("once", once))}
    both = [[send(letters[name], f"{name}{day}") for name in letters] for day in range(4)]
    pauses = [wait(2, f"pause{day}") for day in range(4)]
    journey = live_journey([each for day in range(4) for each in (*both[day], pauses[day])])
    for person in (one, two):
        buy(person, "first", products=["milk"])
        see_offer(once, person.pk)
    walk_on()
    deliver_all()
    time.pass_by(days=1)
    buy(one, "few", products=["milk"], reference=offer_reference(few.pk, one.pk))
    buy(one, "once")
    buy(two, "once")
    react_to_all()
    _pass_and_send(time, days=2)
    back = {"order": "once", "refund": "r", "amount": 1000, "currency": "JPY"}
    record_event(NewEvent("order.refunded", two.pk, back, source=f"shop-{two.pk}"))
    _pass_and_send(time, days=2)
    for order in ("few", "once"):
        record_event(NewEvent("order.cancelled", one.pk, {"order": order}, source=f"shop-{one.pk}"))
    react_to_all()
    time.pass_by(hours=1)
    assert OfferApplication.objects.get().cancelled_at == time.now - timedelta(hours=1)
    _pass_and_send(time, days=3)
    _run, really, played = compared(journey, time)
    assert played == really
    asked = {mark for marks in really.values() for mark in marks}
    assert {mark.split(":", 2)[2] for mark in asked if mark.startswith("stopped")} == {
        f"offer:sold_out:{few.pk}",
        f"offer:already_taken:{once.pk}",
    }
    last = {f"sent:{place}" for place in (9, 10)}
    assert all(last <= marks for marks in really.values())


def _pass_and_send(time: Time, *, days: int) -> None:
    for _day in range(days):
        time.pass_by(days=1)
        walk_on()
        deliver_all()
