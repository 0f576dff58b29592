"""What other rooms read here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from jouren.core import clock
from jouren.core.sql import load_sql
from jouren.messaging.models import Run
from jouren.messaging.sending_rules.readiness import HelpAndAsk
from jouren.messaging.sending_rules.silence import LEAST_ISSUES, Pace, pace

_sql = load_sql("messaging")
_BROADCASTS, _DELIVERIES = 300, 50_000


def next_due() -> datetime | None:
    """When the next planned delivery is to be tried, from now on."""
    row = _sql.one("next_due", {"now": clock.now()})
    return row[0] if row else None


def is_sending() -> bool:
    """Whether a delivery is due or being sent."""
    row = _sql.one("is_sending", {"now": clock.now()})
    return bool(row and row[0])


def help_and_ask_of(contact_ids: Sequence[int]) -> HelpAndAsk:
    """How many messages that help, and how many that ask, reached a person, by all the ids that they have had."""
    return HelpAndAsk(**dict(_sql.all("kinds_reached", {"contact_ids": list(contact_ids)})))


def run_of(kind: str, reference: str) -> int | None:
    """The run of that kind and reference; None where nothing was planned for it yet.

    Whoever counts its deliveries asks for it first: told the run itself, the database knows how many these are.
    """
    return Run.objects.filter(kind=kind, reference=reference).values_list("pk", flat=True).first()


def help_and_ask_of_run(kind: str, reference: str) -> HelpAndAsk:
    """How many messages that help, and how many that ask, went out for the run of that kind and reference."""
    return HelpAndAsk(**dict(_sql.all("kinds_of_run", {"run_id": run_of(kind, reference)})))


def topic_paces(now: datetime, zone: ZoneInfo) -> dict[str, Pace]:
    """How regularly each topic is written about, by its key; one that nothing was sent of lately is left out.

    Of a topic with a newsletter (three broadcasts or more) only those count: the daily messages of a journey would hide
    that it stopped. Days are those of the calendar in ``zone``; of journeys' messages the newest 50,000 are looked at.
    """
    parameters = {"zone": zone.key, "broadcasts": _BROADCASTS, "deliveries": _DELIVERIES}
    days: dict[str, list[date]] = dict(_sql.all("topic_days", parameters))
    days |= {topic: issues for topic, issues in _sql.all("newsletter_days", parameters) if len(issues) >= LEAST_ISSUES}
    today = now.astimezone(zone).date()
    paces = {topic: pace(issues, today) for topic, issues in days.items()}
    return {topic: found for topic, found in paces.items() if found is not None}
