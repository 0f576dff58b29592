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


def load_program(compiled: Mapping[str, Any]) -> Program:
    """Make a program of compiled JSON (see ``program.py``)."""
    zone = ZoneInfo(compiled["zone"])
    binder = ConditionBinder(zone)
    steps = {step_id: _step(step_id, step, binder) for step_id, step in compiled["steps"].items()}
    entry = binder.bind(compiled["entry"]) if compiled["entry"] else None
    exits = tuple((binder.bind(part["when"]), part["reason"]) for part in compiled["exits"])
    goal = binder.bind(compiled["goal"]) if compiled["goal"] else None
    return Program(
        first=compiled["first"],
        zone=zone,
        trigger_event=compiled["trigger"]["event"],
        trigger_match=compiled["trigger"]["match"],
        reentry=compiled["reentry"],
        entry=entry,
        exits=exits,
        goal=goal,
        steps=steps,
        facts=tuple(binder.facts),
    )


def _step(step_id: str, step: Mapping[str, Any], binder: ConditionBinder) -> Step:
    match step["type"]:
        case "send":
            return Send(step_id, step["message_version"], step["channel"], step["next"])
        case "wait":
            return Wait(step_id, step["seconds"], step["next"])
        case "wait_until":
            return WaitUntil(step_id, step["day"], time.fromisoformat(step["at"]), step["business"], step["next"])
        case "wait_event":
            return WaitEvent(step_id, step["event"], step["match"], step["seconds"], step["then"], step["else"])
        case "branch":
            return Branch(step_id, binder.bind(step["when"]), step["then"], step["else"])
        case "stage":
            return ChangeStage(step_id, step["stage"], step["reason"], step["next"])
        case "suppress":
            return Suppress(step_id, step["channel"], step["reason"], step["next"])
        case "exit":
            return Exit(step_id, step["reason"])
        case other:
            raise ValueError(f"Unknown step type {other!r} in step {step_id}.")
