"""The demo shop's segment: whom the letters are for that sell nothing."""

from __future__ import annotations

from typing import Any

from jouren.backoffice.demo import texts
from jouren.contacts.segments import filling
from jouren.contacts.segments.actions import save_segment


def make_segments() -> None:
    """Make it, and fill it with the people who are there."""
    save_segment(texts.SEGMENT_NAME, _has_dry_skin_and_bought_nothing(), description=texts.SEGMENT_DESCRIPTION)
    while filling.tick():
        pass


def _has_dry_skin_and_bought_nothing() -> dict[str, Any]:
    return {
        "all": [
            {"fact": "contact.problems", "op": "contains_any", "value": texts.PROBLEMS},
            {"fact": "orders.count", "op": "eq", "value": 0},
            {"fact": "contact.confirmed", "op": "is", "value": True},
        ]
    }
