"""What the screens count, in a bounded number of rows each: a screen must not wait for the size of the shop."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from jouren.core.sql import load_sql
from jouren.journeys.models import EnrolmentState
from jouren.messaging.replies import are_replies_known
from jouren.pyramid.stages import Stage
from jouren.reports.kept import MOST_AT_ONCE, last_standings

_sql = load_sql("backoffice")
LATELY = timedelta(days=30)


def promotions(now: datetime) -> dict[Stage, int]:
    """How often somebody came up to each stage in the last 30 days before ``now``."""
    counted = dict(_sql.all("promotions", {"since": now - LATELY}))
    return {stage: counted.get(stage.value, 0) for stage in Stage if stage > Stage.AWARE}


@dataclass(frozen=True, slots=True)
class MessageFigures:
    """What became of a message: numbers of deliveries. ``not_sent``: withheld or failed; ``replied``: None where
    nobody looks for replies."""

    sent: int = 0
    opened: int = 0
    clicked: int = 0
    not_sent: int = 0
    replied: int | None = None


def message_figures(message_ids: Iterable[int]) -> dict[int, MessageFigures]:
    """The figures of these messages."""
    ids = list(message_ids)
    counts_replies = are_replies_known()
    found = dict.fromkeys(ids, MessageFigures(replied=0 if counts_replies else None))
    for message_id, *counts in _sql.all("message_figures", {"message_ids": ids}):
        figures = MessageFigures(*counts)
        found[message_id] = figures if counts_replies else replace(figures, replied=None)
    return found


@dataclass(frozen=True, slots=True)
class JourneyPeople:
    """How many people a journey has, by how their walk stands; None of a large one that was not counted yet."""

    active: int | None = 0
    finished: int | None = 0
    left: int | None = 0


def journey_people(journey_ids: Iterable[int]) -> dict[int, JourneyPeople]:
    """The people of these journeys, of large ones as they were last counted; one that nobody entered is left out."""
    counts: defaultdict[int, Counter[EnrolmentState]] = defaultdict(Counter)
    asked = {"journey_ids": list(journey_ids), "most": MOST_AT_ONCE}
    for journey_id, state, people in _sql.all("journey_figures", asked):
        counts[journey_id][EnrolmentState(state)] = people
    kept = last_standings([journey_id for journey_id, states in counts.items() if states.total() > MOST_AT_ONCE])
    found = {}
    for journey_id, states in counts.items():
        if journey_id not in kept:
            by_state = (states[EnrolmentState.ACTIVE], states[EnrolmentState.FINISHED], states[EnrolmentState.LEFT])
            found[journey_id] = JourneyPeople(*by_state)
        elif (standing := kept[journey_id]) is not None:
            whole = standing.figures
            found[journey_id] = JourneyPeople(whole.active, whole.finished, whole.left)
        else:
            found[journey_id] = JourneyPeople(None, None, None)
    return found
