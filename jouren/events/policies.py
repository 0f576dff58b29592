"""Pure rules of this room."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any


def fits(payload: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether a payload has the wanted fields; a list has a wanted value when it holds it."""
    return all(_has(payload.get(name), value) for name, value in wanted.items())


def _has(found: object, wanted: object) -> bool:
    if isinstance(found, list) and not isinstance(wanted, list):
        return wanted in found
    return found == wanted


def holds(payload: Mapping[str, Any], tests: Iterable[Mapping[str, Any]]) -> bool:
    """Whether a payload meets all tests, ``{"field": …, "op": "gte", "value": 5000}``; a missing field meets none."""
    return all(_meets(payload.get(test["field"]), test["op"], test["value"]) for test in tests)


def _meets(found: object, op: str, value: Any) -> bool:
    if found is None:
        return False
    try:
        return PROPERTY_OPS[op](found, value)
    except TypeError:  # a payload of an older version may hold another type
        return False


PROPERTY_OPS: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": _has,
    "ne": lambda found, value: not _has(found, value),
    "gt": lambda found, value: found > value,
    "gte": lambda found, value: found >= value,
    "lt": lambda found, value: found < value,
    "lte": lambda found, value: found <= value,
    "contains": lambda found, value: value in found,
}
