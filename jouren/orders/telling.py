"""What every way in tells of orders, and the one action that takes it in.

A way in (a shop's webhook, the interface for events, an imported file, a form) reads what it got into
:class:`Telling`s, one for each thing that happened at its own moment, and hands them over. It need not care for their
order, for repetitions, nor for whose order it is where it does not know.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from django.db import transaction

from jouren.contacts.actions import resolve_contacts
from jouren.events.actions import NewEvent, record_events


@dataclass(frozen=True, slots=True)
class Telling:
    """One thing that happened to an order or a subscription.

    ``type`` and ``payload`` are those of the event (``event_types.py``), which always names the ``order`` or the
    ``subscription``. ``occurred_at`` is the shop's time, aware. ``identities``, as (kind, value), say who bought: the
    first that is known decides, and whoever is not known is made known by the first, without any consent. Empty:
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

    Raises:
        BadOrder, InvalidEvent, BadAddress, BadValue: a telling cannot be kept; nothing of them is.
    """
    named = [telling for telling in tellings if telling.identities]
    contact_ids = resolve_contacts(
        [telling.identities[0] for telling in named], historical=[telling.historical for telling in named]
    )
    events = [
        NewEvent(
            telling.type,
            contact_id,
            dict(telling.payload),
            telling.occurred_at,
            source,
            telling.key,
            telling.historical,
        )
        for telling, contact_id in zip(named, contact_ids, strict=True)
        if contact_id is not None
    ]
    recorded = sum(1 for event_id in record_events(events) if event_id is not None)
    return Taken(recorded, len(named) - recorded, len(tellings) - len(named))
