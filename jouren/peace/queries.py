"""Whom the rule would leave in peace, and whom it has."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from jouren.contacts.models import LEFT_IN_PEACE, Contact, Suppression
from jouren.core.sql import hot_cursor, load_sql
from jouren.peace.models import PeaceRule

_sql = load_sql("peace")


@dataclass(frozen=True, slots=True)
class Due:
    """Somebody whom the rule leaves in peace. ``invited_at``: when the last of the counted invitations went."""

    contact: Contact
    invited_at: datetime


def stored_rule() -> PeaceRule:
    """The rule as it is."""
    return PeaceRule.objects.order_by("pk").first() or PeaceRule()


def due_people(rule: PeaceRule, now: datetime) -> list[tuple[int, datetime]]:
    """All whom the rule would leave in peace now: ids, and when the last counted invitation went."""
    return _sql.all("due", _terms(rule, now))


def forecast(rule: PeaceRule, now: datetime, sample: int) -> tuple[int, list[Due]]:
    """How many the rule would leave in peace now, and some of them, the longest invited first."""
    due = _sql.text("due")
    some = f"SELECT due.*, count(*) OVER () FROM ({due}) AS due ORDER BY invited_at, contact_id LIMIT %(sample)s"  # noqa: S608
    rows = hot_cursor().execute(some, {**_terms(rule, now), "sample": sample}).fetchall()
    people = Contact.objects.in_bulk([row[0] for row in rows])
    listed = [Due(people[contact_id], at) for contact_id, at, _all in rows if contact_id in people]
    return (rows[0][2] if rows else 0), listed


def count_left() -> int:
    """How many are left in peace now."""
    return Suppression.objects.filter(lifted_at=None, reason__in=LEFT_IN_PEACE).values("contact").distinct().count()


def lately_left(limit: int) -> list[Suppression]:
    """Who was left in peace last, and is still."""
    open_ones = Suppression.objects.filter(lifted_at=None, reason__in=LEFT_IN_PEACE, contact__erased_at=None)
    return list(open_ones.select_related("contact").order_by("-at", "-pk")[:limit])


def _terms(rule: PeaceRule, now: datetime) -> dict[str, Any]:
    return {
        "invitations": rule.invitations,
        "before": now - timedelta(days=rule.days),
        "up_to_stage": int(rule.up_to_stage),
        "reasons": sorted(LEFT_IN_PEACE),
    }
