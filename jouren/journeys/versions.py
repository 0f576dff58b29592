"""Frozen versions, loaded once a process: a version never changes, so what was read stays true."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from jouren.core.sql import load_sql
from jouren.journeys.binding import ConditionBinder
from jouren.journeys.dates import dated_fact
from jouren.journeys.policies import fingerprint
from jouren.journeys.program import DatedTrigger, Ending, Program, Trigger
from jouren.journeys.steps import load_step
from jouren.journeys.steps.series import SendSeries

_sql = load_sql("journeys")


@dataclass(frozen=True, slots=True)
class LoadedVersion:
    """A journey's version with its program ready to run."""

    id: int
    journey_id: int
    run_id: int
    name: str
    program: Program


@lru_cache(maxsize=500)
def load_version(version_id: int) -> LoadedVersion:
    """A version by its id. Raises LookupError when there is none."""
    row = _sql.one("version", {"id": version_id})
    if row is None:
        raise LookupError(f"There is no journey version {version_id}.")
    return LoadedVersion(row[0], row[1], row[2], row[3], load_program(row[4]))


def live_versions() -> list[LoadedVersion]:
    """The versions that people enter now, one a published journey."""
    return [load_version(row[0]) for row in _sql.all("live_versions")]


def live_version_of(journey_id: int) -> LoadedVersion | None:
    """The version of a journey that people enter now; None for one that is not published."""
    row = _sql.one("live_version_of", {"journey_id": journey_id})
    return load_version(row[0]) if row else None


def load_program(compiled: Mapping[str, Any]) -> Program:
    """Make a program of compiled JSON (see ``program.py``)."""
    zone = ZoneInfo(compiled["zone"])
    binder = ConditionBinder(zone)
    steps = {step_id: load_step(step_id, step, binder) for step_id, step in compiled["steps"].items()}
    entry = binder.bind(compiled["entry"]) if compiled["entry"] else None
    exits = tuple((binder.bind(part["when"]), part["reason"]) for part in compiled["exits"])
    goal = binder.bind(compiled["goal"]) if compiled["goal"] else None
    return Program(
        first=compiled["first"],
        zone=zone,
        steps=steps,
        triggers=tuple(_trigger(trigger) for trigger in triggers_of(compiled)),
        dates=tuple(_dated(raw) for raw in dates_of(compiled)),
        reentry=compiled["reentry"],
        reentry_days=compiled.get("reentry_days", 0),
        key=compiled.get("key", ""),
        entry=entry,
        exits=exits,
        endings=tuple(Ending(_trigger(raw), raw["reason"], raw["keyed"]) for raw in endings_of(compiled)),
        goal=goal,
        entries_per_hour=compiled.get("entries_per_hour"),
        holdout=compiled.get("holdout") or 0,
        facts=binder.facts,
        series={step.id: step.series for step in steps.values() if isinstance(step, SendSeries)},
    )


def triggers_of(compiled: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What brings people in, of a compiled journey of any schema."""
    return list(compiled["triggers"]) if "triggers" in compiled else [compiled["trigger"]]


def _trigger(raw: Mapping[str, Any]) -> Trigger:
    return Trigger(raw["event"], raw["match"], tuple(raw.get("where", ())), raw.get("times", 1), raw.get("within_days"))


def dates_of(compiled: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The days of their own that bring people in."""
    return list(compiled.get("dates", ()))


def endings_of(compiled: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The events that end a walk."""
    return list(compiled.get("endings", ()))


def _dated(raw: Mapping[str, Any]) -> DatedTrigger:
    id_, offset, at = fingerprint(raw), raw["offset"], time.fromisoformat(raw["at"])
    if "event" in raw:
        return DatedTrigger(id_, offset, at, event=_trigger(raw))
    fact = dated_fact(raw["fact"], next(iter(raw["args"].values()), ""))
    return DatedTrigger(id_, offset, at, fact=fact, yearly=raw["yearly"])
