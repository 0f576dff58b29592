"""The best hour to write to somebody, learned from when people click: never from opens, never from scanners.

Of person *i*, n_ih of n_i clicks fell into hour *h* of their own day. Their shares are taken for a draw from a
Dirichlet distribution around the shop's shares p_h, with strength κ (empirical Bayes: Efron & Morris 1973, JASA 68,
117–130). The posterior mean is what is known of them, shrunk towards everybody::

    share_ih = (n_ih + κ p_h) / (n_i + κ)

κ is estimated from all people by moments of the compound multinomial (Mosimann 1962, Biometrika 49, 65–82): two clicks
of one person fall into the same hour with probability (1 + κ Σp²) / (1 + κ). With r the share of such pairs among all
pairs of clicks of one person, κ = (1 - r) / (r - Σp²). The more people have hours of their own, the smaller it is.

The shop's own shares begin as one default hour, which counts as much as a few clicks.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from jouren.contacts.policies import zone_of
from jouren.core.schedule import local_moment
from jouren.core.sql import load_sql
from jouren.events.types import Event
from jouren.messaging.sending_rules.hours import open_hours
from jouren.messaging.sending_rules.queries import rules_from, stored_rules

_sql = load_sql("messaging")
HOURS = range(24)
DEFAULT_WEIGHT = 5
_STRENGTH, _WEAKEST, _STRONGEST = 10.0, 1.0, 200.0
_ENOUGH_PAIRS = 100


@dataclass(frozen=True, slots=True)
class ShopHours:
    """When people click: 24 shares of all clicks, and how strongly they speak for somebody of whom little is known."""

    shares: Sequence[float]
    strength: float
    default: int

    @property
    def best(self) -> int:
        """The shop's best hour."""
        return best_hour(self, {})


def shop_hours(clicks: Mapping[int, int], pairs: int, same_pairs: int, default: int) -> ShopHours:
    """What is known of the shop's people together.

    ``clicks`` by hour; ``pairs`` of clicks of one person, and how many of those fell into the same hour.
    """
    total = sum(clicks.values())
    weighed = [clicks.get(hour, 0) + DEFAULT_WEIGHT * (hour == default) for hour in HOURS]
    shares = [weight / (total + DEFAULT_WEIGHT) for weight in weighed]
    evenness = sum((clicks.get(hour, 0) / total) ** 2 for hour in HOURS) if total else 0.0
    return ShopHours(shares, strength_of(evenness, pairs, same_pairs), default)


def strength_of(evenness: float, pairs: int, same_pairs: int) -> float:
    """κ, within bounds; ``evenness`` is Σp². A fixed one while there is little to estimate it from."""
    if pairs < _ENOUGH_PAIRS:
        return _STRENGTH
    same = same_pairs / pairs
    if same <= evenness:  # nobody differs from the others
        return _STRONGEST
    return min(max((1 - same) / (same - evenness), _WEAKEST), _STRONGEST)


def best_hour(shop: ShopHours, clicks: Mapping[int, int], allowed: Collection[int] = HOURS) -> int:
    """The hour with the largest share for somebody with these clicks by hour, of those at which sending is allowed.

    Of equal ones the shop's better, then the first after the default hour.
    """
    total = sum(clicks.values()) + shop.strength

    def weight(hour: int) -> tuple[float, float, int]:
        share = (clicks.get(hour, 0) + shop.strength * shop.shares[hour]) / total
        return share, shop.shares[hour], -((hour - shop.default) % 24)

    return max(allowed or HOURS, key=weight)


def load_shop_hours(default: int) -> ShopHours:
    """What is known of the shop's people now: one query."""
    rows = _sql.all("shop_hours")
    return shop_hours(
        {row[0]: row[1] for row in rows}, sum(row[2] for row in rows), sum(row[3] for row in rows), default
    )


def best_hours(contact_ids: Sequence[int], zone: ZoneInfo) -> dict[int, tuple[int, ZoneInfo]]:
    """The best hour of each of these people, and the zone it is told in: three queries a batch.

    ``zone`` is that of people of whom none is known. Hours at which the sending rules allow nothing are left out.
    """
    row = stored_rules()
    rules = rules_from(row, ())
    shop, allowed = load_shop_hours(row.default_hour), open_hours(rules.quiet, rules.window)
    hour_of_most = best_hour(shop, {}, allowed)
    found = {}
    for contact_id, zone_name, hours, clicks in _sql.all("person_hours", {"contact_ids": list(contact_ids)}):
        hour = best_hour(shop, dict(zip(hours, clicks, strict=True)), allowed) if hours else hour_of_most
        found[contact_id] = (hour, zone_of(zone_name) if zone_name else zone)
    return found


def next_at(hour: int, zone: ZoneInfo, earliest: datetime) -> datetime:
    """The first moment from ``earliest`` (aware) on at which an hour has begun, in UTC: now, when it is that hour."""
    local = earliest.astimezone(zone)
    if local.hour == hour:
        return earliest.astimezone(UTC)
    moment = local_moment(local.date(), time(hour), zone)
    return moment if moment >= earliest else local_moment(local.date() + timedelta(days=1), time(hour), zone)


def note_clicks(events: Sequence[Event]) -> None:
    """Learn from what people clicked, at most one click of each: two statements a batch."""
    clicked = {event.contact_id: event.occurred_at for event in events if event.payload.get("by") == "human"}
    if not clicked:
        return
    zones = dict(_sql.all("zones_of", {"contact_ids": list(clicked)}))
    hours = {id_: clicked[id_].astimezone(zone_of(zone)).hour for id_, zone in zones.items()}
    if hours:
        _sql.run("note_clicks", {"contact_ids": list(hours), "hours": list(hours.values())})


def merge_click_hours(kept_id: int, gone_id: int) -> None:
    """Give the kept one of two merged people the clicks of both."""
    _sql.run("merge_click_hours", {"kept_id": kept_id, "gone_id": gone_id})


def forget_click_hours(contact_ids: Sequence[int]) -> None:
    """Erased people have no hours; what the shop learned from them is nobody's any more."""
    _sql.run("forget_click_hours", {"contact_ids": list(contact_ids)})
