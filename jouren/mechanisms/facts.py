"""What this room offers to conditions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from jouren.conditions.registry import Fact, FactType, Group, Rows, register_fact
from jouren.mechanisms.event_types import LAPSED, LIKELY, NOT_LIKELY, RETURNED
from jouren.mechanisms.vocabulary import MarkKind

_THEN = "r.since <= %(now)s::timestamptz AND (r.until IS NULL OR r.until > %(now)s::timestamptz)"


def _mark(name: str, kind: str, label: object, changed_by: frozenset[str]) -> Fact:
    of_kind = f"r.kind = '{kind}'"
    return Fact(
        name,
        FactType.BOOLEAN,
        label,  # type: ignore[arg-type]
        rows=Rows("mechanisms_mark r", f"r.until IS NULL AND {of_kind}"),
        changed_by=changed_by,
        past_rows=lambda _given: Rows("mechanisms_mark r", f"{_THEN} AND {of_kind}"),
        group=Group.STAGE,
    )


FACTS = (
    _mark(
        "likely_regular", MarkKind.LIKELY_REGULAR, _("Is likely to become a regular"), frozenset({LIKELY, NOT_LIKELY})
    ),
    _mark("lapsed", MarkKind.LAPSED, _("Has lapsed (no purchase for long)"), frozenset({LAPSED, RETURNED})),
)

IS_LIKELY_REGULAR: Mapping[str, Any] = {"fact": "likely_regular", "op": "is", "value": True}


def register() -> None:
    """Make this room's facts known."""
    for fact in FACTS:
        register_fact(fact)
