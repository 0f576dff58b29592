"""A compiled journey: what the engine reads, and nothing else.

The compiled JSON (``SCHEMA`` 1)::

    {"schema": 1, "zone": "Asia/Tokyo", "first": STEP_ID | null,
     "trigger": {"event": "registration.confirmed", "match": {"form": "…"}},
     "reentry": "once" | "again", "entry": TREE | null,
     "exits": [{"when": TREE, "reason": "…"}], "goal": TREE | null,
     "steps": {STEP_ID: {"type": "send", …, "next": STEP_ID | null}, …}}

Steps: ``send`` [message_version, message, channel], ``wait`` [seconds], ``wait_until`` [day, at, business],
``wait_event`` [event, match, seconds, then, else], ``branch`` [when, then, else], ``stage`` [stage, reason],
``suppress`` [channel, reason], ``exit`` [reason]. A step's id is the UUID of the block it was written as; TREE is a
condition of ``jouren.conditions``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from jouren.conditions.registry import FactUse

SCHEMA = 1

Condition = Callable[[tuple[Any, ...], datetime], bool]


@dataclass(frozen=True, slots=True)
class Send:
    """Hand one message to messaging."""

    id: str
    message_version: int
    channel: str
    next: str | None


@dataclass(frozen=True, slots=True)
class Wait:
    """Let some time pass, counted from arrival."""

    id: str
    seconds: int
    next: str | None


@dataclass(frozen=True, slots=True)
class WaitUntil:
    """Wait for a time of day, ``day`` days after entry (0: the day of entry)."""

    id: str
    day: int
    at: time
    business: bool
    next: str | None


@dataclass(frozen=True, slots=True)
class WaitEvent:
    """Wait for an event of that type and payload, at most so many seconds from arrival."""

    id: str
    event: str
    match: Mapping[str, Any]
    seconds: int
    then: str | None
    otherwise: str | None


@dataclass(frozen=True, slots=True)
class Branch:
    """Go one way or the other by a condition."""

    id: str
    when: Condition
    then: str | None
    otherwise: str | None


@dataclass(frozen=True, slots=True)
class ChangeStage:
    """Put the person on a stage of the pyramid."""

    id: str
    stage: int
    reason: str
    next: str | None


@dataclass(frozen=True, slots=True)
class Suppress:
    """Send the person nothing more that they do not need, on one channel or (empty) on all."""

    id: str
    channel: str
    reason: str
    next: str | None


@dataclass(frozen=True, slots=True)
class Exit:
    """End the journey here."""

    id: str
    reason: str


Step = Send | Wait | WaitUntil | WaitEvent | Branch | ChangeStage | Suppress | Exit


@dataclass(frozen=True, slots=True)
class Program:
    """A journey's version, ready to run. ``facts`` says what each tuple of values given to its tests holds."""

    first: str | None
    zone: ZoneInfo
    trigger_event: str
    trigger_match: Mapping[str, Any]
    reentry: str
    entry: Condition | None
    exits: tuple[tuple[Condition, str], ...]
    goal: Condition | None
    steps: Mapping[str, Step]
    facts: tuple[FactUse, ...] = field(repr=False)
