"""What every way in tells of orders, and the one action that takes it in.

A way in (a shop's webhook, the interface for events, an imported file, a form) reads what it got into
:class:`Telling`s, one for each thing that happened at its own moment, and hands them over. It need not care for their
order, for repetitions, nor for whose order it is where it does not know.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, NamedTuple

from django.db import transaction
from django.utils.translation import gettext as _
from psycopg.types.json import Jsonb

from jouren.catalog.queries import roles_of_codes
from jouren.contacts.actions import Told, resolve_people
from jouren.core import clock
from jouren.core.sql import load_sql
from jouren.events.actions import MAX_KEY_LENGTH, NewEvent, record_events
from jouren.events.errors import InvalidEvent
from jouren.events.types import can_be_kept, event_type
from jouren.orders.errors import BadOrder
from jouren.orders.event_types import ORDER_TYPES, SUBSCRIPTION_TYPES
from jouren.orders.policies import check_moment, codes_of, found_kind

_sql = load_sql("orders")
TOLD_TYPES = frozenset(each.name for each in (*ORDER_TYPES, *SUBSCRIPTION_TYPES))
"""What can be told of."""
KEEP_WAITING = timedelta(days=400)
_DESCRIBING = frozenset({"order.placed", "order.paid", "order.changed"})


@dataclass(frozen=True, slots=True)
class Telling:
    """One thing that happened to an order or a subscription.

    ``type`` and ``payload`` are those of the event (``event_types.py``), which always names the ``order`` or the
    ``subscription``. ``occurred_at`` is the shop's time, aware. ``identities``, as (kind, value), say who bought: the
    first that is known decides, and whoever is not known is made known by the first, without any consent; the others
    become theirs too, where they are nobody's and of a kind that the person has none of. Empty:
    whoever bought that order, even if the order itself is told of later. ``key`` as in :class:`NewEvent`.
    """

    type: str
    payload: Mapping[str, Any]
    occurred_at: datetime
    identities: tuple[tuple[str, str], ...] = ()
    key: str | None = None
    historical: bool = False
    names: Mapping[str, str] = field(default_factory=dict)
    """``family_name``, ``given_name``, ``family_kana``, ``given_kana``: kept where the person has none yet."""


class Taken(NamedTuple):
    """How many tellings were ``recorded``, were ``known`` before or are of erased people, and wait for their order."""

    recorded: int
    known: int
    waiting: int


@transaction.atomic
def tell_orders(source: str, tellings: Sequence[Telling]) -> Taken:
    """Take in what a source tells of orders: durable when this returns and the caller's transaction, if any, commits.

    A number of statements that does not grow with the tellings.

    Raises:
        BadOrder, InvalidEvent, BadAddress, BadValue, BadName: a telling cannot be kept; nothing of them is.
    """
    checked = _checked(source, tellings)
    named = [place for place, telling in enumerate(tellings) if telling.identities]
    told = [Told(tellings[at].identities, tellings[at].names, tellings[at].historical) for at in named]
    contact_ids = dict(zip(named, resolve_people(told), strict=True))
    return _take_in(source, checked, contact_ids)


@transaction.atomic
def tell_orders_of(contact_id: int, source: str, tellings: Sequence[Telling]) -> Taken:
    """The same of a person who is known already and present; the identities of the tellings do not count."""
    checked = _checked(source, tellings)
    return _take_in(source, checked, dict.fromkeys(range(len(tellings)), contact_id))


@dataclass(frozen=True, slots=True)
class _Checked:
    """A telling that can be kept. ``key`` is readable to nobody: senders put names and addresses into keys."""

    thing: str
    number: str
    type: str
    payload: dict[str, Any]
    occurred_at: datetime
    key: str | None
    historical: bool

    @property
    def place(self) -> tuple[str, str]:
        """Which order or subscription it is about."""
        return self.thing, self.number

    def event(self, source: str, contact_id: int) -> NewEvent:
        """The event to record."""
        return NewEvent(self.type, contact_id, self.payload, self.occurred_at, source, self.key, self.historical)


def _checked(source: str, tellings: Sequence[Telling]) -> list[_Checked]:
    if not 0 < len(source) <= 100 or not source.isprintable():
        raise BadOrder(_("The source of an order has 1 to 100 characters."))
    now = clock.now()
    for telling in tellings:
        if telling.type not in TOLD_TYPES:
            raise InvalidEvent(f"{telling.type[:50]!r} tells of no order; known are {sorted(TOLD_TYPES)}.")
        event_type(telling.type).check(telling.payload)
        check_moment(telling.occurred_at, now)
    payloads = _with_kinds(source, tellings)
    return [_check(telling, payload) for telling, payload in zip(tellings, payloads, strict=True)]


def _check(telling: Telling, payload: dict[str, Any]) -> _Checked:
    thing = "order" if telling.type.startswith("order.") else "subscription"
    key = telling.key
    if key is not None and (not 0 < len(key) <= MAX_KEY_LENGTH or not can_be_kept(key)):
        raise BadOrder(_("The key of what is told has 1 to %(limit)s characters.") % {"limit": MAX_KEY_LENGTH})
    if key is None and not event_type(telling.type).identity:
        # What can happen several times is the same where it says the same of the same moment.
        key = json.dumps([telling.type, telling.occurred_at.timestamp(), payload], sort_keys=True, ensure_ascii=False)
    digest = None if key is None else _digest(key)
    return _Checked(thing, payload[thing], telling.type, payload, telling.occurred_at, digest, telling.historical)


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def _with_kinds(source: str, tellings: Sequence[Telling]) -> list[dict[str, Any]]:
    """The payloads, with the kinds of orders as their products' roles say now: recorded, so that it stays so."""
    asking = [
        telling
        for telling in tellings
        if telling.type in _DESCRIBING and (not telling.payload.get("kind") or telling.payload["amount"] == 0)
    ]
    roles = roles_of_codes(source, {code for telling in asking for code in codes_of(telling.payload)})
    payloads = []
    for telling in tellings:
        payload = {name: value for name, value in telling.payload.items() if value is not None}
        if telling.type in _DESCRIBING:
            codes = codes_of(payload)
            named = [roles.get(code) for code in codes]
            payload |= {"products": codes, "kind": found_kind(payload.get("kind") or "", named, payload["amount"])}
        payloads.append(payload)
    return payloads


