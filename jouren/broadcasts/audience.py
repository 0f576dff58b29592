"""Who gets a broadcast: whom its condition holds for, of those who agreed to its topic and can be reached.

When an issue begins its audience is frozen, by one statement: everybody is asked the condition at one moment, and only
once, however costly the condition is. The gate asks again for consent when a message is planned, and when it goes.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from jouren.broadcasts.models import Issue
from jouren.broadcasts.policies import lot_subject
from jouren.broadcasts.vocabulary import Phase
from jouren.conditions.compile import compile_sql
from jouren.conditions.queries import PRESENT, count_contacts
from jouren.conditions.tree import validate_tree
from jouren.core.lots import LOTS
from jouren.core.schedule import local_moment
from jouren.core.sql import hot_cursor, load_sql
from jouren.core.zone import shop_zone

_sql = load_sql("broadcasts")
CHANNEL = "email"

# As policies.lot draws them.
_LOT = f"core_lot(%(lot_subject)s, c.id) / {LOTS}::float8"


def everybody_meant(audience: dict[str, Any] | None) -> dict[str, Any]:
    """The condition as its author wrote it; without one everybody is meant."""
    return audience or {"all": []}


def reachable(audience: dict[str, Any] | None, topic: str) -> dict[str, Any]:
    """The condition of those who are written to: meant, agreed, with an address, not stopped."""
    return {
        "all": [
            {"fact": "consent", "args": {"channel": CHANNEL, "topic": topic}, "op": "is", "value": True},
            {"fact": "contact.has_email", "op": "is", "value": True},
            {"fact": "suppressed", "args": {"channel": CHANNEL}, "op": "is", "value": False},
            everybody_meant(audience),
        ]
    }


def check_audience(audience: dict[str, Any] | None) -> None:
    """Raises ConditionError when this cannot be asked."""
    validate_tree(everybody_meant(audience))


def count_reachable(audience: dict[str, Any] | None, topic: str, now: datetime) -> int:
    """How many people would be written to now. Raises ConditionError."""
    return count_contacts(reachable(audience, topic), now=now)


def zones_of_people() -> list[ZoneInfo]:
    """Every clock that people live by; a name that means nothing is left out, and its people go by the shop's."""
    return [zone for (name,) in _sql.all("zones") if (zone := _zone(name)) is not None]


def freeze_audience(issue: Issue, topic: str, share: float, variants: int, now: datetime) -> int:
    """Write down who gets an issue, when, and which variant. Returns how many they are.

    ``share`` (0 to 1) of them are in the test, drawn by lot among the ``variants``; the others wait for its end.

    Raises:
        ConditionError: the condition cannot be asked any more.
    """
    broadcast = issue.broadcast
    compiled = compile_sql(reachable(broadcast.audience, topic), now, shop_zone())
    moments = {zone.key: local_moment(issue.day, broadcast.at, zone) for zone in zones_of_people()}
    here = local_moment(issue.day, broadcast.at, shop_zone()) if broadcast.is_local else now
    place = "least(floor(drawn.lot / %(lot_share)s * %(lot_variants)s), %(lot_variants)s - 1)"
    sql = (
        "INSERT INTO broadcasts_recipient (issue_id, phase, due_at, contact_id, place)\n"
        "SELECT %(lot_of)s::bigint, CASE WHEN drawn.lot < %(lot_share)s THEN %(lot_first)s ELSE %(lot_rest)s END,"
        " coalesce(clocks.moment, %(lot_here)s::timestamptz), c.id,"
        f" CASE WHEN drawn.lot < %(lot_share)s THEN {place} ELSE 0 END\n"
        f"FROM contacts_contact c\n{compiled.joins}\n"
        f"CROSS JOIN LATERAL (SELECT {_LOT} AS lot) AS drawn\n"
        "LEFT JOIN unnest(%(lot_zones)s::text[], %(lot_moments)s::timestamptz[]) AS clocks (zone, moment)"
        " ON clocks.zone = c.zone\n"
        f"WHERE {PRESENT} AND {compiled.where}"
    )
    own = {
        "lot_of": issue.pk,
        "lot_subject": lot_subject(issue.pk),
        "lot_share": float(share),
        "lot_variants": variants,
        "lot_first": int(Phase.FIRST),
        "lot_rest": int(Phase.REST),
        "lot_here": here,
        "lot_zones": list(moments) if broadcast.is_local else [],
        "lot_moments": list(moments.values()) if broadcast.is_local else [],
    }
    return hot_cursor().execute(sql, {**compiled.params, **own}).rowcount


def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
