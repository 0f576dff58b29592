"""Lives that the engine walks through, and replays of them to compare with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import transaction

from jouren.contacts.actions import grant_consent, withdraw_consent
from jouren.contacts.models import Contact
from jouren.events import reactor
from jouren.events.actions import NewEvent, record_event
from jouren.journeys import dated_entries, engine
from jouren.journeys.models import Enrolment, EnrolmentState, Journey
from jouren.journeys.replay.replay import Replay, play
from jouren.journeys.replay.sources import PastFacts, entrants, load_lives, read_only, setting_of
from jouren.journeys.replay.terms import Happening
from jouren.journeys.replay.turns import play_in_turn
from jouren.journeys.versions import live_version_of
from jouren.messaging.models import Delivery
from jouren.messaging.queries import next_due
from jouren.messaging.vocabulary import State
from jouren.pyramid.actions import change_stage
from tests.walking import START, Time

END = START + timedelta(days=14)


def happen(contact: Contact, number: int, deed: str) -> None:
    if deed == "withdraw":
        withdraw_consent(contact.pk, "email", "newsletter", via="staff")
    elif deed == "grant":
        grant_consent(contact.pk, "email", "newsletter", via="form")
    elif deed == "sign_up":
        grant_consent(contact.pk, "email", "newsletter", via="form")
        record_event(NewEvent("registration.confirmed", contact.pk, {"registration": number, "title": "Letters"}))
    elif deed.startswith("placed on "):
        change_stage(contact.pk, int(deed[-1]))
    elif deed == "undo":
        undone = {"order": str(number - 1), "products": [], "how": "cancelled"}
        record_event(NewEvent("order.undone", contact.pk, undone, source=f"shop-{contact.pk}"))
    else:
        paid = {"order": str(number), "kind": deed, "amount": 1000, "currency": "JPY", "products": ["tea"]}
        record_event(NewEvent("order.paid", contact.pk, paid, source=f"shop-{contact.pk}"))


def pass_until(moment: datetime, time: Time, deliver: Callable[[], None], late: timedelta = timedelta()) -> None:
    """Let the workers do all that is due on the way, each at its own moment, or so late."""
    while True:
        while reactor.tick() or engine.tick() or dated_entries.tick():
            pass
        deliver()
        coming = (engine.next_due(), dated_entries.next_due(), next_due())
        due = [at for at in coming if at is not None and at < moment]
        if not due:
            break
        time.now = min(due) + late
    time.now = moment


def told(happened: list[Happening]) -> list[tuple[Any, ...]]:
    """What became of each message of a replay, as a delivery would say it."""
    fate: dict[tuple[str, int], tuple[Any, ...]] = {}
    for each in happened:
        key = (each.step, each.walk)
        if each.what == "planned":
            fate[key] = (State.PLANNED, "", each.at)
        elif each.what == "sent":
            fate[key] = (State.SENT, "", each.at)
        elif each.what == "stopped":
            fate[key] = (State.SUPPRESSED, each.detail, None)
        elif each.what == "held":
            fate[key] = (State.PLANNED, each.detail, each.until)
    return sorted((*key, *what) for key, what in fate.items())


def stored(contact: Contact) -> list[tuple[Any, ...]]:
    return sorted(
        (
            str(row.step),
            row.occurrence,
            State(row.state),
            row.reason,
            None if row.state == State.SUPPRESSED else row.try_at,
        )
        for row in Delivery.objects.filter(contact_id=contact.pk)
    )


@contextmanager
def undone() -> Iterator[None]:
    """Whatever is written in here is taken back at the end: each example begins with nothing."""
    with transaction.atomic():
        try:
            yield
        finally:
            transaction.set_rollback(True)


def replayed(journey: Journey, **as_it_was: Any) -> dict[int, Replay]:
    """Everybody's time in a journey, played by what is known of it afterwards."""
    version = live_version_of(journey.pk)
    assert version is not None
    with read_only():
        setting = setting_of(version, START, END - timedelta(seconds=1), **as_it_was)
        ids = [contact_id for contact_id, _first in entrants(setting)]
        facts = PastFacts(setting.version.program, END)
        replays = [Replay(setting, life) for life in load_lives(setting, ids)]
        if version.program.entries_per_hour:
            each_alone = [(START, partial(list, [replay])) for replay in replays]
            list(play_in_turn(each_alone, facts, version.program.entries_per_hour))
        else:
            play(replays, facts)
    return {replay.life.contact_id: replay for replay in replays}


def assert_equal(contact: Contact, replay: Replay | None) -> None:
    """What a replay tells of somebody is what is stored of them."""
    happened = replay.happened if replay else []
    assert told(happened) == stored(contact)
    of_them = Enrolment.objects.filter(contact_id=contact.pk).exclude(state=EnrolmentState.HELD_OUT)
    walks = list(of_them.order_by("occurrence"))
    ends = {each.walk: each for each in happened if each.what in {"finished", "left"}}
    began = [each.until or each.at for each in happened if each.what == "entered"]
    assert began == [walk.entered_at for walk in walks]
    assert [(ends[walk.occurrence].at, ends[walk.occurrence].detail) for walk in walks if walk.ended_at] == [
        (walk.ended_at, walk.reason) for walk in walks if walk.ended_at
    ]
    assert len(ends) == sum(walk.ended_at is not None for walk in walks)
    inside = [(each.walker.step, each.walker.place, each.due_at) for each in replay.inside] if replay else []
    assert inside == [
        (str(walk.step), str(walk.place) if walk.place else None, walk.due_at) for walk in walks if not walk.ended_at
    ]


def live_through(
    deeds: list[tuple[int, int, str]],
    people: list[Contact],
    time: Time,
    deliver: Callable[[], None],
    late: timedelta = timedelta(),
) -> None:
    for number, (minute, who, deed) in enumerate(deeds):
        pass_until(START + timedelta(minutes=minute, seconds=7), time, deliver, late)
        happen(people[who], number, deed)
        time.now += late
    pass_until(END, time, deliver, late)
