"""When an order that goes in several parcels was delivered: once all of them were, in whatever order that is told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from jouren.connectors.connector import Arrived, ParcelNews
from jouren.connectors.models import OrderParcels
from jouren.orders.telling import Telling


def note_parcels(connection_id: int, news: Sequence[ParcelNews]) -> list[Telling]:
    """Keep what a source says of parcels, in the caller's transaction. Returns what is thereby known to be delivered.

    Said again, it is told again: what is told twice of one order counts once.
    """
    return list(_note(connection_id, news)) if news else []


def _note(connection_id: int, news: Sequence[ParcelNews]) -> Iterator[Telling]:
    for number in sorted({each.number for each in news}):
        OrderParcels.objects.bulk_create(
            [OrderParcels(connection_id=connection_id, number=number)], ignore_conflicts=True
        )
        kept = OrderParcels.objects.select_for_update().get(connection_id=connection_id, number=number)
        for each in news:
            if each.number != number:
                continue
            if isinstance(each, Arrived):
                known = kept.arrived.get(each.parcel)
                first = min(each.at, datetime.fromisoformat(known)) if known else each.at
                kept.arrived[each.parcel] = first.isoformat()
                continue
            told = (each.at, list(each.parcels), each.is_all)
            if kept.told_at is None or (kept.told_at, kept.parcels, kept.is_all) < told:
                kept.told_at, kept.parcels, kept.is_all = told
        kept.save(update_fields=["told_at", "parcels", "is_all", "arrived"])
        if kept.is_all and (at := _all_arrived(kept.parcels, kept.arrived)) is not None:
            yield Telling("order.delivered", {"order": number}, at)


def _all_arrived(parcels: Sequence[str], arrived: Mapping[str, str]) -> datetime | None:
    """When the last of these parcels was delivered; None while one of them is under way."""
    moments = [datetime.fromisoformat(arrived[each]) for each in parcels if each in arrived]
    return max(moments) if moments and len(moments) == len(parcels) else None
