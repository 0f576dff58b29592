"""Of several journeys that want to write to one person on one day, the most important one does; others give way.

A rule of the gate. A message gives way to a journey that comes first, on one day of its own journey's zone, when that
other journey has written to the person, has a message planned for them, or will come to one when their wait ends. It
is asked about again at the same time the next day, and is not sent once it has waited for as long as the sending rules
allow. A shop that has put no journey before another pays one query a batch.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from jouren.core.schedule import local_moment
from jouren.core.sql import load_sql
from jouren.journeys.program import Program
from jouren.journeys.versions import load_version
from jouren.messaging.gate import GateFacts, GateRule, Verdict, register_gate_rule
from jouren.messaging.sending_rules.holds import first_held
from jouren.messaging.sending_rules.policies import within_delay
from jouren.messaging.sending_rules.queries import load_rules
from jouren.messaging.sending_rules.terms import JOURNEY

_sql = load_sql("journeys")
PRECEDENCE_RULE = "journeys.precedence"


class Rank(NamedTuple):
    """Where a journey stands: a lower ``precedence`` comes first."""

    precedence: int
    zone: ZoneInfo


def give_way(batch: Sequence[GateFacts], now: datetime) -> list[Verdict | None]:
    """Put off messages of journeys to those whom a more important journey writes to that day."""
    verdicts: list[Verdict | None] = [None] * len(batch)
    ranks = _ranks({facts.run_id for facts in batch if not facts.is_transactional})
    asked = [
        place
        for place, facts in enumerate(batch)
        if facts.run_id in ranks and facts.contact_id is not None and not facts.is_transactional
    ]
    if not asked:
        return verdicts
    moments = {place: max(batch[place].question.due_at or now, now) for place in asked}
    before = _more_important({place: (batch[place], ranks[batch[place].run_id], moments[place]) for place in asked})
    if not before:
        return verdicts
    longest = load_rules().longest_delay
    since = first_held(
        [delivery_id for place in before if (delivery_id := batch[place].question.delivery_id) is not None]
    )
    for place, journey_id in before.items():
        waiting_since = since.get(batch[place].question.delivery_id or 0, moments[place])
        zone = ranks[batch[place].run_id].zone
        verdicts[place] = put_off(journey_id, moments[place], zone, waiting_since, longest)
    return verdicts


def put_off(journey_id: int, moment: datetime, zone: ZoneInfo, since: datetime, longest: timedelta) -> Verdict:
    """What is said of a message for ``moment`` that gives way to a journey, and has waited ``since`` then."""
    verdict = Verdict(f"{JOURNEY}:{journey_id}", _same_time_next_day(moment, zone), JOURNEY)
    return within_delay(verdict, since, longest)


def rank_of_run(run_id: int) -> Rank | None:
    """Where the journey of a run stands; None when no other comes before it."""
    return _ranks([run_id]).get(run_id)


def _ranks(run_ids: Collection[int]) -> dict[int, Rank]:
    """The journeys among these runs that others come before."""
    rows = _sql.all("ranks_of_runs", {"run_ids": list(run_ids)}) if run_ids else []
    return {run_id: Rank(precedence, ZoneInfo(zone)) for run_id, precedence, zone in rows}


def _more_important(wishes: Mapping[int, tuple[GateFacts, Rank, datetime]]) -> dict[int, int]:
    """By place: a journey that comes first and writes to the person that day."""
    days = {place: day_of(moment, rank.zone) for place, (_facts, rank, moment) in wishes.items()}
    parameters = {
        "places": list(wishes),
        "contact_ids": [facts.contact_id for facts, _rank, _moment in wishes.values()],
        "precedences": [rank.precedence for _facts, rank, _moment in wishes.values()],
        "starts": [days[place][0] for place in wishes],
        "ends": [days[place][1] for place in wishes],
    }
    found: dict[int, int] = dict(_sql.all("more_important_messages", parameters))
    for place, journey_id, version_id, step_id in _sql.all("more_important_walks", parameters):
        if place not in found and _comes_to_a_message(load_version(version_id).program, step_id):
            found[place] = journey_id
    return found


def _comes_to_a_message(program: Program, step_id: str) -> bool:
    """Whether what a person does next at a step, or right after it, reaches them."""
    step = program.steps.get(step_id)
    if step is None or step.tells:
        return step is not None
    following = program.steps.get(getattr(step, "next", None) or "")
    return following is not None and following.tells


def day_of(moment: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The day that a moment lies in, from its midnight to the next."""
    date = moment.astimezone(zone).date()
    return local_moment(date, time(), zone), local_moment(date + timedelta(days=1), time(), zone)


def _same_time_next_day(moment: datetime, zone: ZoneInfo) -> datetime:
    local = moment.astimezone(zone)
    return local_moment(local.date() + timedelta(days=1), local.time(), zone)


def register() -> None:
    """Called when the room starts."""
    register_gate_rule(GateRule(PRECEDENCE_RULE, give_way, order=300))
