"""Keeps the rows of orders and subscriptions: reads them, folds events into them, writes what has become of them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, fields
from typing import Any

from psycopg.types.json import Jsonb

from jouren.core.sql import load_sql
from jouren.events.types import Event
from jouren.orders.folding import Folded, FoldedSubscription

_sql = load_sql("orders")
Key = tuple[str, str]
_ORDER = [each.name for each in fields(Folded) if each.name not in {"id", "lines"}]
_SUBSCRIPTION = [each.name for each in fields(FoldedSubscription)]


@dataclass
class _PaidBack:
    """What refunds gave back of an order: so much of each currency, or all of it."""

    by_currency: dict[str, int] = field(default_factory=dict)
    is_all: bool = False


def keep_orders(events: Sequence[Event]) -> list[Folded]:
    """Fold events of orders into their rows. Returns the orders as they are now.

    Whoever folds into an order holds its row. An order that another transaction has made meanwhile is read again.
    """
    by_key = _by_key(events, "order")
    kept: list[Folded] = []
    before: dict[Key, Folded] = {}
    if refunded := _refunds(by_key):  # the row is what keeps two refunds of one order from being reckoned at once
        _sql.run(
            "stub_orders",
            {
                "sources": [event.source for event in refunded],
                "numbers": [event.payload["order"] for event in refunded],
                "contact_ids": [event.contact_id for event in refunded],
            },
        )
    while by_key:
        found = {
            (row[1], row[2]): Folded(id=row[0], **dict(zip(_ORDER, row[1:], strict=True)))
            for row in _sql.all("lock_orders", _keys(by_key))
        }
        before |= {key: copy(order) for key, order in found.items()}
        refunds = _keep_refunds(by_key, found)
        orders = [_folded(found.get(key), key, told, refunds.get(key)) for key, told in sorted(by_key.items())]
        _write([order for order in orders if order.id])
        made = _make([order for order in orders if not order.id])
        done = [order for order in orders if order.id or (order.source, order.number) in made]
        for order in done:
            order.id = order.id or made[order.source, order.number]
            by_key.pop((order.source, order.number))
        _write_lines(done)
        kept += done
    _reckon(before, kept)
    return kept


def _by_key(events: Iterable[Event], thing: str) -> dict[Key, list[Event]]:
    by_key: dict[Key, list[Event]] = defaultdict(list)
    for event in events:
        by_key[event.source, event.payload[thing]].append(event)
    return by_key


def _keys(keys: Collection[Key]) -> dict[str, list[str]]:
    return {"sources": [source for source, _n in keys], "numbers": [number for _s, number in keys]}


def _folded(known: Folded | None, key: Key, told: Sequence[Event], refunds: _PaidBack | None) -> Folded:
    order = known or Folded(*key, told[0].contact_id)
    for event in told:
        order.take(event)
    if refunds is not None:
        order.refunded = order.amount if refunds.is_all else refunds.by_currency.get(order.currency, 0)
    order.settle()
    return order


def _refunds(by_key: Mapping[Key, Sequence[Event]]) -> list[Event]:
    return [event for events in by_key.values() for event in events if event.type == "order.refunded"]


def _keep_refunds(by_key: Mapping[Key, Sequence[Event]], found: Mapping[Key, Folded]) -> dict[Key, _PaidBack]:
    """Keep the refunds among the events. Returns what was paid back of the orders of which something may have been."""
    fresh = _refunds(by_key)
    if fresh:
        _sql.run(
            "keep_refunds",
            {
                "sources": [event.source for event in fresh],
                "numbers": [event.payload["order"] for event in fresh],
                "refunds": [event.payload["refund"] for event in fresh],
                "amounts": [event.payload.get("amount") for event in fresh],
                "currencies": [event.payload.get("currency") or "" for event in fresh],
                "reasons": [event.payload.get("reason") or "" for event in fresh],
                "at": [event.occurred_at for event in fresh],
            },
        )
    sums = {key: _PaidBack() for key in found}
    for source, number, currency, amount, is_all in _sql.all("refund_sums", _keys(found)) if found else ():
        paid_back = sums[source, number]
        paid_back.by_currency[currency] = amount
        paid_back.is_all = paid_back.is_all or is_all
    return sums


def _columns(rows: Sequence[Any], names: Sequence[str]) -> dict[str, list[Any]]:
    return {
        name: [Jsonb(getattr(row, name)) if name in {"products", "tax"} else getattr(row, name) for row in rows]
        for name in names
    }


def _write(orders: Sequence[Folded]) -> None:
    if orders:
        _sql.run("write_orders", {"ids": [order.id for order in orders], **_columns(orders, _ORDER)})


def _make(orders: Sequence[Folded]) -> dict[Key, int]:
    rows = _sql.all("make_orders", _columns(orders, _ORDER)) if orders else []
    return {(source, number): order_id for order_id, source, number in rows}


def _write_lines(orders: Sequence[Folded]) -> None:
    """The lines of those whose description has changed."""
    told = [order for order in orders if order.lines is not None]
    if not told:
        return
    _sql.run("drop_lines", {"ids": [order.id for order in told]})
    lines = [(order.id, place, line) for order in told for place, line in enumerate(order.lines or [])]
    if lines:
        _sql.run(
            "keep_lines",
            {
                "order_ids": [order_id for order_id, _place, _line in lines],
                "positions": [place for _id, place, _line in lines],
                "codes": [line["code"] for *_rest, line in lines],
                "names": [line.get("name") or "" for *_rest, line in lines],
                "quantities": [line.get("quantity") for *_rest, line in lines],
                "amounts": [line.get("amount") for *_rest, line in lines],
                "tax_rates": [line.get("tax_rate") for *_rest, line in lines],
            },
        )


def _reckon(before: Mapping[Key, Folded], orders: Sequence[Folded]) -> None:
    """Count people's purchases and the codes of what was sold anew, where they have become others."""
    people: set[int] = set()
    seen: Counter[tuple[str, str, int]] = Counter()
    last: dict[tuple[str, str, int], tuple[Any, str]] = {}
    for order in orders:
        was = before.get((order.source, order.number))
        if was is None or _figures(was) != _figures(order):
            people |= {each.contact_id for each in (was, order) if each is not None and each.is_counted}
        gone = set(was.products) if was is not None and was.is_sale else set()
        come = set(order.products) if order.is_sale else set()
        for code in gone ^ come:
            place = (code, order.source, order.contact_id % 32)
            seen[place] += 1 if code in come else -1
            if order.paid_at is not None:
                last[place] = max(last.get(place, (order.paid_at, order.number)), (order.paid_at, order.number))
    if people:
        count_purchases(people)
    places = sorted(seen)
    if places:
        ends = [last.get(place, (None, "")) for place in places]
        _sql.run(
            "see_codes",
            {
                "codes": [code for code, _source, _shard in places],
                "sources": [source for _code, source, _shard in places],
                "shards": [shard for _code, _source, shard in places],
                "orders": [seen[place] for place in places],
                "last_at": [at for at, _number in ends],
                "last_numbers": [number for _at, number in ends],
            },
        )