def _take_in(source: str, tellings: Sequence[_Checked], contact_ids: Mapping[int, int | None]) -> Taken:
    """Record what is told: ``contact_ids`` says of whom, by the tellings' places; None is somebody erased."""
    if not tellings:
        return Taken(0, 0, 0)
    buyers, freed = _buyers(source, tellings, contact_ids)
    events: list[NewEvent] = []
    waiting: list[_Checked] = []
    for place, telling in enumerate(tellings):
        if place not in contact_ids and telling.place not in buyers:
            waiting.append(telling)
            continue
        contact_id = contact_ids[place] if place in contact_ids else buyers[telling.place]
        if contact_id is not None:
            events.append(telling.event(source, contact_id))
    moved = _under_other_numbers(source, waiting)
    _let_wait(source, waiting)
    released = _release(source, freed)
    recorded = record_events(
        [*events, *(each.event(source, pk) for each in released if (pk := buyers.get(each.place)) is not None)],
        are_checked=True,
    )
    fresh = sum(1 for event_id in recorded[: len(events)] if event_id is not None)
    more = _take_in(source, moved, {})
    known = len(tellings) - len(moved) - fresh - len(waiting) + more.known
    return Taken(fresh + more.recorded, known, len(waiting) + more.waiting)


def _under_other_numbers(source: str, waiting: list[_Checked]) -> list[_Checked]:
    """Take out of ``waiting`` those that speak of an order by another number of it. Returns them under its own.

    Their nameless rows are held, so whoever tells of the other number at the same time comes before or after.
    """
    numbers = {each.number for each in waiting if each.thing == "order"}
    orders = dict(_sql.all("orders_of_numbers", {"source": source, "numbers": list(numbers)})) if numbers else {}
    moved = [_moved(each, orders[each.number]) for each in waiting if each.thing == "order" and each.number in orders]
    waiting[:] = [each for each in waiting if each.thing != "order" or each.number not in orders]
    return moved


