"""How what steps do to people is written: one function an effect, for everybody of a batch to whom it is done."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from jouren.contacts.actions import set_attribute, tag_contacts, untag_contacts
from jouren.contacts.actions.peace import BY_JOURNEY, leave_all_in_peace
from jouren.contacts.models import SuppressionReason
from jouren.journeys.crossing import Departure, Start, end_walks, start_walks
from jouren.journeys.program import Step
from jouren.journeys.steps.attributes import SetAttribute
from jouren.journeys.steps.calling import CallWebhook
from jouren.journeys.steps.changing import ChangeStage, Suppress
from jouren.journeys.steps.crossing import LeaveJourney, StartJourney
from jouren.journeys.steps.sending import Send
from jouren.journeys.steps.series import SendItem
from jouren.journeys.steps.tagging import AddTag, RemoveTag
from jouren.journeys.steps.telling import TellColleagues
from jouren.messaging.actions import PlannedDelivery, plan_many
from jouren.messaging.orders import NO_ORDER, Asked, Context, order_contexts
from jouren.messaging.vocabulary import Lane
from jouren.pyramid.actions import change_stages
from jouren.team.actions import Telling, tell_colleagues
from jouren.webhooks.outbox import PlannedCall, plan_calls

if TYPE_CHECKING:
    from jouren.journeys.engine import Move

LEFT_OUT = "overdue"
"""The reason of a message that was left out when its journey went on after a pause."""

Done = Sequence[tuple["Move", Any]]


def apply_effects(moves: Sequence[Move], now: datetime) -> None:
    """Write all that the steps of a batch of moves do, in the caller's transaction; messages first."""
    done: dict[Callable[[Done, datetime], None], list[tuple[Move, Step]]] = defaultdict(list)
    for move in moves:
        for effect in move.effects:
            done[_WRITERS[type(effect)]].append((move, effect))
    for write in _IN_ORDER:
        if write in done:
            write(done[write], now)
    left_out = [(move, effect) for move in moves for effect in move.left_out if isinstance(effect, Send)]
    if left_out:
        _send(left_out, now, withheld=LEFT_OUT)


def _send(done: Done, now: datetime, withheld: str = "") -> None:
    orders = _orders_named(done)
    plan_many(
        [
            PlannedDelivery(
                run_id=move.version.run_id,
                step=effect.id,
                contact_id=move.walker.contact_id,
                occurrence=move.walker.occurrence,
                message_version_id=effect.message_version,
                channel=effect.channel,
                lane=Lane.TRIGGERED,
                due_at=now,
                context=orders.get(place),
                withheld=withheld or (NO_ORDER if effect.names_order and place not in orders else ""),
            )
            for place, (move, effect) in enumerate(done)
        ],
        now,
    )


def _orders_named(done: Done) -> dict[int, Context]:
    """What messages that name an order tell of it, by their place; none where a walk is about no order."""
    naming = [
        (place, Asked(effect.message_version, move.walker.contact_id, move.walker.key))
        for place, (move, effect) in enumerate(done)
        if effect.names_order and move.walker.key
    ]
    told = order_contexts([asked for _place, asked in naming])
    return {place: context for (place, _asked), context in zip(naming, told, strict=True) if context is not None}


def _change_stage(done: Done, now: datetime) -> None:
    people: dict[tuple[int, str], list[int]] = defaultdict(list)
    for move, effect in done:
        people[effect.stage, effect.reason].append(move.walker.contact_id)
    for (stage, reason), contact_ids in people.items():
        change_stages(contact_ids, stage, reason)


def _suppress(done: Done, now: datetime) -> None:
    people: dict[tuple[str, str], list[int]] = defaultdict(list)
    for move, effect in done:
        people[effect.channel, effect.reason].append(move.walker.contact_id)
    for (channel, reason), contact_ids in people.items():
        leave_all_in_peace(contact_ids, SuppressionReason.IN_PEACE, source=reason or BY_JOURNEY, channel=channel)


def _set_attribute(done: Done, now: datetime) -> None:
    people: dict[tuple[str, type, Any], list[int]] = defaultdict(list)
    for move, effect in done:
        value = effect.value_at(now, move.version.program.zone)
        people[effect.key, type(value), value].append(move.walker.contact_id)
    for (key, _type, value), contact_ids in people.items():
        set_attribute(contact_ids, key, value)


def _add_tag(done: Done, now: datetime) -> None:
    for tag, contact_ids in _by_tag(done).items():
        tag_contacts(contact_ids, tag)


def _remove_tag(done: Done, now: datetime) -> None:
    for tag, contact_ids in _by_tag(done).items():
        untag_contacts(contact_ids, tag)


def _by_tag(done: Done) -> dict[str, list[int]]:
    people: dict[str, list[int]] = defaultdict(list)
    for move, effect in done:
        people[effect.tag].append(move.walker.contact_id)
    return people


def _start_journey(done: Done, now: datetime) -> None:
    start_walks(
        [
            Start(
                effect.journey,
                effect.name,
                move.walker.contact_id,
                move.walker.enrolment_id,
                move.version.program.key,
                move.walker.key,
            )
            for move, effect in done
        ],
        now,
    )


def _leave_journey(done: Done, now: datetime) -> None:
    end_walks(
        [Departure(effect.journey, move.walker.contact_id, move.version.journey_id) for move, effect in done], now
    )


def _call_webhook(done: Done, now: datetime) -> None:
    plan_calls(
        [
            PlannedCall(
                effect.endpoint,
                move.walker.contact_id,
                {
                    "type": "journey.step",
                    "fields": list(effect.fields),
                    "data": {
                        "journey": {"id": move.version.journey_id, "name": move.version.name},
                        "step": {"id": effect.id, "name": effect.name},
                        "walk": move.walker.occurrence,
                        "about": move.walker.key,
                    },
                },
                move.walker.enrolment_id,
                effect.id,
                move.walker.occurrence,
            )
            for move, effect in done
        ],
        now,
    )


def _tell_colleagues(done: Done, now: datetime) -> None:
    tell_colleagues(
        [
            Telling(
                effect.users,
                move.walker.contact_id,
                move.version.journey_id,
                move.version.name,
                effect.text,
                move.walker.enrolment_id,
                effect.id,
                move.walker.occurrence,
            )
            for move, effect in done
        ],
        now,
    )


_WRITERS: dict[type[Step], Callable[[Done, datetime], None]] = {
    Send: _send,
    SendItem: _send,
    ChangeStage: _change_stage,
    Suppress: _suppress,
    SetAttribute: _set_attribute,
    AddTag: _add_tag,
    RemoveTag: _remove_tag,
    StartJourney: _start_journey,
    LeaveJourney: _leave_journey,
    CallWebhook: _call_webhook,
    TellColleagues: _tell_colleagues,
}
_IN_ORDER = tuple(dict.fromkeys(_WRITERS.values()))
