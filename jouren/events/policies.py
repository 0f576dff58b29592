"""Pure rules of this room."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def fits(payload: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether a payload has the wanted fields; a list has a wanted value when it holds it."""
    return all(_has(payload.get(name), value) for name, value in wanted.items())


def _has(found: object, wanted: object) -> bool:
    if isinstance(found, list) and not isinstance(wanted, list):
        return wanted in found
    return found == wanted
