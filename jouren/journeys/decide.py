"""The only rule of a journey: where does this person go from this step, knowing these facts, at this moment?

Pure: no database, no clock. The engine, the preview and the dry run all ask :func:`decide`.
"""

from __future__ import annotations

from collections.abc import Container
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from jouren.core.schedule import local_moment, next_business_day
from jouren.journeys.program import (
    Branch,
    ChangeStage,
    Exit,
    Program,
    Send,
    Step,
    Suppress,
    Wait,
    WaitEvent,
    WaitUntil,
)

GOAL_REACHED = "goal_reached"


class Facts(NamedTuple):
    """What is known of one person in a journey.

    ``values``: the program's facts, in its order. ``heard``: the event that the step waits for has come.
    ``closures``: the shop's own days off.
    """

    values: tuple[Any, ...]
    entered_at: datetime
    arrived_at: datetime
    heard: bool = False
    closures: Container[date] = ()


class Go(NamedTuple):
    """Do ``effect`` (if any), then arrive at ``next`` now; None is the end of the journey."""

    next: str | None
    effect: Send | ChangeStage | Suppress | None = None


class Stay(NamedTuple):
    """Stay at this step until then, or until the event that it waits for."""

    until: datetime
    waits_for: str | None = None


class Leave(NamedTuple):
    """Leave the journey before its end, for that reason."""

    reason: str


Decision = Go | Stay | Leave


def decide(program: Program, step: Step, facts: Facts, now: datetime) -> Decision:
    """Decide one step for one person. All times are aware; ``now`` is in UTC."""
    match step:
        case Send():
            # Asked again before every message: nobody gets an offer for what they have just bought.
            reason = leaves(program, facts, now)
            return Leave(reason) if reason else Go(step.next, step)
        case Wait():
            until = facts.arrived_at + timedelta(seconds=step.seconds)
            return Go(step.next) if now >= until else Stay(until)
        case WaitUntil():
            until = moment_of(step, facts, program.zone)
            return Go(step.next) if now >= until else Stay(until)
        case WaitEvent():
            if facts.heard:
                return Go(step.then)
            until = facts.arrived_at + timedelta(seconds=step.seconds)
            return Go(step.otherwise) if now >= until else Stay(until, step.event)
        case Branch():
            return Go(step.then if step.when(facts.values, now) else step.otherwise)
        case ChangeStage() | Suppress():
            return Go(step.next, step)
        case Exit():
            return Leave(step.reason or "exit")


def leaves(program: Program, facts: Facts, now: datetime) -> str | None:
    """Why this person leaves the journey now: the goal is reached or an exit condition holds. None: they stay."""
    if program.goal is not None and program.goal(facts.values, now):
        return GOAL_REACHED
    for test, reason in program.exits:
        if test(facts.values, now):
            return reason
    return None


def moment_of(step: WaitUntil, facts: Facts, zone: ZoneInfo) -> datetime:
    """When a ``wait_until`` step lets this person go on, in UTC.

    A moment that was over when they arrived is the next day's same time: a message meant for the morning is not sent at
    night because its morning was missed.
    """
    day = facts.entered_at.astimezone(zone).date() + timedelta(days=step.day)
    while True:
        if step.business:
            day = next_business_day(day, facts.closures)
        moment = local_moment(day, step.at, zone)
        if moment >= facts.arrived_at:
            return moment
        day = max(day + timedelta(days=1), facts.arrived_at.astimezone(zone).date())