def _moved(telling: _Checked, number: str) -> _Checked:
    return replace(telling, number=number, payload={**telling.payload, "order": number})


@transaction.atomic
def name_orders(source: str, orders: Mapping[str, str]) -> None:
    """Take in that a source also speaks of orders by other numbers: ``{number: the order's own}``. What waits under
    them is the order's.
    """
    others = [(number, order) for number, order in sorted(orders.items()) if number != order]
    if not others:
        return
    asked = {"source": source, "numbers": [number for number, _o in others], "orders": [order for _n, order in others]}
    places = {"source": source, **_split(("order", number) for number in asked["numbers"])}
    _sql.run("name_buyers", {**places, "contact_ids": [None] * len(others)})
    _sql.all("lock_nameless_things", places)
    _sql.run("keep_other_numbers", asked)
    released = _release(source, [("order", number) for number, _order in others])
    if released:
        _take_in(source, [_moved(each, orders[each.number]) for each in released], {})


_Place = tuple[str, str]


def _buyers(
    source: str, tellings: Sequence[_Checked], contact_ids: Mapping[int, int | None]
) -> tuple[dict[_Place, int | None], list[_Place]]:
    """Whose the things are, erased people being None, and whose became known only now.

    From here to the end of the transaction nobody else tells of those whose buyer is not known.
    """
    told: dict[_Place, int | None] = {}
    for place, telling in enumerate(tellings):
        if told.get(telling.place) is None:
            told[telling.place] = contact_ids.get(place)
    places = sorted(told)
    named = {"source": source, **_split(places), "contact_ids": [told[place] for place in places]}
    if _sql.run("name_buyers", named) == len(places) and None not in told.values():
        return told, []  # all are new, as nearly always
    freed = {}
    for thing, number, by_its_row in _sql.all("lock_nameless_things", {"source": source, **_split(places)}):
        if (contact_id := told[thing, number] or by_its_row) is not None:
            freed[thing, number] = contact_id
    if freed:
        _sql.run("set_buyers", {"source": source, **_split(freed), "contact_ids": list(freed.values())})
    rows = _sql.all("buyers", {"source": source, **_split(places)})
    return {(thing, number): contact_id for thing, number, contact_id in rows}, list(freed)


def _split(places: Iterable[_Place]) -> dict[str, list[str]]:
    asked = list(places)
    return {"things": [thing for thing, _n in asked], "numbers": [number for _t, number in asked]}


def _let_wait(source: str, tellings: Sequence[_Checked]) -> None:
    if not tellings:
        return
    names = [
        telling.key
        or _digest(
            "\x1f".join([telling.type, *(str(telling.payload[name]) for name in event_type(telling.type).identity)])
        )
        for telling in tellings
    ]
    _sql.run(
        "let_wait",
        {
            "source": source,
            **_split(telling.place for telling in tellings),
            "names": names,
            "types": [telling.type for telling in tellings],
            "payloads": [Jsonb(telling.payload) for telling in tellings],
            "occurred_at": [telling.occurred_at for telling in tellings],
            "keys": [telling.key for telling in tellings],
            "historical": [telling.historical for telling in tellings],
            "now": clock.now(),
        },
    )


def forget_waiting() -> int:
    """Delete what has waited for its order for more than 400 days: it will not come any more. Returns how many went."""
    return _sql.run("forget_waiting", {"before": clock.now() - KEEP_WAITING})


def _release(source: str, freed: Sequence[_Place]) -> list[_Checked]:
    if not freed:
        return []
    rows = _sql.all("release", {"source": source, **_split(freed)})
    return [
        _Checked(thing, number, type, payload, at, key, historical)
        for type, thing, number, payload, at, key, historical in rows
    ]
