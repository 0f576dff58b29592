"""What people do makes them likely regulars, good customers, returned ones, and brings tasks for the shop's people."""

from __future__ import annotations

from collections.abc import Sequence

from jouren.events.reactions import Reaction
from jouren.events.types import Event
from jouren.mechanisms.actions import Moment, end_lapses, judge_likely, promote_good
from jouren.mechanisms.tasks_for_people import open_tasks_for
from jouren.mechanisms.vocabulary import Occasion
from jouren.pyramid.stages import Stage

_BOUGHT = frozenset({"order.paid", "order.recognised"})
_ORDERS = _BOUGHT | {"order.changed", "order.refunded", "order.cancelled"}
_MERGED = "contacts.merged"


def _moments(events: Sequence[Event]) -> dict[int, Moment]:
    return {event.contact_id: Moment(event.occurred_at, event.historical, event.id) for event in events}


def _promote(events: Sequence[Event]) -> None:
    promote_good(_moments(events))


def _judge(events: Sequence[Event]) -> None:
    judge_likely(_moments(events))


def _return(events: Sequence[Event]) -> None:
    end_lapses(_moments(events))


def _treat(events: Sequence[Event]) -> None:
    regulars = [event.contact_id for event in events if event.payload["to"] == Stage.REGULAR]
    open_tasks_for(regulars, Occasion.REGULAR)


# After orders are kept, and promotion rules had their turn.
REACTIONS = (
    Reaction("mechanisms.good", _promote, _BOUGHT | {_MERGED}, order=40, historical=True),
    Reaction("mechanisms.likely", _judge, _ORDERS | {"survey.answered", _MERGED}, order=41, historical=True),
    Reaction("mechanisms.return", _return, _BOUGHT | {_MERGED}, order=42, historical=True),
    Reaction("mechanisms.treat", _treat, frozenset({"stage.entered"}), order=43),
)
