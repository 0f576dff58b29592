"""What came from a shop is taken in: once, in one transaction, whatever order it comes in."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from http import HTTPStatus

from django.db import DatabaseError, IntegrityError, InterfaceError, OperationalError, transaction
from django.utils.translation import gettext as _

from jouren.connectors.connector import Connector, Delivery, Happening, Headers
from jouren.connectors.errors import TooLarge, Unusable
from jouren.connectors.lasting import note
from jouren.connectors.models import Outcome, Received
from jouren.connectors.parcels import note_parcels
from jouren.connectors.people import join, keep_profile, usable
from jouren.contacts.actions import Told, resolve_people
from jouren.core import clock
from jouren.core.errors import UserError
from jouren.core.sql import load_sql
from jouren.events.actions import NewEvent, record_events
from jouren.events.types import can_be_kept
from jouren.orders.telling import Telling, name_orders, tell_orders

logger = logging.getLogger(__name__)
_sql = load_sql("connectors")
# What happened longer ago is history: it is kept, and triggers no message.
_HISTORY = timedelta(days=30)
_AHEAD = timedelta(minutes=15)  # clocks differ
_ABOUT_ORDERS = frozenset({"order.placed", "order.paid", "order.changed"})


@dataclass(frozen=True, slots=True)
class Source:
    """A connection as taking in needs it."""

    id: int
    public_id: str
    connector: Connector
    name: str
    """What its orders are named by."""
    is_on: bool


@dataclass(frozen=True, slots=True)
class Intake:
    """How many things were taken in, had come before, are not needed, and could not be used."""

    taken: int = 0
    known: int = 0
    ignored: int = 0
    failed: int = 0


def take(source: Source, headers: Headers, body: bytes) -> Intake:
    """Take in a request whose signature was checked. Durable when it returns.

    What cannot be used is kept, to be mended.

    Raises:
        TooLarge: nothing of it is kept.
        Unusable: the same, where the kind has a status for what cannot be read at all.
        OperationalError: the database is away; nothing of it is kept.
    """
    counts = {"taken": 0, "known": 0, "ignored": 0, "failed": 0}
    kept = {name: value for name, value in headers.items() if name in source.connector.headers}
    deliveries = _read(source, kept, body)
    with transaction.atomic():
        plain = [each for each in deliveries if _is_plain(each)]
        taken = _take_together(source, plain) if len(plain) > 1 else None
        if taken is not None:
            counts["taken"], counts["known"] = taken, len(plain) - taken
        for delivery in deliveries:
            if taken is None or not _is_plain(delivery):
                counts[_take_one(source, delivery, kept, body)] += 1
        _sql.run("note_event", {"connection_id": source.id, "now": clock.now()})
    return Intake(**counts)


def _read(source: Source, headers: Headers, body: bytes) -> Sequence[Delivery]:
    try:
        return source.connector.read(headers, body)
    except TooLarge:
        raise
    except UserError as error:
        if source.connector.unreadable_status != HTTPStatus.OK:
            raise
        reason = str(error)
    except Exception:
        logger.exception("A request of %s could not be read.", source.connector.key)
        reason = _("It could not be read. This is a mistake of Jouren: the log tells more.")
    return [Delivery((f"body {sha256(body).hexdigest()}",), "?", unusable=reason)]


def _is_plain(delivery: Delivery) -> bool:
    """Whether it only tells what somebody did: by far the most of what comes in batches."""
    return (
        not (delivery.ignored or delivery.unusable or delivery.tellings or delivery.joins)
        and not (delivery.other_numbers or delivery.parcels)
        and len(delivery.keys) == 1
        and len(delivery.happenings) > 0
        and not any(each.names or each.attributes or each.consent for each in delivery.profiles)
    )


def _take_together(source: Source, deliveries: Sequence[Delivery]) -> int | None:
    """Take in plain things in a few statements. Returns how many were new; None when one of them cannot be kept."""
    by_key = {digest(each.keys[0]): each for each in deliveries}
    types = [each.type[:100] if can_be_kept(each.type) else "?" for each in by_key.values()]
    received = {"connection_id": source.id, "now": clock.now(), "keys": list(by_key), "types": types}
    try:
        with transaction.atomic():
            new = [by_key[key] for (key,) in _sql.all("receive_all", received)]
            _record(source, [happening for each in new for happening in each.happenings], clock.now())
    except (OperationalError, InterfaceError):
        raise
    except (UserError, DatabaseError):
        return None
    return len(new)


def _take_one(source: Source, delivery: Delivery, headers: Headers, body: bytes) -> str:
    received_id = _receive(source, delivery)
    if received_id is None:
        return "known"
    if delivery.ignored:
        return "ignored"
    reason = delivery.unusable or apply(source, delivery)
    if not reason:
        return "taken"
    _note_failure(source, received_id, reason, headers, body if delivery.body is None else delivery.body)
    return "failed"


def _receive(source: Source, delivery: Delivery) -> int | None:
    keys = [digest(key) for key in delivery.keys]
    row = _sql.one(
        "receive",
        {
            "connection_id": source.id,
            "key": keys[0],
            "other_key": keys[1] if len(keys) > 1 else None,
            "now": clock.now(),
            "type": delivery.type[:100] if can_be_kept(delivery.type) else "?",
            "outcome": Outcome.IGNORED if delivery.ignored else Outcome.TAKEN,
            "error": delivery.ignored[:500],
        },
    )
    return int(row[0]) if row else None


def _note_failure(source: Source, received_id: int, reason: str, headers: Headers, body: bytes) -> None:
    text = body.decode(errors="replace")
    Received.objects.filter(pk=received_id).update(
        outcome=Outcome.FAILED,
        error=_plain(reason)[:500],
        headers={name: value for name, value in headers.items() if can_be_kept(value)},
        body=text if can_be_kept(text) else None,
    )
    note_error(source.id, reason)


def note_error(connection_id: int, reason: str) -> None:
    """Have the screen say what went wrong last."""
    _sql.run("note_error", {"connection_id": connection_id, "now": clock.now(), "error": _plain(reason)[:300]})


def _plain(text: str) -> str:
    return text if can_be_kept(text) else ascii(text)


def apply(source: Source, delivery: Delivery) -> str:
    """Keep all that a delivery tells, or nothing. Returns why it could not be kept; empty when it was.

    Raises:
        OperationalError: the database is away.
    """
    try:
        with transaction.atomic():
            _apply(source, delivery)
    except UserError as error:
        return str(error)
    except (OperationalError, InterfaceError):
        raise
    except (DatabaseError, ArithmeticError, LookupError, TypeError, ValueError):
        logger.exception("What %s told could not be kept.", source.connector.key)
        return _("It could not be kept. This is a mistake of Jouren: the log tells more.")
    return ""


def _apply(source: Source, delivery: Delivery) -> None:
    now = clock.now()
    for profile in delivery.profiles:
        _check_moment(profile.at, now)
        keep_profile(source.id, profile)
    for each in delivery.joins:
        join(each)
    name_orders(source.name, delivery.other_numbers)
    for news in delivery.parcels:
        _check_moment(news.at, now)
    told = [*delivery.tellings, *note_parcels(source.id, delivery.parcels)]
    tellings = [_told(telling, now) for telling in told]
    fresh = [telling for telling in tellings if _is_fresh(source, telling)]
    if fresh:
        tell_orders(source.name, fresh)
    _record(source, delivery.happenings, now)


def _told(telling: Telling, now: datetime) -> Telling:
    _check_moment(telling.occurred_at, now)
    is_history = telling.occurred_at < now - _HISTORY
    return replace(telling, identities=usable(telling.identities), historical=telling.historical or is_history)


def _is_fresh(source: Source, telling: Telling) -> bool:
    """Whether a change of an order is one: shops tell of every touch. Placing and paying are told anyway."""
    if telling.type not in _ABOUT_ORDERS:
        return True
    news = note(source.id, f"order {telling.payload.get('order')}", telling.occurred_at, telling.payload)
    return news.is_new or telling.type != "order.changed"


def _record(source: Source, happenings: Sequence[Happening], now: datetime) -> None:
    for each in happenings:
        _check_moment(each.occurred_at, now)
    people = resolve_people(
        [Told(usable(each.identities), historical=each.occurred_at < now - _HISTORY) for each in happenings]
    )
    record_events(
        [
            NewEvent(
                each.type,
                contact_id,
                dict(each.payload),
                each.occurred_at,
                source.name,
                f"{each.type} {each.key}"[:200],
                each.occurred_at < now - _HISTORY,
            )
            for each, contact_id in zip(happenings, people, strict=True)
            if contact_id is not None
        ]
    )


def _check_moment(at: datetime, now: datetime) -> None:
    """Raise Unusable for a moment that cannot be: of the future, or of before there were web shops."""
    if at > now + _AHEAD:
        raise Unusable(_("It is told to have happened in the future: %(at)s.") % {"at": at.isoformat()})
    if at.year < 2000:
        raise Unusable(_("It is told to have happened before 2000: %(at)s.") % {"at": at.isoformat()})


def digest(text: str) -> str:
    """What is kept of a key: of one length, and readable to nobody."""
    return sha256(text.encode(errors="replace")).hexdigest()[:32]


def read_again(source: Source, received: Received) -> str:
    """Try once more what could not be used. Returns why it still cannot; empty when it is taken in."""
    if received.body is None:
        return _("Its text is not kept any more.")
    deliveries = _read(source, received.headers or {}, received.body.encode())
    mine = [each for each in deliveries if digest(each.keys[0]) == received.key]
    if not mine and len(deliveries) == 1 and not deliveries[0].unusable:
        # What could not be read at all before was known by its body; now it has keys of its own.
        mine = list(deliveries)
        if not _rename(received, mine[0]):
            return ""
    if not mine:
        return deliveries[0].unusable or _("It could not be read.")
    delivery = mine[0]
    return delivery.unusable or ("" if delivery.ignored else apply(source, delivery))


def _rename(received: Received, delivery: Delivery) -> bool:
    """Give what was received the keys it has been found to have. False when it has come again and is known by them."""
    keys = [digest(key) for key in delivery.keys]
    try:
        with transaction.atomic():
            Received.objects.filter(pk=received.pk).update(
                key=keys[0], other_key=keys[1] if len(keys) > 1 else None, type=delivery.type[:100]
            )
    except IntegrityError:
        return False
    return True