def _figures(order: Folded) -> tuple[Any, ...]:
    return (order.contact_id, order.is_counted, order.kind, order.paid_at)


def count_purchases(contact_ids: Iterable[int]) -> None:
    """Reckon people's purchases from their orders."""
    people = {"contact_ids": sorted(contact_ids)}
    _sql.run("forget_purchases", people)
    _sql.run("count_purchases", people)


def keep_subscriptions(events: Sequence[Event]) -> None:
    """Fold events of subscriptions into their rows."""
    by_key = _by_key(events, "subscription")
    while by_key:
        found = {(row[0], row[1]): FoldedSubscription(*row) for row in _sql.all("lock_subscriptions", _keys(by_key))}
        rows = []
        for key, told in sorted(by_key.items()):
            row = found.get(key) or FoldedSubscription(*key, told[0].contact_id)
            for event in told:
                row.take(event)
            rows.append(row)
        known = [row for row in rows if (row.source, row.number) in found]
        if known:
            _sql.run("write_subscriptions", _columns(known, _SUBSCRIPTION))
        fresh = [row for row in rows if (row.source, row.number) not in found]
        made = (
            {tuple(row) for row in _sql.all("make_subscriptions", _columns(fresh, _SUBSCRIPTION))} if fresh else set()
        )
        for key in [*found, *made]:
            by_key.pop(key)
