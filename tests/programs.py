"""Small compiled journeys, written as lists: for rules that need no database."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

Written = tuple[str, dict[str, Any]]
HELP, ASK, CARE = 1, 2, 3
"""Message versions, by what their messages do."""


def key(name: str) -> str:
    """The id of the step of that name."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, name))


def program(*steps: Written, **rules: Any) -> dict[str, Any]:
    """A compiled journey. A step is (name, its compiled JSON); what its ways hold is written as lists of such steps."""
    compiled: dict[str, Any] = {}
    first = _add_all(steps, None, compiled)
    return {
        "schema": 2,
        "zone": "Asia/Tokyo",
        "first": first,
        "triggers": [],
        "reentry": "once",
        "reentry_days": 0,
        "key": "",
        "entry": None,
        "goal": None,
        "exits": [],
        "entries_per_hour": None,
        "steps": compiled,
        **rules,
    }


def _add_all(steps: Sequence[Written], after: str | None, compiled: dict[str, Any]) -> str | None:
    following = after
    for name, raw in reversed(list(steps)):
        compiled[key(name)] = {"next": following} | _linked(raw, following, compiled)
        following = key(name)
    return following


def _linked(raw: dict[str, Any], following: str | None, compiled: dict[str, Any]) -> dict[str, Any]:
    linked = dict(raw)
    for name in ("then", "else"):
        if name in linked:
            linked[name] = _add_all(linked[name], following, compiled)
    for name in ("ways", "paths"):
        if name in linked:
            linked[name] = [_linked(part, following, compiled) for part in linked[name]]
    return linked


def send(name: str, message: int = HELP) -> Written:
    return name, {"type": "send", "message_version": message, "message": message, "channel": "email"}


def wait(name: str, days: float = 1) -> Written:
    return name, {"type": "wait", "seconds": int(days * 86_400)}


def until(name: str, day: int, at: str = "08:00") -> Written:
    return name, {"type": "wait_until", "day": day, "at": at, "business": False}


def branch(name: str, when: dict[str, Any], then: Sequence[Written] = (), otherwise: Sequence[Written] = ()) -> Written:
    return name, {"type": "branch", "when": when, "then": list(then), "else": list(otherwise)}


def wait_for(
    name: str, event: str, then: Sequence[Written] = (), otherwise: Sequence[Written] = (), days: int = 2, **match: Any
) -> Written:
    path = {"event": event, "match": match, "where": [], "keyed": "", "name": "", "then": list(then)}
    return name, {"type": "wait_event", "paths": [path], "seconds": days * 86_400, "else": list(otherwise)}


def leave(name: str, reason: str = "") -> Written:
    return name, {"type": "exit", "reason": reason}


def suppress(name: str) -> Written:
    return name, {"type": "suppress", "channel": "", "reason": ""}


def put_on(name: str, stage: int) -> Written:
    return name, {"type": "stage", "stage": stage, "reason": "x"}


def fact(name: str, op: str, value: Any, **args: Any) -> dict[str, Any]:
    return {"fact": name, "op": op, "value": value} | ({"args": args} if args else {})
