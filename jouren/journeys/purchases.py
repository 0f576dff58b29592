"""What events about orders mean to journeys: a free gift is no purchase, and what was paid back was not earned."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from jouren.events.policies import fits, holds

PURCHASE = "order.paid"
_FREE = "free"


def is_meant(
    type: str, payload: Mapping[str, Any], match: Mapping[str, Any], where: Iterable[Mapping[str, Any]] = ()
) -> bool:
    """Whether an event of the type that somebody asks for is what they mean.

    Who asks for any purchase does not mean a gift of the front end; who asks for the kind says what they mean.
    """
    tests = tuple(where)
    if not fits(payload, match) or not holds(payload, tests):
        return False
    if type != PURCHASE or payload.get("kind") != _FREE:
        return True
    return "kind" in match or any(test["field"] == "kind" for test in tests)
