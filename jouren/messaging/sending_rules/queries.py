"""Reads of the rules, and of what they count."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Container
from datetime import date, datetime, timedelta
from functools import lru_cache

from jouren.contacts.policies import zone_of
from jouren.core.sql import load_sql
from jouren.messaging.sending_rules.caps import Gone
from jouren.messaging.sending_rules.models import CapRow, SendingRules
from jouren.messaging.sending_rules.terms import Action, Cap, Quiet, Readiness, Rules, Unit, Window

_sql = load_sql("messaging")
LOCK_CLASS = 7_406_004

Closures = Callable[[], Container[date]]
_closures: list[Closures] = []


def register_closures(closures: Closures) -> None:
    """Tell where the shop's days off come from; ``closures()`` is asked once a batch, and only where days matter."""
    _closures[:] = [closures]


def closures() -> Container[date]:
    """The shop's own days off."""
    return _closures[0]() if _closures else ()


def stored_rules() -> SendingRules:
    """The row with the shop's rules, or one as it would be without any."""
    return SendingRules.objects.order_by("pk").first() or SendingRules(help_before_ask=None)


@lru_cache(maxsize=4)
def rules_of_edition(edition: int) -> Rules:
    """The rules in force, read once for each edition of them."""
    return load_rules()


def load_rules() -> Rules:
    """The rules as they are stored now: two queries."""
    return rules_from(stored_rules(), [cap_from(row) for row in CapRow.objects.order_by("pk")])


def rules_from(row: SendingRules, caps: Collection[Cap]) -> Rules:
    """The values that a row and its caps stand for."""
    quiet = window = readiness = None
    if row.quiet_from is not None and row.quiet_until is not None:
        quiet = Quiet(row.quiet_from, row.quiet_until, Action(row.quiet_action))
    if row.window_from is not None and row.window_until is not None:
        window = Window(
            row.window_from,
            row.window_until,
            frozenset(row.window_days),
            row.window_on_holidays,
            row.window_on_closures,
            Action(row.window_action),
        )
    if row.help_before_ask:
        readiness = Readiness(row.help_before_ask, Action(row.readiness_action))
    delay = timedelta(days=row.longest_delay_days)
    return Rules(zone_of(row.zone), delay, quiet, window, tuple(caps), readiness)


def cap_from(row: CapRow) -> Cap:
    """A cap as a value."""
    return Cap(row.pk, row.most, Unit(row.unit), row.length, row.channel, row.kind, row.topic, Action(row.action))


def lock_people(contact_ids: Collection[int]) -> None:
    """Have every other sender wait to count what these people got, until the caller's transaction ends."""
    _sql.all("lock_people", {"class": LOCK_CLASS, "contact_ids": list(contact_ids)})


def went_to(contact_ids: Collection[int], since: datetime) -> defaultdict[int, list[Gone]]:
    """What went to these people since then, is being sent, or may have arrived; transactional messages left out."""
    found: defaultdict[int, list[Gone]] = defaultdict(list)
    for contact_id, *gone in _sql.all("went_to", {"contact_ids": list(contact_ids), "since": since}):
        found[contact_id].append(Gone(*gone))
    return found


def help_reached(contact_ids: Collection[int], needed: int) -> dict[int, int]:
    """How many messages that help reached these people, counted up to ``needed``; none: left out."""
    return dict(_sql.all("help_reached", {"contact_ids": list(contact_ids), "needed": needed}))
