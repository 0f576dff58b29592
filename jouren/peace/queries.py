"""Whom the rule would leave in peace, and whom it has."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from jouren.contacts.models import LEFT_IN_PEACE, Contact, Suppression
from jouren.core.sql import load_sql
from jouren.peace.models import PeaceRule

_sql = load_sql("peace")
MOST_AT_ONCE = 20_000
SAMPLE = 1_000


@dataclass(frozen=True, slots=True)
class Due:
    """Somebody whom the rule leaves in peace. ``invited_at``: when the last of the counted invitations went."""

    contact: Contact
    invited_at: datetime


@dataclass(frozen=True, slots=True)
class Forecast:
    """``count`` people, of whom some are ``people``. ``is_about``: counted on a sample."""

    count: int
    people: list[Due]
    is_about: bool = False


def stored_rule() -> PeaceRule:
    """The rule as it is."""
    return PeaceRule.objects.order_by("pk").first() or PeaceRule()


def due_people(rule: PeaceRule, now: datetime, contact_ids: list[int] | None = None) -> list[tuple[int, datetime]]:
    """Whom of all, or of these people, the rule would leave now: ids, and when the last counted invitation went."""
    terms = {
        "invitations": rule.invitations,
        "before": now - timedelta(days=rule.days),
        "up_to_stage": int(rule.up_to_stage),
        "reasons": sorted(LEFT_IN_PEACE),
        "contact_ids": contact_ids,
    }
    return _sql.all("due", terms)


def forecast(rule: PeaceRule, now: datetime, shown: int, *, most: int = MOST_AT_ONCE) -> Forecast:
    """How many the rule would leave in peace now, and up to ``shown`` of them, the longest invited first.

    Of a shop with more than ``most`` people some are asked, drawn evenly, and the count is about: nobody waits for it.
    """
    first, last = _sql.all("id_range")[0]
    span = last - first + 1
    if span <= most:
        due = due_people(rule, now)
        return Forecast(len(due), _shown(due, shown))
    drawn = random.Random(span).sample(range(first, last + 1), min(SAMPLE, span))  # noqa: S311 — no secret
    ids = [contact_id for (contact_id,) in _sql.all("with_former_ids", {"contact_ids": drawn})]
    wanted = set(drawn)
    due = [each for each in due_people(rule, now, ids) if each[0] in wanted]
    return Forecast(round(len(due) * span / len(drawn)), _shown(due, shown), is_about=True)


def _shown(due: list[tuple[int, datetime]], most: int) -> list[Due]:
    listed = sorted(due, key=lambda each: (each[1], each[0]))[:most]
    people = Contact.objects.in_bulk([contact_id for contact_id, _at in listed])
    return [Due(people[contact_id], at) for contact_id, at in listed if contact_id in people]


def count_left() -> int:
    """How many are left in peace now."""
    return Suppression.objects.filter(lifted_at=None, reason__in=LEFT_IN_PEACE).values("contact").distinct().count()


def count_left_since(moment: datetime) -> int:
    """How many were left in peace since a moment, and are still."""
    lately = Suppression.objects.filter(lifted_at=None, reason__in=LEFT_IN_PEACE, at__gte=moment)
    return lately.values("contact").distinct().count()


def lately_left(limit: int) -> list[Suppression]:
    """Who was left in peace last, and is still."""
    open_ones = Suppression.objects.filter(lifted_at=None, reason__in=LEFT_IN_PEACE, contact__erased_at=None)
    return list(open_ones.select_related("contact").order_by("-at", "-pk")[:limit])
